//! A client's audit log: entries in words, filters in the address, files that are passed on as they come.

use axum::body::Bytes;
use serde_json::{Value, json};

use super::{OHIO, has, lacks, list, plant_tree, refusal, start};

fn entry() -> Value {
    json!({"id": "0191d0a0-0000-7000-8000-0000000000e1", "at": "2026-11-21T09:00:00Z", "client_id": OHIO, "client_name": "Ohio <Paving>",
        "actor": {"kind": "person", "email": "ann@example.com", "name": "Ann"}, "address": "192.0.2.7", "service": "smm",
        "action": "strategy.updated", "subject_kind": "strategy", "before": {"tone": "calm"}, "after": {"tone": "bold"}, "erased": false, "sealed": true})
}

#[tokio::test]
async fn entries_say_who_what_and_what_changed() {
    let (gateway, browser) = start().await;
    plant_tree(&gateway, "admin");
    let mut page = list(&[entry()]);
    page["pagination"]["next_cursor"] = json!("next&1");
    gateway.peers.answers("GET /audit", 200, page);
    let path = "/clients/ohio-paving/audit?action=strategy&from=2026-11-01&to=2026-11-21&q=tone";
    let html = browser.page(path).await.expect(200).text;
    has(
        &html,
        &[
            "Ann",
            "ann@example.com",
            "192.0.2.7",
            "strategy.updated",
            "Ohio &lt;Paving&gt;",
            "calm",
            "bold",
            "Sealed",
            "value=\"2026-11-21\"",
            "/audit/export?action=strategy&amp;from=2026-11-01&amp;to=2026-11-21&amp;q=tone&amp;format=ndjson",
            "cursor=next%261",
            "href=\"/clients/ohio-paving/data\"",
        ],
    );
    let line = gateway.peers.asked("GET /audit").pop().unwrap().line;
    has(&line, &[OHIO, "action=strategy", "from=2026-11-01T00", "to=2026-11-22T00", "q=tone", "limit=30"]);

    gateway.peers.answers("GET /audit", 200, list(&[]));
    has(&browser.page("/clients/ohio-paving/audit").await.expect(200).text, &["Nothing on record yet"]);
    has(&browser.page("/clients/ohio-paving/audit?q=x").await.expect(200).text, &["No entry matches"]);
    assert_eq!(browser.page("/clients/elsewhere/audit").await.status, 404);
}

#[tokio::test]
async fn refusals_are_said_in_words() {
    let (gateway, browser) = start().await;
    plant_tree(&gateway, "viewer");
    gateway.peers.answers("GET /audit", 403, refusal("forbidden", "only admins read the audit log", &json!([])));
    let html = browser.page("/clients/ohio-paving/audit").await.expect(403).text;
    has(&html, &["Only admins read the audit log."]);
    lacks(&html, &["Audit</a>", "id=\"actor\""]);
    gateway.peers.answers("GET /audit/export", 403, refusal("forbidden", "only admins read the audit log", &json!([])));
    has(&browser.page("/clients/ohio-paving/audit/export").await.expect(403).text, &["Only admins read"]);

    plant_tree(&gateway, "admin");
    let details = json!([{"field": "actor", "message": "must be an id or an address"}]);
    gateway.peers.answers("GET /audit", 422, refusal("validation_failed", "no", &details));
    let html = browser.page("/clients/ohio-paving/audit?actor=Ann").await.expect(422).text;
    has(&html, &["id=\"actor-error\"", "Who must be an id or an address.", "value=\"Ann\""]);
}

#[tokio::test]
async fn a_file_is_passed_on_with_the_same_filters() {
    let (gateway, browser) = start().await;
    plant_tree(&gateway, "admin");
    for (format, media_type) in [("csv", "text/csv; charset=utf-8"), ("ndjson", "application/x-ndjson")] {
        let file = gateway.peers.streams("GET /audit/export");
        file.send(Bytes::from_static(b"first\n")).unwrap();
        file.send(Bytes::from_static(b"second\n")).unwrap();
        drop(file);
        let answer =
            browser.page(&format!("/clients/ohio-paving/audit/export?format={format}&action=job")).await.expect(200);
        assert_eq!(
            (answer.text.as_str(), answer.headers["content-type"].to_str().unwrap()),
            ("first\nsecond\n", media_type)
        );
        let name = format!("attachment; filename=\"audit-ohio-paving.{format}\"");
        assert_eq!(answer.headers["content-disposition"].to_str().unwrap(), name);
        has(&gateway.peers.last().line, &[&format!("format={format}"), "action=job", OHIO]);
    }
}
