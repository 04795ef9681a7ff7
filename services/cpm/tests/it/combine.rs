//! Jobs that are accepted in one transaction: nobody sees another, suffers for another, or waits for another for long.

use std::sync::{Mutex, PoisonError};

use futures::future::join_all;
use hg_common::db::CombinedTx;
use hg_cpm::combine::{Combined, Combiner, Together};
use serde_json::{Value, json};
use sqlx::{Connection, Row};

use crate::support::{TestCpm, blog, text};

fn item(scope: &Value, client: &str) -> Value {
    let mut item = json!({
        "client": client, "principal": "test", "topic": "Fuses", "content_type": "blog_post", "provider": "sample",
        "model": "sample-1", "parameters": {}, "priority": 0, "deadline_seconds": 600.0, "estimate": "0.001",
    });
    for (name, value) in scope.as_object().into_iter().flatten() {
        item[name] = value.clone();
    }
    item
}

#[tokio::test]
async fn each_item_is_accepted_in_its_own_scope_or_left_out() {
    let cpm = TestCpm::start().await;
    let (ours, theirs) = (cpm.tenants.customer, cpm.tenants.other_customer);
    let people = &cpm.tenants.customer_people;
    let items = json!([
        item(&json!({"scope_client": text(ours)}), &text(ours)),
        item(&json!({"scope_client": text(ours)}), &text(theirs)),
        item(&json!({"scope_user": people.viewer.to_string()}), &text(ours)),
        item(&json!({}), &text(ours)),
        item(&json!({"scope_user": people.member.to_string(), "by_user": people.member.to_string()}), &text(ours)),
        item(&json!({"scope_client": text(theirs)}), &text(theirs)),
    ]);
    let mut tx = cpm.state.db.combined().await.unwrap();
    let rows = sqlx::query("SELECT item, client_id FROM app.jobs_accept($1::text::jsonb)")
        .bind(items.to_string())
        .fetch_all(&mut *tx)
        .await
        .unwrap();
    let accepted: Vec<i32> = rows.iter().map(|row| row.get("item")).collect();
    assert_eq!(accepted, [1, 5, 6]);
    // No scope is left behind.
    let seen: i64 = sqlx::query_scalar("SELECT count(*) FROM jobs").fetch_one(&mut *tx).await.unwrap();
    assert_eq!(seen, 0);
    tx.commit().await.unwrap();
    let kept = "SELECT count(*) FROM jobs j JOIN job_runs r ON r.job_id = j.id JOIN reservations v ON v.job_id = j.id";
    assert_eq!(cpm.count(kept).await, 3);
    assert_eq!(cpm.amount("SELECT sum(reserved)::text FROM budgets WHERE period = 'day'").await, "0.003000000");
}

#[tokio::test]
async fn each_of_many_at_once_gets_its_own_answer() {
    let cpm = TestCpm::start().await;
    let tenants = &cpm.tenants;
    drop(cpm.member().post("/generate", &blog("cincinnati-electrician")).await.expect(200));
    // Room for three more.
    sqlx::query("INSERT INTO budget_limits (client_id, daily_limit) SELECT client_id, held * 4 FROM reservations")
        .execute(&mut cpm.superuser().await)
        .await
        .unwrap();
    let theirs = text(tenants.other_customer);
    let asks = (0..30).map(|number| {
        let (user, client) = match number % 3 {
            0 => (tenants.customer_people.member, "cincinnati-electrician"),
            1 => (tenants.other_customer_people.owner, theirs.as_str()),
            _ => (tenants.other_customer_people.owner, "cincinnati-electrician"),
        };
        let api = cpm.user(user);
        async move { (number % 3, api.post("/generate", &blog(client)).await.status.as_u16()) }
    });
    let mut answers: Vec<(i32, u16)> = join_all(asks).await;
    answers.sort_unstable();
    let of = |kind| answers.iter().filter(move |(of, _)| *of == kind).map(|(_, status)| *status).collect::<Vec<_>>();
    assert_eq!(of(0), [[200; 3].as_slice(), &[402; 7]].concat(), "what the budget suffices for, and not one more");
    assert_eq!(of(1), [200; 10], "others' budgets are nobody's loss");
    assert_eq!(of(2), [404; 10]);
    assert_eq!(cpm.count("SELECT count(*) FROM jobs").await, 14);
    assert_eq!(cpm.count("SELECT count(*) FROM budgets WHERE spent + reserved > limit_usd").await, 0);
}

#[tokio::test]
async fn a_budget_that_somebody_has_locked_keeps_nobody_else_waiting() {
    let cpm = TestCpm::start().await;
    drop(cpm.member().post("/generate", &blog("cincinnati-electrician")).await.expect(200));
    let mut outsider = cpm.superuser().await;
    let mut locked = outsider.begin().await.unwrap();
    sqlx::query("SELECT FROM budgets FOR UPDATE").execute(&mut *locked).await.unwrap();

    let theirs = text(cpm.tenants.other_customer);
    let (member, other) = (cpm.member(), cpm.user(cpm.tenants.other_customer_people.owner));
    let ours = blog("cincinnati-electrician");
    let blocked: Vec<_> = (0..4).map(|_| member.post("/generate", &ours)).collect();
    let free = async {
        let body = blog(&theirs);
        let answers = join_all((0..8).map(|_| other.post("/generate", &body))).await;
        locked.commit().await.unwrap();
        answers
    };
    let (blocked, free) = tokio::join!(join_all(blocked), free);
    for answer in free {
        drop(answer.expect(200));
    }
    // Whoever wants that very budget waits for it, though not for ever.
    for answer in blocked {
        assert!(answer.status == 200 || answer.code() == "busy", "{answer:?}");
    }
}

/// Items that came, transaction by transaction.
static CAME: Mutex<Vec<Vec<Value>>> = Mutex::new(Vec::new());

fn came() -> Vec<Vec<Value>> {
    CAME.lock().unwrap_or_else(PoisonError::into_inner).clone()
}

/// What a transaction of these made of an item: it takes those that came before, and panics at some.
#[derive(Debug, PartialEq)]
struct SecondTime;

impl Together for SecondTime {
    const NAME: &'static str = "second-time";
    const TRIES: u32 = 2;

    async fn run(_: &mut CombinedTx, items: &str) -> Result<Vec<(i32, Self)>, sqlx::Error> {
        let items: Vec<Value> = serde_json::from_str(items).unwrap();
        let before: Vec<Value> = came().concat();
        CAME.lock().unwrap_or_else(PoisonError::into_inner).push(items.clone());
        assert!(!items.contains(&json!("poison")), "poison");
        let known = (1..).zip(items).filter(|(_, item)| *item != "never" && before.contains(item));
        Ok(known.map(|(place, _)| (place, Self)).collect())
    }
}

#[tokio::test]
async fn what_is_left_out_comes_along_once_more_and_a_panic_ends_no_lane() {
    let cpm = TestCpm::start().await;
    let combiner = Combiner::<SecondTime>::spawn(&cpm.state.db);
    assert!(matches!(combiner.ask(&json!("a")).await, Combined::Done(SecondTime)));
    assert_eq!(came(), [[json!("a")], [json!("a")]]);
    assert!(matches!(combiner.ask(&json!("never")).await, Combined::Alone));
    assert_eq!(came().len(), 4, "twice, and no more");
    // More often than there are lanes.
    for _ in 0..4 {
        let outcome = combiner.ask(&json!("poison")).await;
        assert!(matches!(&outcome, Combined::Failed(sqlx::Error::WorkerCrashed)), "{outcome:?}");
    }
    assert!(matches!(combiner.ask(&json!("a")).await, Combined::Done(SecondTime)));
}
