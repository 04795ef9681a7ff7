//! `/api/*`: the envelope, what is passed on to the services and in whose name, and what becomes of their refusals.

use hg_common::auth::{Principal, Service};
use http::Method;
use serde_json::{Value, json};

use crate::{browser::Browser, harness::Gateway};

const ID: &str = "0191d0a0-0000-7000-8000-000000000001";
const JOB: &str = "0191d0a0-0000-7000-8000-00000000000a";

fn client(slug: &str) -> Value {
    json!({
        "id": ID, "name": slug, "slug": slug, "type": "customer", "parent_id": ID, "metadata": {}, "archived_at": null,
        "role": "member", "created_at": "2026-11-01T00:00:00Z", "updated_at": "2026-11-01T00:00:00Z",
    })
}

fn page(items: &[Value], next_cursor: Option<&str>, total: u64) -> Value {
    json!({"data": items, "pagination": {"next_cursor": next_cursor, "has_more": next_cursor.is_some(), "total": total, "total_capped": false}})
}

async fn start() -> (Gateway, Browser) {
    let gateway = Gateway::start().await;
    let browser = gateway.planted_session().await;
    (gateway, browser)
}

#[tokio::test]
async fn lists_have_the_references_envelope() {
    let (gateway, browser) = start().await;
    gateway.peers.answers("GET /clients", 200, page(&[client("a"), client("b")], Some("next"), 150));
    let answer = browser.bare().get("/api/clients?q=el&type=customer&limit=2").await.expect(200).json();
    assert_eq!((&answer["success"], answer["data"].as_array().unwrap().len()), (&json!(true), 2));
    assert_eq!(
        answer["pagination"],
        json!({"page": 1, "page_size": 2, "total": 150, "total_capped": false, "total_pages": 75, "has_more": true, "next_cursor": "next"})
    );
    assert_eq!(answer.get("error"), None);
    assert_eq!(gateway.peers.last().line, "GET /clients?q=el&type=customer&limit=2");
    let answer = browser.bare().get("/api/clients?cursor=abc&pageSize=5").await.expect(200).json();
    assert_eq!((&answer["pagination"]["page"], &answer["pagination"]["page_size"]), (&json!(null), &json!(5)));
    assert_eq!(gateway.peers.last().line, "GET /clients?cursor=abc&limit=5");
    assert_eq!(browser.bare().get("/api/clients?colour=red").await.expect(422).fields(), ["colour"]);
    assert_eq!(browser.bare().get("/api/clients?limit=0").await.expect(422).fields(), ["limit"]);
}

#[tokio::test]
async fn the_services_are_asked_in_the_users_name() {
    let (gateway, browser) = start().await;
    gateway.peers.answers("GET /clients/a", 200, client("a"));
    let api = browser.bare().with_header("x-request-id", "trace-me");
    let answer = api.get("/api/clients/a").await.expect(200).json();
    assert_eq!((&answer["success"], &answer["data"]["slug"]), (&json!(true), &json!("a")));
    let asked = gateway.peers.last();
    assert_eq!(asked.headers["x-request-id"], "trace-me");
    let token = asked.headers["authorization"].to_str().unwrap().strip_prefix("Bearer ").unwrap();
    let principal = gateway.identity.verifier(Service::Smm).verify(token).unwrap();
    assert_eq!(principal, Principal::User(gateway.member_id()));
    assert!(gateway.identity.verifier(Service::Cpm).verify(token).is_err(), "a token is for one service");
    assert!(!asked.headers.contains_key("cookie"));
}

#[tokio::test]
async fn clients_by_slug_and_by_id() {
    let (gateway, browser) = start().await;
    gateway.peers.answers("GET /clients/ohio-paving", 200, client("ohio-paving"));
    gateway.peers.answers(&format!("PUT /clients/{ID}"), 200, client("renamed"));
    gateway.peers.answers(&format!("DELETE /clients/{ID}"), 204, json!(null));
    gateway.peers.answers("POST /clients", 201, client("new"));
    let hierarchy =
        json!({"client": client("ohio-paving"), "parent": null, "ancestors": [], "children": [], "descendants": []});
    gateway.peers.answers(&format!("GET /clients/{ID}/hierarchy"), 200, hierarchy);
    let api = browser.api();
    let answer = api.put("/api/clients/ohio-paving", &json!({"name": "Renamed"})).await.expect(200).json();
    assert_eq!(answer["data"]["slug"], "renamed");
    assert_eq!(gateway.peers.last().body, json!({"name": "Renamed"}));
    assert_eq!(
        api.delete(&format!("/api/clients/{ID}")).await.expect(200).json(),
        json!({"success": true, "data": null})
    );
    let _ = api.get("/api/clients/ohio-paving/hierarchy").await.expect(200);
    let new = json!({"name": "New", "type": "customer", "parent_id": ID});
    assert_eq!(api.post("/api/clients", &new).await.expect(201).json()["data"]["slug"], "new");
    assert_eq!(api.put("/api/clients/ohio-paving", &json!({"nmae": "x"})).await.expect(422).fields(), ["nmae"]);
    assert_eq!(api.get("/api/clients/nobody").await.expect(404).code(), "not_found");
}

#[tokio::test]
async fn the_hierarchy_and_its_people_are_reached_by_slug() {
    let (gateway, browser) = start().await;
    let api = browser.api();
    let user = "0191d0a0-0000-7000-8000-0000000000c1";
    let member = json!({"user_id": user, "email": "ann@example.com", "display_name": "Ann", "role": "member", "created_at": "2026-11-01T00:00:00Z"});
    let invitation = json!({"id": JOB, "client_id": ID, "email": "new@example.com", "role": "member", "state": "open", "invited_by": null,
        "created_at": "2026-11-20T00:00:00Z", "expires_at": "2026-11-27T00:00:00Z", "accepted_at": null});
    let deletion = json!({"contents": {"clients": 0, "members": 1, "invitations": 0, "strategies": 0, "seo_rules": 0, "templates": 0,
        "api_keys": 0, "provider_keys": 0, "jobs": 0, "costs": 0}, "empty": false, "blocked_by": null, "confirmation": "seen"});
    let peers = &gateway.peers;
    peers.answers("GET /clients/a", 200, client("a"));
    peers.answers("GET /client-tree", 200, json!({"data": [], "total": 0, "has_more": false}));
    for (line, status, body) in [
        ("POST /clients/ID/move", 200, client("a")),
        ("POST /clients/ID/archive", 200, client("a")),
        ("POST /clients/ID/restore", 200, client("a")),
        ("GET /clients/ID/deletion", 200, deletion),
        ("DELETE /clients/ID", 204, json!(null)),
        ("GET /clients/ID/members", 200, page(std::slice::from_ref(&member), Some("next"), 2)),
        ("PUT /clients/ID/members", 200, member.clone()),
        (format!("PUT /clients/ID/members/{user}").as_str(), 200, member.clone()),
        (format!("DELETE /clients/ID/members/{user}").as_str(), 204, json!(null)),
        ("POST /clients/ID/leave", 204, json!(null)),
        ("GET /clients/ID/invitations", 200, page(std::slice::from_ref(&invitation), None, 1)),
        ("POST /clients/ID/invitations", 201, json!({"invitation": invitation, "token": "secret"})),
        (
            format!("POST /clients/ID/invitations/{JOB}/resend").as_str(),
            200,
            json!({"invitation": invitation, "token": "secret"}),
        ),
        (format!("DELETE /clients/ID/invitations/{JOB}").as_str(), 204, json!(null)),
    ] {
        peers.answers(&line.replace("ID", ID), status, body);
    }
    let _ = api.get("/api/client-tree?depth=2&archived=exclude").await.expect(200);
    assert_eq!(peers.last().line, "GET /client-tree?depth=2&archived=exclude");
    let _ = api.post("/api/clients/a/move", &json!({"parent_id": ID})).await.expect(200);
    assert_eq!(peers.last().body, json!({"parent_id": ID}));
    for what in ["archive", "restore"] {
        assert_eq!(api.post(&format!("/api/clients/a/{what}"), &()).await.expect(200).json()["data"]["slug"], "a");
    }
    assert_eq!(api.get("/api/clients/a/deletion").await.expect(200).json()["data"]["confirmation"], "seen");
    let _ = api.delete("/api/clients/a?confirmation=seen").await.expect(200);
    assert_eq!(peers.last().line, format!("DELETE /clients/{ID}?confirmation=seen"));

    let answer = api.get("/api/clients/a/members?limit=1").await.expect(200).json();
    assert_eq!((&answer["data"][0]["role"], &answer["pagination"]["next_cursor"]), (&json!("member"), &json!("next")));
    let _ = api.put("/api/clients/a/members", &json!({"email": "ann@example.com", "role": "member"})).await.expect(200);
    let _ = api.put(&format!("/api/clients/a/members/{user}"), &json!({"role": "viewer"})).await.expect(200);
    let bad = api.put(&format!("/api/clients/a/members/{user}"), &json!({"role": "king"})).await.expect(422);
    assert_eq!(bad.fields(), ["role"]);
    let _ = api.delete(&format!("/api/clients/a/members/{user}")).await.expect(200);
    assert_eq!(api.post("/api/clients/a/leave", &()).await.expect(200).json(), json!({"success": true, "data": null}));

    let invite = json!({"email": "new@example.com", "role": "member"});
    assert_eq!(api.post("/api/clients/a/invitations", &invite).await.expect(201).json()["data"]["token"], "secret");
    let _ = api.get("/api/clients/a/invitations?state=open").await.expect(200);
    assert!(peers.last().line.contains("state=open"));
    let _ = api.post(&format!("/api/clients/a/invitations/{JOB}/resend"), &()).await.expect(200);
    let _ = api.delete(&format!("/api/clients/a/invitations/{JOB}")).await.expect(200);
    peers.answers("POST /invitations/accept", 200, json!({"client_id": ID, "role": "member"}));
    let _ = api.post("/api/invitations/accept", &json!({"token": "secret"})).await.expect(200);
    assert_eq!(peers.last().body, json!({"token": "secret"}));
}

#[tokio::test]
async fn strategies_and_rules_have_versions() {
    let (gateway, browser) = start().await;
    let (api, peers) = (browser.api(), &gateway.peers);
    let info = json!({"version": 1, "is_current": true, "restored_from": null, "note": null, "author": null, "created_at": "2026-11-01T00:00:00Z"});
    let mut summary = info.clone();
    summary["changed"] = json!(["tone"]);
    let guide = json!({"content_type": "blog_post", "strategy": [], "seo_rules": [], "platforms": []});
    peers.answers("GET /strategy-guide", 200, guide);
    let _ = api.get("/api/strategy-guide?content_type=blog_post").await.expect(200);
    for (kind, fields, id, times) in [
        ("strategies", "configuration", "strategy_id", json!({"name": "Blog"})),
        ("seo-rules", "rules", "seo_rules_id", json!({})),
    ] {
        let mut whole = json!({"id": JOB, "client_id": ID, "content_type": "blog_post", "is_active": true, "version": 2,
            "created_at": "2026-11-01T00:00:00Z", "updated_at": "2026-11-01T00:00:00Z"});
        whole[fields] = json!({});
        whole.as_object_mut().unwrap().extend(times.as_object().unwrap().clone());
        let mut version = info.clone();
        version[id] = json!(JOB);
        version[fields] = json!({});
        version.as_object_mut().unwrap().extend(times.as_object().unwrap().clone());
        let mut analytics = json!({"since": "2026-11-01T00:00:00Z", "versions": []});
        analytics[id] = json!(JOB);
        peers.answers(&format!("GET /clients/{ID}/{kind}"), 200, page(std::slice::from_ref(&whole), None, 1));
        peers.answers(&format!("GET /{kind}/{JOB}"), 200, whole.clone());
        peers.answers(&format!("GET /{kind}/{JOB}/versions"), 200, page(std::slice::from_ref(&summary), None, 1));
        peers.answers(&format!("GET /{kind}/{JOB}/versions/1"), 200, version);
        peers.answers(&format!("GET /{kind}/{JOB}/compare"), 200, json!({"from": info, "to": info, "changes": []}));
        peers.answers(&format!("POST /{kind}/{JOB}/versions/1/restore"), 200, whole);
        peers.answers(&format!("GET /analytics/{kind}/{JOB}"), 200, analytics);
        let _ = api.get(&format!("/api/clients/{ID}/{kind}?deleted=true")).await.expect(200);
        assert_eq!(peers.last().line, format!("GET /clients/{ID}/{kind}?deleted=true"));
        for path in ["", "/versions?limit=5", "/versions/1", "/compare?from=1&to=2"] {
            let _ = api.get(&format!("/api/{kind}/{JOB}{path}")).await.expect(200);
        }
        assert_eq!(peers.last().line, format!("GET /{kind}/{JOB}/compare?from=1&to=2"));
        let _ = api.get(&format!("/api/analytics/{kind}/{JOB}?days=30")).await.expect(200);
        let _ = api.post(&format!("/api/{kind}/{JOB}/versions/1/restore"), &json!({"version": 2})).await.expect(200);
        assert_eq!(peers.last().body, json!({"version": 2}));
        assert_eq!(api.get(&format!("/api/{kind}/{JOB}/versions/x")).await.expect(404).code(), "not_found");
        assert_eq!(api.get(&format!("/api/{kind}/{JOB}/compare?from=x")).await.expect(422).fields(), ["from"]);
        let error = json!({"error": {"code": "version_conflict", "message": "version 3 was saved", "details": []}});
        peers.answers(&format!("POST /{kind}/{JOB}/versions/1/restore"), 409, error);
        let refused = api.post(&format!("/api/{kind}/{JOB}/versions/1/restore"), &json!({})).await.expect(409);
        assert_eq!(refused.code(), "version_conflict");
    }
}

#[tokio::test]
async fn generating_passes_the_idempotency_key_on() {
    let (gateway, browser) = start().await;
    let accepted = json!({"job_id": JOB, "status": "pending", "estimated_completion": null});
    gateway.peers.answers("POST /generate", 200, accepted.clone());
    let request = json!({"client_id": "cincinnati-electrician", "content_type": "blog", "topic": "Panels"});
    let api = browser.api().with_header("idempotency-key", "once");
    for (path, status) in [("/api/content/generate", 200), ("/api/jobs", 201)] {
        let answer = api.post(path, &request).await.expect(status).json();
        assert_eq!(answer, json!({"success": true, "data": accepted}), "{path}");
        let asked = gateway.peers.last();
        assert_eq!(asked.headers["idempotency-key"], "once");
        assert_eq!(
            (&asked.body["client_id"], &asked.body["content_type"]),
            (&json!("cincinnati-electrician"), &json!("blog_post"))
        );
    }
    let mut foreign = request.clone();
    foreign["user_id"] = json!(gateway.tenants.stranger);
    assert_eq!(api.post("/api/content/generate", &foreign).await.expect(422).fields(), ["user_id"]);
    let mut unknown = request;
    unknown["colour"] = json!("red");
    assert_eq!(api.post("/api/content/generate", &unknown).await.expect(422).fields(), ["colour"]);
    assert_eq!(api.post_bytes("/api/content/generate", "{").await.expect(400).code(), "malformed_json");
    let _ = api.post_bytes("/api/content/generate", vec![b' '; 2 << 20]).await.expect(413);
}

#[tokio::test]
async fn a_job_can_only_be_cancelled() {
    let (gateway, browser) = start().await;
    gateway.peers.answers(&format!("DELETE /jobs/{JOB}"), 200, json!({"job_id": JOB, "status": "cancelled"}));
    let path = format!("/api/jobs/{JOB}");
    let api = browser.api();
    assert_eq!(api.put(&path, &json!({"status": "cancelled"})).await.expect(200).json()["data"]["status"], "cancelled");
    assert_eq!(api.delete(&path).await.expect(200).json()["data"]["status"], "cancelled");
    for body in [json!({"status": "completed"}), json!({"status": "gone"})] {
        assert_eq!(api.put(&path, &body).await.expect(422).fields(), ["status"]);
    }
    assert_eq!(api.put(&path, &json!({"topic": "x"})).await.expect(422).code(), "validation_failed");
    assert_eq!(api.get("/api/jobs/not-an-id").await.expect(404).code(), "not_found");
    gateway.peers.answers("GET /jobs", 200, page(&[], None, 45));
    let answer = api.get("/api/jobs?page=2&pageSize=20&status=failed").await.expect(200).json();
    assert_eq!((&answer["pagination"]["page"], &answer["pagination"]["total_pages"]), (&json!(2), &json!(3)));
    assert_eq!(gateway.peers.last().line, "GET /jobs?status=failed&page=2&page_size=20");
}

#[tokio::test]
async fn templates_and_providers_are_reached() {
    let (gateway, browser) = start().await;
    gateway.peers.answers("GET /templates", 200, page(&[], None, 0));
    gateway.peers.answers("GET /clients/ohio-paving", 200, client("ohio-paving"));
    let verdict = json!({"valid": true, "problems": [], "variables": ["topic"], "preview": "x"});
    gateway.peers.answers("POST /templates/validate", 200, verdict.clone());
    let providers = json!({"default_provider": "sample", "providers": [], "prices_as_of": "2026-11-01"});
    gateway.peers.answers("GET /providers/status", 200, providers);
    let api = browser.api();
    let _ = api.get("/api/content/templates?client_id=ohio-paving&content_type=blog_post").await.expect(200);
    assert_eq!(gateway.peers.last().line, format!("GET /templates?client_id={ID}&content_type=blog_post&limit=20"));
    let template = json!({"content_type": "blog_post", "template": "{{ topic }}"});
    assert_eq!(api.post("/api/content/templates/validate", &template).await.expect(200).json()["data"], verdict);
    assert_eq!(api.get("/api/providers/status").await.expect(200).json()["data"]["default_provider"], "sample");
}

#[tokio::test]
async fn refusals_keep_their_status_code_and_fields() {
    let (gateway, browser) = start().await;
    let error = |code: &str, details: Value| json!({"error": {"code": code, "message": "why", "details": details, "request_id": "theirs"}});
    let details = json!([{"field": "topic", "message": "is required"}]);
    let path = format!("/api/jobs/{JOB}");
    for (status, code, details, shown) in [
        (402, "budget_exceeded", json!([]), (402, "budget_exceeded")),
        (404, "not_found", json!([]), (404, "not_found")),
        (409, "job_has_ended", json!([]), (409, "job_has_ended")),
        (422, "validation_failed", details.clone(), (422, "validation_failed")),
        (429, "rate_limited", json!([]), (429, "rate_limited")),
        (503, "provider_not_configured", json!([]), (503, "provider_not_configured")),
        (401, "unauthorized", json!([]), (503, "cpm_unavailable")),
        (500, "internal_error", json!([]), (500, "internal_error")),
    ] {
        gateway.peers.answers(&format!("GET /jobs/{JOB}"), status, error(code, details.clone()));
        let answer = browser.bare().with_header("x-request-id", "ours").get(&path).await;
        assert_eq!((answer.status.as_u16(), answer.code().as_str()), shown, "{status}");
        let body = answer.json();
        assert_eq!((&body["success"], &body["error"]["request_id"]), (&json!(false), &json!("ours")));
        assert_eq!(body.get("data"), None);
        if status == 422 {
            assert_eq!(body["error"]["details"], details);
        }
        if status >= 500 && status != 503 {
            assert!(!answer.text.contains("why"), "{}", answer.text);
        }
    }
}

#[tokio::test]
async fn a_service_that_is_away_is_named() {
    let (mut gateway, browser) = start().await;
    gateway.peers.server.stop().await;
    for (path, code) in [
        ("/api/clients", "smm_unavailable"),
        ("/api/content/templates", "im_unavailable"),
        ("/api/providers/status", "cpm_unavailable"),
        ("/api/jobs", "cpm_unavailable"),
    ] {
        let answer = browser.bare().get(path).await.expect(503);
        assert_eq!(answer.code(), code);
        assert!(answer.headers.contains_key("retry-after"), "{path}");
    }
    let health = gateway.anonymous().get("/api/health").await.expect(200).json();
    assert_eq!(health["status"], "degraded");
    for name in ["cpm", "im", "smm"] {
        assert_eq!(health["services"][name]["status"], "unavailable");
    }
    assert_eq!(health["services"]["database"]["status"], "ok");
    gateway.peers.server.start_again().await;
    gateway.peers.answers(
        "GET /providers/status",
        200,
        json!({"default_provider": "sample", "providers": [], "prices_as_of": "x"}),
    );
    let _ = browser.bare().get("/api/providers/status").await.expect(200);
}

#[tokio::test]
async fn unknown_paths_and_methods_have_the_envelope_too() {
    let (gateway, browser) = start().await;
    let answer = gateway.anonymous().get("/api/nothing").await.expect(404).json();
    assert_eq!((&answer["success"], &answer["error"]["code"]), (&json!(false), &json!("not_found")));
    let answer = browser.api().request(Method::PATCH, "/api/jobs", None::<&()>).await.expect(405);
    assert_eq!((answer.code().as_str(), answer.json()["success"].as_bool()), ("method_not_allowed", Some(false)));
    assert!(answer.headers.contains_key("allow"));
}

#[tokio::test]
async fn the_description_has_every_documented_route() {
    let gateway = Gateway::start().await;
    let openapi = gateway.anonymous().get("/openapi.json").await.expect(200).json();
    for path in [
        "/api/clients/{id}",
        "/api/jobs/{id}/events",
        "/api/content/generate",
        "/api/auth/login",
        "/api/client-tree",
        "/api/clients/{id}/members/{user}",
        "/api/clients/{id}/invitations/{invitation}/resend",
        "/api/seo-rules/{id}/versions/{version}/restore",
        "/api/strategy-guide",
        "/api/analytics/strategies/{id}",
        "/api/jobs/{id}/content",
        "/api/jobs/{id}/versions/{version}/restore",
        "/api/jobs/{id}/approval",
        "/api/clients/{id}/budget",
        "/api/clients/{id}/budget/cap",
        "/api/clients/{id}/budgets",
        "/api/clients/{id}/usage",
        "/api/clients/{id}/costs",
        "/api/clients/{id}/retention",
    ] {
        assert!(openapi["paths"][path].is_object(), "{path}");
    }
}

/// What people make of a text, and what they think of it: passed on to content production, in the envelope.
#[tokio::test]
async fn texts_are_edited_and_judged_by_people() {
    let (gateway, browser) = start().await;
    let (api, peers) = (browser.api(), &gateway.peers);
    let path = format!("/jobs/{ID}");
    let info = json!({"version": 1, "is_current": true, "title": "Fuses", "word_count": 2, "quality_score": 80, "changed": 0.5, "restored_from": null,
        "note": null, "author": null, "created_at": "2026-11-20T00:00:00Z"});
    let mut version = info.clone();
    version["result"] =
        json!({"content": "New text.", "title": "Fuses", "meta_description": null, "word_count": 2, "quality": {}});
    let approval = json!({"verdict": "approved", "version": 1, "is_current": true, "note": null, "author": null, "created_at": "2026-11-20T00:00:00Z"});
    let page = |rows: serde_json::Value| json!({"data": rows, "pagination": {"next_cursor": "more", "has_more": true, "total": null, "total_capped": false}});
    peers.answers(&format!("PUT {path}/content"), 200, version.clone());
    peers.answers(&format!("GET {path}/versions"), 200, page(json!([info])));
    peers.answers(&format!("GET {path}/versions/1"), 200, version.clone());
    peers.answers(&format!("POST {path}/versions/0/restore"), 200, version);
    peers.answers(&format!("GET {path}/approval"), 200, page(json!([approval])));
    peers.answers(&format!("POST {path}/approval"), 200, approval);

    let edit = json!({"version": 0, "content": "New text."});
    let saved = api.put(&format!("/api{path}/content"), &edit).await.expect(200).json();
    assert_eq!((&saved["success"], &saved["data"]["result"]["content"]), (&json!(true), &json!("New text.")));
    assert_eq!(peers.last().body, edit);
    let listed = api.get(&format!("/api{path}/versions?limit=1")).await.expect(200).json();
    assert_eq!((&listed["data"][0]["version"], &listed["pagination"]["next_cursor"]), (&json!(1), &json!("more")));
    assert_eq!(peers.last().line, format!("GET {path}/versions?limit=1"));
    assert_eq!(api.get(&format!("/api{path}/versions/1")).await.expect(200).json()["data"]["version"], 1);
    let _ = api.post(&format!("/api{path}/versions/0/restore"), &json!({"version": 1})).await.expect(200);
    let verdicts = api.get(&format!("/api{path}/approval?limit=1&cursor=abc")).await.expect(200).json();
    assert_eq!(verdicts["data"][0]["verdict"], "approved");
    assert_eq!(peers.last().line, format!("GET {path}/approval?cursor=abc&limit=1"));
    let given = json!({"verdict": "approved", "version": 1});
    assert_eq!(api.post(&format!("/api{path}/approval"), &given).await.expect(200).json()["data"]["is_current"], true);

    peers.answers(
        &format!("PUT {path}/content"),
        409,
        json!({"error": {"code": "client_archived", "message": "the client is archived", "request_id": "theirs"}}),
    );
    let refused = api.put(&format!("/api{path}/content"), &edit).await.expect(409);
    assert_eq!((refused.code().as_str(), &refused.json()["success"]), ("client_archived", &json!(false)));
    let _ = gateway.anonymous().put(&format!("/api{path}/content"), &edit).await.expect(401);
}

#[tokio::test]
async fn how_long_things_are_kept_is_asked_of_strategy_management() {
    let (gateway, browser) = start().await;
    let value = |days: Value| json!({"days": days, "level": "root", "client_id": ID, "client_name": "HG Content"});
    let kept = json!({"jobs": value(json!(730)), "logs": value(Value::Null)});
    let peers = &gateway.peers;
    peers.answers("GET /clients/hg-content", 200, client("hg-content"));
    peers.answers(&format!("GET /clients/{ID}/retention"), 200, kept.clone());
    peers.answers(&format!("PUT /clients/{ID}/retention"), 200, kept.clone());
    let (api, path) = (browser.api(), "/api/clients/hg-content/retention");
    assert_eq!(api.get(path).await.expect(200).json(), json!({"success": true, "data": kept}));
    // For ever is said, what is left out isn't.
    assert_eq!(api.put(path, &json!({"jobs_days": null})).await.expect(200).json()["data"], kept);
    assert_eq!(peers.last().body, json!({"jobs_days": null}));
    assert_eq!(api.put(path, &json!({"job_days": 30})).await.expect(422).fields(), ["job_days"]);
    let shorter = json!([{"field": "logs_days", "message": "must be at least 400 days, as HG Content says"}]);
    let refused = json!({"error": {"code": "validation_failed", "message": "no", "details": shorter}});
    peers.answers(&format!("PUT /clients/{ID}/retention"), 422, refused);
    assert_eq!(api.put(path, &json!({"logs_days": 30})).await.expect(422).fields(), ["logs_days"]);
    let _ = browser.bare().put(path, &json!({"logs_days": 30})).await.expect(403);
    let _ = gateway.anonymous().get(path).await.expect(401);
}

#[tokio::test]
async fn money_is_asked_of_content_production_for_one_client_and_what_is_below() {
    let (gateway, browser) = start().await;
    gateway.peers.answers("GET /clients/ohio-paving", 200, client("ohio-paving"));
    let state = json!({
        "starts_on": "2026-11-21", "resets_at": "2026-11-22T00:00:00Z", "limit_usd": null, "own_limit_usd": null, "cap_usd": null,
        "spent_usd": "1", "spent": {"charged_usd": "1", "failed_usd": "0", "cancelled_usd": "0", "unknown_usd": "0"},
        "reserved_usd": "0", "left_usd": null, "over_usd": "0", "warning_percent": null, "warnings": [],
    });
    let budget =
        json!({"client_id": ID, "client_name": "Ohio", "client_slug": "ohio-paving", "day": state, "month": state});
    let figures = json!({
        "total_usd": "1", "by_heading": {"charged_usd": "1", "failed_usd": "0", "cancelled_usd": "0", "unknown_usd": "0"},
        "by_knowledge": {"reported_usd": "1", "computed_usd": "0", "estimated_usd": "0", "unknown_usd": "0"},
    });
    let used = json!({"results": 1, "calls": 1, "input_tokens": 1, "cached_tokens": 0, "output_tokens": 1, "reasoning_tokens": 0});
    let over = |totals: &Value| json!({"from": "2026-11-01", "to": "2026-11-21", "totals": totals, "data": [], "others": null});
    let peers = &gateway.peers;
    peers.answers(&format!("GET /clients/{ID}/budget"), 200, budget.clone());
    peers.answers(&format!("PUT /clients/{ID}/budget"), 200, budget.clone());
    let refused = json!({"error": {"code": "forbidden", "message": "capping a client's limits needs the role admin on its parent", "details": []}});
    peers.answers(&format!("PUT /clients/{ID}/budget/cap"), 403, refused);
    peers.answers("GET /budgets", 200, page(&[budget], Some("next"), 3));
    peers.answers("GET /costs", 200, over(&figures));
    peers.answers("GET /usage", 200, over(&used));
    let api = browser.api();
    let base = "/api/clients/ohio-paving";
    assert_eq!(api.get(&format!("{base}/budget")).await.expect(200).json()["data"]["client_slug"], "ohio-paving");
    let limits = json!({"daily_usd": "5.000000000", "monthly_usd": null});
    drop(api.put(&format!("{base}/budget"), &limits).await.expect(200));
    assert_eq!(peers.last().body, limits);
    assert_eq!(
        api.put(&format!("{base}/budget"), &json!({"daily_usd": "5"})).await.expect(422).fields(),
        ["monthly_usd"]
    );
    assert_eq!(api.put(&format!("{base}/budget/cap"), &limits).await.expect(403).code(), "forbidden");
    let listed = api.get(&format!("{base}/budgets?warned=true&limit=1")).await.expect(200).json();
    assert_eq!(listed["pagination"]["next_cursor"], "next");
    assert_eq!(peers.last().line, format!("GET /budgets?client_id={ID}&warned=true&limit=1"));
    assert_eq!(
        api.get(&format!("{base}/costs?group_by=day&limit=366")).await.expect(200).json()["data"]["totals"]["total_usd"],
        "1.000000000"
    );
    assert_eq!(peers.last().line, format!("GET /costs?client_id={ID}&group_by=day&limit=366"));
    drop(api.get(&format!("{base}/usage?from=2026-11-01")).await.expect(200));
    assert_eq!(peers.last().line, format!("GET /usage?client_id={ID}&from=2026-11-01"));
    // Of another client nobody asks through this one.
    assert_eq!(api.get(&format!("{base}/costs?client_id=other")).await.expect(422).fields(), ["client_id"]);
}
