//! A changed template is on record, with who changed it and from where.

use hg_common::auth::{Principal, Service};
use hg_contracts::im::Template;
use serde_json::{Value, json};

use crate::harness::start;

/// Action, actor, service, origin and change.
type Entry = (String, Option<uuid::Uuid>, Option<String>, Value, Value);

#[tokio::test]
async fn a_saved_template_is_on_record() {
    let im = start().await;
    let t = &im.tenants;
    let person = t.customer_people.member;
    let token = im
        .identity
        .issuer(Service::Gateway)
        .mint_from(Service::Im, &Principal::User(person), Some("203.0.113.9".parse().unwrap()), chrono::Utc::now())
        .unwrap();
    let member = im.anonymous().with_header("authorization", &format!("Bearer {token}"));
    let save = |text: &str| json!({"client_id": t.customer, "name": "Own", "content_type": "blog_post", "system_template": "", "template": text, "variables": ["topic"]});
    let made: Template = member.post("/templates", &save("A {{ topic }}")).await.expect(201).parse();
    let _ = member.put(&format!("/templates/{}", made.id), &save("B {{ topic }}")).await.expect(200);
    let entries: Vec<Entry> = sqlx::query_as(
        "SELECT l.action, l.actor_id, l.service, o.value::jsonb, c.value::jsonb FROM audit_log l
           JOIN audit_values o ON o.audit_id = l.id AND o.part = 'origin' JOIN audit_values c ON c.audit_id = l.id AND c.part = 'change'
          WHERE l.subject_id = $1 AND l.client_id = $2 ORDER BY l.id",
    )
    .bind(made.id.uuid())
    .bind(t.customer.uuid())
    .fetch_all(&mut im.db.superuser().await)
    .await
    .unwrap();
    let [created, updated] = entries.as_slice() else { panic!("{entries:?}") };
    assert_eq!((created.0.as_str(), updated.0.as_str()), ("template.created", "template.updated"));
    assert_eq!((updated.1, updated.2.as_deref()), (Some(person.uuid()), Some("im")));
    assert_eq!(updated.3["address"], "203.0.113.9");
    assert_eq!(
        (&updated.4["before"]["template"], &updated.4["after"]["template"]),
        (&json!("A {{ topic }}"), &json!("B {{ topic }}"))
    );
}
