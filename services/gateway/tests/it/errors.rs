//! How errors look to a browser.

use crate::harness::Gateway;

#[tokio::test]
async fn browsers_get_pages_and_programs_get_json() {
    let gateway = Gateway::start().await;
    let page = gateway.browser().page("/nothing/here").await.expect(404);
    assert_eq!(page.headers["content-type"], "text/html; charset=utf-8");
    assert!(page.text.contains("There is nothing here"), "{}", page.text);
    let program = gateway.anonymous().get("/nothing/here").await.expect(404);
    assert_eq!(
        (program.headers["content-type"].to_str().unwrap(), program.code().as_str()),
        ("application/json", "not_found")
    );
    let script = gateway.anonymous().with_header("accept", "text/html").with_header("hx-request", "true");
    assert_eq!(script.get("/nothing/here").await.expect(404).code(), "not_found");
    // Also what a browser asks of the API stays JSON.
    let api = gateway.browser().page("/api/nothing").await.expect(404);
    assert_eq!(api.json()["success"], false);
}

#[tokio::test]
async fn whoever_is_signed_in_keeps_the_frame() {
    let gateway = Gateway::start().await;
    let member = gateway.planted_session().await;
    // Also where no route and so no guard was asked.
    for path in ["/nothing/here", "/jobs/not-an-id"] {
        let page = member.page(path).await.expect(404);
        assert!(page.text.contains("There is nothing here"), "{path}");
        assert!(
            page.text.contains("aria-label=\"Main\"") && page.text.contains("action=\"/logout\""),
            "{path}: {}",
            page.text
        );
    }
    let stranger = gateway.browser().page("/nothing/here").await.expect(404);
    assert!(!stranger.text.contains("aria-label=\"Main\""), "{}", stranger.text);
    let forged = member.with_cookie("e30.e30.e30").page("/nothing/here").await.expect(404);
    assert!(!forged.text.contains("aria-label=\"Main\""), "{}", forged.text);
}

#[tokio::test]
async fn our_own_faults_are_opaque_and_name_the_request() {
    let gateway = Gateway::start().await;
    let browser = gateway.planted_session().await;
    let mut db = gateway.db.superuser().await;
    sqlx::raw_sql("ALTER FUNCTION auth.session_lookup(uuid) RENAME TO session_lookup_away")
        .execute(&mut db)
        .await
        .unwrap();
    let page = browser.page("/jobs/0191d0a0-0000-7000-8000-00000000000a/events").await.expect(500);
    assert!(
        page.text.contains("Something went wrong on our side") && !page.text.contains("session_lookup"),
        "{}",
        page.text
    );
    assert!(page.text.contains(page.headers["x-request-id"].to_str().unwrap()));
}
