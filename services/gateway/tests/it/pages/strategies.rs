//! Strategies and SEO rules: the form and where values come from, saving, conflicts, versions.

use serde_json::{Value, json};

use super::{AGENCY, OHIO, has, lacks, list, plant_tree, refusal, silence, start};
use crate::{browser::Browser, harness::Gateway};

const STRATEGY: &str = "0191d0a0-0000-7000-8000-0000000000e1";
const RULES: &str = "0191d0a0-0000-7000-8000-0000000000e2";
const FORM: &str = "/clients/ohio-paving/strategies/blog_post";

fn field(name: &str, kind: &str, more: &Value) -> Value {
    let mut field = json!({"name": name, "about": format!("About {name}."), "kind": kind});
    field.as_object_mut().unwrap().extend(more.as_object().unwrap().clone());
    field
}

fn guide() -> Value {
    json!({"content_type": "blog_post", "platforms": [],
        "strategy": [
            field("tone", "text", &json!({"max_length": 100, "suggestions": ["friendly"]})),
            field("target_audience", "text", &json!({"max_length": 500})),
            field("banned_terms", "lines", &json!({"max_entries": 200, "max_length": 100})),
            field("word_count_range", "range", &json!({"min": 20.0, "max": 5000.0})),
            field("include_cta", "flag", &json!({})),
            field("extras", "extras", &json!({})),
        ],
        "seo_rules": [field("title_width", "number", &json!({"min": 100.0, "max": 2000.0})), field("skipped_checks", "choices", &json!({"suggestions": ["single_h1"]}))]})
}

fn strategy(version: i32, configuration: &Value) -> Value {
    json!({"id": STRATEGY, "client_id": OHIO, "name": "Blog", "content_type": "blog_post", "configuration": configuration,
        "is_active": true, "version": version, "created_at": "2026-11-01T00:00:00Z", "updated_at": "2026-11-20T00:00:00Z"})
}

fn effective() -> Value {
    let from = |level: &str, id: Value, name: Value, version: Value| json!({"level": level, "client_id": id, "client_name": name, "version": version});
    let own = from("client", json!(OHIO), json!("Ohio"), json!(3));
    let agency = from("agency", json!(AGENCY), json!("Paving Marketers"), json!(2));
    let built_in = from("default", json!(null), json!(null), json!(null));
    json!({
        "client": {"id": OHIO, "name": "Ohio", "slug": "ohio-paving", "metadata": {}}, "content_type": "blog_post",
        "values": {}, "sources": [], "explain": {},
        "explanation": {
            "tone": {"value": "authoritative", "source": own, "overridden": [{"value": "friendly", "source": agency}]},
            "target_audience": {"value": "property managers", "source": agency, "overridden": []},
            "word_count_range": {"value": [800, 1200], "source": built_in, "overridden": []},
            "seo.title_width": {"value": 600, "source": built_in, "overridden": []},
        }
    })
}

fn plant(gateway: &Gateway, role: &str) {
    plant_tree(gateway, role);
    let peers = &gateway.peers;
    peers.answers("GET /strategy-guide", 200, guide());
    peers.answers(
        &format!("GET /clients/{OHIO}/strategies"),
        200,
        list(&[strategy(3, &json!({"tone": "authoritative"}))]),
    );
    peers.answers(&format!("GET /clients/{OHIO}/seo-rules"), 200, list(&[]));
    peers.answers(&format!("GET /clients/{OHIO}/effective-strategy"), 200, effective());
}

async fn submit(browser: &Browser, path: &str, fields: &[(&str, &str)]) -> hg_testkit::Answer {
    let csrf = browser.csrf.clone();
    let mut all = vec![("_csrf", csrf.as_str())];
    all.extend(fields);
    browser.submit(path, &all).await
}

#[tokio::test]
async fn every_field_says_where_its_value_comes_from() {
    let (gateway, browser) = start().await;
    plant(&gateway, "member");
    let page = browser.page(FORM).await.expect(200).text;
    has(
        &page,
        &[
            "value=\"authoritative\"",
            "Set here",
            "“friendly”",
            "href=\"/clients/paving-marketers/strategies/blog_post\"",
            "Paving Marketers, version 2",
            "“property managers”",
            "“800–1200”",
            "Built in",
            "placeholder=\"800\"",
            "Not set",
            "name=\"_reset\" value=\"tone\"",
            "name=\"_version\" value=\"3\"",
            "name=\"banned_terms.none\"",
            "At most 100 characters.",
            "data-draft=\"strategies:ohio-paving:blog_post:3\"",
        ],
    );
    lacks(&page, &["name=\"_reset\" value=\"target_audience\""]);
    has(
        &browser.page("/clients/ohio-paving/strategies").await.expect(200).text,
        &["Version 3", "1 set", "/clients/ohio-paving/seo-rules/blog_post", "Everything is inherited"],
    );

    plant(&gateway, "viewer");
    let page = browser.page(FORM).await.expect(200).text;
    has(&page, &["You can read this, but not change it.", "disabled"]);
    lacks(&page, &["name=\"_reset\"", "name=\"_note\""]);
    for nothing in ["/clients/ohio-paving/strategies/poem", "/clients/ohio-paving/seo-rules/social_media"] {
        assert_eq!(browser.page(nothing).await.status, 404, "{nothing}");
    }
    silence(&gateway, &["GET /strategy-guide"]);
    assert_eq!(browser.page(FORM).await.status, 503);
}

#[tokio::test]
async fn saving_makes_a_version_on_the_one_it_is_based_on() {
    let (gateway, browser) = start().await;
    plant(&gateway, "member");
    let line = format!("PUT /strategies/{STRATEGY}");
    gateway.peers.answers(&line, 200, strategy(4, &json!({})));
    let fields = [
        ("_name", "Blog"),
        ("_note", " Spring "),
        ("_version", "3"),
        ("tone", "warm"),
        ("target_audience", " "),
        ("banned_terms", ""),
        ("banned_terms.none", "on"),
        ("word_count_range.min", "600"),
        ("word_count_range.max", "900"),
        ("include_cta", "false"),
        ("extras", "{\"mascot\": \"Otto\"}"),
    ];
    let answer = submit(&browser, FORM, &fields).await.expect(303);
    assert_eq!(answer.headers["location"].to_str().unwrap(), format!("{FORM}?notice=saved"));
    assert_eq!(
        gateway.peers.last().body,
        json!({"name": "Blog", "content_type": "blog_post", "note": "Spring", "version": 3, "configuration": {
            "tone": "warm", "banned_terms": [], "word_count_range": [600, 900], "include_cta": false, "extras": {"mascot": "Otto"}}})
    );
    has(
        &browser.page(&format!("{FORM}?notice=saved")).await.expect(200).text,
        &["data-draft-spent", "It holds from the next text on."],
    );

    // Nothing changed, nothing saved.
    let answer =
        submit(&browser, FORM, &[("_name", "Blog"), ("_version", "3"), ("tone", "authoritative")]).await.expect(303);
    assert_eq!(answer.headers["location"].to_str().unwrap(), format!("{FORM}?notice=unchanged"));
    assert_eq!(gateway.peers.asked(&line).len(), 1);

    // The first one is made.
    gateway.peers.answers(&format!("GET /clients/{OHIO}/strategies"), 200, list(&[]));
    gateway.peers.answers(&format!("POST /clients/{OHIO}/strategies"), 201, strategy(1, &json!({})));
    let _ = submit(&browser, FORM, &[("_name", ""), ("_version", ""), ("tone", "warm")]).await.expect(303);
    assert_eq!(gateway.peers.last().body["name"], "The ohio-paving firm: blog post");
    assert_eq!(gateway.peers.last().body.get("version"), None);
    assert_eq!(browser.submit(FORM, &[("tone", "warm")]).await.status, 403, "without the form's token");
}

#[tokio::test]
async fn a_reset_empties_the_field_and_saves_nothing() {
    let (gateway, browser) = start().await;
    plant(&gateway, "member");
    let fields = [
        ("_name", "Blog"),
        ("_version", "3"),
        ("tone", "authoritative"),
        ("target_audience", "kept"),
        ("_reset", "tone"),
    ];
    let page = submit(&browser, FORM, &fields).await.expect(200).text;
    has(&page, &["Tone is empty now: save, and it is inherited.", ">kept</textarea>", "data-refilled"]);
    lacks(&page, &["value=\"authoritative\""]);
    assert!(gateway.peers.asked(&format!("PUT /strategies/{STRATEGY}")).is_empty());
}

#[tokio::test]
async fn what_is_wrong_is_said_beside_the_field() {
    let (gateway, browser) = start().await;
    plant(&gateway, "member");
    let bad = [("_version", "3"), ("word_count_range.min", "600"), ("extras", "not json"), ("tone", "kept <b>")];
    let page = submit(&browser, FORM, &bad).await.expect(422).text;
    has(
        &page,
        &["id=\"word_count_range-error\"", "id=\"extras-error\"", "value=\"kept &lt;b&gt;\"", "not json</textarea>"],
    );
    let details = json!([{"field": "configuration.tone", "message": "must have at most 100 characters"}, {"field": "configuration.banned_terms[2]", "message": "must not be empty"}, {"field": "note", "message": "must have at most 1,000 characters"}]);
    gateway.peers.answers(&format!("PUT /strategies/{STRATEGY}"), 422, refusal("validation_failed", "", &details));
    let page = submit(&browser, FORM, &[("_version", "3"), ("tone", "long")]).await.expect(422).text;
    has(&page, &["Tone must have at most 100 characters.", "id=\"banned_terms-error\"", "id=\"_note-error\""]);
    gateway.peers.answers(
        &format!("PUT /strategies/{STRATEGY}"),
        403,
        refusal("forbidden", "saving a strategy needs the role member on the client", &json!([])),
    );
    has(
        &submit(&browser, FORM, &[("_version", "3"), ("tone", "x")]).await.expect(403).text,
        &["Saving a strategy needs the role member"],
    );
}

#[tokio::test]
async fn somebody_who_was_quicker_loses_nothing_and_neither_do_you() {
    let (gateway, browser) = start().await;
    plant(&gateway, "member");
    let message = "version 4 was saved by Ann on 2026-11-21 at 18:02 UTC; yours is based on version 3";
    gateway.peers.answers(
        &format!("PUT /strategies/{STRATEGY}"),
        409,
        refusal("version_conflict", message, &json!([])),
    );
    gateway.peers.answers(
        &format!("GET /clients/{OHIO}/strategies"),
        200,
        list(&[strategy(3, &json!({"tone": "authoritative"}))]),
    );
    let fields = [("_name", "Blog"), ("_version", "3"), ("_note", "mine"), ("tone", "warm")];
    gateway.peers.answers(
        &format!("GET /clients/{OHIO}/strategies"),
        200,
        list(&[strategy(4, &json!({"tone": "strict", "banned_terms": ["cheap"]}))]),
    );
    let page = submit(&browser, FORM, &fields).await.expect(409).text;
    has(
        &page,
        &[
            "Somebody else saved meanwhile",
            "Version 4 was saved by Ann",
            "value=\"warm\"",
            ">mine</textarea>",
            "strict",
            "cheap",
            "name=\"_version\" value=\"4\"",
        ],
    );
    // Begun without one, and there is one by now.
    let page = submit(&browser, FORM, &[("_version", ""), ("tone", "warm")]).await.expect(409).text;
    has(&page, &["Version 4 was saved meanwhile."]);
    // Taken out of force meanwhile.
    gateway.peers.answers(&format!("GET /clients/{OHIO}/strategies"), 200, list(&[]));
    has(
        &submit(&browser, FORM, &fields).await.expect(409).text,
        &["taken out of force meanwhile", "value=\"warm\"", "name=\"_version\" value=\"\""],
    );
}

#[tokio::test]
async fn seo_rules_are_the_same_form() {
    let (gateway, browser) = start().await;
    plant(&gateway, "member");
    let path = "/clients/ohio-paving/seo-rules/blog_post";
    has(
        &browser.page(path).await.expect(200).text,
        &["Widest title, pixels", "“600”", "name=\"skipped_checks.single_h1\"", "Nothing of its own"],
    );
    let rules = json!({"id": RULES, "client_id": OHIO, "content_type": "blog_post", "rules": {}, "is_active": true, "version": 1, "created_at": "2026-11-01T00:00:00Z", "updated_at": "2026-11-01T00:00:00Z"});
    gateway.peers.answers(&format!("POST /clients/{OHIO}/seo-rules"), 201, rules);
    let _ = submit(&browser, path, &[("_version", ""), ("title_width", "580"), ("skipped_checks.single_h1", "on")])
        .await
        .expect(303);
    assert_eq!(
        gateway.peers.last().body,
        json!({"content_type": "blog_post", "rules": {"title_width": 580, "skipped_checks": ["single_h1"]}})
    );
}

#[tokio::test]
async fn versions_are_listed_compared_and_brought_back() {
    let (gateway, browser) = start().await;
    plant(&gateway, "member");
    let info = |version: i32, current: bool| json!({"version": version, "is_current": current, "restored_from": null, "note": "Because <i>", "author": {"user_id": STRATEGY, "name": "Ann"}, "created_at": "2026-11-20T00:00:00Z"});
    let row = |version: i32, current: bool| {
        let mut it = info(version, current);
        it["changed"] = json!(["tone", "extras.mascot"]);
        it
    };
    gateway.peers.answers(&format!("GET /strategies/{STRATEGY}/versions"), 200, list(&[row(3, true), row(2, false)]));
    let figures = json!({"version": 3, "jobs": 12, "completed": 11, "failed": 1, "cancelled": 0, "success_rate": 0.917, "mean_quality": 84.2, "edited": 3, "edited_share": 0.273, "approved": 8, "cost_usd": "0.0512", "first_at": "2026-11-20T00:00:00Z", "last_at": "2026-11-20T00:00:00Z"});
    gateway.peers.answers(
        &format!("GET /analytics/strategies/{STRATEGY}"),
        200,
        json!({"strategy_id": STRATEGY, "since": "2026-08-23T00:00:00Z", "versions": [figures]}),
    );
    let page = browser.page(&format!("{FORM}/history")).await.expect(200).text;
    has(
        &page,
        &[
            "Because &lt;i&gt;",
            "Ann",
            "Tone, Extra “mascot”",
            "92 %",
            "27 %",
            "Approved",
            "$0.0512",
            "name=\"newest\" value=\"3\"",
            &format!("{FORM}/delete"),
            "inherited again: new texts follow what stands above.",
        ],
    );
    silence(&gateway, &[&format!("GET /analytics/strategies/{STRATEGY}")]);
    lacks(&browser.page(&format!("{FORM}/history")).await.expect(200).text, &["What came of it"]);

    let changes = json!([{"field": "tone", "kind": "changed", "before": "calm and precise", "after": "calm, warm and precise"}, {"field": "banned_terms", "kind": "added", "before": null, "after": ["cheap"]}]);
    gateway.peers.answers(
        &format!("GET /strategies/{STRATEGY}/compare"),
        200,
        json!({"from": info(2, false), "to": info(3, true), "changes": changes}),
    );
    let page = browser.page(&format!("{FORM}/compare?from=3&to=2")).await.expect(200).text;
    assert!(
        gateway.peers.lines().contains(&format!("GET /strategies/{STRATEGY}/compare?from=2&to=3")),
        "the earlier one stands first"
    );
    has(&page, &["gone: </span>calm </del>", "new: </span>calm, warm </ins>", "+ set since", "Restore version 2"]);
    assert_eq!(browser.page(&format!("{FORM}/compare?from=x")).await.status, 404);

    gateway.peers.answers(&format!("POST /strategies/{STRATEGY}/versions/2/restore"), 200, strategy(4, &json!({})));
    let back = [("id", STRATEGY), ("version", "2"), ("newest", "3")];
    let answer = submit(&browser, &format!("{FORM}/restore"), &back).await.expect(303);
    assert_eq!(answer.headers["location"].to_str().unwrap(), format!("{FORM}/history?notice=brought-back"));
    assert_eq!(gateway.peers.last().body, json!({"version": 3}));
    gateway.peers.answers(
        &format!("POST /strategies/{STRATEGY}/versions/2/restore"),
        409,
        refusal("version_conflict", "version 4 was saved by Bo", &json!([])),
    );
    has(&submit(&browser, &format!("{FORM}/restore"), &back).await.expect(409).text, &["Version 4 was saved by Bo."]);
    for unsaid in [&[("version", "2"), ("newest", "3")][..], &[("id", STRATEGY), ("version", "2"), ("newest", "x")]] {
        let asked = gateway.peers.lines().len();
        let _ = submit(&browser, &format!("{FORM}/restore"), unsaid).await.expect(400);
        let _ = submit(&browser, &format!("{FORM}/delete"), unsaid).await.expect(400);
        assert_eq!(gateway.peers.lines().len(), asked, "nobody was asked for anything");
    }
    // Another strategy has taken the place of the one that the page showed.
    let other = [("id", RULES), ("version", "2"), ("newest", "3")];
    let gone = "what you saw is no longer there";
    has(&submit(&browser, &format!("{FORM}/restore"), &other).await.expect(409).text, &[gone]);
    has(&submit(&browser, &format!("{FORM}/delete"), &other).await.expect(409).text, &[gone]);
    assert!(!gateway.peers.lines().iter().any(|line| line.starts_with("DELETE")));

    let seen = [("id", STRATEGY), ("newest", "3")];
    gateway.peers.answers(
        &format!("DELETE /strategies/{STRATEGY}"),
        409,
        refusal("version_conflict", "version 4 was saved by Bo", &json!([])),
    );
    has(&submit(&browser, &format!("{FORM}/delete"), &seen).await.expect(409).text, &["Version 4 was saved by Bo."]);
    gateway.peers.answers(&format!("DELETE /strategies/{STRATEGY}"), 204, Value::Null);
    let answer = submit(&browser, &format!("{FORM}/delete"), &seen).await.expect(303);
    assert_eq!(gateway.peers.last().line, format!("DELETE /strategies/{STRATEGY}?version=3"));
    assert_eq!(answer.headers["location"].to_str().unwrap(), format!("{FORM}?notice=inherits"));
    gateway.peers.answers(&format!("GET /clients/{OHIO}/strategies"), 200, list(&[]));
    has(&browser.page(&format!("{FORM}/history")).await.expect(200).text, &["No version yet"]);
}
