//! A job's page, live and finished, and its text as files.

use serde_json::{Value, json};

use super::{JOB, OHIO, costs::budget, has, lacks, silence, start, summary};
use crate::harness::Gateway;

const TEMPLATE: &str = "0191d0a0-0000-7000-8000-0000000000aa";

fn detail(status: &str, changes: &Value) -> Value {
    let mut job = summary(status);
    let more = json!({
        "parameters": {"keywords": ["asphalt"], "length": "long", "prompt": "Mention the inspection."},
        "prompt": "Write about sealcoating.", "system_prompt": "You write for Ohio Paving Co.",
        "template_id": TEMPLATE, "template_version": 3, "template_variant": "b",
        "strategy_sources": [{"level": "client", "client_id": null, "client_name": "Ohio Paving Co.", "strategy_id": null, "version": 4}],
        "result": null, "input_tokens": 1204, "output_tokens": 1388, "total_tokens": 2592, "estimated_cost_usd": "0.0099", "attempts": 1,
        "calls": [{"attempt": 1, "stage": "write", "provider": "openai", "model": "gpt-4o-mini", "status": "done", "input_tokens": 1204,
            "output_tokens": 1388, "cost_usd": "0.0042", "cost_known": "reported", "error_message": null,
            "started_at": "2026-11-21T09:00:02Z", "finished_at": "2026-11-21T09:00:40Z"}],
        "created_by": null, "request_id": null, "cancel_requested": false,
    });
    for part in [&more, changes] {
        job.as_object_mut().unwrap().extend(part.as_object().unwrap().clone());
    }
    job
}

fn result() -> Value {
    let check = json!({"id": "x", "label": "Keyphrase density", "value": "0.3 %", "threshold": "0.5–3 %", "verdict": "poor", "advice": "Use it twice more.", "counts": true});
    json!({"result": {
        "content": "## First\n\nText <script>alert(1)</script> [quote](https://example.com/q) ![x](https://evil.example/x.png)",
        "title": "Sealcoating: \"now\" or later?", "meta_description": "What a parking lot really needs.", "word_count": 842, "parts": {},
        "quality": {"score_seo": 86, "score_readability": 86, "score": 86, "passed": true, "hard_failures": [],
            "groups": [{"name": "seo", "checks": [check]}],
            "insights": {"flesch_reading_ease": 60.0, "word_count": 842, "sentence_count": 40, "reading_time_minutes": 4}},
    }})
}

fn finished(gateway: &Gateway) {
    gateway.peers.answers(&format!("GET /jobs/{JOB}"), 200, detail("completed", &result()));
    gateway.peers.answers(
        &format!("GET /templates/{TEMPLATE}"),
        200,
        json!({"id": TEMPLATE, "client_id": super::OHIO, "name": "Local blog post", "content_type": "blog_post", "system_template": "", "template": "x",
            "variables": {}, "version": 3, "is_active": true, "is_default": false, "created_at": "2026-11-01T00:00:00Z", "updated_at": "2026-11-01T00:00:00Z"}),
    );
}

#[tokio::test]
async fn a_job_under_way_can_be_watched_and_cancelled() {
    let (gateway, browser) = start().await;
    gateway.peers.answers(&format!("GET /jobs/{JOB}"), 200, detail("in_progress", &json!({"attempts": 2})));
    let page = browser.page(&format!("/jobs/{JOB}?notice=sent")).await.expect(200).text.replace("&#x2f;", "/");
    for part in [
        format!("data-live-job=\"/jobs/{JOB}/events\""),
        format!("action=\"/jobs/{JOB}/cancel\""),
        "attempt 2".to_owned(),
        "data-draft-spent".to_owned(),
        "The job is accepted.".to_owned(),
    ] {
        assert!(page.contains(&part), "{part} is missing");
    }
    let csrf = browser.csrf.clone();
    let cancel = format!("/jobs/{JOB}/cancel");
    gateway.peers.answers(
        &format!("DELETE /jobs/{JOB}"),
        200,
        json!({"job_id": JOB, "status": "in_progress", "stage": null, "result": null, "error": null}),
    );
    let answer = browser.submit(&cancel, &[("_csrf", &csrf)]).await.expect(303);
    assert_eq!(answer.headers["location"].to_str().unwrap(), format!("/jobs/{JOB}?notice=cancelled"));
    gateway.peers.answers(
        &format!("DELETE /jobs/{JOB}"),
        409,
        json!({"error": {"code": "job_ended", "message": "it has ended"}}),
    );
    let answer = browser.submit(&cancel, &[("_csrf", &csrf)]).await.expect(303);
    assert_eq!(answer.headers["location"].to_str().unwrap(), format!("/jobs/{JOB}?notice=ended"));
    let forbidden = json!({"error": {"code": "forbidden", "message": "not with this role"}});
    gateway.peers.answers(&format!("DELETE /jobs/{JOB}"), 403, forbidden);
    let answer = browser.submit(&cancel, &[("_csrf", &csrf)]).await.expect(303);
    assert_eq!(answer.headers["location"].to_str().unwrap(), format!("/jobs/{JOB}?notice=forbidden"));
    let page = browser.page(&format!("/jobs/{JOB}?notice=forbidden")).await.expect(200).text;
    assert!(page.contains("your role on this client"), "{page}");
}

#[tokio::test]
async fn a_finished_text_is_shown_sanitised() {
    let (gateway, browser) = start().await;
    finished(&gateway);
    let page = browser.page(&format!("/jobs/{JOB}")).await.expect(200).text;
    for part in [
        "<h1>Sealcoating: &quot;now&quot; or later?</h1>",
        "<h2>First</h2>",
        "rel=\"nofollow noopener\"",
        "What a parking lot really needs.",
        "Local blog post, v3",
        "842",
    ] {
        assert!(page.contains(part), "{part} is missing");
    }
    assert!(!page.contains("<script>alert") && !page.contains("<img"));

    let tab = async |name: &str| browser.page(&format!("/jobs/{JOB}?tab={name}")).await.expect(200).text;
    assert!(tab("quality").await.contains("Use it twice more."));
    let prompt = tab("prompt").await;
    assert!(
        prompt.contains("Write about sealcoating.") && prompt.contains("Version 3, of The ohio-paving firm, variant b")
    );
    let details = tab("details").await;
    assert!(
        details.contains("1,204 &#x2f; 1,388")
            && details.contains("Mention the inspection.")
            && details.contains("38 s")
    );

    let view = browser.api().with_header("hx-request", "true").get(&format!("/jobs/{JOB}/view")).await.expect(200).text;
    assert!(view.contains("id=\"job-view\"") && !view.contains("<html"));
}

#[tokio::test]
async fn a_text_can_be_taken_along() {
    let (gateway, browser) = start().await;
    finished(&gateway);
    let answer = browser.page(&format!("/jobs/{JOB}/download.md")).await.expect(200);
    assert_eq!(answer.headers["content-disposition"], "attachment; filename=\"sealcoating-now-or-later.md\"");
    assert!(answer.text.starts_with("---\ntitle: \"Sealcoating: \\\"now\\\" or later?\"\ndescription: \"What a parking lot really needs.\"\n---\n\n# Sealcoating"));
    let answer = browser.page(&format!("/jobs/{JOB}/download.html")).await.expect(200);
    assert_eq!(answer.headers["content-disposition"], "attachment; filename=\"sealcoating-now-or-later.html\"");
    assert!(
        answer.text.contains("<title>Sealcoating: &quot;now&quot; or later?</title>")
            && answer.text.contains("<h2>First</h2>")
    );
    assert!(!answer.text.contains("alert") && !answer.text.contains("<img"));

    gateway.peers.answers(&format!("GET /jobs/{JOB}"), 200, detail("in_progress", &json!({})));
    assert_eq!(browser.page(&format!("/jobs/{JOB}/download.md")).await.status, 404);
}

/// What somebody has made of it, approved one version before.
fn edited() -> Value {
    let mut job = result();
    let mut text = job["result"].clone();
    text["content"] = json!("## Edited\n\nBy hand.");
    text["title"] = json!("Sealcoating in autumn");
    text["word_count"] = json!(731);
    text["quality"]["score"] = json!(93);
    let ada = json!({"user_id": TEMPLATE, "name": "Ada Miller"});
    let mut edited = json!({"version": 2, "is_current": true, "title": "Sealcoating in autumn", "word_count": 731, "quality_score": 93,
        "changed": 0.4, "restored_from": null, "note": "Shorter.", "author": ada, "created_at": "2026-11-21T10:00:00Z"});
    edited["result"] = text;
    job["edited"] = edited;
    job["approval"] = json!({"verdict": "approved", "version": 1, "is_current": false, "note": "Fine <b>so</b>.", "author": ada,
        "created_at": "2026-11-21T09:50:00Z"});
    job
}

#[tokio::test]
async fn an_edited_text_is_the_one_that_is_shown_and_taken_along() {
    let (gateway, browser) = start().await;
    finished(&gateway);
    has(&browser.page(&format!("/jobs/{JOB}")).await.expect(200).text, &["As it was generated", "Nobody has approved"]);
    gateway.peers.answers(&format!("GET /jobs/{JOB}"), 200, detail("completed", &edited()));
    let page = browser.page(&format!("/jobs/{JOB}")).await.expect(200).text;
    has(
        &page,
        &[
            "<h2>Edited</h2>",
            "<h1>Sealcoating in autumn</h1>",
            "# Sealcoating in autumn",
            "731",
            "93",
            "Version 2, edited by Ada Miller",
            "Shorter.",
            "version 1 by Ada Miller",
            "Fine &lt;b&gt;so",
            "nobody has judged this version",
            "Take back",
        ],
    );
    lacks(&page, &["<h2>First</h2>", "842"]);
    let markdown = browser.page(&format!("/jobs/{JOB}/download.md")).await.expect(200);
    assert_eq!(markdown.headers["content-disposition"], "attachment; filename=\"sealcoating-in-autumn.md\"");
    has(&markdown.text, &["# Sealcoating in autumn\n\n## Edited\n\nBy hand."]);
    has(&browser.page(&format!("/jobs/{JOB}/download.html")).await.expect(200).text, &["<h2>Edited</h2>"]);
}

#[tokio::test]
async fn members_say_what_they_think_of_a_text() {
    let (gateway, browser) = start().await;
    gateway.peers.answers(&format!("GET /jobs/{JOB}"), 200, detail("completed", &edited()));
    let (path, csrf) = (format!("/jobs/{JOB}/approval"), browser.csrf.clone());
    let page = browser.page(&format!("/jobs/{JOB}")).await.expect(200).text.replace("&#x2f;", "/");
    has(&page, &[&format!("action=\"{path}\""), "name=\"version\" value=\"2\""]);
    assert_eq!(browser.submit(&path, &[("verdict", "approved"), ("version", "2")]).await.status, 403, "no token");
    let peer = format!("POST {path}");
    assert!(gateway.peers.asked(&peer).is_empty());

    let verdict = |verdict: &str| json!({"verdict": verdict, "version": 2, "is_current": true, "note": null, "author": null, "created_at": "2026-11-21T10:10:00Z"});
    for name in ["approved", "rejected", "withdrawn"] {
        gateway.peers.answers(&peer, 200, verdict(name));
        let fields = [("_csrf", csrf.as_str()), ("verdict", name), ("version", "2"), ("note", " Two\r\nlines ")];
        let answer = browser.submit(&path, &fields).await.expect(303);
        assert_eq!(answer.headers["location"].to_str().unwrap(), format!("/jobs/{JOB}?notice={name}"));
        assert_eq!(gateway.peers.last().body, json!({"verdict": name, "version": 2, "note": "Two\nlines"}));
        let _ = browser.page(&format!("/jobs/{JOB}?notice={name}")).await.expect(200);
    }

    // Refused, one reads why, and keeps what was typed.
    let fields = [("_csrf", csrf.as_str()), ("verdict", "approved"), ("version", "1"), ("note", "Well done")];
    for (status, code, message, said) in [
        (409, "version_conflict", "version 2 is the newest", "Somebody has edited the text meanwhile"),
        (
            409,
            "nothing_to_withdraw",
            "nobody has approved or rejected this text",
            "Nobody has approved or rejected this",
        ),
        (403, "forbidden", "judging texts needs the role member on the client", "needs the role member"),
    ] {
        gateway.peers.answers(&peer, status, json!({"error": {"code": code, "message": message, "details": []}}));
        let answer = browser.submit(&path, &fields).await.expect(status);
        has(&answer.text, &[said, "role=\"alert\"", "Well done</textarea>"]);
    }
    silence(&gateway, &[&peer]);
    has(&browser.submit(&path, &fields).await.expect(503).text, &["Content production doesn’t answer"]);
    assert_eq!(browser.submit(&path, &[("_csrf", &csrf), ("verdict", "maybe"), ("version", "2")]).await.status, 400);
}

#[tokio::test]
async fn a_viewer_reads_a_verdict_and_gives_none() {
    let (gateway, browser) = start().await;
    super::plant_tree(&gateway, "viewer");
    gateway.peers.answers(&format!("GET /jobs/{JOB}"), 200, detail("completed", &edited()));
    let page = browser.page(&format!("/jobs/{JOB}")).await.expect(200).text;
    has(&page, &["Version 2, edited by Ada Miller"]);
    lacks(&page, &["name=\"verdict\"", "Take back"]);
}

#[tokio::test]
async fn a_failure_says_why_and_what_to_do() {
    let (gateway, browser) = start().await;
    let why = json!({"error_code": "budget_exceeded", "error_message": "The client's daily budget has 0.01 USD left.", "template_id": null});
    gateway.peers.answers(&format!("GET /clients/{OHIO}/budget"), 200, budget(OHIO, "ohio-paving"));
    gateway.peers.answers(&format!("GET /jobs/{JOB}"), 200, detail("failed", &why));
    let page = browser.page(&format!("/jobs/{JOB}")).await.expect(200).text.replace("&#x2f;", "/");
    for part in [
        "The budget is used up",
        "daily budget has 0.01 USD left",
        "Raise the budget",
        "$0.6500 of $5.00 left, starts anew 22 November 2026, 00:00 UTC",
        "$0.4000 of $10.00 left",
        "nothing left, starts anew 1 December 2026, 00:00 UTC",
        "href=\"/clients/ohio-paving/costs\"",
        &format!("/content/new?from={JOB}"),
        "Provider calls",
    ] {
        assert!(page.contains(part), "{part} is missing");
    }
    // Writing it again starts from what was asked for.
    let form = browser.page(&format!("/content/new?from={JOB}")).await.expect(200).text;
    for part in ["Sealcoating &lt;b&gt;or&lt;", "value=\"asphalt\"", "Mention the inspection.", "data-refilled"] {
        assert!(form.contains(part), "{part} is missing");
    }
}

#[tokio::test]
async fn a_job_stands_while_others_are_away_and_a_foreign_one_does_not_exist() {
    let (gateway, browser) = start().await;
    finished(&gateway);
    silence(&gateway, &["GET /clients", &format!("GET /templates/{TEMPLATE}")]);
    let page = browser.page(&format!("/jobs/{JOB}")).await.expect(200).text;
    assert!(page.contains("<h2>First</h2>") && page.contains("Strategy management doesn"));
    silence(&gateway, &[&format!("GET /jobs/{JOB}")]);
    assert!(browser.page(&format!("/jobs/{JOB}")).await.expect(503).text.contains("A service is away"));
    gateway.peers.answers(
        &format!("GET /jobs/{JOB}"),
        404,
        json!({"error": {"code": "not_found", "message": "job not found"}}),
    );
    assert_eq!(browser.page(&format!("/jobs/{JOB}")).await.status, 404);
    assert_eq!(browser.page("/jobs/not-an-id").await.status, 404);
}
