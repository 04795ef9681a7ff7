//! A client's data: how long it is kept, exports with their files, erasure in two steps.

use axum::body::Bytes;
use serde_json::{Value, json};

use super::{AGENCY, OHIO, has, lacks, list, plant_tree, refusal, start};
use crate::{browser::Browser, harness::Gateway};

const JOB: &str = "0191d0a0-0000-7000-8000-0000000000f1";
const PAGE: &str = "/clients/ohio-paving/data";

fn job(status: &str, client: &str) -> Value {
    let file = json!({"bytes": 1_048_576, "sha256": "ab", "expires_at": "2026-11-28T09:00:00Z", "expired": false});
    json!({"id": JOB, "kind": "client_export", "client_id": client, "user_id": null, "clients": 1, "requested_by": null, "status": status,
        "error": null, "file": if status == "completed" { file } else { json!(null) }, "created_at": "2026-11-21T09:00:00Z",
        "started_at": null, "finished_at": null, "parts": [
            {"service": "cpm", "step": "jobs", "phase": 1, "status": "in_progress", "done": 12, "total": 3400, "note": null}]})
}

fn kept(client: &str, name: &str) -> Value {
    let value = |days: Value| json!({"days": days, "level": "agency", "client_id": client, "client_name": name});
    json!({"jobs": value(json!(90)), "logs": value(json!(null))})
}

fn erasure(confirmation: &Value) -> Value {
    json!({"goes": [{"kind": "jobs", "count": 10_000, "what": "jobs with their texts"}],
        "remains": [{"kind": "costs", "count": null, "what": "amounts", "why": "sums must stay"}],
        "clients_below": 2, "last_owner_of": [], "running": null, "confirmation": confirmation})
}

fn plant(gateway: &Gateway, role: &str, jobs: &[Value]) {
    plant_tree(gateway, role);
    gateway.peers.answers(&format!("GET /clients/{OHIO}/retention"), 200, kept(AGENCY, "Paving Marketers"));
    gateway.peers.answers("GET /data-jobs", 200, list(jobs));
}

async fn submit(browser: &Browser, path: &str, fields: &[(&str, &str)]) -> hg_testkit::Answer {
    let mut all = vec![("_csrf", browser.csrf.as_str())];
    all.extend(fields);
    browser.submit(path, &all).await
}

#[tokio::test]
async fn the_page_shows_what_holds_and_how_far_work_is() {
    let (gateway, browser) = start().await;
    plant(&gateway, "owner", &[job("in_progress", OHIO)]);
    gateway.peers.answers(&format!("GET /data-jobs/{JOB}"), 200, job("in_progress", OHIO));
    let html = browser.page(PAGE).await.expect(200).text;
    has(
        &html,
        &[
            "90 days (from Paving Marketers)",
            "for ever (from",
            "cpm · jobs: 12 of 3,400",
            "hx-get=\"/clients/ohio-paving/data/jobs\"",
            "name=\"jobs_days\"",
            &format!("/data/{JOB}/cancel"),
            "/data/export\"",
            "/data/erasure\"",
        ],
    );
    let part = browser.page(&format!("{PAGE}/jobs")).await.expect(200).text;
    has(&part, &["12 of 3,400", &browser.csrf]);
    lacks(&part, &["<html"]);

    plant(&gateway, "viewer", &[]);
    let html = browser.page(PAGE).await.expect(200).text;
    has(&html, &["Nothing was asked for yet", "Owners of this client change that."]);
    lacks(&html, &["/data/export\"", "/data/erasure\"", "name=\"jobs_days\"", "Data</a>"]);
    super::silence(&gateway, &["GET /data-jobs"]);
    has(&browser.page(PAGE).await.expect(200).text, &["What was asked for goes on."]);
    assert_eq!(browser.page("/clients/elsewhere/data").await.status, 404);
}

#[tokio::test]
async fn exports_are_asked_for_fetched_and_cancelled() {
    let (gateway, browser) = start().await;
    plant(&gateway, "admin", &[job("completed", OHIO)]);
    has(
        &browser.page(PAGE).await.expect(200).text,
        &["1,048,576 bytes, until 28 November 2026", &format!("/data/{JOB}/download")],
    );
    let export = format!("POST /clients/{OHIO}/export");
    gateway.peers.answers(&export, 202, job("pending", OHIO));
    let answer = submit(&browser, &format!("{PAGE}/export"), &[]).await.expect(303);
    assert_eq!(answer.headers["location"], "/clients/ohio-paving/data?notice=export-asked");
    gateway.peers.answers(&export, 409, refusal("data_job_running", "an export is under way", &json!([])));
    has(&submit(&browser, &format!("{PAGE}/export"), &[]).await.expect(409).text, &["An export is under way."]);
    assert_eq!(browser.submit(&format!("{PAGE}/export"), &[]).await.status, 403, "without the form's token");

    gateway.peers.answers(&format!("GET /data-jobs/{JOB}"), 200, job("completed", OHIO));
    let file = gateway.peers.streams(&format!("GET /data-jobs/{JOB}/download"));
    file.send(Bytes::from_static(b"PK")).unwrap();
    drop(file);
    let answer = browser.page(&format!("{PAGE}/{JOB}/download")).await.expect(200);
    assert_eq!((answer.text.as_str(), &answer.headers["content-type"]), ("PK", &"application/zip".parse().unwrap()));
    assert_eq!(answer.headers["content-disposition"], "attachment; filename=\"export-ohio-paving.zip\"");
    gateway.peers.answers(
        &format!("GET /data-jobs/{JOB}/download"),
        410,
        refusal("export_expired", "the file has expired", &json!([])),
    );
    has(&browser.page(&format!("{PAGE}/{JOB}/download")).await.expect(410).text, &["The file has expired."]);

    gateway.peers.answers(&format!("POST /data-jobs/{JOB}/cancel"), 200, job("cancelled", OHIO));
    let answer = submit(&browser, &format!("{PAGE}/{JOB}/cancel"), &[]).await.expect(303);
    assert_eq!(answer.headers["location"], "/clients/ohio-paving/data?notice=data-cancelled");
    // Another client's, though the person may see it.
    gateway.peers.answers(&format!("GET /data-jobs/{JOB}"), 200, job("in_progress", AGENCY));
    assert_eq!(submit(&browser, &format!("{PAGE}/{JOB}/cancel"), &[]).await.status, 404);
    assert_eq!(browser.page(&format!("{PAGE}/{JOB}/download")).await.status, 404);
}

#[tokio::test]
async fn retention_is_nothing_for_ever_or_days() {
    let (gateway, browser) = start().await;
    plant(&gateway, "owner", &[]);
    let (line, path) = (format!("PUT /clients/{OHIO}/retention"), format!("{PAGE}/retention"));
    gateway.peers.answers(&line, 200, kept(OHIO, "Ohio"));
    let fields = [("jobs_keep", "days"), ("jobs_days", "30"), ("logs_keep", "inherit"), ("logs_days", "")];
    let answer = submit(&browser, &path, &fields).await.expect(303);
    assert_eq!(answer.headers["location"], "/clients/ohio-paving/data?notice=kept");
    assert_eq!(gateway.peers.last().body, json!({"jobs_days": 30}));
    let _ = submit(&browser, &path, &[("jobs_keep", "inherit"), ("logs_keep", "ever")]).await.expect(303);
    assert_eq!(gateway.peers.last().body, json!({"logs_days": null}));
    let fields = [("jobs_keep", "days"), ("jobs_days", "0"), ("logs_keep", "inherit")];
    has(&submit(&browser, &path, &fields).await.expect(422).text, &["id=\"jobs_days-error\"", "value=\"0\""]);
    gateway.peers.answers(&line, 403, refusal("forbidden", "only owners say that", &json!([])));
    has(
        &submit(&browser, &path, &[("jobs_keep", "ever"), ("logs_keep", "ever")]).await.expect(403).text,
        &["Only owners say that."],
    );
}

#[tokio::test]
async fn erasing_takes_two_steps() {
    let (gateway, browser) = start().await;
    plant(&gateway, "owner", &[]);
    let (line, path) = (format!("/clients/{OHIO}/erasure"), format!("{PAGE}/erasure"));
    gateway.peers.answers(&format!("GET {line}"), 200, erasure(&json!("abc123")));
    let html = browser.page(&path).await.expect(200).text;
    has(
        &html,
        &[
            "jobs with their texts",
            "10,000 or more",
            "sums must stay",
            "2 clients below",
            "name=\"confirmation\" value=\"abc123\"",
        ],
    );
    has(&submit(&browser, &path, &[("confirmation", "abc123")]).await.expect(422).text, &["id=\"sure-error\""]);
    assert!(gateway.peers.asked(&format!("POST {line}")).is_empty());
    let sure = [("confirmation", "abc123"), ("sure", "yes")];
    let stale = refusal("confirmation_stale", "what would go has changed since", &json!([]));
    gateway.peers.answers(&format!("POST {line}"), 409, stale);
    has(&submit(&browser, &path, &sure).await.expect(409).text, &["What would go has changed since.", "abc123"]);
    gateway.peers.answers(&format!("POST {line}"), 202, job("pending", OHIO));
    let answer = submit(&browser, &path, &sure).await.expect(303);
    assert_eq!(answer.headers["location"], "/clients/paving-marketers?notice=erasing");
    assert_eq!(gateway.peers.last().body, json!({"confirmation": "abc123"}));

    gateway.peers.answers(&format!("GET {line}"), 403, refusal("forbidden", "only its agency's owners", &json!([])));
    let html = browser.page(&path).await.expect(403).text;
    has(&html, &["Only its agency&#x27;s owners."]);
    lacks(&html, &["id=\"sure\""]);
}
