//! The form: what it shows, what it passes on, and where a refusal is said.

use serde_json::{Value, json};

use super::{JOB, OHIO, READ_ONLY, client, list, silence, start, strategy};
use crate::{browser::Browser, harness::Gateway};

const KEY: &str = "9d1c1a52f0a94d41b3d0d31c9a3fd7a1";

async fn send(browser: &Browser, changes: &[(&str, &str)]) -> hg_testkit::Answer {
    let csrf = browser.csrf.clone();
    let mut fields = vec![
        ("_csrf", csrf.as_str()),
        ("idempotency_key", KEY),
        ("client", "ohio-paving"),
        ("content_type", "blog_post"),
        ("topic", "Sealcoating or repaving"),
        ("keywords", "asphalt, parking lot"),
        ("focus_keyphrase", ""),
        ("target_audience", ""),
        ("tone", ""),
        ("length", "long"),
        ("llm_provider", ""),
        ("model", ""),
        ("max_tokens", ""),
        ("extra_instructions", "Mention the <i>inspection</i>."),
    ];
    fields.retain(|(name, _)| !changes.iter().any(|(changed, _)| changed == name));
    fields.extend(changes);
    browser.submit("/content", &fields).await
}

fn refuse(gateway: &Gateway, status: u16, code: &str, message: &str, details: &Value) {
    let error = json!({"error": {"code": code, "message": message, "details": details}});
    gateway.peers.answers("POST /generate", status, error);
}

#[tokio::test]
async fn the_form_knows_the_clients_strategy() {
    let (gateway, browser) = start().await;
    let page = browser.page("/content/new?client=ohio-paving").await.expect(200).text;
    for part in [
        "placeholder=\"authoritative\"",
        "400–600 words",
        "1,200–1,800 words",
        "from Paving Marketers",
        "OpenRouter (not configured)",
    ] {
        assert!(page.contains(part), "{part} is missing");
    }
    // Nobody is named: the first client that the person may write for.
    let page = browser.page("/content/new?type=social_media").await.expect(200).text;
    assert!(page.contains("<option value=\"ohio-paving\" selected>"));
    assert!(
        gateway.peers.lines().contains(&format!("GET /clients/{OHIO}/effective-strategy?content_type=social_media"))
    );
}

#[tokio::test]
async fn nobody_writes_for_whom_they_may_only_read() {
    let (gateway, browser) = start().await;
    gateway.peers.answers(&format!("GET /clients/{READ_ONLY}/effective-strategy"), 200, strategy());
    let page = browser.page("/content/new?client=read-only").await.expect(200).text;
    assert!(page.contains("id=\"client-error\"") && page.contains("You can read, but not write, for this client."));
    gateway.peers.answers("GET /clients", 200, list(&[client(READ_ONLY, "read-only", "viewer")]));
    let page = browser.page("/content/new").await.expect(200).text;
    assert!(page.contains("No client to write for") && !page.contains("content-form"));
    silence(&gateway, &["GET /clients"]);
    assert!(
        browser.page("/content/new?client=ohio-paving").await.expect(503).text.contains("Strategy management doesn")
    );
}

#[tokio::test]
async fn an_accepted_form_leads_to_its_job() {
    let (gateway, browser) = start().await;
    gateway.peers.answers(
        "POST /generate",
        200,
        json!({"job_id": JOB, "status": "pending", "estimated_completion": null}),
    );
    for _ in 0..2 {
        let answer = send(&browser, &[]).await.expect(303);
        assert_eq!(answer.headers["location"].to_str().unwrap(), format!("/jobs/{JOB}?notice=sent"));
    }
    let asked = gateway.peers.asked("POST /generate");
    assert!(
        asked.len() == 2 && asked.iter().all(|asked| asked.headers["idempotency-key"] == KEY),
        "a double submit is one job"
    );
    assert_eq!(
        asked[0].body,
        json!({
            "client_id": "ohio-paving", "content_type": "blog_post", "topic": "Sealcoating or repaving", "keywords": ["asphalt", "parking lot"],
            "length": "long", "prompt": "Mention the <i>inspection</i>.",
        })
    );
}

#[tokio::test]
async fn a_form_without_its_token_is_refused() {
    let (gateway, browser) = start().await;
    assert_eq!(send(&browser, &[("_csrf", "guessed")]).await.status, 403);
    assert!(gateway.peers.asked("POST /generate").is_empty());
}

#[tokio::test]
async fn what_can_be_mended_is_said_beside_the_field() {
    let (gateway, browser) = start().await;
    let page = send(&browser, &[("topic", " "), ("max_tokens", "many")]).await.expect(422).text;
    assert!(page.contains("id=\"topic-error\"") && page.contains("id=\"max_tokens-error\""));
    assert!(gateway.peers.asked("POST /generate").is_empty(), "that can't be a request");

    let details = json!([
        {"field": "keywords[1]", "message": "must have at most 100 characters"},
        {"field": "model", "message": "\"gpt-9\" has no known price at OpenAI"},
    ]);
    refuse(&gateway, 422, "validation_failed", "2 fields can't be accepted", &details);
    let page = send(&browser, &[("model", "gpt-9"), ("llm_provider", "openai")]).await.expect(422).text;
    for part in
        ["id=\"keywords-error\"", "id=\"model-error\"", "Keywords must have at most 100 characters.", "data-refilled"]
    {
        assert!(page.contains(part), "{part} is missing");
    }
    for kept in [
        "Sealcoating or repaving</textarea>",
        "value=\"asphalt, parking lot\"",
        "value=\"gpt-9\"",
        "Mention the &lt;i&gt;inspection&lt;",
        KEY,
    ] {
        assert!(page.contains(kept), "{kept} was lost");
    }
}

#[tokio::test]
async fn money_providers_and_silence_have_their_words() {
    let (gateway, browser) = start().await;
    let left =
        "the client's daily budget has 0.01 USD left and 0.05 USD are needed; it starts anew at 2026-11-22 00:00 UTC";
    refuse(&gateway, 402, "budget_exceeded", left, &json!([]));
    let text = send(&browser, &[]).await.expect(402).text.replace("&#x2f;", "/");
    assert!(text.contains("0.01 USD left") && text.contains("href=\"/clients/ohio-paving/costs\""), "{text}");

    refuse(&gateway, 503, "provider_not_configured", "OpenRouter API key is not configured", &json!([]));
    let page = send(&browser, &[("llm_provider", "openrouter")]).await.expect(503).text;
    assert!(page.contains("id=\"llm_provider-error\"") && page.contains("OpenRouter API key is not configured."));

    refuse(&gateway, 503, "database_unavailable", "the database is not available", &json!([]));
    let page = send(&browser, &[]).await.expect(503).text;
    assert!(
        page.contains("Content production doesn") && page.contains(KEY),
        "the same key finds the job should it exist"
    );

    refuse(&gateway, 409, "idempotency_key_reused", "used", &json!([]));
    let page = send(&browser, &[]).await.expect(409).text;
    assert!(page.contains("was changed since") && !page.contains(KEY));

    refuse(&gateway, 404, "not_found", "client not found", &json!([]));
    assert!(send(&browser, &[("client", "elsewhere")]).await.expect(422).text.contains("id=\"client-error\""));
}

#[tokio::test]
async fn the_estimate_answers_in_words() {
    let (gateway, browser) = start().await;
    let fields = |topic: &'static str| {
        [("client", "ohio-paving"), ("content_type", "blog_post"), ("length", "medium"), ("topic", topic)]
    };
    let estimate = async |topic| {
        let headers =
            [("sec-fetch-site", "same-origin"), ("x-csrf-token", browser.csrf.as_str()), ("hx-request", "true")];
        browser.submit_with("/content/estimate", &fields(topic), &headers).await.expect(200).text
    };
    assert!(estimate("").await.contains("Give it a topic"));
    gateway.peers.answers("POST /estimate", 200, json!({"provider": "openai", "model": "gpt-4o-mini", "input_tokens": 8013, "max_tokens": 3500, "worst_case_usd": "0.003301950", "expected_usd": "0.001104450"}));
    let text = estimate("Roofs").await;
    for part in ["$0.0033", "$0.0011", "8,013 tokens", "3,500 tokens", "OpenAI"] {
        assert!(text.contains(part), "{part} is missing");
    }
    gateway.peers.answers(
        "POST /estimate",
        503,
        json!({"error": {"code": "provider_not_configured", "message": "OpenRouter API key is not configured"}}),
    );
    assert!(estimate("Roofs").await.contains("OpenRouter API key is not configured."));
}

#[tokio::test]
async fn fields_follow_provider_and_type() {
    let (gateway, browser) = start().await;
    let htmx = browser.api().with_header("hx-request", "true");
    let text = htmx.get("/content/models?llm_provider=openrouter&client=ohio-paving").await.expect(200).text;
    assert!(
        text.contains("placeholder=\"openai&#x2f;gpt-4o-mini\"")
            && text.contains("$0.15 &#x2f; $0.60 per million tokens"),
        "{text}"
    );
    assert!(htmx.get("/content/models?llm_provider=").await.expect(200).text.contains("placeholder=\"gpt-4o-mini\""));
    gateway.peers.answers("GET /clients/ohio-paving", 200, client(OHIO, "ohio-paving", "member"));
    let text = htmx.get("/content/strategy?client=ohio-paving&content_type=press_release").await.expect(200).text;
    assert!(text.contains("data-strategy=\"press_release\"") && text.contains("data-tone=\"authoritative\""));
}
