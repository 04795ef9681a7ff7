//! Clients' own provider keys: in, sealed, tried, used, out; never shown.

use hg_simulator::{Simulator, SimulatorConfig};
use hg_testkit::Api;
use http::Method;
use serde_json::{Value, json};

use crate::support::{TestCpm, blog_with};

const KEYS: &str = "/clients/cincinnati-electrician/provider-keys";
const GOOD: &str = "sk-good-0123456789";
const CANARY: &str = "sk-canary-0123456789-wxyz";

fn keyring() -> String {
    format!("k1:{}", "A".repeat(43) + "=")
}

fn admin(cpm: &TestCpm) -> Api {
    cpm.user(cpm.tenants.customer_people.admin)
}

async fn stored(cpm: &TestCpm, body: Value) -> Value {
    admin(cpm).post(KEYS, &body).await.expect(201).json()
}

#[tokio::test]
async fn a_key_is_sealed_before_it_is_stored_and_only_hinted_at() {
    let cpm = TestCpm::with(&[("SECRETS_KEYS", &keyring())]).await;
    let key = stored(&cpm, json!({"provider": "openai", "key": format!(" {CANARY} "), "name": "Marketing"})).await;
    assert_eq!((&key["hint"], &key["state"], &key["user_id"]), (&json!("…wxyz"), &json!("active"), &Value::Null));
    // Neither in the database, nor in the log of changes, nor in an answer.
    for dump in
        ["SELECT string_agg(k::text, ' ') FROM provider_keys k", "SELECT string_agg(v::text, ' ') FROM audit_values v"]
    {
        let text: String = sqlx::query_scalar(dump).fetch_one(&mut cpm.superuser().await).await.unwrap();
        assert!(text.contains("wxyz") && !text.contains("canary") && !text.contains(&hex(CANARY)), "{text}");
    }
    let listed = admin(&cpm).get(KEYS).await.expect(200);
    assert!(listed.text.contains("…wxyz") && !listed.text.contains("canary"));
    // Members see which there are, and use them by naming them; what was sealed opens for the worker.
    assert_eq!(cpm.member().get(KEYS).await.expect(200).json()["data"][0]["id"], key["id"]);
    let asks = blog_with(json!({"llm_provider": "openai", "provider_key_id": key["id"]}));
    drop(cpm.member().post("/generate", &asks).await.expect(200));
    let of_another = json!({"client_id": "local-business-group", "content_type": "blog_post", "topic": "Fuses",
        "llm_provider": "openai", "provider_key_id": key["id"]});
    let owner = cpm.user(cpm.tenants.agency_people.owner);
    assert_eq!(owner.post("/generate", &of_another).await.expect(503).code(), "provider_not_configured");

    let path = format!("{KEYS}/{}", key["id"].as_str().unwrap());
    let disabled =
        admin(&cpm).request(Method::PATCH, &path, Some(&json!({"state": "disabled"}))).await.expect(200).json();
    assert!(disabled["disabled_at"].is_string() && disabled["name"] == "Marketing", "{disabled}");
    drop(cpm.member().post("/generate", &asks).await.expect(503));
    assert_eq!(admin(&cpm).post(&format!("{path}/test"), &json!({})).await.expect(409).code(), "provider_key_disabled");
    let enabled = json!({"state": "active", "name": "Sales"});
    assert_eq!(admin(&cpm).request(Method::PATCH, &path, Some(&enabled)).await.expect(200).json()["name"], "Sales");
    drop(cpm.member().post("/generate", &asks).await.expect(200));
    drop(admin(&cpm).delete(&path).await.expect(204));
    drop(admin(&cpm).delete(&path).await.expect(404));
    drop(cpm.member().post("/generate", &asks).await.expect(503));
    let actions: Vec<String> =
        sqlx::query_scalar("SELECT action FROM audit_log WHERE subject_kind = 'provider_key' ORDER BY id")
            .fetch_all(&mut cpm.superuser().await)
            .await
            .unwrap();
    assert_eq!(
        actions,
        ["provider_key.created", "provider_key.disabled", "provider_key.enabled", "provider_key.deleted"]
    );
}

fn hex(text: &str) -> String {
    text.bytes().map(|byte| format!("{byte:02x}")).collect()
}

#[tokio::test]
async fn who_may_and_what_is_refused() {
    let cpm = TestCpm::with(&[("SECRETS_KEYS", &keyring())]).await;
    let good = json!({"provider": "openai", "key": CANARY});
    drop(cpm.user(cpm.tenants.customer_people.viewer).get(KEYS).await.expect(403));
    drop(cpm.member().post(KEYS, &good).await.expect(403));
    drop(cpm.user(cpm.tenants.other_agency_people.owner).post(KEYS, &good).await.expect(404));
    let other = cpm.tenants.customer_people.owner;
    let wrong = json!({"provider": "sample", "key": "hunter2", "user_id": other, "name": "x".repeat(101)});
    let refused = admin(&cpm).post(KEYS, &wrong).await.expect(422);
    assert_eq!(refused.fields(), ["provider", "key", "user_id", "name"]);
    assert!(!refused.text.contains("hunter2"));
    // One's own: nobody else's requests use it.
    let me = cpm.tenants.customer_people.admin;
    let own = stored(&cpm, json!({"provider": "openai", "key": CANARY, "user_id": me})).await;
    let asks = blog_with(json!({"llm_provider": "openai", "provider_key_id": own["id"]}));
    drop(admin(&cpm).post("/generate", &asks).await.expect(200));
    drop(cpm.member().post("/generate", &asks).await.expect(503));
    let without = TestCpm::start().await;
    let refused = admin(&without).post(KEYS, &good).await.expect(503);
    assert_eq!(refused.code(), "secrets_not_configured");
}

#[tokio::test]
async fn a_key_is_tried_at_its_provider() {
    let config = SimulatorConfig { api_keys: vec![GOOD.to_owned()], ..SimulatorConfig::default() };
    let simulator = Simulator::start(config).unwrap();
    let (ring, url) = (keyring(), simulator.openai_url());
    let cpm =
        TestCpm::with(&[("SECRETS_KEYS", &ring), ("OPENAI_BASE_URL", &url), ("GROQ_BASE_URL", "http://127.0.0.1:1")])
            .await;
    for (provider, key, verdict) in
        [("openai", GOOD, "accepted"), ("openai", CANARY, "refused"), ("groq", CANARY, "unknown")]
    {
        let stored = stored(&cpm, json!({"provider": provider, "key": key})).await;
        assert_eq!(stored["verdict"], Value::Null);
        let path = format!("{KEYS}/{}/test", stored["id"].as_str().unwrap());
        let tried = admin(&cpm).post(&path, &json!({})).await.expect(200).json();
        assert_eq!(tried["verdict"], verdict, "{tried}");
        assert!(tried["tested_at"].is_string());
        drop(cpm.member().post(&path, &json!({})).await.expect(403));
    }
}
