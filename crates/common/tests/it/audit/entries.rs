//! What an entry says, and what it must never say.

use hg_common::{
    audit::{Actor, Origin, with_origin},
    db::Scope,
    http::{RequestId, with_request_id},
};
use hg_testkit::{Tenants, TestDb};
use serde_json::{Value, json};
use sqlx::PgConnection;
use uuid::Uuid;

use super::run;

#[derive(Debug, sqlx::FromRow)]
struct Row {
    actor_kind: String,
    actor_id: Option<Uuid>,
    service: Option<String>,
    request_id: Option<String>,
    action: String,
    origin: Option<Value>,
    change: Option<Value>,
}

async fn entries(db: &mut PgConnection, subject: Uuid) -> Vec<Row> {
    sqlx::query_as(
        "SELECT l.actor_kind::text AS actor_kind, l.actor_id, l.service, l.request_id, l.action, o.value::jsonb AS origin, c.value::jsonb AS change
           FROM audit_log l LEFT JOIN audit_values o ON o.audit_id = l.id AND o.part = 'origin'
           LEFT JOIN audit_values c ON c.audit_id = l.id AND c.part = 'change' WHERE l.subject_id = $1 ORDER BY l.id",
    )
    .bind(subject)
    .fetch_all(db)
    .await
    .unwrap()
}

#[tokio::test]
async fn a_person_a_key_and_a_service_are_each_named() {
    let database = TestDb::new().await;
    let tenants = Tenants::plant(&database).await;
    let db = database.db().await;
    let (person, client) = (tenants.agency_people.admin, tenants.customer);
    let key = hg_types::ApiKeyId(Uuid::from_u128(0xabc));
    let address = "203.0.113.9".parse().unwrap();
    let save = async |scope: Scope, text: &'static str| {
        let mut tx = db.tenant(scope).await.unwrap();
        let id: Uuid = sqlx::query_scalar(
            "INSERT INTO strategies (client_id, name, content_type, configuration, is_active) VALUES ($1, $2, 'blog_post', '{\"tone\": \"calm\"}', false) RETURNING id",
        )
        .bind(client.uuid())
        .bind(text)
        .fetch_one(&mut *tx)
        .await
        .unwrap();
        tx.commit().await.unwrap();
        id
    };
    let request = RequestId::parse("request-1").unwrap();
    let by_person = with_request_id(request, with_origin(Origin::at(address), save(Scope::User(person), "one"))).await;
    let by_key = with_origin(Origin::at(address).by(Actor::ApiKey(key)), save(Scope::Client(client), "two")).await;
    let by_service = save(Scope::Client(client), "three").await;
    let mut superuser = database.superuser().await;
    let [row] = entries(&mut superuser, by_person).await.try_into().unwrap();
    assert_eq!(
        (row.actor_kind.as_str(), row.actor_id, row.action.as_str()),
        ("person", Some(person.uuid()), "strategy.created")
    );
    assert_eq!((row.service.as_deref(), row.request_id.as_deref()), (Some("test"), Some("request-1")));
    let origin = row.origin.unwrap();
    assert_eq!(origin["address"], "203.0.113.9");
    assert!(origin["email"].as_str().unwrap().contains('@'));
    assert_eq!(row.change.unwrap()["after"]["configuration"], json!({"tone": "calm"}));
    let [row] = entries(&mut superuser, by_key).await.try_into().unwrap();
    assert_eq!((row.actor_kind.as_str(), row.actor_id), ("api_key", Some(key.uuid())));
    assert_eq!(row.origin, Some(json!({"address": "203.0.113.9"})));
    let [row] = entries(&mut superuser, by_service).await.try_into().unwrap();
    assert_eq!((row.actor_kind.as_str(), row.actor_id, row.origin), ("service", None, None));
    // By hand: the login is all that is known.
    run(&mut superuser, &format!("UPDATE strategies SET name = 'four' WHERE id = '{by_service}'")).await;
    let row = entries(&mut superuser, by_service).await.pop().unwrap();
    assert_eq!((row.actor_kind.as_str(), row.service), ("database", None));
    assert!(row.origin.unwrap()["login"].is_string());
    assert_eq!(row.change, Some(json!({"before": {"name": "three"}, "after": {"name": "four"}})));
}

#[tokio::test]
async fn a_change_that_is_undone_leaves_no_entry_and_noise_leaves_none() {
    let database = TestDb::new().await;
    let tenants = Tenants::plant(&database).await;
    let mut db = database.superuser().await;
    let count = async |db: &mut PgConnection| -> i64 {
        sqlx::query_scalar("SELECT count(*) FROM audit_log").fetch_one(db).await.unwrap()
    };
    let before = count(&mut db).await;
    run(&mut db, "BEGIN; UPDATE clients SET name = 'x'; ROLLBACK").await;
    run(&mut db, "UPDATE clients SET name = name; UPDATE auth.users SET last_login_at = now(); UPDATE api_keys SET last_used_at = now()").await;
    assert_eq!(count(&mut db).await, before);
    // Jobs have a trail of their own.
    let client = tenants.customer.uuid();
    run(
        &mut db,
        &format!(
            "INSERT INTO jobs (client_id, topic, content_type, llm_provider, model) VALUES ('{client}', 't', 'blog_post', 'sample', 's');
             INSERT INTO job_runs (job_id, client_id, deadline_at) SELECT id, client_id, now() FROM jobs; UPDATE jobs SET topic = 'u'; DELETE FROM job_runs"
        ),
    )
    .await;
    assert_eq!(count(&mut db).await, before);
    run(&mut db, &format!("UPDATE clients SET archived_at = now() WHERE id = '{client}'")).await;
    assert_eq!(entries(&mut db, client).await.pop().unwrap().action, "client.archived");
    run(&mut db, &format!("UPDATE clients SET archived_at = NULL WHERE id = '{client}'")).await;
    assert_eq!(entries(&mut db, client).await.pop().unwrap().action, "client.restored");
    // Who deletes a client is on its parent's record, for its own can be seen by nobody below the root.
    run(&mut db, &format!("DELETE FROM jobs; DELETE FROM clients WHERE id = '{}'", tenants.sibling)).await;
    let deleted: Uuid = sqlx::query_scalar("SELECT client_id FROM audit_log WHERE action = 'client.deleted'")
        .fetch_one(&mut db)
        .await
        .unwrap();
    assert_eq!(deleted, tenants.agency.uuid());
}

/// A canary in every column that holds a secret; then the whole of the log is looked through, as text and as bytes.
#[tokio::test]
async fn no_secret_gets_into_the_log() {
    let database = TestDb::new().await;
    let tenants = Tenants::plant(&database).await;
    let mut db = database.superuser().await;
    let (client, person) = (tenants.customer.uuid(), tenants.customer_people.owner.uuid());
    let canary = "canary-7f3a9c-secret";
    let hex: String = canary.bytes().map(|byte| format!("{byte:02x}")).collect();
    let hash = |n: u8| format!("decode('{hex}{n:02x}' || repeat('00', {}), 'hex')", 31 - canary.len());
    run(
        &mut db,
        &format!(
            "UPDATE auth.users SET password_hash = '{canary}' WHERE id = '{person}';
             INSERT INTO auth.users (email, password_hash) VALUES ('canary@example.com', '{canary}-2');
             UPDATE auth.users SET email = 'canary-2@example.com', password_hash = '{canary}-3' WHERE email = 'canary@example.com';
             INSERT INTO auth.reset_tokens (token_hash, user_id, expires_at) VALUES ({h1}, '{person}', now() + interval '1 hour');
             UPDATE auth.reset_tokens SET used_at = now();
             INSERT INTO invitations (client_id, email, role, token_hash) VALUES ('{client}', 'x@example.com', 'viewer', {h2});
             UPDATE invitations SET token_hash = {h3}, sent_at = sent_at + interval '1 second';
             DELETE FROM invitations;
             INSERT INTO api_keys (client_id, name, prefix, key_hash) VALUES ('{client}', 'k', 'hgc_', {h4});
             UPDATE api_keys SET revoked_at = now(); DELETE FROM api_keys;
             INSERT INTO provider_keys (client_id, provider, sealed, hint) VALUES ('{client}', 'openai', {h5}, '…abcd');
             UPDATE provider_keys SET sealed = {h6}; DELETE FROM provider_keys;
             DELETE FROM auth.users WHERE email = 'canary-2@example.com'",
            h1 = hash(1), h2 = hash(2), h3 = hash(3), h4 = hash(4), h5 = hash(5), h6 = hash(6),
        ),
    )
    .await;
    let mut seen = 0;
    for table in ["audit_log", "audit_values", "audit_unsealed", "audit_seals", "audit_chains"] {
        let rows: Vec<String> = sqlx::query_scalar(sqlx::AssertSqlSafe(format!("SELECT t::text FROM {table} t")))
            .fetch_all(&mut db)
            .await
            .unwrap();
        seen += rows.len();
        for row in rows {
            assert!(!row.contains("canary-7f3a9c") && !row.contains(&hex), "{table}: {row}");
        }
    }
    assert!(seen > 100);
    // That a secret changed is on record.
    let noted: i64 = sqlx::query_scalar(
        "SELECT count(*) FROM audit_values WHERE value::jsonb -> 'secret' ?| '{password_hash,token_hash,sealed}'",
    )
    .fetch_one(&mut db)
    .await
    .unwrap();
    assert_eq!(noted, 4);
}
