//! `hg admin ledger verify`: sound accounts have no fault, and whatever a superuser does to them is found and named.

use hg_common::ledger::{Extent, Fault, verify, verify_here};
use serde_json::json;
use sqlx::{AssertSqlSafe, Connection as _, PgConnection};

use crate::{
    budgets::settled,
    support::{TestCpm, blog, job_id},
};

async fn faults(db: &mut PgConnection, extent: Extent) -> Vec<Fault> {
    let mut found = Vec::new();
    let outcomes = verify(db, extent, &mut |fault| found.push(fault)).await.unwrap();
    assert_eq!(outcomes.iter().map(|it| it.faults).sum::<i64>(), i64::try_from(found.len()).unwrap());
    assert!(outcomes.len() >= 10);
    found
}

/// Jobs that were charged, failed, are unknown, and live; limits on all levels, one of them lowered; usage counted half-way.
async fn kept_books() -> TestCpm {
    let cpm = TestCpm::with(&[("DAILY_COST_LIMIT", "50")]).await;
    let mut db = cpm.superuser().await;
    for (status, cost) in
        [("done", "0.010"), ("failed", "0.002"), ("unknown", "0.003"), ("cancelled", "0.001"), ("done", "0.004")]
    {
        let job = cpm.accepted().await;
        settled(&cpm, job, status, cost).await;
    }
    sqlx::raw_sql("SET ROLE hg_system; SELECT app.usage_count(3, '0 seconds'); RESET ROLE")
        .execute(&mut db)
        .await
        .unwrap();
    let _living = cpm.accepted().await;
    let wanted = json!({"name": "Shop", "scopes": ["generate"], "jobs_per_day": 5, "monthly_limit_usd": "9"});
    let admin = cpm.user(cpm.tenants.customer_people.admin);
    let made = admin.post("/clients/cincinnati-electrician/api-keys", &wanted).await.expect(201).json();
    let shop = cpm.anonymous().with_key(made["secret"].as_str().unwrap());
    let ended = job_id(&shop.post("/generate", &blog("cincinnati-electrician")).await.expect(200));
    settled(&cpm, ended, "done", "0.002").await;
    let paid = json!({"client_id": "cincinnati-electrician", "content_type": "blog_post", "topic": "Fuses", "llm_provider": "openai"});
    drop(shop.post("/generate", &paid).await.expect(200));
    let limits = format!(
        "INSERT INTO budget_limits (client_id, cap_daily, own_monthly) VALUES ('{}', 0.001, 5), ('{}', 2, 20)",
        cpm.tenants.customer, cpm.tenants.agency
    );
    sqlx::raw_sql(AssertSqlSafe(limits)).execute(&mut db).await.unwrap();
    cpm
}

#[tokio::test]
async fn sound_accounts_have_no_fault() {
    let cpm = kept_books().await;
    let mut db = cpm.superuser().await;
    assert_eq!(faults(&mut db, Extent::default()).await, []);
    let mut rows = Vec::new();
    for outcome in verify(&mut db, Extent::default(), &mut |_| {}).await.unwrap() {
        rows.push((outcome.check, outcome.rows));
    }
    assert!(rows.iter().all(|(_, rows)| *rows > 0), "each looks at something: {rows:?}");
    // As the tables' owner, which is who the operator is.
    let mut tx = db.begin().await.unwrap();
    sqlx::query("SET LOCAL ROLE hg_owner").execute(&mut *tx).await.unwrap();
    let mut found = Vec::new();
    let as_owner = verify_here(&mut tx, Extent::default(), &mut |fault| found.push(fault)).await.unwrap();
    assert_eq!(found, []);
    assert_eq!(as_owner.iter().map(|it| (it.check, it.rows)).collect::<Vec<_>>(), rows);
}

#[tokio::test]
async fn whatever_is_done_to_the_accounts_is_found_and_named() {
    const SPENT: &str = "spent is the sum of the ledger";
    const RESERVED: &str = "reserved is what is held";
    const LIMIT: &str = "no limit is passed";
    const LIVES: &str = "what is held belongs to jobs that live";
    const STANDS: &str = "what is held stands in budgets";
    const CHARGED: &str = "a charge for each completed job, and for no other";
    const COST: &str = "a charge is what its calls cost";
    const CALLS: &str = "each call belongs to a reservation, and none outlives it";
    const SETTLED: &str = "each charge was reserved and settled";
    const KEY_HOLDS: &str = "what an API key holds is held for its jobs";
    const KEY_LIMIT: &str = "no API key's limit is passed";
    const KEY_JOBS: &str = "jobs that count against an API key are open and its own";
    const USAGE: &str = "usage by day is the sum of its calls";
    let day = "cincinnati-electrician, day";
    let damages = [
        (
            "UPDATE budgets SET spent = spent + 1, spent_charged = spent_charged + 1, over_usd = over_usd + 1 WHERE client_id = '{me}' AND period = 'day'",
            SPENT,
            day,
        ),
        (
            "UPDATE budgets SET spent_failed = spent_failed - 0.001, spent_charged = spent_charged + 0.001 WHERE client_id = '{me}' AND period = 'month'",
            SPENT,
            "cincinnati-electrician, month",
        ),
        (
            "UPDATE budgets SET spent = spent - 0.001, spent_failed = spent_failed - 0.001 WHERE client_id = '{agency}' AND period = 'day'",
            SPENT,
            "heaviside-digital, day",
        ),
        (
            "UPDATE budgets SET spent = spent + 1, spent_unknown = spent_unknown + 1 WHERE client_id IS NULL",
            SPENT,
            "all clients, day",
        ),
        ("UPDATE provider_calls SET cost = cost + 0.5 WHERE status = 'failed'", SPENT, day),
        (
            "ALTER TABLE budgets DROP CONSTRAINT budgets_headings; UPDATE budgets SET spent = spent + 0.1 WHERE client_id = '{agency}'",
            SPENT,
            "heaviside-digital",
        ),
        (
            "UPDATE budgets SET reserved = reserved + 0.1 WHERE client_id = '{me}' AND period = 'month'",
            RESERVED,
            "cincinnati-electrician, month",
        ),
        ("UPDATE reservations SET held = held * 2 WHERE settled_at IS NULL", RESERVED, "all clients, day"),
        (
            "ALTER TABLE budgets DROP CONSTRAINT budgets_within_limit; UPDATE budgets SET over_usd = 0 WHERE client_id = '{me}' AND period = 'day'",
            LIMIT,
            day,
        ),
        (
            "UPDATE budgets SET limit_usd = 500 WHERE client_id = '{agency}' AND period = 'month'",
            LIMIT,
            "heaviside-digital, month",
        ),
        ("UPDATE budgets SET over_usd = 3 WHERE client_id IS NULL", LIMIT, "all clients, day"),
        ("DELETE FROM job_runs", LIVES, "job {living}"),
        ("DELETE FROM reservations WHERE settled_at IS NULL", LIVES, "job {living}"),
        ("DELETE FROM reservation_parts", STANDS, "job {living}"),
        (
            "INSERT INTO reservation_parts (job_id, budget_id, client_id) SELECT '{done}', id, client_id FROM budgets WHERE client_id = '{me}'",
            STANDS,
            "job {done}",
        ),
        (
            "UPDATE reservation_parts SET budget_id = gen_random_uuid() WHERE budget_id IN (SELECT id FROM budgets WHERE client_id IS NULL)",
            STANDS,
            "job {living}",
        ),
        ("DELETE FROM charges WHERE job_id = '{done}'", CHARGED, "job {done}"),
        (
            "INSERT INTO charges (job_id, client_id, amount, provider, model) VALUES ('{failed}', '{me}', 1, 'x', 'y')",
            CHARGED,
            "job {failed}",
        ),
        ("UPDATE jobs SET cost = 9 WHERE id = '{done}'", CHARGED, "job {done}"),
        ("UPDATE charges SET amount = amount + 1 WHERE job_id = '{done}'", COST, "job {done}"),
        ("DELETE FROM provider_calls WHERE job_id = '{done}'", COST, "job {done}"),
        ("UPDATE provider_calls SET client_id = '{agency}' WHERE job_id = '{done}'", CALLS, "of job {done}"),
        ("UPDATE provider_calls SET status = 'started' WHERE job_id = '{done}'", CALLS, "of job {done}"),
        (
            "INSERT INTO provider_calls (job_id, client_id, attempt, stage, provider, model, cost) VALUES (app.uuid_v7(), '{me}', 1, 'write', 'x', 'y', 1)",
            CALLS,
            "of job",
        ),
        ("DELETE FROM reservations WHERE job_id = '{done}'", SETTLED, "job {done}"),
        ("UPDATE reservations SET settled_at = NULL WHERE job_id = '{done}'", SETTLED, "job {done}"),
        ("UPDATE api_key_budgets SET reserved = reserved + 0.1 WHERE period = 'month'", KEY_HOLDS, ", month"),
        ("UPDATE api_key_budgets SET reserved = 0 WHERE period = 'day'", KEY_HOLDS, ", day"),
        ("DELETE FROM api_key_jobs", KEY_HOLDS, "key hgc_"),
        ("UPDATE api_key_budgets SET over_usd = 1 WHERE period = 'month'", KEY_LIMIT, ", month"),
        (
            "ALTER TABLE api_key_budgets DROP CONSTRAINT api_key_budgets_within_jobs; UPDATE api_key_budgets SET jobs = 6 WHERE period = 'day'",
            KEY_LIMIT,
            ", day",
        ),
        (
            "INSERT INTO api_key_jobs (job_id, client_id, api_key_id, day) SELECT '{done}', client_id, api_key_id, day FROM api_key_jobs",
            KEY_JOBS,
            "job {done}",
        ),
        ("UPDATE api_key_jobs SET job_id = app.uuid_v7()", KEY_JOBS, "job "),
        ("UPDATE jobs SET api_key_id = NULL; UPDATE reservations SET api_key_id = app.uuid_v7()", KEY_JOBS, "job "),
        ("UPDATE usage_days SET cost = cost + 1 WHERE heading = 'failed'", USAGE, "openai gpt"),
        ("UPDATE usage_days SET output_tokens = 0 WHERE heading = 'charged'", USAGE, ", charged"),
        ("DELETE FROM usage_days WHERE heading = 'unknown'", USAGE, ", unknown"),
        ("UPDATE usage_days_progress SET counted_to = 'ffffffff-ffff-7fff-bfff-ffffffffffff'", USAGE, ", charged"),
    ];
    let cpm = kept_books().await;
    let mut db = cpm.superuser().await;
    let one = async |sql: &'static str| -> String {
        let id: uuid::Uuid = sqlx::query_scalar(sql).fetch_one(&mut cpm.superuser().await).await.unwrap();
        id.to_string()
    };
    let names = [
        ("{me}", cpm.tenants.customer.to_string()),
        ("{agency}", cpm.tenants.agency.to_string()),
        ("{living}", one("SELECT job_id FROM job_runs ORDER BY job_id LIMIT 1").await),
        ("{done}", one("SELECT job_id FROM charges ORDER BY job_id LIMIT 1").await),
        ("{failed}", one("SELECT job_id FROM provider_calls WHERE status = 'failed'").await),
    ];
    let filled = |text: &str| names.iter().fold(text.to_owned(), |text, (name, value)| text.replace(name, value));
    for (damage, check, subject) in damages {
        let mut tx = db.begin().await.unwrap();
        sqlx::raw_sql(AssertSqlSafe(filled(damage))).execute(&mut *tx).await.unwrap();
        let mut found = Vec::new();
        let _ = verify_here(&mut tx, Extent::default(), &mut |fault| found.push(fault)).await.unwrap();
        tx.rollback().await.unwrap();
        let subject = filled(subject);
        let named = found.iter().any(|fault| fault.check == check && fault.subject.contains(&subject));
        assert!(named, "{damage}\nwanted {check}: {subject}\n{found:#?}");
    }
    assert_eq!(faults(&mut db, Extent::default()).await, []);
}

#[tokio::test]
async fn one_client_or_a_time_is_looked_at_alone() {
    let cpm = kept_books().await;
    let mut db = cpm.superuser().await;
    sqlx::query("UPDATE charges SET amount = amount + 1").execute(&mut db).await.unwrap();
    let of = |client| Extent { client: Some(client), since: None };
    assert!(!faults(&mut db, of(cpm.tenants.agency.uuid())).await.is_empty());
    assert_eq!(faults(&mut db, of(cpm.tenants.other_agency.uuid())).await, []);
    assert_eq!(faults(&mut db, of(cpm.tenants.sibling.uuid())).await, []);
    let tomorrow = chrono::Utc::now().date_naive() + chrono::Days::new(1);
    assert_eq!(faults(&mut db, Extent { client: None, since: Some(tomorrow) }).await, []);
    let yesterday = tomorrow - chrono::Days::new(2);
    assert!(!faults(&mut db, Extent { client: None, since: Some(yesterday) }).await.is_empty());
}
