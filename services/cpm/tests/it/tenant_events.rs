//! `GET /events`: all events of a tenant's jobs, in the order of commits, whoever commits late and wherever one listens.

use std::collections::HashSet;

use hg_common::{auth::api_key::ApiKey, db::Scope};
use hg_cpm::{
    store::tenant_events::{Between, events_horizon, tenant_events},
    worker::events::{Appended, announce},
};
use hg_testkit::{Api, until};
use hg_types::{ClientId, JobId};
use serde_json::json;
use sqlx::{Connection, PgConnection};
use uuid::Uuid;

use crate::{
    replicas::House,
    sse::{Seen, Watching},
    support::TestCpm,
};

/// Writes an event, and says nothing of it.
async fn write(conn: &mut PgConnection, client: ClientId, job: Uuid, seq: i32, kind: &str) {
    sqlx::query("INSERT INTO job_events (job_id, seq, client_id, type, data) VALUES ($1, $2, $3, $4, '{\"x\": 1}')")
        .bind(job)
        .bind(seq)
        .bind(client.uuid())
        .bind(kind)
        .execute(conn)
        .await
        .unwrap();
}

async fn listen(api: &Api, query: &str, last: Option<&str>) -> Watching {
    Watching::at(api, &format!("/events{query}"), last).await
}

/// Which event of which job.
fn which(seen: &Seen) -> (String, i64) {
    (seen.data["job_id"].as_str().unwrap().to_owned(), seen.data["seq"].as_i64().unwrap())
}

#[tokio::test]
async fn who_commits_late_is_not_passed_over() {
    let cpm = TestCpm::start().await;
    let (client, jobs) = (cpm.tenants.customer, [Uuid::from_u128(1), Uuid::from_u128(2)]);
    let mut listener = listen(&cpm.member(), "", None).await;
    assert_eq!(listener.expect("ready").await.data, json!({"resumed": false}));

    // The older transaction writes first and commits last; a third has nothing to do with anybody.
    let (mut older, mut younger) = (cpm.superuser().await, cpm.superuser().await);
    let mut older = older.begin().await.unwrap();
    write(&mut older, client, jobs[0], 1, "status").await;
    let mut younger = younger.begin().await.unwrap();
    write(&mut younger, client, jobs[1], 1, "status").await;
    write(&mut younger, client, jobs[1], 2, "failed").await;
    younger.commit().await.unwrap();
    announce(&cpm.state.redis, Appended { job: JobId(jobs[1]), client, seq: 2, kind: "failed" }).await;
    // A newcomer who asks now stands before both.
    let mut newcomer = listen(&cpm.member(), "", None).await;
    newcomer.expect("ready").await;
    older.commit().await.unwrap();
    for watching in [&mut listener, &mut newcomer] {
        let mut seen = Vec::new();
        for _ in 0..3 {
            seen.push(which(&watching.next().await.unwrap()));
        }
        let [one, other] = jobs.map(|job| job.to_string());
        assert_eq!(seen, [(one, 1), (other.clone(), 1), (other, 2)]);
    }
}

#[tokio::test]
async fn an_event_says_whose_it_is_and_is_the_callers_own() {
    let cpm = TestCpm::start().await;
    let tenants = &cpm.tenants;
    let mut agency = listen(&cpm.user(tenants.agency_people.viewer), "", None).await;
    let mut customer = listen(&cpm.member(), "?types=completed", None).await;
    let mut narrowed = listen(&cpm.user(tenants.agency_people.viewer), "?client_id=local-business-group", None).await;
    let mut root =
        listen(&cpm.user(tenants.root_people.viewer), "?client_id=paving-marketers&types=failed,status", None).await;
    for watching in [&mut agency, &mut customer, &mut narrowed, &mut root] {
        watching.expect("ready").await;
    }
    let mut db = cpm.superuser().await;
    let all = [tenants.other_customer, tenants.customer, tenants.sibling, tenants.direct];
    for (job, client) in (1..).map(Uuid::from_u128).zip(all) {
        for (seq, kind) in (1..).zip(["status", "reset", "progress", "completed"]) {
            write(&mut db, client, job, seq, kind).await;
        }
    }
    let job = |number: u128| Uuid::from_u128(number).to_string();
    let first = agency.expect("status").await;
    assert_eq!(which(&first), (job(2), 1));
    assert_eq!(
        (first.data["client_id"].as_str(), &first.data["data"]),
        (Some(tenants.customer.to_string().as_str()), &json!({"x": 1}))
    );
    assert!(first.data["at"].is_string() && first.id.is_some());
    let mut rest = Vec::new();
    for _ in 0..5 {
        rest.push(which(&agency.next().await.unwrap()));
    }
    // A reset is about live text, which isn't here.
    assert_eq!(rest, [(job(2), 3), (job(2), 4), (job(3), 1), (job(3), 3), (job(3), 4)]);
    assert_eq!(which(&customer.expect("completed").await), (job(2), 4));
    assert_eq!(which(&narrowed.expect("status").await), (job(3), 1));
    assert_eq!(which(&root.expect("status").await), (job(1), 1));

    drop(cpm.member().get("/events?types=poem").await.expect(422));
    drop(cpm.member().get("/events?types=reset").await.expect(422));
    drop(cpm.member().get("/events?client_id=ohio-paving").await.expect(404));
    drop(cpm.member().get("/events?colour=red").await.expect(422));
    // Somebody without any client hears nothing, and isn't told why.
    let mut stranger = listen(&cpm.user(tenants.stranger), "", None).await;
    stranger.expect("ready").await;
}

#[tokio::test]
async fn nothing_is_missing_and_nothing_comes_twice_across_replicas() {
    const WRITERS: usize = 4;
    const EACH: i32 = 60;
    let house = House::open().await;
    let (one, other) = (house.replica(1).await, house.replica(1).await);
    let client = house.tenants.customer;
    let member = house.tenants.customer_people.member;
    let mut watching = listen(&one.user(member), "", None).await;
    let mut last = watching.expect("ready").await.id.unwrap();

    // Transactions of many writers overlap: each begins before the one before it has ended.
    let writers: Vec<_> = (0..WRITERS)
        .map(|writer| {
            let (url, redis) = (house.db.direct_url().to_owned(), one.state.redis.clone());
            tokio::spawn(async move {
                let mut lines =
                    [PgConnection::connect(&url).await.unwrap(), PgConnection::connect(&url).await.unwrap()];
                let job = Uuid::from_u128(writer as u128 + 1);
                let [first, second] = &mut lines;
                for pair in 0..EACH / 2 {
                    let (mut early, mut late) = (first.begin().await.unwrap(), second.begin().await.unwrap());
                    write(&mut early, client, job, pair * 2 + 1, "status").await;
                    tokio::task::yield_now().await;
                    write(&mut late, client, job, pair * 2 + 2, "progress").await;
                    late.commit().await.unwrap();
                    tokio::task::yield_now().await;
                    early.commit().await.unwrap();
                    announce(&redis, Appended { job: JobId(job), client, seq: pair * 2 + 2, kind: "progress" }).await;
                }
            })
        })
        .collect();
    let mut seen = Vec::new();
    let everything = WRITERS * usize::try_from(EACH).unwrap();
    while seen.len() < everything {
        let event = watching.next().await.unwrap();
        if event.event == "ready" {
            continue;
        }
        assert_ne!(event.event, "reset", "{event:?}");
        last = event.id.clone().unwrap();
        seen.push(which(&event));
        // Every now and then the connection breaks, and somebody else is asked.
        if seen.len() % 17 == 0 {
            let replica = if seen.len() % 2 == 0 { &one } else { &other };
            watching = listen(&replica.user(member), "", Some(&last)).await;
        }
    }
    for writer in writers {
        writer.await.unwrap();
    }
    assert_eq!(seen.iter().collect::<HashSet<_>>().len(), everything, "nothing comes twice");
    // And nothing comes after it.
    let mut tail = listen(&other.user(member), "", Some(&last)).await;
    assert_eq!(tail.expect("ready").await.data, json!({"resumed": true}));
    write(&mut house.db.superuser().await, client, Uuid::from_u128(99), 1, "failed").await;
    assert_eq!(tail.next().await.unwrap().event, "failed");
    one.end().await;
    other.end().await;
}

#[tokio::test]
async fn what_is_not_kept_is_admitted() {
    let cpm = TestCpm::start().await;
    let client = cpm.tenants.customer;
    let mut db = cpm.superuser().await;
    let mut watching = listen(&cpm.member(), "", None).await;
    watching.expect("ready").await;
    let mut ids = Vec::new();
    for seq in 1..=3 {
        write(&mut db, client, Uuid::from_u128(5), seq, "status").await;
        ids.push(watching.expect("status").await.id.unwrap());
    }
    // What was deleted after the last one seen may have been missed; what was before it was not.
    sqlx::query("DELETE FROM job_events WHERE seq = 2").execute(&mut db).await.unwrap();
    let resumed = async |id: &str| listen(&cpm.member(), "", Some(id)).await.next().await.unwrap();
    assert_eq!(resumed(&ids[2]).await.event, "ready");
    let gone = resumed(&ids[0]).await;
    assert_eq!(gone.event, "reset");
    assert!(gone.data["reason"].as_str().unwrap().contains("not kept"), "{gone:?}");
    // From there on it is whole again.
    let again = resumed(&gone.id.unwrap()).await;
    assert_eq!((again.event.as_str(), &again.data), ("ready", &json!({"resumed": true})));
    for strange in ["7", "nonsense", "18446744073709551615-1"] {
        assert_eq!(resumed(strange).await.event, "reset", "{strange}");
    }
    // The same number in another life of the database; and an id from before there were epochs.
    let (place, epoch) = ids[2].rsplit_once('-').unwrap();
    let other = format!("{place}-{:08x}", u32::from_str_radix(epoch, 16).unwrap() ^ 1);
    assert_eq!(resumed(&other).await.event, "reset");
    assert_eq!(resumed(place).await.event, "ready");
    // Whoever listens all the while isn't troubled by what it has seen.
    write(&mut db, client, Uuid::from_u128(5), 4, "failed").await;
    assert_eq!(watching.next().await.unwrap().event, "failed");
}

#[tokio::test]
async fn what_is_deleted_between_two_statements_is_admitted() {
    let cpm = TestCpm::start().await;
    let (client, mut db) = (cpm.tenants.customer, cpm.superuser().await);
    for seq in 1..=2 {
        write(&mut db, client, Uuid::from_u128(5), seq, "status").await;
    }
    let mut tx = cpm.state.db.tenant(Scope::User(cpm.tenants.customer_people.member)).await.unwrap();
    let clients = [client.uuid()];
    let horizon = events_horizon(&mut tx, &clients).await.unwrap();
    assert_eq!(horizon.floor, 0);
    // Retention comes by just now.
    sqlx::query("DELETE FROM job_events WHERE seq = 1").execute(&mut db).await.unwrap();
    // What is committed, whatever else is under way in this cluster meanwhile.
    let between = Between { after: (0, 0), below: u64::MAX };
    let read = tenant_events(&mut tx, &clients, &["status".to_owned()], between, 10).await.unwrap();
    assert_eq!(read.events.iter().map(|event| event.seq).collect::<Vec<_>>(), [2]);
    assert!(read.floor > 0 && read.floor < read.events[0].xid, "{read:?}");
    let nothing = tenant_events(&mut tx, &clients, &["failed".to_owned()], between, 10).await.unwrap();
    assert_eq!((nothing.events.len(), nothing.floor), (0, read.floor));
}

#[tokio::test]
async fn a_restored_table_is_another_life() {
    let cpm = TestCpm::start().await;
    let mut db = cpm.superuser().await;
    let epoch = "SELECT app.events_epoch()::bigint";
    let before = cpm.count(epoch).await;
    assert_eq!(cpm.count(epoch).await, before);
    // What a dump brings back is a table of the same name.
    sqlx::raw_sql(
        "ALTER TABLE job_events RENAME TO job_events_before; CREATE TABLE job_events (LIKE job_events_before)",
    )
    .execute(&mut db)
    .await
    .unwrap();
    assert_ne!(cpm.count(epoch).await, before);
}

#[tokio::test]
async fn who_may_not_listen_any_more_hears_nothing_more() {
    let cpm = TestCpm::start().await;
    let key = ApiKey::generate();
    let mut db = cpm.superuser().await;
    sqlx::query(
        "INSERT INTO api_keys (client_id, name, prefix, key_hash, scopes) VALUES ($1, 'test', $2, $3, '{jobs:read}')",
    )
    .bind(cpm.tenants.agency.uuid())
    .bind(key.prefix())
    .bind(key.hash().as_slice())
    .execute(&mut db)
    .await
    .unwrap();
    let mut revoked = listen(&cpm.anonymous().with_key(key.reveal()), "", None).await;
    let mut removed = listen(&cpm.member(), "?client_id=cincinnati-electrician", None).await;
    for watching in [&mut revoked, &mut removed] {
        watching.expect("ready").await;
        write(&mut db, cpm.tenants.customer, Uuid::now_v7(), 1, "status").await;
        watching.expect("status").await;
    }
    revoked.expect("status").await;
    sqlx::query("UPDATE api_keys SET revoked_at = now()").execute(&mut db).await.unwrap();
    sqlx::query("DELETE FROM client_users WHERE user_id = $1")
        .bind(cpm.tenants.customer_people.member.uuid())
        .execute(&mut db)
        .await
        .unwrap();
    // What was on its way may still come, and then the end.
    assert!(revoked.rest().await.len() < 3 && removed.rest().await.len() < 3);
}

#[tokio::test]
async fn a_tenant_listens_so_often_and_is_told_when_the_process_ends() {
    let cpm = TestCpm::start().await;
    let mut watching = Vec::new();
    for _ in 0..20 {
        let mut one = listen(&cpm.member(), "", None).await;
        one.expect("ready").await;
        watching.push(one);
    }
    let full = cpm.member().get("/events").await.expect(429);
    assert!(full.headers.contains_key("retry-after"));
    watching.pop();
    until("there is room again", async || {
        let answer = cpm.member().start(http::Method::GET, "/events").send().await.unwrap();
        answer.status().as_u16() == 200
    })
    .await;
    cpm.state.shutdown.cancel();
    let last = watching[0].frame().await.unwrap();
    assert!(last.event.is_empty() && last.retry.is_some_and(|pause| (200..1_500).contains(&pause)), "{last:?}");
    assert_eq!(watching[0].frame().await, None);
}
