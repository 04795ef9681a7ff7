//! Every combination of where a request says it comes from and what token it shows.

use http::Method;
use serde_json::json;

use crate::harness::Gateway;

const OWN: &str = "http://gateway.localhost:3000";

/// Headers that say where a request comes from, and whether that is our own.
fn origins(host: &str) -> Vec<(Vec<(&'static str, String)>, bool)> {
    let one = |name: &'static str, value: &str| vec![(name, value.to_owned())];
    vec![
        (one("sec-fetch-site", "same-origin"), true),
        (one("sec-fetch-site", "none"), true),
        (one("sec-fetch-site", "same-site"), false),
        (one("sec-fetch-site", "cross-site"), false),
        (one("origin", OWN), true),
        (one("origin", host), true),
        (one("origin", "https://evil.example"), false),
        (one("origin", "null"), false),
        (vec![("sec-fetch-site", "cross-site".to_owned()), ("origin", OWN.to_owned())], false),
        (Vec::new(), true),
    ]
}

#[tokio::test]
async fn changes_need_both_walls() {
    let gateway = Gateway::start().await;
    let (browser, other) = (gateway.planted_session().await, gateway.planted_session().await);
    assert_ne!(browser.csrf, other.csrf);
    let job = "0191d0a0-0000-7000-8000-000000000000";
    let path = format!("/api/jobs/{job}");
    gateway.peers.answers(&format!("DELETE /jobs/{job}"), 200, json!({"job_id": job, "status": "cancelled"}));
    for (headers, is_own) in origins(&gateway.server.url()) {
        for (token, is_right) in
            [(None, false), (Some(""), false), (Some(other.csrf.as_str()), false), (Some(browser.csrf.as_str()), true)]
        {
            let mut api = browser.bare();
            for (name, value) in &headers {
                api = api.with_header(name, value);
            }
            if let Some(token) = token {
                api = api.with_header("x-csrf-token", token);
            }
            let answer = api.delete(&path).await;
            let allowed = is_own && is_right;
            assert_eq!(
                answer.status.as_u16(),
                if allowed { 200 } else { 403 },
                "{headers:?} {token:?} {}",
                answer.text
            );
            if !allowed {
                assert_eq!(answer.code(), "csrf_failed");
            }
        }
    }
    assert_eq!(
        gateway.peers.lines().len(),
        origins("").iter().filter(|(_, own)| *own).count(),
        "nothing else went through"
    );
    // Reading needs neither.
    let _ = browser.bare().with_header("sec-fetch-site", "cross-site").get("/api/me").await.expect(200);
}

#[tokio::test]
async fn a_form_shows_its_token_in_a_field() {
    let gateway = Gateway::start().await;
    let (browser, other) = (gateway.planted_session().await, gateway.planted_session().await);
    for fields in
        [vec![], vec![("_csrf", "")], vec![("_csrf", other.csrf.as_str())], vec![("csrf", browser.csrf.as_str())]]
    {
        let answer = browser.submit("/logout", &fields).await.expect(403);
        assert!(answer.text.contains("out of date"), "{}", answer.text);
    }
    let foreign = [("sec-fetch-site", "cross-site")];
    let _ = browser.submit_with("/logout", &[("_csrf", &browser.csrf)], &foreign).await.expect(403);
    assert!(browser.is_signed_in().await);
    let _ = browser.submit("/logout", &[("a", "1"), ("_csrf", &browser.csrf)]).await.expect(303);
    assert!(!browser.is_signed_in().await);
}

#[tokio::test]
async fn nobody_is_signed_in_by_another_site() {
    let gateway = Gateway::start().await;
    let fields = [("email", crate::harness::EMAIL), ("password", crate::harness::PASSWORD)];
    for headers in
        [[("sec-fetch-site", "cross-site")], [("sec-fetch-site", "same-site")], [("origin", "https://evil.example")]]
    {
        let _ = gateway.browser().submit_with("/login", &fields, &headers).await.expect(403);
        let api = gateway.anonymous().with_header(headers[0].0, headers[0].1);
        let _ = api.post("/api/auth/login", &json!({"email": fields[0].1, "password": fields[1].1})).await.expect(403);
    }
    let sessions: i64 = sqlx::query_scalar("SELECT count(*) FROM auth.sessions")
        .fetch_one(&mut gateway.db.superuser().await)
        .await
        .unwrap();
    assert_eq!(sessions, 0);
}

#[tokio::test]
async fn an_allowed_origin_passes_the_first_wall_and_gets_cors() {
    let gateway = Gateway::with(&[("ALLOWED_ORIGINS", "https://ally.example")]).await;
    let browser = gateway.planted_session().await;
    let from = |origin: &str| browser.bare().with_header("origin", origin).with_header("sec-fetch-site", "cross-site");
    let answer = from("https://ally.example").get("/api/me").await.expect(200);
    assert_eq!(answer.headers["access-control-allow-origin"], "https://ally.example");
    assert_eq!(answer.headers["access-control-allow-credentials"], "true");
    let answer = from("https://evil.example").get("/api/me").await.expect(200);
    assert!(!answer.headers.contains_key("access-control-allow-origin"));
    // Pages are nobody's business but browsers'.
    let answer = from("https://ally.example").get("/login").await;
    assert!(!answer.headers.contains_key("access-control-allow-origin"));
    let _ = from("https://ally.example").post("/api/auth/logout", &()).await.expect(403);
    let _ = from("https://ally.example")
        .with_header("x-csrf-token", &browser.csrf)
        .post("/api/auth/logout", &())
        .await
        .expect(200);
    let preflight = gateway
        .anonymous()
        .with_header("origin", "https://ally.example")
        .with_header("access-control-request-method", "DELETE")
        .request(Method::OPTIONS, "/api/jobs/1", None::<&()>)
        .await;
    let methods = preflight.headers["access-control-allow-methods"].to_str().unwrap();
    // All that changes something in `/api`: keys are changed with PATCH.
    for method in ["POST", "PUT", "PATCH", "DELETE"] {
        assert!(methods.contains(method), "{method}: {methods}");
    }
}

#[tokio::test]
async fn a_form_that_is_too_large_is_413() {
    let gateway = Gateway::with(&[("MAX_BODY_BYTES", "2000")]).await;
    let browser = gateway.planted_session().await;
    let long = "x".repeat(3000);
    let _ = browser.submit("/logout", &[("a", &long), ("_csrf", &browser.csrf)]).await.expect(413);
}
