//! What is erased is gone, an entry says so, and the chain holds.

use sqlx::PgConnection;
use uuid::Uuid;

use super::{found, keys, names, rename, run, seal_all, sealed};

async fn count(db: &mut PgConnection, sql: &'static str, with: &str) -> i64 {
    sqlx::query_scalar(sql).bind(with).fetch_one(db).await.unwrap()
}

/// As `hg_system`, as the jobs that do it.
async fn erase(db: &mut PgConnection, call: &str) -> i32 {
    run(db, "SET ROLE hg_system").await;
    let gone = sqlx::query_scalar(sqlx::AssertSqlSafe(format!("SELECT {call}"))).fetch_one(&mut *db).await.unwrap();
    run(db, "RESET ROLE").await;
    gone
}

#[tokio::test]
async fn a_client_that_is_erased_leaves_ids_and_an_entry_that_says_so() {
    let (database, tenants, mut superuser) = sealed().await;
    let (client, other) = (tenants.sibling.uuid(), tenants.customer.uuid());
    rename(&mut superuser, client, 5).await;
    rename(&mut superuser, other, 1).await;
    seal_all(&database, &keys(1)).await;
    assert_eq!(erase(&mut superuser, &format!("app.audit_erase_client('{client}', '{{\"job\": 7}}', 4)")).await, 4);
    let rest = erase(&mut superuser, &format!("app.audit_erase_client('{client}')")).await;
    assert_eq!(rest, 8, "six entries with two values each, less four");
    assert_eq!(erase(&mut superuser, &format!("app.audit_erase_client('{client}')")).await, 0);
    let left: i64 = sqlx::query_scalar(
        "SELECT count(*) FROM audit_values v JOIN audit_log l ON l.id = v.audit_id WHERE l.client_id = $1 AND v.value IS NOT NULL AND l.action <> 'audit.erased'",
    )
    .bind(client)
    .fetch_one(&mut superuser)
    .await
    .unwrap();
    assert_eq!(left, 0);
    let entries: i64 =
        sqlx::query_scalar("SELECT count(*) FROM audit_log WHERE client_id = $1 AND action = 'audit.erased'")
            .bind(client)
            .fetch_one(&mut superuser)
            .await
            .unwrap();
    assert_eq!(entries, 2);
    assert_eq!(
        count(&mut superuser, "SELECT count(*) FROM audit_values WHERE value LIKE '%' || $1 || '%'", "Name 0").await,
        1,
        "the other client's"
    );
    seal_all(&database, &keys(1)).await;
    let (findings, faults) = found(&mut superuser, &keys(1), &[]).await;
    assert_eq!(names(&faults), [""; 0]);
    assert_eq!(findings.erased, 12);
}

#[tokio::test]
async fn a_person_who_is_erased_is_nowhere_in_the_log() {
    let (database, tenants, mut superuser) = sealed().await;
    let person = tenants.agency_people.admin.uuid();
    let email: String = sqlx::query_scalar("SELECT email FROM auth.users WHERE id = $1")
        .bind(person)
        .fetch_one(&mut superuser)
        .await
        .unwrap();
    run(
        &mut superuser,
        &format!(
            "BEGIN; SET LOCAL app.user_id = '{person}'; SET LOCAL app.origin = 'smm|r|203.0.113.77||';
             UPDATE clients SET name = 'By a person' WHERE id = '{client}';
             INSERT INTO invitations (client_id, email, role, token_hash, invited_by) VALUES ('{client}', '{email}', 'viewer', sha256('t'), '{person}');
             INSERT INTO auth.sessions (user_id, expires_at, ip, user_agent) VALUES ('{person}', now() + interval '1 day', '203.0.113.77', 'Browser of {email}');
             COMMIT",
            client = tenants.customer.uuid()
        ),
    )
    .await;
    let everywhere = "SELECT count(*) FROM audit_values WHERE value LIKE '%' || $1 || '%'";
    assert!(count(&mut superuser, everywhere, &email).await >= 5);
    assert!(count(&mut superuser, everywhere, "203.0.113.77").await >= 3);
    // As the job does it, even where the very person asked: delete, then erase, in one transaction.
    run(
        &mut superuser,
        &format!(
            "BEGIN; SET LOCAL app.user_id = '{person}'; SET LOCAL app.origin = 'smm|r|203.0.113.77||';
             DELETE FROM auth.users WHERE id = '{person}'; SELECT app.audit_erase_person('{person}', '{email}'); COMMIT"
        ),
    )
    .await;
    for trace in [email.as_str(), "203.0.113.77"] {
        assert_eq!(count(&mut superuser, everywhere, trace).await, 0, "{trace}");
        assert_eq!(
            count(&mut superuser, "SELECT count(*) FROM audit_log l WHERE l::text LIKE '%' || $1 || '%'", trace).await,
            0
        );
    }
    // What they changed for the client stays on the client's record.
    assert_eq!(count(&mut superuser, everywhere, "By a person").await, 1);
    assert_eq!(erase(&mut superuser, &format!("app.audit_erase_person('{person}', '{email}')")).await, 0);
    seal_all(&database, &keys(1)).await;
    assert_eq!(names(&found(&mut superuser, &keys(1), &[]).await.1), [""; 0]);
}

#[tokio::test]
async fn retention_takes_what_is_old_and_leaves_the_rest() {
    let (database, tenants, mut superuser) = sealed().await;
    let client = tenants.sibling.uuid();
    rename(&mut superuser, client, 2).await;
    let middle: Uuid = sqlx::query_scalar("SELECT id FROM audit_log WHERE client_id = $1 ORDER BY id DESC LIMIT 1")
        .bind(client)
        .fetch_one(&mut superuser)
        .await
        .unwrap();
    assert_eq!(erase(&mut superuser, &format!("app.audit_erase_older('{client}', now() - interval '1 day')")).await, 0);
    let gone =
        erase(&mut superuser, &format!("app.audit_erase_older('{client}', now() + interval '1 minute', '{{}}', 3)"))
            .await;
    assert_eq!(gone, 3);
    seal_all(&database, &keys(1)).await;
    let (findings, faults) = found(&mut superuser, &keys(1), &[]).await;
    assert_eq!((names(&faults), findings.erased), (vec![], 3));
    assert!(!middle.is_nil());
}

#[tokio::test]
async fn nobody_erases_by_a_request_of_their_own() {
    let (_database, tenants, mut superuser) = sealed().await;
    run(&mut superuser, &format!("SET ROLE hg_content_app; SET app.user_id = '{}'", tenants.root_people.owner)).await;
    for call in [
        format!("app.audit_erase_client('{}')", tenants.agency),
        format!("app.audit_erase_person('{}', 'a@b.c')", tenants.stranger),
        format!("app.audit_erase_older('{}', now())", tenants.agency),
        "app.audit_append(app.uuid_v7(), NULL, 'a.b', 'x', NULL, '{}')".to_owned(),
    ] {
        let refused =
            sqlx::query(sqlx::AssertSqlSafe(format!("SELECT {call}"))).execute(&mut superuser).await.unwrap_err();
        assert_eq!(hg_common::db::sql_state(&refused).as_deref(), Some("42501"), "{call}");
    }
}
