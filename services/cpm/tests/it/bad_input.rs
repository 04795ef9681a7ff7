//! What can't be accepted, and how that is told.

use serde_json::json;
use uuid::Uuid;

use crate::support::{TestCpm, blog, blog_with};

#[tokio::test]
async fn one_entry_per_field() {
    let cpm = TestCpm::start().await;
    let fields = async |body| cpm.member().post("/generate", &body).await.expect(422).fields();
    assert_eq!(fields(blog_with(json!({"topic": "", "prompt": ""}))).await, ["topic"]);
    assert_eq!(fields(blog_with(json!({"keywords": vec!["k"; 11], "priority": 99}))).await, ["keywords", "priority"]);
    assert_eq!(fields(blog_with(json!({"llm_provider": "skynet"}))).await, ["llm_provider"]);
    assert_eq!(fields(blog_with(json!({"llm_provider": "openai", "model": "gpt-99"}))).await, ["model"]);
    assert_eq!(fields(blog_with(json!({"surprise": 1}))).await, ["surprise"]);
    assert_eq!(fields(blog_with(json!({"content_type": "poem"}))).await, ["content_type"]);
    assert_eq!(fields(blog_with(json!({"topic": "zero \u{0} byte"}))).await, ["topic"]);
    assert_eq!(fields(blog_with(json!({"user_id": Uuid::nil()}))).await, ["user_id"]);
    assert_eq!(fields(json!({"client_id": "cincinnati-electrician", "topic": "t"})).await, ["content_type"]);
    assert_eq!(cpm.count("SELECT count(*) FROM jobs").await, 0);
}

#[tokio::test]
async fn malformed_too_large_and_of_another_type() {
    let cpm = TestCpm::start().await;
    let member = cpm.member();
    assert_eq!(member.post_bytes("/generate", "{\"client_id\": ").await.expect(400).code(), "malformed_json");
    // serde would fill a struct from an array.
    let in_order = member.post("/generate", &json!(["cincinnati-electrician", "blog_post"])).await.expect(400);
    assert_eq!(in_order.code(), "malformed_json");
    assert!(in_order.json()["error"]["message"].as_str().unwrap().contains("must be a JSON object"));
    let large = serde_json::to_vec(&blog_with(json!({"prompt": "x".repeat(1024 * 1024)}))).unwrap();
    drop(member.post_bytes("/generate", large).await.expect(413));
    let as_text = member
        .start(http::Method::POST, "/generate")
        .header("content-type", "text/plain")
        .body("{}")
        .send()
        .await
        .unwrap();
    assert_eq!(as_text.status().as_u16(), 415);
}

#[tokio::test]
async fn clients_that_are_not_there_are_not_found() {
    let cpm = TestCpm::start().await;
    for client in ["nobody", "ohio-paving", "NOT A SLUG", "heaviside-digital", &Uuid::nil().to_string()] {
        drop(cpm.member().post("/generate", &blog(client)).await.expect(404));
        let path = format!("/jobs?client_id={}", client.replace(' ', "%20"));
        drop(cpm.member().get(&path).await.expect(404));
    }
    drop(cpm.member().post("/generate", &blog("a\u{0}b")).await.expect(422));
    for path in ["/jobs/not-an-id", "/jobs/not-an-id/events", "/jobs/00000000-0000-0000-0000-000000000000/status"] {
        drop(cpm.member().get(path).await.expect(404));
    }
}

#[tokio::test]
async fn a_missing_provider_key_is_503_in_the_references_words() {
    let cpm = TestCpm::start().await;
    let refused = cpm.member().post("/generate", &blog_with(json!({"llm_provider": "openrouter"}))).await.expect(503);
    assert_eq!(refused.code(), "provider_not_configured");
    assert_eq!(refused.json()["error"]["message"], "OpenRouter API key is not configured");
    let refused = cpm.member().post("/generate", &blog_with(json!({"llm_provider": "groq"}))).await.expect(503);
    assert_eq!(refused.json()["error"]["message"], "Groq API key is not configured");
    // There is no adapter for it yet.
    let refused = cpm.member().post("/generate", &blog_with(json!({"llm_provider": "anthropic"}))).await.expect(503);
    assert_eq!(refused.code(), "provider_not_configured");
}

#[tokio::test]
async fn a_stored_provider_key_must_be_there_enabled_and_the_clients() {
    let cpm = TestCpm::with(&[("SECRETS_KEYS", "k1:AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA=")]).await;
    let mut db = cpm.superuser().await;
    let mut plant = async |client: Uuid, provider: &str, disabled: bool| -> Uuid {
        sqlx::query_scalar("INSERT INTO provider_keys (client_id, provider, sealed, hint, disabled_at) VALUES ($1, $2, 'x', '…abcd', CASE WHEN $3 THEN now() END) RETURNING id")
            .bind(client)
            .bind(provider)
            .bind(disabled)
            .fetch_one(&mut db)
            .await
            .unwrap()
    };
    let good = plant(cpm.tenants.customer.uuid(), "openrouter", false).await;
    let disabled = plant(cpm.tenants.customer.uuid(), "openrouter", true).await;
    let foreign = plant(cpm.tenants.other_customer.uuid(), "openrouter", false).await;
    let of_another_provider = plant(cpm.tenants.customer.uuid(), "groq", false).await;
    let ask = async |key: Uuid| {
        cpm.member().post("/generate", &blog_with(json!({"llm_provider": "openrouter", "provider_key_id": key}))).await
    };
    drop(ask(good).await.expect(200));
    for key in [disabled, foreign, of_another_provider, Uuid::nil()] {
        let refused = ask(key).await.expect(503);
        assert_eq!(refused.json()["error"]["message"], "OpenRouter API key is not configured");
    }
}
