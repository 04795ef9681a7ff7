//! The page behind an invitation's link, for whoever holds it: in real rows, as the link's functions are the database's.

use hg_common::crypto::{sha256, token_256};
use serde_json::json;

use super::{has, lacks, refusal};
use crate::{
    browser::session_cookie,
    harness::{EMAIL, Gateway, PASSWORD},
};

const NEW: &str = "new.person@example.com";

impl Gateway {
    /// An invitation to the customer, made by its owner.
    async fn plant_invitation(&self, email: &str, changes: &str) -> String {
        let token = token_256();
        let sql = "INSERT INTO invitations (client_id, email, role, token_hash, invited_by) VALUES ($1, $2, 'member', $3, $4)";
        let mut db = self.db.superuser().await;
        sqlx::query(sql)
            .bind(self.tenants.customer.uuid())
            .bind(email)
            .bind(&sha256(&token)[..])
            .bind(self.tenants.customer_people.owner.uuid())
            .execute(&mut db)
            .await
            .unwrap();
        if !changes.is_empty() {
            let sql = sqlx::AssertSqlSafe(format!("UPDATE invitations SET {changes} WHERE token_hash = $1"));
            sqlx::query(sql).bind(&sha256(&token)[..]).execute(&mut db).await.unwrap();
        }
        token
    }
}

#[tokio::test]
async fn somebody_without_an_account_joins_with_a_new_one() {
    let gateway = Gateway::start().await;
    let path = format!("/invitations/{}", gateway.plant_invitation(NEW, "").await);
    let browser = gateway.browser();
    // Looking spends nothing, and neither does what can't be.
    for _ in 0..2 {
        has(&browser.page(&path).await.expect(200).text, &["new-password", "as member", NEW]);
    }
    let weak = browser.submit(&path, &[("name", "New Person"), ("password", "short")]).await.expect(422);
    has(&weak.text, &["at least 12 characters", "value=\"New Person\""]);
    has(
        &browser.submit(&path, &[("name", " "), ("password", PASSWORD)]).await.expect(422).text,
        &["id=\"name-error\""],
    );
    let foreign =
        browser.submit_with(&path, &[("name", "X"), ("password", PASSWORD)], &[("sec-fetch-site", "cross-site")]);
    let _ = foreign.await.expect(403);

    let joined = browser.submit(&path, &[("name", " New   Person "), ("password", PASSWORD)]).await.expect(303);
    assert_eq!(joined.headers["location"], "/clients?notice=joined");
    let signed_in = browser.with_cookie(&session_cookie(&joined.headers).unwrap());
    let me = signed_in.bare().get("/api/me").await.expect(200).json();
    assert_eq!((&me["data"]["email"], &me["data"]["display_name"]), (&json!(NEW), &json!("New Person")));
    let role: String = sqlx::query_scalar("SELECT m.role::text FROM client_users m JOIN auth.users u ON u.id = m.user_id WHERE u.email = $1 AND m.client_id = $2")
        .bind(NEW)
        .bind(gateway.tenants.customer.uuid())
        .fetch_one(&mut gateway.db.superuser().await)
        .await
        .unwrap();
    assert_eq!(role, "member");
    browser.sign_in(NEW, PASSWORD).await;

    has(&browser.page(&path).await.expect(410).text, &["has been used"]);
    let again = browser.submit(&path, &[("name", "X"), ("password", PASSWORD)]).await.expect(410);
    assert!(session_cookie(&again.headers).is_none());
}

#[tokio::test]
async fn whoever_has_an_account_signs_in_and_accepts() {
    let gateway = Gateway::start().await;
    let token = gateway.plant_invitation(EMAIL, "").await;
    let path = format!("/invitations/{token}");
    let stranger = gateway.browser();
    let page = stranger.page(&path).await.expect(200).text;
    has(&page, &[&format!("/login?next=%2Finvitations%2F{token}")]);
    lacks(&page, &["new-password"]);
    // Nobody makes a second account for an address that has one.
    let second = stranger.submit(&path, &[("name", "X"), ("password", PASSWORD)]).await.expect(409);
    has(&second.text, &["the address has an account by now", "role=\"alert\""]);
    let answer =
        stranger.submit("/login", &[("email", EMAIL), ("password", PASSWORD), ("next", &path)]).await.expect(303);
    assert_eq!(answer.headers["location"], path);

    let browser = gateway.planted_session().await;
    has(&browser.page(&path).await.expect(200).text, &["Accept the invitation", &browser.csrf]);
    let _ = browser.submit(&path, &[]).await.expect(403);
    assert!(
        gateway.peers.asked("POST /invitations/accept").is_empty(),
        "without the session's token nothing is accepted"
    );
    let csrf = browser.csrf.clone();
    gateway.peers.answers(
        "POST /invitations/accept",
        503,
        json!({"error": {"code": "database_unavailable", "message": "away"}}),
    );
    has(
        &browser.submit(&path, &[("_csrf", &csrf)]).await.expect(503).text,
        &["doesn’t answer", "Accept the invitation"],
    );
    // Refused though the link is open: that is no success, and it is said.
    for status in [403, 404, 409] {
        gateway.peers.answers("POST /invitations/accept", status, refusal("forbidden", "no", &json!([])));
        let answer = browser.submit(&path, &[("_csrf", &csrf)]).await.expect(409);
        has(&answer.text, &["The invitation could not be accepted", "role=\"alert\"", "Accept the invitation"]);
    }
    gateway.peers.answers(
        "POST /invitations/accept",
        200,
        json!({"client_id": gateway.tenants.customer, "role": "member"}),
    );
    let accepted = browser.submit(&path, &[("_csrf", &csrf)]).await.expect(303);
    assert_eq!(
        accepted.headers["location"].to_str().unwrap(),
        format!("/clients/{}?notice=joined", gateway.tenants.customer)
    );
    assert_eq!(gateway.peers.last().body, json!({"token": token}));
}

#[tokio::test]
async fn somebody_else_is_told_so_and_can_go_on() {
    let gateway = Gateway::start().await;
    let path = format!("/invitations/{}", gateway.plant_invitation(NEW, "").await);
    let browser = gateway.planted_session().await;
    has(
        &browser.page(&path).await.expect(200).text,
        &["The invitation is for another address", EMAIL, "Sign out and go on"],
    );
    let csrf = browser.csrf.clone();
    let _ = browser.submit(&path, &[("_csrf", &csrf), ("name", "X"), ("password", PASSWORD)]).await.expect(409);
    let out = browser.submit("/logout", &[("_csrf", &csrf), ("next", &path)]).await.expect(303);
    assert_eq!(out.headers["location"], path);
    let browser = gateway.planted_session().await;
    let csrf = browser.csrf.clone();
    let out = browser.submit("/logout", &[("_csrf", &csrf), ("next", "https://evil.example/")]).await.expect(303);
    assert_eq!(out.headers["location"], "/login");
}

#[tokio::test]
async fn links_that_open_nothing_say_why() {
    let gateway = Gateway::start().await;
    let browser = gateway.browser();
    let expired = gateway
        .plant_invitation("a@example.com", "sent_at = now() - interval '8 days', expires_at = now() - interval '1 day'")
        .await;
    let revoked = gateway.plant_invitation("b@example.com", "revoked_at = now()").await;
    for (token, status, said) in [
        (expired, 410, "This invitation has expired"),
        (revoked, 410, "This invitation was taken back"),
        (token_256(), 404, "This link opens nothing"),
    ] {
        let path = format!("/invitations/{token}");
        let page = browser.page(&path).await.expect(status);
        has(&page.text, &[said]);
        assert_eq!(page.headers["referrer-policy"], "same-origin");
        assert_eq!(page.headers["cache-control"], "no-store");
        let _ = browser.submit(&path, &[("name", "X"), ("password", PASSWORD)]).await.expect(status);
    }
    for nonsense in ["a%20b", "%3Cscript%3E", &"x".repeat(200)] {
        let _ = browser.page(&format!("/invitations/{nonsense}")).await.expect(404);
    }
}

#[tokio::test]
async fn spending_links_is_throttled() {
    let gateway = Gateway::with(&[("TRUSTED_PROXIES", "127.0.0.0/8")]).await;
    let browser = gateway.planted_session().await;
    let api = browser.api().with_header("x-forwarded-for", "198.51.100.9");
    gateway.peers.answers("POST /invitations/preview", 404, refusal("not_found", "invitation not found", &json!([])));
    let mut tried = 0;
    // Room comes back while this counts.
    while tried < 120 && api.post("/api/invitations/preview", &json!({"token": "x"})).await.status != 429 {
        tried += 1;
    }
    assert!((60..120).contains(&tried), "{tried}");
}
