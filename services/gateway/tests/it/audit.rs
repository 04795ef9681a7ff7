//! What happens to accounts is on record: with whose account, from where, and without any secret.

use hg_common::crypto::{sha256, token_256};
use hg_testkit::until_some;
use serde_json::{Value, json};

use crate::harness::{EMAIL, Gateway, PASSWORD};

type Entry = (String, String, Option<uuid::Uuid>, Option<String>, Option<Value>, Option<Value>);

impl Gateway {
    /// What is on record about the member's account under this action, the newest.
    async fn entry(&self, action: &'static str) -> Option<Entry> {
        sqlx::query_as(
            "SELECT l.action, l.actor_kind::text, l.actor_id, l.service, o.value::jsonb, c.value::jsonb FROM audit_log l
               LEFT JOIN audit_values o ON o.audit_id = l.id AND o.part = 'origin'
               LEFT JOIN audit_values c ON c.audit_id = l.id AND c.part = 'change'
              WHERE l.subject_id = $1 AND l.action = $2 AND l.client_id IS NULL AND l.service = 'gateway' ORDER BY l.id DESC LIMIT 1",
        )
        .bind(self.member_id().uuid())
        .bind(action)
        .fetch_optional(&mut self.db.superuser().await)
        .await
        .unwrap()
    }
}

#[tokio::test]
async fn sign_ins_refused_ones_and_new_passwords_are_on_record() {
    let gateway = Gateway::with(&[("TRUSTED_PROXIES", "127.0.0.0/8")]).await;
    let member = gateway.member_id().uuid();
    let from = |address: &str| gateway.anonymous().with_header("x-forwarded-for", address);
    let _ =
        from("198.51.100.7").post("/api/auth/login", &json!({"email": EMAIL, "password": PASSWORD})).await.expect(200);
    let (_, kind, actor, service, origin, change) = gateway.entry("session.created").await.unwrap();
    assert_eq!((kind.as_str(), actor, service.as_deref()), ("person", Some(member), Some("gateway")));
    assert_eq!(origin, Some(json!({"address": "198.51.100.7", "email": EMAIL})));
    assert!(change.unwrap()["after"]["user_agent"].is_string());

    let wrong = json!({"email": EMAIL, "password": "not the right one"});
    let _ = from("198.51.100.8").post("/api/auth/login", &wrong).await.expect(401);
    let (_, kind, actor, _, origin, _) =
        until_some("the refusal is on record", || gateway.entry("account.login_refused")).await;
    assert_eq!((kind.as_str(), actor), ("service", None), "nobody proved who they are");
    assert_eq!(origin, Some(json!({"address": "198.51.100.8"})));

    let token = token_256();
    sqlx::query(
        "INSERT INTO auth.reset_tokens (token_hash, user_id, expires_at) VALUES ($1, $2, now() + interval '1 hour')",
    )
    .bind(&sha256(&token)[..])
    .bind(member)
    .execute(&mut gateway.db.superuser().await)
    .await
    .unwrap();
    let done =
        gateway.browser().submit(&format!("/reset/{token}"), &[("password", "an entirely different phrase")]).await;
    let _ = done.expect(303);
    for action in ["account.password_set", "password_link.used", "session.revoked"] {
        let (_, kind, actor, _, origin, change) = gateway.entry(action).await.unwrap_or_else(|| panic!("{action}"));
        assert_eq!((kind.as_str(), actor), ("person", Some(member)), "{action}: whoever holds the link");
        assert_eq!(origin.unwrap()["address"], "127.0.0.1", "{action}");
        if action == "account.password_set" {
            assert_eq!(change, Some(json!({"secret": ["password_hash"]})));
        }
    }
}
