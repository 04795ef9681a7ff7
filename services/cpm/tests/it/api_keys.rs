//! API keys as people look after them: make, list, change, rotate, end; and what each limit keeps out.

use std::time::Instant;

use hg_testkit::{Answer, Api, until};
use http::Method;
use serde_json::{Value, json};
use sqlx::Connection as _;

use crate::{
    budgets::settled,
    support::{TestCpm, blog, job_id},
};

const KEYS: &str = "/clients/cincinnati-electrician/api-keys";

fn wanted(fields: Value) -> Value {
    let mut body = json!({"name": "Shop", "scopes": ["generate", "jobs:read"]});
    if let (Some(body), Value::Object(fields)) = (body.as_object_mut(), fields) {
        body.extend(fields);
    }
    body
}

fn admin(cpm: &TestCpm) -> Api {
    cpm.user(cpm.tenants.customer_people.admin)
}

/// A key that an admin made: its id and its secret.
async fn made(cpm: &TestCpm, fields: Value) -> (String, String) {
    let answer = admin(cpm).post(KEYS, &wanted(fields)).await.expect(201).json();
    (answer["api_key"]["id"].as_str().unwrap().to_owned(), answer["secret"].as_str().unwrap().to_owned())
}

async fn patch(cpm: &TestCpm, id: &str, change: Value) -> Answer {
    admin(cpm).request(Method::PATCH, &format!("{KEYS}/{id}"), Some(&change)).await
}

async fn ask(cpm: &TestCpm, secret: &str) -> Answer {
    cpm.anonymous().with_key(secret).post("/generate", &blog("cincinnati-electrician")).await
}

async fn audit_actions(cpm: &TestCpm, id: &str) -> Vec<(String, Option<uuid::Uuid>)> {
    sqlx::query_as("SELECT action, actor_id FROM audit_log WHERE subject_id = $1::text::uuid ORDER BY id")
        .bind(id)
        .fetch_all(&mut cpm.superuser().await)
        .await
        .unwrap()
}

#[tokio::test]
async fn an_admin_makes_a_key_that_is_shown_once() {
    let cpm = TestCpm::start().await;
    let answer = admin(&cpm)
        .post(KEYS, &wanted(json!({"expires_at": "2099-01-01T00:00:00Z", "requests_per_minute": 60})))
        .await
        .expect(201);
    let (secret, key) = (answer.json()["secret"].as_str().unwrap().to_owned(), answer.json()["api_key"].clone());
    assert!(hg_common::auth::api_key::ApiKey::parse(&secret).is_ok());
    assert!(secret.starts_with(key["prefix"].as_str().unwrap()));
    assert_eq!((&key["state"], &key["origin"], &key["used"]), (&json!("active"), &json!("made"), &Value::Null));
    assert_eq!(key["created_by"], json!(cpm.tenants.customer_people.admin));
    drop(ask(&cpm, &secret).await.expect(200));
    // Lists and looks have its beginning and its use, and no secret.
    let id = key["id"].as_str().unwrap();
    for path in [KEYS.to_owned(), format!("{KEYS}/{id}"), format!("{KEYS}?state=active")] {
        let shown = admin(&cpm).get(&path).await.expect(200);
        assert!(
            shown.text.contains(id) && !shown.text.contains(&secret) && !shown.text.contains("hash"),
            "{}",
            shown.text
        );
    }
    assert!(admin(&cpm).get(&format!("{KEYS}/{id}")).await.json()["last_used_at"].is_string());
    assert_eq!(admin(&cpm).get(&format!("{KEYS}?state=revoked")).await.expect(200).json()["data"], json!([]));
    // On record, by whom, without the secret or its hash.
    assert_eq!(
        audit_actions(&cpm, id).await,
        [("api_key.created".to_owned(), Some(cpm.tenants.customer_people.admin.uuid()))]
    );
    let told: String = sqlx::query_scalar("SELECT string_agg(value, ' ') FROM audit_values")
        .fetch_one(&mut cpm.superuser().await)
        .await
        .unwrap();
    assert!(told.contains("requests_per_minute") && !told.contains(&secret) && !told.contains("\\\\x"), "{told}");
}

#[tokio::test]
async fn who_may_and_what_is_refused() {
    let cpm = TestCpm::start().await;
    let (id, secret) = made(&cpm, json!({})).await;
    let people = cpm.tenants.customer_people;
    for low in [people.member, people.viewer] {
        drop(cpm.user(low).get(KEYS).await.expect(403));
        drop(cpm.user(low).post(KEYS, &wanted(json!({}))).await.expect(403));
        drop(cpm.user(low).delete(&format!("{KEYS}/{id}")).await.expect(403));
    }
    drop(cpm.user(cpm.tenants.agency_people.admin).get(KEYS).await.expect(200));
    let stranger = cpm.user(cpm.tenants.other_agency_people.owner);
    drop(stranger.get(KEYS).await.expect(404));
    drop(stranger.post(&format!("{KEYS}/{id}/rotate"), &json!({})).await.expect(404));
    // No key looks after keys, and a key of one client isn't found under another.
    drop(cpm.anonymous().with_key(&secret).get(KEYS).await.expect(401));
    drop(
        cpm.user(cpm.tenants.agency_people.admin)
            .get(&format!("/clients/heaviside-digital/api-keys/{id}"))
            .await
            .expect(404),
    );

    let refused = |body: Value| {
        let api = admin(&cpm);
        async move { api.post(KEYS, &body).await.expect(422).fields() }
    };
    let wrong = json!({"name": "", "scopes": ["generate", "root"], "expires_at": "2020-01-01T00:00:00Z",
        "requests_per_minute": 0, "jobs_per_day": 1_000_001, "daily_limit_usd": "-1"});
    assert_eq!(
        refused(wrong).await,
        ["name", "scopes[1]", "expires_at", "requests_per_minute", "jobs_per_day", "daily_limit_usd"]
    );
    assert_eq!(refused(wanted(json!({"scopes": []}))).await, ["scopes"]);
    assert_eq!(refused(wanted(json!({"name": "x".repeat(201)}))).await, ["name"]);
    drop(admin(&cpm).post(KEYS, &wanted(json!({"colour": "red"}))).await.expect(422));
    assert_eq!(
        patch(&cpm, &id, json!({"expires_at": "2020-01-01T00:00:00Z"})).await.expect(422).fields(),
        ["expires_at"]
    );

    // A client has a bounded number of living keys; ended ones don't count.
    sqlx::query(
        "INSERT INTO api_keys (client_id, name, prefix, key_hash, revoked_at)
         SELECT $1, 'planted', 'hgc_', uuid_send(gen_random_uuid()) || uuid_send(gen_random_uuid()), CASE WHEN n > 49 THEN now() END
           FROM generate_series(1, 59) n",
    )
    .bind(cpm.tenants.customer.uuid())
    .execute(&mut cpm.superuser().await)
    .await
    .unwrap();
    assert_eq!(admin(&cpm).post(KEYS, &wanted(json!({}))).await.expect(409).code(), "too_many_api_keys");
    // A page at a time, the newest first, each once.
    let (mut seen, mut cursor) = (Vec::new(), String::new());
    loop {
        let page = admin(&cpm).get(&format!("{KEYS}?limit=25{cursor}")).await.expect(200).json();
        seen.extend(page["data"].as_array().unwrap().iter().map(|key| key["id"].as_str().unwrap().to_owned()));
        match page["pagination"]["next_cursor"].as_str() {
            Some(next) => cursor = format!("&cursor={next}"),
            None => break,
        }
    }
    assert_eq!(seen.len(), 60);
    assert!(seen.is_sorted_by(|newer, older| newer > older));
}

#[tokio::test]
async fn scopes_are_narrowed_and_widened_for_a_key_that_is_in_use() {
    let cpm = TestCpm::start().await;
    let (id, secret) = made(&cpm, json!({})).await;
    drop(ask(&cpm, &secret).await.expect(200));
    let changed = patch(&cpm, &id, json!({"scopes": ["jobs:read"], "name": "Shop, reading"})).await.expect(200).json();
    assert_eq!((&changed["scopes"], &changed["name"]), (&json!(["jobs:read"]), &json!("Shop, reading")));
    until("the narrower scope holds", async || ask(&cpm, &secret).await.status == 403).await;
    drop(patch(&cpm, &id, json!({"scopes": ["generate", "usage:read"]})).await.expect(200));
    until("the wider scope holds", async || ask(&cpm, &secret).await.status == 200).await;
}

#[tokio::test]
async fn a_rotated_key_goes_on_under_both_secrets_for_as_long_as_it_was_told() {
    let cpm = TestCpm::start().await;
    let (id, first) = made(&cpm, json!({})).await;
    drop(ask(&cpm, &first).await.expect(200));
    let rotate = async |body: Value| admin(&cpm).post(&format!("{KEYS}/{id}/rotate"), &body).await;
    let second = rotate(json!({})).await.expect(200).json();
    assert_eq!(second["api_key"]["id"], json!(id));
    let old = &second["api_key"]["old_secret"];
    assert!(first.starts_with(old["prefix"].as_str().unwrap()) && old["last_used_at"].is_string(), "{old}");
    let left =
        old["expires_at"].as_str().unwrap().parse::<chrono::DateTime<chrono::Utc>>().unwrap() - chrono::Utc::now();
    assert!((left.num_minutes() - 24 * 60).abs() <= 1, "{left}");
    let second = second["secret"].as_str().unwrap().to_owned();
    for secret in [&first, &second] {
        drop(ask(&cpm, secret).await.expect(200));
    }
    assert_eq!(cpm.count("SELECT count(DISTINCT api_key_id) FROM jobs").await, 1, "one key, whichever secret");
    // A second click doesn't end what is still used.
    assert_eq!(rotate(json!({"overlap_seconds": 60})).await.expect(409).code(), "rotation_under_way");
    assert_eq!(rotate(json!({"overlap_seconds": 2_592_001})).await.expect(422).fields(), ["overlap_seconds"]);
    // Time passes for the old one alone.
    sqlx::query("UPDATE api_keys SET old_expires_at = now()").execute(&mut cpm.superuser().await).await.unwrap();
    until("the old secret ends", async || ask(&cpm, &first).await.status == 401).await;
    drop(ask(&cpm, &second).await.expect(200));
    assert_eq!(admin(&cpm).get(&format!("{KEYS}/{id}")).await.json()["old_secret"], Value::Null);
    // Without an overlap all that were there end at once.
    let third = rotate(json!({"overlap_seconds": 0})).await.expect(200).json();
    assert_eq!(third["api_key"]["old_secret"], Value::Null);
    drop(ask(&cpm, third["secret"].as_str().unwrap()).await.expect(200));
    until("the second secret ends", async || ask(&cpm, &second).await.status == 401).await;
    let rotated: Vec<_> =
        audit_actions(&cpm, &id).await.into_iter().filter(|(name, _)| name == "api_key.rotated").collect();
    assert!(rotated.len() == 2 && rotated.iter().all(|(_, by)| *by == Some(cpm.tenants.customer_people.admin.uuid())));
    assert_eq!(cpm.count("SELECT count(*) FROM audit_values WHERE value LIKE '%key_hash\": \"%'").await, 0);
}

#[tokio::test]
async fn a_revoked_key_is_out_of_force_within_a_second_and_makes_no_job_even_before() {
    let cpm = TestCpm::start().await;
    let (id, secret) = made(&cpm, json!({})).await;
    let second = admin(&cpm).post(&format!("{KEYS}/{id}/rotate"), &json!({})).await.expect(200).json();
    let second = second["secret"].as_str().unwrap();
    for secret in [secret.as_str(), second] {
        drop(ask(&cpm, secret).await.expect(200));
    }
    let ended = admin(&cpm).delete(&format!("{KEYS}/{id}")).await.expect(200).json();
    let since = Instant::now();
    assert_eq!((&ended["state"], &ended["revoked_by"]), (&json!("revoked"), &json!(cpm.tenants.customer_people.admin)));
    // What a replica remembers opens reads for less than a second, and no job at all.
    for secret in [secret.as_str(), second] {
        assert_eq!(ask(&cpm, secret).await.expect(401).code(), "invalid_api_key");
    }
    let jobs = cpm.count("SELECT count(*) FROM jobs").await;
    until("the key is forgotten", async || cpm.anonymous().with_key(&secret).get("/jobs").await.status == 401).await;
    assert!(since.elapsed().as_millis() < 1_500, "{:?}", since.elapsed());
    assert_eq!((jobs, cpm.count("SELECT count(*) FROM jobs").await), (2, 2));
    // For good, and more than once is once.
    assert_eq!(admin(&cpm).delete(&format!("{KEYS}/{id}")).await.expect(200).json()["revoked_at"], ended["revoked_at"]);
    assert_eq!(patch(&cpm, &id, json!({"name": "Again"})).await.expect(409).code(), "api_key_revoked");
    assert_eq!(
        admin(&cpm).post(&format!("{KEYS}/{id}/rotate"), &json!({})).await.expect(409).code(),
        "api_key_revoked"
    );
    drop(admin(&cpm).delete(&format!("{KEYS}/{}", uuid::Uuid::nil())).await.expect(404));
}

#[tokio::test]
async fn the_operators_keys_are_ended_here_and_otherwise_left_alone() {
    let cpm = TestCpm::with(&[("CPM_CLIENT_API_KEYS", r#"{"cincinnati-electrician": "cpm_test_example_key"}"#)]).await;
    let key = admin(&cpm).get(KEYS).await.expect(200).json()["data"][0].clone();
    assert_eq!(key["origin"], "environment");
    let id = key["id"].as_str().unwrap();
    let rotated = admin(&cpm).post(&format!("{KEYS}/{id}/rotate"), &json!({})).await;
    assert_eq!(rotated.expect(409).code(), "managed_by_environment");
    assert_eq!(patch(&cpm, id, json!({"expires_at": null})).await.expect(409).code(), "managed_by_environment");
    drop(patch(&cpm, id, json!({"jobs_per_day": 1})).await.expect(200));
    drop(ask(&cpm, "cpm_test_example_key").await.expect(200));
    assert_eq!(ask(&cpm, "cpm_test_example_key").await.expect(429).code(), "job_limit_reached");
    drop(admin(&cpm).delete(&format!("{KEYS}/{id}")).await.expect(200));
    drop(ask(&cpm, "cpm_test_example_key").await.expect(401));
}

#[tokio::test]
async fn a_key_has_its_own_number_of_requests_and_is_told_where_it_stands() {
    let cpm = TestCpm::with(&[("RATE_LIMIT_PER_MINUTE", "100")]).await;
    let (id, secret) = made(&cpm, json!({"requests_per_minute": 2})).await;
    let (_, usual) = made(&cpm, json!({"name": "Other"})).await;
    let number = |answer: &Answer, name: &str| answer.headers[name].to_str().unwrap().parse::<u64>().unwrap();
    for left in [1, 0] {
        let answer = cpm.anonymous().with_key(&secret).get("/jobs").await.expect(200);
        assert_eq!((number(&answer, "ratelimit-limit"), number(&answer, "ratelimit-remaining")), (2, left));
        assert!((1..=60).contains(&number(&answer, "ratelimit-reset")));
    }
    let refused = cpm.anonymous().with_key(&secret).get("/jobs").await.expect(429);
    assert_eq!((refused.code().as_str(), number(&refused, "ratelimit-remaining")), ("rate_limited", 0));
    assert!((1..=30).contains(&number(&refused, "retry-after")));
    let other = cpm.anonymous().with_key(&usual).get("/jobs").await.expect(200);
    assert_eq!(number(&other, "ratelimit-limit"), 100);
    // People are counted elsewhere and told nothing.
    assert!(!cpm.member().get("/jobs").await.expect(200).headers.contains_key("ratelimit-limit"));
    drop(patch(&cpm, &id, json!({"requests_per_minute": null})).await.expect(200));
    until("the usual number holds", async || cpm.anonymous().with_key(&secret).get("/jobs").await.status == 200).await;
}

/// So many at once; how many got in, and the codes of the others.
async fn race(cpm: &TestCpm, secret: &str, callers: usize) -> (usize, Vec<String>) {
    let answers = futures::future::join_all((0..callers).map(|_| ask(cpm, secret))).await;
    let (accepted, refused): (Vec<_>, Vec<_>) = answers.into_iter().partition(|answer| answer.status == 200);
    (accepted.len(), refused.iter().map(Answer::code).collect())
}

#[tokio::test]
async fn callers_who_race_for_the_jobs_of_a_day_get_exactly_those() {
    let cpm = TestCpm::with(&[("RATE_LIMIT_PER_MINUTE", "0")]).await;
    let (id, secret) = made(&cpm, json!({"jobs_per_day": 7})).await;
    let (accepted, refused) = race(&cpm, &secret, 40).await;
    assert_eq!(accepted, 7);
    assert!(refused.iter().all(|code| code == "job_limit_reached"), "{refused:?}");
    assert_eq!(cpm.count("SELECT count(*) FROM jobs WHERE api_key_id IS NOT NULL").await, 7);
    let told = ask(&cpm, &secret).await.expect(429);
    let wait: i64 = told.headers["retry-after"].to_str().unwrap().parse().unwrap();
    assert!((1..=86_400).contains(&wait), "{wait}");
    assert!(told.text.contains("7 jobs a day") && told.text.contains("00:00 UTC"), "{}", told.text);
    assert_eq!(admin(&cpm).get(&format!("{KEYS}/{id}")).await.json()["used"]["jobs_today"], 7);
    // A wider limit holds at once; a narrower one than was used lets nothing more in.
    drop(patch(&cpm, &id, json!({"jobs_per_day": 9})).await.expect(200));
    assert_eq!(race(&cpm, &secret, 10).await.0, 2);
    drop(patch(&cpm, &id, json!({"jobs_per_day": 3})).await.expect(200));
    drop(ask(&cpm, &secret).await.expect(429));
    // Another key of the client is not concerned.
    let (_, other) = made(&cpm, json!({"name": "Other"})).await;
    drop(ask(&cpm, &other).await.expect(200));
}

#[tokio::test]
async fn a_repeat_under_the_same_idempotency_key_is_counted_once() {
    let cpm = TestCpm::start().await;
    let (_, secret) = made(&cpm, json!({"jobs_per_day": 1})).await;
    let api = cpm.anonymous().with_key(&secret).with_header("idempotency-key", "once");
    let first = api.post("/generate", &blog("cincinnati-electrician")).await.expect(200).json();
    let again = api.post("/generate", &blog("cincinnati-electrician")).await.expect(200).json();
    assert_eq!(first["job_id"], again["job_id"]);
}

#[tokio::test]
async fn a_limit_that_comes_later_counts_what_was_used_before() {
    let cpm = TestCpm::start().await;
    let (id, secret) = made(&cpm, json!({})).await;
    for _ in 0..3 {
        drop(ask(&cpm, &secret).await.expect(200));
    }
    let changed = patch(&cpm, &id, json!({"jobs_per_day": 4, "daily_limit_usd": "1000"})).await.expect(200).json();
    assert_eq!(changed["used"]["jobs_today"], 3);
    assert_eq!(
        changed["used"]["reserved_today_usd"].as_str().unwrap(),
        cpm.amount("SELECT sum(held)::text FROM reservations").await
    );
    drop(ask(&cpm, &secret).await.expect(200));
    drop(ask(&cpm, &secret).await.expect(429));
    // Without limits nothing is counted; with one again, everything.
    drop(patch(&cpm, &id, json!({"jobs_per_day": null, "daily_limit_usd": null})).await.expect(200));
    drop(ask(&cpm, &secret).await.expect(200));
    let again = patch(&cpm, &id, json!({"monthly_limit_usd": "1000"})).await.expect(200).json();
    assert_eq!(again["used"]["jobs_today"], 5);
    assert_eq!(
        again["used"]["reserved_this_month_usd"].as_str().unwrap(),
        cpm.amount("SELECT sum(held)::text FROM reservations").await
    );
}

#[tokio::test]
async fn callers_who_race_for_a_keys_money_never_pass_its_limit() {
    let cpm = TestCpm::with(&[("RATE_LIMIT_PER_MINUTE", "0")]).await;
    let (_, probe) = made(&cpm, json!({"name": "Probe"})).await;
    let paid = json!({"client_id": "cincinnati-electrician", "content_type": "blog_post", "topic": "Fuses", "llm_provider": "openai"});
    drop(cpm.anonymous().with_key(&probe).post("/generate", &paid).await.expect(200));
    let one: hg_types::Usd = cpm.amount("SELECT held::text FROM reservations").await.parse().unwrap();
    // Enough for five of them and a half.
    let limit = hg_types::Usd::from_nanos(one.nanos() * 11 / 2);
    let (id, secret) = made(&cpm, json!({"daily_limit_usd": limit})).await;
    let asks = (0..32).map(|_| async { cpm.anonymous().with_key(&secret).post("/generate", &paid).await });
    let answers = futures::future::join_all(asks).await;
    let accepted = answers.iter().filter(|answer| answer.status == 200).count();
    assert_eq!(accepted, 5);
    let refused = answers.iter().find(|answer| answer.status != 200).unwrap();
    assert_eq!((refused.status.as_u16(), refused.code().as_str()), (402, "budget_exceeded"));
    assert!(refused.text.contains("the API key's daily budget has"), "{}", refused.text);
    let used = admin(&cpm).get(&format!("{KEYS}/{id}")).await.json()["used"].clone();
    assert_eq!(used["reserved_today_usd"], json!(hg_types::Usd::from_nanos(one.nanos() * 5)));
    assert_eq!(cpm.count("SELECT count(*) FROM app.api_key_budgets_drift()").await, 0);
}

#[tokio::test]
async fn what_a_key_used_is_known_when_its_jobs_are_deleted() {
    let cpm = TestCpm::start().await;
    let (id, secret) = made(&cpm, json!({})).await;
    let (_, other) = made(&cpm, json!({"name": "Other"})).await;
    let mine = [job_id(&ask(&cpm, &secret).await.expect(200)), job_id(&ask(&cpm, &secret).await.expect(200))];
    for job in mine.into_iter().chain([job_id(&ask(&cpm, &other).await.expect(200))]) {
        settled(&cpm, job, "done", "0.25").await;
    }
    // As retention does.
    sqlx::query("DELETE FROM jobs WHERE id <> $1")
        .bind(mine[0].uuid())
        .execute(&mut cpm.superuser().await)
        .await
        .unwrap();
    let limited = patch(&cpm, &id, json!({"jobs_per_day": 3, "monthly_limit_usd": "5"})).await.expect(200).json();
    assert_eq!(limited["used"]["jobs_today"], 2, "{limited}");
    assert_eq!(limited["used"]["spent_this_month_usd"], "0.500000000", "{limited}");
}

#[tokio::test]
async fn nobody_waits_while_a_month_is_summed_up() {
    let cpm = TestCpm::start().await;
    let (id, secret) = made(&cpm, json!({})).await;
    settled(&cpm, job_id(&ask(&cpm, &secret).await.expect(200)), "done", "0.25").await;
    // Whoever sums up costs stands here.
    let mut db = cpm.superuser().await;
    let mut tx = db.begin().await.unwrap();
    sqlx::query("LOCK TABLE charges IN ACCESS EXCLUSIVE MODE").execute(&mut *tx).await.unwrap();
    let stands = "SELECT count(*) FROM pg_locks WHERE relation = 'charges'::regclass AND NOT granted";
    let limits = json!({"daily_usd": "1", "monthly_usd": "2"});
    let agency = cpm.user(cpm.tenants.agency_people.owner);
    let change = json!({"monthly_limit_usd": "5", "jobs_per_day": 5});
    let (of_key, of_agency, ()) = tokio::join!(
        patch(&cpm, &id, change),
        agency.request(Method::PUT, "/clients/heaviside-digital/budget", Some(&limits)),
        async {
            until("both sum up", async || cpm.count(stands).await == 2).await;
            drop(ask(&cpm, &secret).await.expect(200));
            tx.rollback().await.unwrap();
        }
    );
    // Who came meanwhile is counted, too.
    let used = of_key.expect(200).json()["used"].clone();
    assert_eq!((&used["jobs_today"], &used["spent_this_month_usd"]), (&json!(2), &json!("0.250000000")), "{used}");
    let held = cpm.amount("SELECT held::text FROM reservations WHERE settled_at IS NULL").await;
    assert_eq!(used["reserved_today_usd"], held, "{used}");
    let day = of_agency.expect(200).json()["day"].clone();
    assert_eq!((&day["spent_usd"], &day["reserved_usd"]), (&json!("0.250000000"), &json!(held)), "{day}");
    assert_eq!(cpm.count("SELECT count(*) FROM app.api_key_budgets_drift()").await, 0);
}

#[tokio::test]
async fn a_limit_that_finds_no_moment_of_rest_says_so() {
    let cpm = TestCpm::start().await;
    let (id, _) = made(&cpm, json!({})).await;
    let mut db = cpm.superuser().await;
    let mut tx = db.begin().await.unwrap();
    sqlx::query("SELECT pg_advisory_xact_lock_shared(app.ledger_lock())").execute(&mut *tx).await.unwrap();
    let refused = patch(&cpm, &id, json!({"jobs_per_day": 5})).await.expect(503);
    assert_eq!(refused.code(), "busy");
    assert!(refused.headers.contains_key("retry-after"));
    tx.rollback().await.unwrap();
    drop(patch(&cpm, &id, json!({"jobs_per_day": 5})).await.expect(200));
}

#[tokio::test]
async fn a_limit_at_midnight_is_the_next_days_too() {
    let cpm = TestCpm::start().await;
    let (id, secret) = made(&cpm, json!({"jobs_per_day": 5})).await;
    drop(ask(&cpm, &secret).await.expect(200));
    let admin = cpm.user(cpm.tenants.customer_people.admin);
    let limits = |daily: &str| json!({"daily_usd": daily, "monthly_usd": null});
    let path = "/clients/cincinnati-electrician/budget";
    drop(admin.request(Method::PUT, path, Some(&limits("7"))).await.expect(200));
    // As if somebody had accepted a job a moment after midnight, while the limit waited for its turn.
    let mut db = cpm.superuser().await;
    sqlx::raw_sql(
        "INSERT INTO api_key_budgets (api_key_id, period, period_start, client_id, jobs_limit)
           SELECT api_key_id, period, period_start + 1, client_id, jobs_limit FROM api_key_budgets WHERE period = 'day';
         INSERT INTO budgets (client_id, period, period_start, limit_usd)
           SELECT client_id, period, period_start + 1, limit_usd FROM budgets WHERE period = 'day' AND client_id IS NOT NULL",
    )
    .execute(&mut db)
    .await
    .unwrap();
    drop(patch(&cpm, &id, json!({"jobs_per_day": 3})).await.expect(200));
    drop(admin.request(Method::PUT, path, Some(&limits("2"))).await.expect(200));
    assert_eq!(cpm.count("SELECT count(*) FROM api_key_budgets WHERE period = 'day' AND jobs_limit = 3").await, 2);
    assert_eq!(cpm.count("SELECT count(*) FROM budgets WHERE period = 'day' AND limit_usd = 2").await, 2);
}

#[tokio::test]
async fn a_key_that_is_deleted_or_may_ask_for_nothing_makes_no_job_even_at_once() {
    let cpm = TestCpm::start().await;
    for (end, status) in [("UPDATE api_keys SET scopes = '{jobs:read}'", 403), ("DELETE FROM api_keys", 401)] {
        let (_, secret) = made(&cpm, json!({})).await;
        drop(ask(&cpm, &secret).await.expect(200));
        sqlx::query(end).execute(&mut cpm.superuser().await).await.unwrap();
        drop(ask(&cpm, &secret).await.expect(status));
    }
    assert_eq!(cpm.count("SELECT count(*) FROM jobs").await, 2);
}

#[tokio::test]
async fn no_key_makes_more_requests_than_the_operator_allows() {
    let cpm = TestCpm::with(&[("RATE_LIMIT_PER_MINUTE", "30")]).await;
    let refused = admin(&cpm).post(KEYS, &wanted(json!({"requests_per_minute": 31}))).await.expect(422);
    assert!(refused.text.contains("must be 1 to 30"), "{}", refused.text);
    let (_, secret) = made(&cpm, json!({"requests_per_minute": 30})).await;
    // From when the operator allowed more.
    sqlx::query("UPDATE api_keys SET requests_per_minute = 900").execute(&mut cpm.superuser().await).await.unwrap();
    let answer = cpm.anonymous().with_key(&secret).get("/jobs").await.expect(200);
    assert_eq!(answer.headers["ratelimit-limit"], "30");
}
