//! The table of routes: nothing is served without a rule, and nothing personal without a session.

use hg_common::http::{Access, registered_paths};
use serde_json::{Value, json};
use uuid::Uuid;

use crate::harness::Gateway;

/// What strangers may ask for. A new public route has to be added here, on purpose.
const PUBLIC: [&str; 17] = [
    "GET /api/auth/session",
    "GET /api/health",
    "GET /assets/{file}",
    "GET /docs",
    "GET /docs/",
    "GET /docs/{*rest}",
    "GET /health",
    "GET /health/live",
    "GET /invitations/{token}",
    "GET /login",
    "GET /metrics",
    "GET /openapi.json",
    "GET /reset/{token}",
    "POST /api/auth/login",
    "POST /invitations/{token}",
    "POST /login",
    "POST /reset/{token}",
];

#[tokio::test]
async fn the_public_routes_are_these() {
    let gateway = Gateway::start().await;
    let mut public: Vec<String> = gateway
        .app
        .table
        .routes()
        .iter()
        .filter(|route| route.access == Access::Public)
        .map(|route| format!("{} {}", route.method, route.path))
        .collect();
    public.sort();
    assert_eq!(public, PUBLIC);
    assert_eq!(registered_paths(&gateway.app.router), gateway.app.table.paths());
}

#[tokio::test]
async fn the_description_names_credentials_and_what_may_always_be_answered() {
    let gateway = Gateway::start().await;
    let document = gateway.anonymous().get("/openapi.json").await.expect(200).json();
    let schemes = &document["components"]["securitySchemes"];
    assert_eq!(
        (&schemes["session"]["in"], &schemes["session"]["name"]),
        (&json!("cookie"), &json!("__Host-hg_session"))
    );
    assert_eq!((&schemes["csrf"]["in"], &schemes["csrf"]["name"]), (&json!("header"), &json!("x-csrf-token")));
    let clients = &document["paths"]["/api/clients"];
    assert_eq!(clients["get"]["security"], json!([{"session": []}]));
    assert_eq!(clients["post"]["security"], json!([{"csrf": [], "session": []}]));
    assert_eq!(document["paths"]["/api/auth/login"]["post"]["security"], json!([]));
    for status in ["401", "429", "500", "503"] {
        assert!(clients["get"]["responses"][status].is_object(), "{status}: {clients}");
    }
    for status in ["400", "403", "413"] {
        assert!(clients["get"]["responses"][status].is_null(), "{status}: {clients}");
        assert!(clients["post"]["responses"][status].is_object(), "{status}: {clients}");
    }
    let mut references = Vec::new();
    collect_references(&document, &mut references);
    assert!(!references.is_empty());
    for reference in references {
        assert!(document.pointer(reference.trim_start_matches('#')).is_some(), "{reference} leads nowhere");
    }
}

fn collect_references(value: &Value, found: &mut Vec<String>) {
    match value {
        Value::Object(fields) => {
            found.extend(fields.get("$ref").and_then(Value::as_str).map(str::to_owned));
            fields.values().for_each(|value| collect_references(value, found));
        }
        Value::Array(items) => items.iter().for_each(|value| collect_references(value, found)),
        _ => {}
    }
}

#[tokio::test]
async fn strangers_are_refused_everywhere_else() {
    let gateway = Gateway::start().await;
    let id = Uuid::now_v7().to_string();
    let mut tried = 0;
    for route in gateway.app.table.routes().iter().filter(|route| route.access != Access::Public) {
        assert_eq!(
            route.access,
            Access::Session,
            "{} {}: nobody but browsers calls the gateway",
            route.method,
            route.path
        );
        let path = concrete(&route.path, &id);
        assert!(!path.contains('{'), "{path}: tell this test what to put there");
        let what = format!("{} {path}", route.method);
        let plain = gateway.anonymous().request(route.method.clone(), &path, None::<&()>).await;
        assert_eq!((plain.status.as_u16(), plain.code().as_str()), (401, "unauthorized"), "{what}");
        let browser = gateway.anonymous().with_header("accept", "text/html,*/*;q=0.8");
        let answer = browser.request(route.method.clone(), &path, None::<&()>).await;
        if path.starts_with("/api/") {
            assert_eq!((answer.status.as_u16(), answer.json()["success"].as_bool()), (401, Some(false)), "{what}");
        } else {
            assert_eq!(answer.status.as_u16(), 303, "{what}");
            assert!(answer.headers["location"].to_str().unwrap().starts_with("/login"), "{what}");
        }
        tried += 1;
    }
    assert!(tried > 90, "{tried}");
    assert!(gateway.peers.lines().iter().all(|line| line == "GET /health/live"), "no other service was asked");
}

/// A path with something in place of its parameters.
fn concrete(path: &str, id: &str) -> String {
    let path = path.replace("{api_key}", id).replace("{provider_key}", id).replace("{key}", id);
    let filled = path.replace("{id}", id).replace("{user}", id).replace("{invitation}", id).replace("{job}", id);
    filled.replace("{slug}", "ohio-paving").replace("{content_type}", "blog_post").replace("{version}", "3")
}

#[tokio::test]
async fn the_way_back_is_kept() {
    let gateway = Gateway::start().await;
    let answer = gateway.browser().page("/jobs/1/events?after=3&x=y").await.expect(303);
    assert_eq!(answer.headers["location"], "/login?next=%2Fjobs%2F1%2Fevents%3Fafter%3D3%26x%3Dy");
    let answer = gateway.browser().submit("/logout", &[]).await.expect(303);
    assert_eq!(answer.headers["location"], "/login");
}
