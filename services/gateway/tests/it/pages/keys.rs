//! A client's keys: lists, a secret on one page alone, and what asks first.

use serde_json::{Value, json};

use super::{OHIO, has, lacks, list, plant_tree, refusal, silence, start};
use crate::{browser::Browser, harness::Gateway};

const KEY: &str = "01938b7e-4c00-7d3a-9a51-2f7d7c3c5a11";
const PAGE: &str = "/clients/ohio-paving/keys";
const SECRET: &str = "hgc_0123456789012345678901234567890abcdef";

fn api_key() -> Value {
    json!({
        "id": KEY, "client_id": OHIO, "name": "Shop <1>", "prefix": "hgc_012345", "origin": "made", "scopes": ["generate"], "state": "active",
        "requests_per_minute": 60, "jobs_per_day": 200, "daily_limit_usd": "5.000000000", "monthly_limit_usd": null,
        "used": {"jobs_today": 12, "spent_today_usd": "0.5", "reserved_today_usd": "0.25", "spent_this_month_usd": "1", "reserved_this_month_usd": "0.25"},
        "created_at": "2026-11-01T09:00:00Z", "created_by": null, "last_used_at": "2026-11-21T08:59:00Z", "expires_at": null,
        "rotated_at": null, "rotated_by": null,
        "old_secret": {"prefix": "hgc_oldold", "expires_at": "2026-11-22T09:00:00Z", "last_used_at": null},
        "revoked_at": null, "revoked_by": null,
    })
}

fn provider_key() -> Value {
    json!({
        "id": KEY, "client_id": OHIO, "provider": "openrouter", "name": "Marketing", "hint": "…wxyz", "user_id": null, "state": "active",
        "created_at": "2026-11-01T09:00:00Z", "created_by": null, "disabled_at": null, "tested_at": null, "verdict": null,
    })
}

fn plant(gateway: &Gateway) {
    plant_tree(gateway, "admin");
    gateway.peers.answers(&format!("GET /clients/{OHIO}/api-keys"), 200, list(&[api_key()]));
    gateway.peers.answers(&format!("GET /clients/{OHIO}/api-keys/{KEY}"), 200, api_key());
    gateway.peers.answers(&format!("GET /clients/{OHIO}/provider-keys"), 200, list(&[provider_key()]));
}

async fn submit(browser: &Browser, path: &str, fields: &[(&str, &str)]) -> hg_testkit::Answer {
    let mut all = vec![("_csrf", browser.csrf.as_str())];
    all.extend(fields);
    browser.submit(path, &all).await
}

#[tokio::test]
async fn the_page_lists_keys_with_their_limits_and_use() {
    let (gateway, browser) = start().await;
    plant(&gateway);
    let html = browser.page(PAGE).await.expect(200).text;
    has(
        &html,
        &[
            "Shop &lt;1&gt;",
            "hgc_012345…",
            "60 requests a minute",
            "12 of 200 jobs today",
            "old secret hgc_oldold…",
            "…wxyz",
            "Not tried",
            &format!("/keys/api/{KEY}/rotate"),
            &format!("/keys/providers/{KEY}/test"),
        ],
    );
    silence(&gateway, &[&format!("GET /clients/{OHIO}/api-keys"), &format!("GET /clients/{OHIO}/provider-keys")]);
    has(&browser.page(PAGE).await.expect(200).text, &["Content production doesn’t answer"]);
    let forbidden = refusal("forbidden", "looking after API keys needs the role admin on the client", &json!([]));
    gateway.peers.answers(&format!("GET /clients/{OHIO}/api-keys"), 403, forbidden);
    // Whoever may not see keys is told of none, as everywhere.
    drop(browser.page(PAGE).await.expect(404));
}

#[tokio::test]
async fn a_secret_is_on_the_one_page_that_answers_its_making() {
    let (gateway, browser) = start().await;
    plant(&gateway);
    let create = format!("POST /clients/{OHIO}/api-keys");
    gateway.peers.answers(&create, 201, json!({"secret": SECRET, "api_key": api_key()}));
    let form = [("name", "Shop"), ("scope", "generate"), ("scope", "jobs:read"), ("jobs", "200"), ("daily", "$5")];
    let made = submit(&browser, &format!("{PAGE}/api"), &form).await.expect(200);
    has(&made.text, &[SECRET, "shown this once"]);
    assert_eq!(made.headers["cache-control"], "no-store");
    let asked = gateway.peers.asked(&create).pop().unwrap();
    assert_eq!(
        asked.body,
        json!({"name": "Shop", "scopes": ["generate", "jobs:read"], "jobs_per_day": 200, "daily_limit_usd": "5.000000000"})
    );
    lacks(&browser.page(PAGE).await.expect(200).text, &[SECRET]);
    // What can't be a request is said beside its field, and what was typed is still there.
    let refused = submit(&browser, &format!("{PAGE}/api"), &[("name", "Typed"), ("jobs", "many")]).await.expect(422);
    has(&refused.text, &["Give a whole number.", "Tick what the key may do.", "value=\"Typed\""]);
    let wrong = json!([{"field": "expires_at", "message": "must be in the future"}]);
    gateway.peers.answers(&create, 422, refusal("validation_failed", "no", &wrong));
    let refused = submit(&browser, &format!("{PAGE}/api"), &form).await.expect(422);
    has(&refused.text, &["The last day must be in the future."]);
    assert_eq!(browser.submit(&format!("{PAGE}/api"), &form).await.status, 403, "without the form's token");
}

#[tokio::test]
async fn a_secret_is_shown_whatever_becomes_of_the_lists() {
    let (gateway, browser) = start().await;
    plant(&gateway);
    let made = json!({"secret": SECRET, "api_key": api_key()});
    gateway.peers.answers(&format!("POST /clients/{OHIO}/api-keys"), 201, made.clone());
    gateway.peers.answers(&format!("POST /clients/{OHIO}/api-keys/{KEY}/rotate"), 200, made);
    let lists = [format!("GET /clients/{OHIO}/api-keys"), format!("GET /clients/{OHIO}/provider-keys")];
    let failures = [
        (403, refusal("forbidden", "looking after API keys needs the role admin on the client", &json!([]))),
        (404, refusal("not_found", "client not found", &json!([]))),
        (500, refusal("internal_error", "something went wrong on our side", &json!([]))),
        (200, json!({"surprise": true})),
    ];
    for (status, body) in failures {
        for line in &lists {
            gateway.peers.answers(line, status, body.clone());
        }
        let form = [("name", "Shop"), ("scope", "generate")];
        let made = submit(&browser, &format!("{PAGE}/api"), &form).await.expect(200);
        has(&made.text, &[SECRET, "shown this once", "keys can’t be shown right now"]);
        let rotated = submit(&browser, &format!("{PAGE}/api/{KEY}/rotate"), &[("overlap", "0")]).await.expect(200);
        has(&rotated.text, &[SECRET]);
    }
}

#[tokio::test]
async fn a_key_is_changed_and_what_stays_is_not_named() {
    let (gateway, browser) = start().await;
    plant(&gateway);
    let edit = format!("{PAGE}/api/{KEY}/edit");
    has(&browser.page(PAGE).await.expect(200).text, &[&format!("href=\"{edit}\"")]);
    has(
        &browser.page(&edit).await.expect(200).text,
        &["value=\"Shop &lt;1&gt;\"", "value=\"60\"", "value=\"200\"", "value=\"5.00\"", "12 of 200 jobs today"],
    );
    let patch = format!("PATCH /clients/{OHIO}/api-keys/{KEY}");
    gateway.peers.answers(&patch, 200, api_key());
    let as_is = [("name", "Shop <1>"), ("scope", "generate"), ("requests", "60"), ("jobs", "200"), ("daily", "5.00")];
    let same = submit(&browser, &edit, &as_is).await.expect(303);
    assert_eq!((same.headers["location"].to_str().unwrap(), gateway.peers.asked(&patch).len()), (PAGE, 0));
    let form = [
        ("name", "Web"),
        ("scope", "generate"),
        ("scope", "usage:read"),
        ("requests", ""),
        ("jobs", "200"),
        ("daily", "2.5"),
        ("expires", "2027-03-31"),
    ];
    let saved = submit(&browser, &edit, &form).await.expect(303);
    assert_eq!(saved.headers["location"], format!("{PAGE}?notice=key-changed"));
    assert_eq!(
        gateway.peers.asked(&patch).pop().unwrap().body,
        json!({"name": "Web", "scopes": ["generate", "usage:read"], "expires_at": "2027-04-01T00:00:00Z", "requests_per_minute": null, "daily_limit_usd": "2.500000000"})
    );
    // What is wrong stands beside its field, and what was typed is still there.
    let refused = submit(&browser, &edit, &[("name", ""), ("jobs", "many")]).await.expect(422);
    has(&refused.text, &["Give it a name", "id=\"jobs-error\"", "value=\"many\""]);
    let wrong = json!([{"field": "requests_per_minute", "message": "must be 1 to 100000"}]);
    gateway.peers.answers(&patch, 422, refusal("validation_failed", "no", &wrong));
    let refused =
        submit(&browser, &edit, &[("name", "Web"), ("scope", "generate"), ("requests", "0")]).await.expect(422);
    has(&refused.text, &["The requests must be 1 to 100000.", "id=\"requests-error\"", "value=\"0\""]);
    let revoked = refusal("api_key_revoked", "the key is revoked", &json!([]));
    gateway.peers.answers(&patch, 409, revoked);
    has(&submit(&browser, &edit, &form).await.expect(409).text, &["The key is revoked."]);
    assert_eq!(browser.submit(&edit, &form).await.status, 403, "without the form's token");
}

#[tokio::test]
async fn a_stale_form_undoes_nothing() {
    let (gateway, browser) = start().await;
    plant(&gateway);
    let edit = format!("{PAGE}/api/{KEY}/edit");
    has(&browser.page(&edit).await.expect(200).text, &["name=\"was_daily\" value=\"5.00\"", "name=\"was_scope\""]);
    let began = [
        ("was_name", "Shop <1>"),
        ("was_scope", "generate"),
        ("was_expires", ""),
        ("was_requests", "60"),
        ("was_jobs", "200"),
        ("was_daily", "5.00"),
        ("was_monthly", ""),
    ];
    // Meanwhile somebody else has given it another daily limit.
    let mut key = api_key();
    key["daily_limit_usd"] = json!("7.000000000");
    gateway.peers.answers(&format!("GET /clients/{OHIO}/api-keys/{KEY}"), 200, key.clone());
    let patch = format!("PATCH /clients/{OHIO}/api-keys/{KEY}");
    gateway.peers.answers(&patch, 200, key);
    let typed = [("name", "Shop <1>"), ("scope", "generate"), ("requests", "60"), ("jobs", "90")];
    let form = [&began[..], &typed, &[("daily", "5")]].concat();
    drop(submit(&browser, &edit, &form).await.expect(303));
    assert_eq!(gateway.peers.asked(&patch).pop().unwrap().body, json!({"jobs_per_day": 90}));
    let form = [&began[..], &typed, &[("daily", "3")]].concat();
    let refused = submit(&browser, &edit, &form).await.expect(422).text;
    has(
        &refused,
        &[
            "Somebody has changed this meanwhile; it is 7.00 now.",
            "id=\"daily-error\"",
            "value=\"3\"",
            "name=\"was_daily\" value=\"7.00\"",
        ],
    );
    assert_eq!(gateway.peers.asked(&patch).len(), 1);
}

#[tokio::test]
async fn the_operators_key_keeps_its_name_and_end() {
    let (gateway, browser) = start().await;
    plant(&gateway);
    let mut key = api_key();
    key["origin"] = json!("environment");
    gateway.peers.answers(&format!("GET /clients/{OHIO}/api-keys/{KEY}"), 200, key.clone());
    let patch = format!("PATCH /clients/{OHIO}/api-keys/{KEY}");
    gateway.peers.answers(&patch, 200, key);
    let edit = format!("{PAGE}/api/{KEY}/edit");
    has(&browser.page(&edit).await.expect(200).text, &["readonly", "The operator’s"]);
    let form = [
        ("name", "Mine"),
        ("scope", "generate"),
        ("requests", "60"),
        ("jobs", "9"),
        ("daily", "5"),
        ("expires", "2027-01-01"),
    ];
    drop(submit(&browser, &edit, &form).await.expect(303));
    assert_eq!(gateway.peers.asked(&patch).pop().unwrap().body, json!({"jobs_per_day": 9}));
}

#[tokio::test]
async fn what_ends_a_key_asks_first() {
    let (gateway, browser) = start().await;
    plant(&gateway);
    let path = format!("{PAGE}/api/{KEY}");
    has(&browser.page(&format!("{path}/revoke")).await.expect(200).text, &["Revoke the key Shop", "within a second"]);
    has(
        &browser.page(&format!("{path}/rotate")).await.expect(200).text,
        &["An earlier secret still goes on", "for a day"],
    );
    gateway.peers.answers(&format!("DELETE /clients/{OHIO}/api-keys/{KEY}"), 200, api_key());
    let ended = submit(&browser, &format!("{path}/revoke"), &[]).await.expect(303);
    assert_eq!(ended.headers["location"], "/clients/ohio-paving/keys?notice=key-revoked");
    let rotate = format!("POST /clients/{OHIO}/api-keys/{KEY}/rotate");
    let under_way = refusal("rotation_under_way", "an old secret goes on until tomorrow", &json!([]));
    gateway.peers.answers(&rotate, 409, under_way);
    has(
        &submit(&browser, &format!("{path}/rotate"), &[("overlap", "60")]).await.expect(409).text,
        &["An old secret goes on until tomorrow."],
    );
    gateway.peers.answers(&rotate, 200, json!({"secret": SECRET, "api_key": api_key()}));
    let rotated = submit(&browser, &format!("{path}/rotate"), &[("overlap", "3600")]).await.expect(200);
    has(&rotated.text, &[SECRET, "The old one goes on until 22 November 2026, 09:00 UTC."]);

    let path = format!("{PAGE}/providers/{KEY}");
    has(
        &browser.page(&format!("{path}/delete")).await.expect(200).text,
        &["Delete the key OpenRouter …wxyz?", "for good"],
    );
    gateway.peers.answers(&format!("DELETE /clients/{OHIO}/provider-keys/{KEY}"), 200, json!(null));
    let deleted = submit(&browser, &format!("{path}/delete"), &[]).await.expect(303);
    assert_eq!(deleted.headers["location"], "/clients/ohio-paving/keys?notice=key-deleted");
}

#[tokio::test]
async fn a_provider_key_goes_in_and_never_comes_back() {
    let (gateway, browser) = start().await;
    plant(&gateway);
    let store = format!("POST /clients/{OHIO}/provider-keys");
    let form = [("provider", "openai"), ("key", "sk-canary-0123"), ("label", "Sales"), ("only_me", "yes")];
    gateway.peers.answers(
        &store,
        503,
        refusal("secrets_not_configured", "provider keys can't be kept here", &json!([])),
    );
    let away = submit(&browser, &format!("{PAGE}/providers"), &form).await.expect(503);
    has(&away.text, &["value=\"Sales\"", "Provider keys can", "be kept here"]);
    lacks(&away.text, &["sk-canary"]);
    gateway.peers.answers(&store, 201, provider_key());
    let stored = submit(&browser, &format!("{PAGE}/providers"), &form).await.expect(303);
    assert_eq!(stored.headers["location"], "/clients/ohio-paving/keys?notice=key-stored");
    let asked = gateway.peers.asked(&store).pop().unwrap();
    assert!(asked.body["key"] == "sk-canary-0123" && asked.body["user_id"].is_string(), "{}", asked.body);
    gateway.peers.answers(&format!("PATCH /clients/{OHIO}/provider-keys/{KEY}"), 200, provider_key());
    let path = format!("{PAGE}/providers/{KEY}/state");
    drop(submit(&browser, &path, &[("state", "disabled")]).await.expect(303));
    let asked = gateway.peers.asked(&format!("PATCH /clients/{OHIO}/provider-keys/{KEY}")).pop().unwrap();
    assert_eq!(asked.body, json!({"state": "disabled"}));
}
