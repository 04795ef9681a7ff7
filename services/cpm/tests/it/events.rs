//! Watching a job: what is replayed, what is live, what is lost, and where it ends.

use hg_common::auth::api_key::ApiKey;
use hg_cpm::stream;
use hg_types::JobId;
use http::Method;
use serde_json::json;

use crate::{sse::Watching, support::TestCpm};

async fn write(cpm: &TestCpm, job: JobId, offset: u64, text: &str) {
    stream::publish_delta(&cpm.state.redis, job, 1, offset, text).await.unwrap();
}

#[tokio::test]
async fn from_acceptance_to_the_end_with_live_text() {
    let cpm = TestCpm::start().await;
    let job = cpm.accepted().await;
    let mut watching = Watching::start(&cpm.member(), job, None).await;
    let first = watching.expect("status").await;
    assert_eq!(
        (first.id.as_deref(), first.data["status"].as_str(), first.data["stage"].as_str()),
        (Some("1"), Some("pending"), Some("queued"))
    );
    write(&cpm, job, 0, "Füses ").await;
    let delta = watching.expect("delta").await;
    assert_eq!(delta.data, json!({"offset": 0, "text": "Füses "}));
    assert!(delta.id.as_deref().is_some_and(|id| id.starts_with("1.") && id.ends_with(".7")), "{delta:?}");
    write(&cpm, job, 7, "matter.").await;
    assert_eq!(watching.expect("delta").await.data, json!({"offset": 7, "text": "matter."}));
    // Nobody announces the end: the watcher polls.
    cpm.end(job, "completed", json!({"title": "Fuses", "score": 88, "cost_usd": "0.001"})).await;
    let end = watching.expect("completed").await;
    assert_eq!((end.id.as_deref(), end.data["title"].as_str()), (Some("2"), Some("Fuses")));
    assert_eq!(watching.next().await, None);
}

#[tokio::test]
async fn resumes_durable_events_and_text() {
    let cpm = TestCpm::start().await;
    let job = cpm.accepted().await;
    write(&cpm, job, 0, "abc").await;
    let mut first = Watching::start(&cpm.member(), job, None).await;
    first.expect("status").await;
    let id = first.expect("delta").await.id.unwrap();
    drop(first);
    write(&cpm, job, 3, "def").await;
    let mut again = Watching::start(&cpm.member(), job, Some(&id)).await;
    assert_eq!(again.expect("delta").await.data, json!({"offset": 3, "text": "def"}));
    // Who only knows a durable event may hold any text, and starts it anew.
    let mut anew = Watching::start(&cpm.member(), job, Some("1")).await;
    anew.expect("reset").await;
    assert_eq!(anew.expect("delta").await.data, json!({"offset": 0, "text": "abcdef"}));
}

#[tokio::test]
async fn lost_text_is_admitted() {
    let cpm = TestCpm::start().await;
    let job = cpm.accepted().await;
    let mut watching = Watching::start(&cpm.member(), job, None).await;
    watching.expect("status").await;
    write(&cpm, job, 0, "abc").await;
    watching.expect("delta").await;
    // As after a flush: the beginning is gone.
    write(&cpm, job, 100, "xyz").await;
    assert!(watching.expect("reset").await.data["reason"].as_str().unwrap().contains("lost"));
    stream::reset(&cpm.state.redis, job, 2, "another attempt").await.unwrap();
    stream::publish_delta(&cpm.state.redis, job, 2, 0, "new").await.unwrap();
    loop {
        let seen = watching.next().await.unwrap();
        if seen.event == "delta" {
            assert_eq!(seen.data, json!({"offset": 0, "text": "new"}));
            break;
        }
        assert_eq!(seen.event, "reset");
    }
}

#[tokio::test]
async fn a_job_that_has_ended_is_replayed_once_and_then_204() {
    let cpm = TestCpm::start().await;
    let job = cpm.accepted().await;
    write(&cpm, job, 0, "abc").await;
    cpm.end(job, "failed", json!({"code": "provider_error", "message": "It broke."})).await;
    let all = Watching::start(&cpm.member(), job, None).await.rest().await;
    assert_eq!(all.iter().map(|seen| seen.event.as_str()).collect::<Vec<_>>(), ["status", "failed"]);
    let tail = Watching::start(&cpm.member(), job, Some("1")).await.rest().await;
    assert_eq!(tail.len(), 1);
    let done = cpm
        .member()
        .start(Method::GET, &format!("/jobs/{job}/events"))
        .header("last-event-id", "2")
        .send()
        .await
        .unwrap();
    assert_eq!(done.status().as_u16(), 204);
}

#[tokio::test]
async fn without_redis_durable_events_still_come() {
    let cpm = TestCpm::with(&[("REDIS_URL", "redis://127.0.0.1:1")]).await;
    let job = cpm.accepted().await;
    let mut watching = Watching::start(&cpm.member(), job, None).await;
    watching.expect("status").await;
    cpm.end(job, "completed", json!({"title": "Fuses"})).await;
    watching.expect("completed").await;
    assert_eq!(watching.next().await, None);
}

#[tokio::test]
async fn whoever_may_not_see_the_job_any_more_is_shown_nothing_more() {
    let cpm = TestCpm::start().await;
    let job = cpm.accepted().await;
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
    let mut removed = Watching::start(&cpm.member(), job, None).await;
    let mut revoked = Watching::start(&cpm.anonymous().with_key(key.reveal()), job, None).await;
    let mut stays = Watching::start(&cpm.user(cpm.tenants.customer_people.owner), job, None).await;
    write(&cpm, job, 0, "abc").await;
    for watching in [&mut removed, &mut revoked, &mut stays] {
        watching.expect("status").await;
        watching.expect("delta").await;
    }
    sqlx::query("DELETE FROM client_users WHERE user_id = $1")
        .bind(cpm.tenants.customer_people.member.uuid())
        .execute(&mut db)
        .await
        .unwrap();
    sqlx::query("UPDATE api_keys SET revoked_at = now()").execute(&mut db).await.unwrap();
    assert_eq!((removed.next().await, revoked.next().await), (None, None));
    write(&cpm, job, 3, "def").await;
    assert_eq!(stays.expect("delta").await.data, json!({"offset": 3, "text": "def"}));
}

#[tokio::test]
async fn nobody_watches_without_end() {
    let cpm = TestCpm::start().await;
    let job = cpm.accepted().await;
    let member = hg_common::auth::Principal::User(cpm.tenants.customer_people.member);
    let seats: Vec<_> = std::iter::from_fn(|| cpm.state.watching.enter(&member)).collect();
    assert_eq!(seats.len(), 100);
    let path = format!("/jobs/{job}/events");
    drop(cpm.member().get(&path).await.expect(429));
    drop(seats);
    Watching::start(&cpm.member(), job, None).await.expect("status").await;
}
