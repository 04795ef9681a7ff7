//! API keys of trusted services.

use hg_common::auth::api_key::ApiKey;
use hg_testkit::{Answer, Api, Tenants, TestDb};
use hg_types::UserId;
use serde_json::json;

use crate::support::{TestCpm, blog, blog_with, job_id, text};

async fn plant(cpm: &TestCpm, scopes: &[&str], more: &str) -> ApiKey {
    let key = ApiKey::generate();
    let statement = format!(
        "INSERT INTO api_keys (client_id, name, prefix, key_hash, scopes{}) VALUES ($1, 'test', $2, $3, $4{})",
        if more.is_empty() { "" } else { ", expires_at" },
        if more.is_empty() { "" } else { more }
    );
    sqlx::query(sqlx::AssertSqlSafe(statement))
        .bind(cpm.tenants.agency.uuid())
        .bind(key.prefix())
        .bind(key.hash().as_slice())
        .bind(scopes)
        .execute(&mut cpm.superuser().await)
        .await
        .unwrap();
    key
}

#[tokio::test]
async fn a_key_reaches_its_client_and_what_is_below() {
    let cpm = TestCpm::start().await;
    let key = plant(&cpm, &["generate", "jobs:read"], "").await;
    let api = cpm.anonymous().with_key(key.reveal());
    let job = job_id(&api.post("/generate", &blog("cincinnati-electrician")).await.expect(200));
    drop(api.get(&format!("/jobs/{job}")).await.expect(200));
    for client in ["ohio-paving", "hg-content"] {
        drop(api.post("/generate", &blog(client)).await.expect(404));
    }
    assert_eq!(api.delete(&format!("/jobs/{job}")).await.expect(403).code(), "scope_missing");
    let bearer = cpm.anonymous().with_header("authorization", &format!("Bearer {}", key.reveal()));
    drop(bearer.get("/jobs").await.expect(200));
    assert_eq!(cpm.count("SELECT count(*) FROM api_keys WHERE last_used_at IS NOT NULL").await, 1);
    assert_eq!(cpm.count("SELECT count(*) FROM jobs WHERE api_key_id IS NOT NULL AND created_by IS NULL").await, 1);
}

#[tokio::test]
async fn wrong_expired_and_unknown_keys_are_401() {
    let cpm = TestCpm::start().await;
    let expired = plant(&cpm, &["generate"], ", now() - interval '1 second'").await;
    for key in [expired.reveal(), "hgc_nonsense", ApiKey::generate().reveal()] {
        assert_eq!(
            cpm.anonymous().with_key(key).post("/generate", &blog("cincinnati-electrician")).await.expect(401).code(),
            "invalid_api_key"
        );
    }
    let reader = plant(&cpm, &["jobs:read"], "").await;
    assert_eq!(
        cpm.anonymous()
            .with_key(reader.reveal())
            .post("/generate", &blog("cincinnati-electrician"))
            .await
            .expect(403)
            .code(),
        "scope_missing"
    );
    drop(cpm.anonymous().post("/generate", &blog("cincinnati-electrician")).await.expect(401));
    let bare = cpm.anonymous().with_header("x-user-id", &cpm.tenants.customer_people.owner.to_string());
    drop(bare.get("/jobs").await.expect(401));
}

#[tokio::test]
async fn the_operators_keys_are_in_force_after_the_start_and_replace_each_other() {
    let db = TestDb::new().await;
    let tenants = Tenants::plant(&db).await;
    let old = format!(r#"{{"{}": "cpm_test_example_key"}}"#, text(tenants.customer));
    let cpm = TestCpm::on(db, tenants, &[("CPM_CLIENT_API_KEYS", &old)]).await;
    drop(
        cpm.anonymous()
            .with_key("cpm_test_example_key")
            .post("/generate", &blog("cincinnati-electrician"))
            .await
            .expect(200),
    );

    let config = |value: &str| {
        crate::support::config(&cpm.db, &cpm.identity, "redis://127.0.0.1:1", &[("CPM_CLIENT_API_KEYS", value)])
    };
    let again = async |value: &str| {
        let shutdown = hg_common::http::ShutdownToken::new();
        hg_cpm::build(&config(value), hg_common::telemetry::init_for_tests(), &shutdown)
            .await
            .map(|built| (built, shutdown))
            .map_err(drop)
            .unwrap()
    };
    // The same again changes nothing; a client that isn't there is only a warning.
    let same = again(&old).await;
    assert_eq!(cpm.count("SELECT count(*) FROM api_keys WHERE revoked_at IS NULL").await, 1);
    let unknown = again(r#"{"nobody-at-all": "cpm_another_example_key"}"#).await;
    assert_eq!(cpm.count("SELECT count(*) FROM api_keys WHERE revoked_at IS NULL").await, 0);
    let rotated = again(r#"{"cincinnati-electrician": "cpm_newer_example_key"}"#).await;
    assert_eq!(cpm.count("SELECT count(*) FROM api_keys WHERE revoked_at IS NULL").await, 1);
    assert_eq!(cpm.count("SELECT count(*) FROM api_keys").await, 2);
    drop(cpm.anonymous().with_key("cpm_newer_example_key").get("/jobs").await.expect(200));
    // A key that was only taken out comes back; one that somebody revoked doesn't.
    let back = again(&old).await;
    drop(cpm.anonymous().with_key("cpm_test_example_key").get("/jobs").await.expect(200));
    assert_eq!(cpm.count("SELECT count(*) FROM api_keys WHERE revoked_at IS NULL").await, 1);
    sqlx::query("UPDATE api_keys SET revoked_at = now()").execute(&mut cpm.superuser().await).await.unwrap();
    let revoked = again(&old).await;
    assert_eq!(cpm.count("SELECT count(*) FROM api_keys WHERE revoked_at IS NULL").await, 0);
    plant(&cpm, &["generate"], "").await;
    let none = again("{}").await;
    assert_eq!(cpm.count("SELECT count(*) FROM api_keys WHERE revoked_at IS NULL").await, 1);
    for (_, shutdown) in [same, unknown, rotated, back, revoked, none] {
        shutdown.cancel();
    }
    // Each of it is on record as the service's own doing, without the keys' hashes; what was done by hand, as that.
    let entries: Vec<(String, String, Option<String>)> = sqlx::query_as(
        "SELECT action, actor_kind::text, service FROM audit_log WHERE subject_kind = 'api_key' AND client_id = $1 ORDER BY id",
    )
    .bind(cpm.tenants.customer.uuid())
    .fetch_all(&mut cpm.superuser().await)
    .await
    .unwrap();
    let (by_cpm, by_hand): (Vec<_>, Vec<_>) = entries.iter().partition(|(_, kind, _)| kind == "service");
    assert!(by_cpm.iter().all(|(_, _, service)| service.as_deref() == Some("cpm")), "{entries:?}");
    for action in ["api_key.created", "api_key.revoked", "api_key.revived"] {
        assert!(by_cpm.iter().any(|(named, ..)| named == action), "{action}: {entries:?}");
    }
    assert!(
        by_hand
            .iter()
            .all(|(action, kind, service)| action == "api_key.revoked" && kind == "database" && service.is_none())
    );
    assert_eq!(cpm.count("SELECT count(*) FROM audit_values WHERE value LIKE '%key_hash\": %'").await, 0);
}

async fn provider_key(cpm: &TestCpm, user: Option<UserId>) -> uuid::Uuid {
    sqlx::query_scalar(
        "INSERT INTO provider_keys (client_id, user_id, provider, sealed, hint) VALUES ($1, $2, 'openai', 'x', '…abcd') RETURNING id",
    )
    .bind(cpm.tenants.customer.uuid())
    .bind(user.map(UserId::uuid))
    .fetch_one(&mut cpm.superuser().await)
    .await
    .unwrap()
}

#[tokio::test]
async fn a_persons_provider_key_is_for_that_person_alone() {
    let keyring = format!("k1:{}", "A".repeat(43) + "=");
    let cpm = TestCpm::with(&[("SECRETS_KEYS", &keyring)]).await;
    let people = cpm.tenants.customer_people;
    let (own, shared) = (provider_key(&cpm, Some(people.member)).await, provider_key(&cpm, None).await);
    let api = cpm.anonymous().with_key(plant(&cpm, &["generate", "jobs:write"], "").await.reveal());
    let asks = |key, user: Option<UserId>| {
        let mut body = blog_with(json!({"llm_provider": "openai", "provider_key_id": key}));
        if let Some(user) = user {
            body["user_id"] = json!(user);
        }
        body
    };
    drop(cpm.member().post("/generate", &asks(own, None)).await.expect(200));
    // Naming its owner is not being its owner.
    for user in [None, Some(people.member), Some(people.admin)] {
        assert_eq!(api.post("/generate", &asks(own, user)).await.expect(503).code(), "provider_not_configured");
        drop(api.post("/generate", &asks(shared, user)).await.expect(200));
    }
    drop(cpm.user(people.admin).post("/generate", &asks(own, None)).await.expect(503));
    // Who is named is kept, and must be somebody who sees the client.
    assert_eq!(cpm.count("SELECT count(*) FROM jobs WHERE parameters ? 'user_id' AND created_by IS NULL").await, 2);
    for user in [cpm.tenants.stranger, cpm.tenants.other_agency_people.owner] {
        assert_eq!(api.post("/generate", &asks(shared, Some(user))).await.expect(422).fields(), ["user_id"]);
    }
    let mut foreign = blog("ohio-paving");
    foreign["user_id"] = json!(cpm.tenants.stranger);
    drop(api.post("/generate", &foreign).await.expect(404));
}

#[tokio::test]
async fn a_keys_reads_count_like_its_other_requests() {
    let cpm = TestCpm::with(&[("RATE_LIMIT_PER_MINUTE", "3")]).await;
    let [busy, other] = [plant(&cpm, &["generate", "jobs:read"], "").await, plant(&cpm, &["jobs:read"], "").await];
    let api = cpm.anonymous().with_key(busy.reveal());
    drop(api.post("/generate", &blog("cincinnati-electrician")).await.expect(200));
    for path in ["/jobs", "/providers/status"] {
        drop(api.get(path).await.expect(200));
    }
    for path in ["/jobs", "/jobs/overview", "/providers/status"] {
        let refused = api.get(path).await.expect(429);
        assert!(refused.headers["retry-after"].to_str().unwrap().parse::<u64>().unwrap() >= 1, "{path}");
    }
    drop(api.post("/generate", &blog("cincinnati-electrician")).await.expect(429));
    // Others are not concerned, and the gateway counts what people read.
    drop(cpm.anonymous().with_key(other.reveal()).get("/jobs").await.expect(200));
    for _ in 0..5 {
        drop(cpm.member().get("/jobs").await.expect(200));
    }
}

#[tokio::test]
async fn a_keys_requests_are_not_counted_while_redis_is_away() {
    let cpm = TestCpm::with(&[("RATE_LIMIT_PER_MINUTE", "1"), ("REDIS_URL", "redis://127.0.0.1:1")]).await;
    let key = plant(&cpm, &["jobs:read"], "").await;
    for _ in 0..3 {
        drop(cpm.anonymous().with_key(key.reveal()).get("/jobs").await.expect(200));
    }
}

/// How many wrong keys were tried until somebody said stop, and how it was said.
async fn wrong_keys_until_refused(api: &Api) -> (u32, Answer) {
    for tried in 1..400 {
        let answer = api.clone().with_key(&format!("hgc_wrong{tried}")).get("/jobs").await;
        if answer.status.as_u16() != 401 {
            return (tried, answer.expect(429));
        }
    }
    panic!("nobody says stop");
}

#[tokio::test]
async fn behind_a_named_proxy_everybody_has_their_own_allowance_of_wrong_keys() {
    let cpm = TestCpm::with(&[("TRUSTED_PROXIES", "127.0.0.0/8")]).await;
    let good = plant(&cpm, &["jobs:read"], "").await;
    let from = |address: &str| cpm.anonymous().with_header("x-forwarded-for", address);
    let (tried, _) = wrong_keys_until_refused(&from("198.51.100.1")).await;
    assert!(tried > 60, "{tried}");
    drop(from("198.51.100.2").with_key("hgc_wrong").get("/jobs").await.expect(401));
    drop(from("198.51.100.2").with_key(good.reveal()).get("/jobs").await.expect(200));
    // What a stranger puts before the proxy's own entry is not believed: no fresh allowance.
    let (tried, _) = wrong_keys_until_refused(&from("198.51.100.3, 198.51.100.1")).await;
    assert!(tried < 30, "{tried}");
}

#[tokio::test]
async fn whoever_tries_many_wrong_keys_is_told_to_wait() {
    let cpm = TestCpm::start().await;
    let good = plant(&cpm, &["jobs:read"], "").await;
    let fresh = plant(&cpm, &["jobs:read"], "").await;
    drop(cpm.anonymous().with_key(good.reveal()).get("/jobs").await.expect(200));
    let (tried, refused) = wrong_keys_until_refused(&cpm.anonymous()).await;
    assert!(tried > 60, "{tried}");
    assert!(refused.headers["retry-after"].to_str().unwrap().parse::<u64>().unwrap() >= 1);
    // A key that is in use here goes on, and so does who has a token.
    drop(cpm.anonymous().with_key(good.reveal()).get("/jobs").await.expect(200));
    drop(cpm.member().get("/jobs").await.expect(200));
    hg_testkit::until("the address may try again", async || {
        cpm.anonymous().with_key(fresh.reveal()).get("/jobs").await.status.as_u16() == 200
    })
    .await;
}
