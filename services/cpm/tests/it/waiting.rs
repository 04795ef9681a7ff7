//! `POST /generate` with `wait`: the finished job as the answer, and what happens where that can't be.

use std::time::Duration;

use hg_common::auth::api_key::ApiKey;
use hg_cpm::worker::events::{Appended, announce};
use hg_testkit::{Answer, Api, until};
use hg_types::JobId;
use http::Method;
use serde_json::{Value, json};

use crate::{
    replicas::House,
    support::{TestCpm, blog_with, job_id},
};

/// Asks with more headers.
async fn ask(api: &Api, body: &Value, headers: &[(&str, &str)]) -> Answer {
    let api = headers.iter().fold(api.clone(), |api, (name, value)| api.with_header(name, value));
    api.post("/generate", body).await
}

fn header_of<'a>(answer: &'a Answer, name: &str) -> Option<&'a str> {
    answer.headers.get(name).and_then(|value| value.to_str().ok())
}

/// Ends a job as a worker elsewhere would.
async fn end(cpm: &TestCpm, job: JobId, status: &'static str, event: Value) {
    cpm.end(job, status, event).await;
    announce(&cpm.state.redis, Appended { job, client: cpm.tenants.customer, seq: 2, kind: status }).await;
}

/// The one job that was accepted.
async fn the_job(cpm: &TestCpm) -> JobId {
    until("a job is accepted", async || cpm.count("SELECT count(*) FROM jobs").await == 1).await;
    let id: uuid::Uuid = sqlx::query_scalar("SELECT id FROM jobs").fetch_one(&mut cpm.superuser().await).await.unwrap();
    id.into()
}

#[tokio::test]
async fn the_finished_job_is_the_answer() {
    let house = House::open().await;
    let replica = house.replica(4).await;
    let member = replica.user(house.tenants.customer_people.member);
    let answer = ask(&member, &blog_with(json!({"wait": 60, "word_count_range": [50, 100]})), &[]).await.expect(200);
    let job = answer.json();
    assert_eq!(job["status"], "completed", "{job}");
    assert!(job["result"]["content"].as_str().unwrap().len() > 100, "{job}");
    assert!(job["result"]["quality"]["score"].is_number() && job["cost_usd"].is_string(), "{job}");
    let path = format!("/jobs/{}", job["id"].as_str().unwrap());
    assert_eq!(header_of(&answer, "location"), Some(path.as_str()));
    assert_eq!(member.get(&path).await.expect(200).json(), job, "the same as the job itself");
    replica.end().await;
}

#[tokio::test]
async fn what_takes_longer_is_accepted() {
    let cpm = TestCpm::start().await;
    let answer = ask(&cpm.member(), &blog_with(json!({"wait": 1})), &[]).await.expect(202);
    assert_eq!(answer.json()["status"], "pending");
    assert_eq!(header_of(&answer, "location"), Some(format!("/jobs/{}", job_id(&answer)).as_str()));
    assert_eq!(header_of(&answer, "preference-applied"), None);
    let preferred = ask(&cpm.member(), &blog_with(json!({})), &[("prefer", "wait=1")]).await.expect(202);
    assert_eq!(header_of(&preferred, "preference-applied"), Some("wait=1"));
    for wrong in [json!({"wait": 61}), json!({"wait": -1}), json!({"wait": 3, "stream": true})] {
        drop(ask(&cpm.member(), &blog_with(wrong), &[]).await.expect(422));
    }
    assert_eq!(cpm.count("SELECT count(*) FROM jobs").await, 2);
}

#[tokio::test]
async fn an_end_without_a_text_is_an_answer_too() {
    let cpm = TestCpm::start().await;
    let (member, body) = (cpm.member(), blog_with(json!({"wait": 60})));
    let (answer, ()) = tokio::join!(ask(&member, &body, &[]), async {
        end(&cpm, the_job(&cpm).await, "failed", json!({"code": "provider_error", "message": "It broke."})).await;
    });
    let job = answer.expect(200).json();
    assert_eq!((job["status"].as_str(), job["error_code"].as_str()), (Some("failed"), Some("provider_error")), "{job}");
}

#[tokio::test]
async fn repeats_wait_for_the_same_job() {
    let cpm = TestCpm::start().await;
    let (member, key) = (cpm.member(), [("idempotency-key", "order-4711")]);
    let (first, second) = (blog_with(json!({"wait": 60})), blog_with(json!({"wait": 50})));
    let (one, other, job) = tokio::join!(ask(&member, &first, &key), ask(&member, &second, &key), async {
        let job = the_job(&cpm).await;
        end(&cpm, job, "completed", json!({"title": "Fuses"})).await;
        job
    });
    for answer in [one, other] {
        let answer = answer.expect(200).json();
        assert_eq!(
            (answer["id"].as_str(), answer["status"].as_str()),
            (Some(job.to_string().as_str()), Some("completed"))
        );
    }
    // And later it is there at once, and still the same job without `wait`.
    drop(ask(&member, &first, &key).await.expect(200));
    let plain = ask(&member, &blog_with(json!({})), &key).await.expect(200);
    assert_eq!((job_id(&plain), plain.json()["status"].as_str()), (job, Some("completed")));
    assert_eq!(cpm.count("SELECT count(*) FROM jobs").await, 1);
}

#[tokio::test]
async fn whoever_hangs_up_leaves_the_job_alone_and_makes_room() {
    // One may wait.
    let cpm = TestCpm::with(&[("WAITING_REQUESTS", "1")]).await;
    let member = cpm.member();
    let body = blog_with(json!({"wait": 60}));
    let waiting = tokio::spawn(member.start(Method::POST, "/generate").json(&body).send());
    let job = the_job(&cpm).await;
    let refused = ask(&member, &body, &[]).await.expect(429);
    assert_eq!(refused.code(), "too_many_waiting");
    assert!(header_of(&refused, "retry-after").is_some());
    // Who doesn't wait isn't kept from anything.
    drop(ask(&member, &blog_with(json!({})), &[]).await.expect(200));
    assert_eq!(cpm.count("SELECT count(*) FROM jobs").await, 2, "what was refused wasn't accepted");
    waiting.abort();
    let brief = blog_with(json!({"wait": 1}));
    until("there is room again", async || ask(&member, &brief, &[]).await.status.as_u16() == 202).await;
    assert_eq!(member.get(&format!("/jobs/{job}/status")).await.expect(200).json()["status"], "pending");
}

#[tokio::test]
async fn waiting_takes_no_connection_of_the_database() {
    let cpm = TestCpm::with(&[("DATABASE_MAX_CONNECTIONS", "1"), ("WAITING_REQUESTS", "200")]).await;
    let member = cpm.member();
    let body = blog_with(json!({"wait": 60}));
    let waiting: Vec<_> =
        (0..30).map(|_| tokio::spawn(member.start(Method::POST, "/generate").json(&body).send())).collect();
    until("all wait", async || cpm.count("SELECT count(*) FROM jobs").await == 30).await;
    drop(member.get("/jobs").await.expect(200));
    for one in waiting {
        one.abort();
    }
}

#[tokio::test]
async fn who_may_not_read_jobs_may_not_wait_for_one() {
    let cpm = TestCpm::start().await;
    let key = ApiKey::generate();
    sqlx::query(
        "INSERT INTO api_keys (client_id, name, prefix, key_hash, scopes) VALUES ($1, 'test', $2, $3, '{generate}')",
    )
    .bind(cpm.tenants.customer.uuid())
    .bind(key.prefix())
    .bind(key.hash().as_slice())
    .execute(&mut cpm.superuser().await)
    .await
    .unwrap();
    let service = cpm.anonymous().with_key(key.reveal());
    for how in [json!({"wait": 5}), json!({"stream": true})] {
        assert_eq!(ask(&service, &blog_with(how), &[]).await.expect(403).code(), "scope_missing");
    }
    assert_eq!(cpm.count("SELECT count(*) FROM jobs").await, 0);
    drop(ask(&service, &blog_with(json!({})), &[]).await.expect(200));
}

#[tokio::test]
async fn a_preference_that_cannot_be_had_keeps_nobody_from_a_job() {
    let cpm = TestCpm::with(&[("WAITING_REQUESTS", "1")]).await;
    let key = ApiKey::generate();
    sqlx::query(
        "INSERT INTO api_keys (client_id, name, prefix, key_hash, scopes) VALUES ($1, 'test', $2, $3, '{generate}')",
    )
    .bind(cpm.tenants.customer.uuid())
    .bind(key.prefix())
    .bind(key.hash().as_slice())
    .execute(&mut cpm.superuser().await)
    .await
    .unwrap();
    let service = cpm.anonymous().with_key(key.reveal());
    for header in [("prefer", "wait=5"), ("accept", "text/event-stream")] {
        let answer = ask(&service, &blog_with(json!({})), &[header]).await.expect(202);
        assert_eq!(header_of(&answer, "location"), Some(format!("/jobs/{}", job_id(&answer)).as_str()));
        assert_eq!(header_of(&answer, "preference-applied"), None);
    }
    // And where all seats are taken.
    let seat = cpm.state.waiting.enter(&hg_common::auth::Principal::User(cpm.tenants.customer_people.admin));
    assert!(seat.is_some());
    let answer = ask(&cpm.member(), &blog_with(json!({})), &[("prefer", "wait=60")]).await.expect(202);
    assert_eq!(header_of(&answer, "preference-applied"), None);
    let refused = ask(&cpm.member(), &blog_with(json!({"wait": 5})), &[("prefer", "wait=5")]).await.expect(429);
    assert_eq!(refused.code(), "too_many_waiting");
    assert_eq!(cpm.count("SELECT count(*) FROM jobs").await, 3);
}

#[tokio::test]
async fn a_key_that_ends_while_it_waits_gets_no_text() {
    let cpm = TestCpm::start().await;
    let key = ApiKey::generate();
    sqlx::query(
        "INSERT INTO api_keys (client_id, name, prefix, key_hash, scopes) VALUES ($1, 'test', $2, $3, '{generate,jobs:read}')",
    )
    .bind(cpm.tenants.customer.uuid())
    .bind(key.prefix())
    .bind(key.hash().as_slice())
    .execute(&mut cpm.superuser().await)
    .await
    .unwrap();
    let (service, body) = (cpm.anonymous().with_key(key.reveal()), blog_with(json!({"wait": 60})));
    let (answer, job) = tokio::join!(ask(&service, &body, &[]), async {
        let job = the_job(&cpm).await;
        sqlx::query("UPDATE api_keys SET revoked_at = now()").execute(&mut cpm.superuser().await).await.unwrap();
        end(&cpm, job, "completed", json!({"title": "Fuses"})).await;
        job
    });
    let answer = answer.expect(202);
    assert_eq!(job_id(&answer), job);
    assert!(!answer.text.contains("result"), "{}", answer.text);
}

#[tokio::test]
async fn at_the_end_of_the_process_they_are_told_where_to_look() {
    let cpm = TestCpm::start().await;
    let (member, body) = (cpm.member(), blog_with(json!({"wait": 60})));
    let (answer, ()) = tokio::time::timeout(Duration::from_secs(20), async {
        tokio::join!(ask(&member, &body, &[]), async {
            the_job(&cpm).await;
            cpm.state.shutdown.cancel();
        })
    })
    .await
    .expect("nobody is kept waiting");
    drop(answer.expect(202));
}
