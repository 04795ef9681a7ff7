//! API keys that are remembered: for as long as nothing changes, on every replica, and not past their end.

use std::time::{Duration, Instant};

use hg_common::{auth::api_key::ApiKey, http::ShutdownToken};
use hg_cpm::store::api_key_lookup::api_key_lookup;
use hg_testkit::{Api, TestServer, assert_reads_are_marked, redis_url, until};
use serde_json::json;
use sqlx::PgConnection;

use crate::support::{TestCpm, blog, config};

const KEYS: &str = "/clients/cincinnati-electrician/api-keys";

async fn run(db: &mut PgConnection, statement: &'static str) {
    sqlx::raw_sql(statement).execute(db).await.unwrap();
}

/// A key of Cincinnati Electrician Co.: its path and its secret.
async fn made(cpm: &TestCpm) -> (String, String) {
    let admin = cpm.user(cpm.tenants.customer_people.admin);
    let body = json!({"name": "Shop", "scopes": ["generate", "jobs:read"]});
    let made = admin.post(KEYS, &body).await.expect(201).json();
    (format!("{KEYS}/{}", made["api_key"]["id"].as_str().unwrap()), made["secret"].as_str().unwrap().to_owned())
}

async fn reads(api: &Api) -> u16 {
    api.get("/jobs").await.status.as_u16()
}

/// Reads until the answer is this one, within the second that is promised.
async fn within_a_second(api: &Api, status: u16, what: &str) {
    let changed = Instant::now();
    while reads(api).await != status {
        assert!(changed.elapsed() < Duration::from_secs(1), "{what}: not there after {:?}", changed.elapsed());
    }
}

#[tokio::test]
async fn a_change_on_one_replica_holds_on_another_within_a_second() {
    let cpm = TestCpm::with(&[("RATE_LIMIT_PER_MINUTE", "1000000")]).await;
    let (key, secret) = made(&cpm).await;
    let shutdown = ShutdownToken::new();
    let variables = [("RATE_LIMIT_PER_MINUTE", "1000000")];
    let config = config(&cpm.db, &cpm.identity, &redis_url().await, &variables);
    let built = hg_cpm::build(&config, hg_common::telemetry::init_for_tests(), &shutdown).await.unwrap();
    let replica = TestServer::start(built.app.router).await;
    let there = Api::anonymous(&replica.url()).with_key(&secret);
    let here = cpm.anonymous().with_key(&secret);
    let admin = cpm.user(cpm.tenants.customer_people.admin);
    let mut db = cpm.superuser().await;
    assert_eq!((reads(&here).await, reads(&there).await), (200, 200));

    let narrow = json!({"scopes": ["generate"]});
    drop(admin.request(http::Method::PATCH, &key, Some(&narrow)).await.expect(200));
    assert_eq!(reads(&here).await, 403, "where it was changed it holds at once");
    within_a_second(&there, 403, "fewer scopes").await;
    let wide = json!({"scopes": ["generate", "jobs:read"]});
    drop(admin.request(http::Method::PATCH, &key, Some(&wide)).await.expect(200));
    within_a_second(&there, 200, "more scopes").await;

    run(&mut db, "UPDATE clients SET archived_at = now() WHERE slug = 'cincinnati-electrician'").await;
    within_a_second(&there, 401, "archived").await;
    run(&mut db, "UPDATE clients SET archived_at = NULL WHERE slug = 'cincinnati-electrician'").await;
    within_a_second(&there, 200, "restored").await;

    let rotated = admin.post(&format!("{key}/rotate"), &json!({"overlap_seconds": 3600})).await.expect(200).json();
    assert_eq!((reads(&here).await, reads(&there).await), (200, 200), "the old secret goes on");
    let newer = Api::anonymous(&replica.url()).with_key(rotated["secret"].as_str().unwrap());
    assert_eq!(reads(&newer).await, 200);
    drop(admin.delete(&key).await.expect(200));
    assert_eq!(reads(&here).await, 401, "where it was revoked it holds at once");
    within_a_second(&there, 401, "revoked, by its old secret").await;
    assert_eq!(reads(&newer).await, 401, "and by its new one");
    shutdown.cancel();
}

#[tokio::test]
async fn a_key_is_remembered_while_nothing_changes_and_makes_no_job_when_it_is_revoked_all_the_same() {
    let cpm = TestCpm::with(&[("RATE_LIMIT_PER_MINUTE", "1000000")]).await;
    let (_, secret) = made(&cpm).await;
    let api = cpm.anonymous().with_key(&secret);
    assert_eq!(reads(&api).await, 200);
    let mut db = cpm.superuser().await;
    run(
        &mut db,
        "ALTER TABLE api_keys DISABLE TRIGGER api_keys_look_ups_changed;
         UPDATE api_keys SET revoked_at = now();
         ALTER TABLE api_keys ENABLE ALWAYS TRIGGER api_keys_look_ups_changed",
    )
    .await;
    // Nobody was told: it reads for more than the second within which changes hold.
    let changed = Instant::now();
    while changed.elapsed() < Duration::from_millis(1_500) {
        assert_eq!(reads(&api).await, 200);
    }
    let refused = api.post("/generate", &blog("cincinnati-electrician")).await.expect(401);
    assert_eq!(refused.code(), "invalid_api_key");
    // That it is used tells nobody anything; that it changes does.
    run(&mut db, "UPDATE api_keys SET last_used_at = now() - interval '1 hour'").await;
    run(&mut db, "UPDATE api_keys SET name = 'Shop again'").await;
    within_a_second(&api, 401, "renamed").await;
}

#[tokio::test]
async fn a_remembered_key_ends_with_its_secret_by_the_databases_clock() {
    let cpm = TestCpm::with(&[("RATE_LIMIT_PER_MINUTE", "1000000")]).await;
    let (_, secret) = made(&cpm).await;
    let mut db = cpm.superuser().await;
    let (api, newer) = (cpm.anonymous().with_key(&secret), ApiKey::generate());
    // One ends by its key's end, the other as the secret before, while its key goes on.
    let expires =
        "UPDATE api_keys SET expires_at = clock_timestamp() + interval '2 seconds' WHERE $1::bytea IS NOT NULL";
    let rotates = "UPDATE api_keys SET expires_at = NULL, old_key_hash = key_hash, old_prefix = prefix, key_hash = $1,
                          old_expires_at = clock_timestamp() + interval '2 seconds'";
    for change in [expires, rotates] {
        run(&mut db, "UPDATE api_keys SET expires_at = NULL").await;
        until("it is in force", async || reads(&api).await == 200).await;
        sqlx::query(change).bind(newer.hash().as_slice()).execute(&mut db).await.unwrap();
        let mut answers = 0;
        loop {
            let ended = "SELECT coalesce(old_expires_at, expires_at) <= clock_timestamp() FROM api_keys";
            let has_ended: bool = sqlx::query_scalar(ended).fetch_one(&mut db).await.unwrap();
            let status = reads(&api).await;
            assert!(status == 401 || !has_ended, "it has ended and opens");
            if has_ended {
                break;
            }
            answers += i32::from(status == 200);
        }
        assert!(answers > 0, "it was in force before");
    }
    assert_eq!(reads(&cpm.anonymous().with_key(newer.reveal())).await, 200);
}

#[tokio::test]
async fn whatever_the_look_up_reads_ends_what_is_remembered_of_it() {
    let cpm = TestCpm::start().await;
    let (key, first) = made(&cpm).await;
    let admin = cpm.user(cpm.tenants.customer_people.admin);
    let second = admin.post(&format!("{key}/rotate"), &json!({})).await.expect(200).json();
    let db = cpm.db.db().await;
    for (secret, ends) in [(first.as_str(), true), (second["secret"].as_str().unwrap(), false)] {
        let mut tx = db.anonymous().await.unwrap();
        let found = api_key_lookup(&mut tx, &ApiKey::parse(secret).unwrap().hash()).await.unwrap().unwrap();
        assert_eq!((found.ends.is_some(), found.goes_on()), (ends, true));
        assert_reads_are_marked(&mut tx, "api_keys", &["public.api_keys", "public.clients"]).await;
        tx.commit().await.unwrap();
    }
}
