//! How clients go: empty ones at once, others when what would go was looked at, those with jobs or costs never.

use hg_contracts::smm::{Client, Deletion};
use hg_types::ClientId;
use serde_json::json;

use crate::harness::start;

#[tokio::test]
async fn an_empty_client_goes_at_once() {
    let smm = start().await;
    let t = &smm.tenants;
    let admin = smm.person(t.agency_people.admin);
    let deletion: Deletion = admin.get("/clients/local-business-group/deletion").await.expect(200).parse();
    assert!(deletion.empty && deletion.blocked_by.is_none());
    let _ = admin.delete(&format!("/clients/{}", t.sibling)).await.expect(204);
    let _ = admin.get(&format!("/clients/{}", t.sibling)).await.expect(404);
    let root = smm.person(t.root_people.owner);
    assert_eq!(root.delete("/clients/hg-content").await.expect(409).code(), "root_stays");
    assert_eq!(root.get("/clients/hg-content/deletion").await.expect(409).code(), "root_stays");
}

#[tokio::test]
async fn a_client_in_use_goes_when_exactly_that_was_confirmed() {
    let smm = start().await;
    let t = &smm.tenants;
    let root = smm.person(t.root_people.admin);
    let path = format!("/clients/{}", t.agency);
    let refused = root.delete(&path).await.expect(409);
    assert_eq!(refused.code(), "client_not_empty");
    assert!(refused.text.contains("2 clients below it, 8 members"), "{}", refused.text);
    assert_eq!(root.delete(&format!("{path}?confirmation=yes")).await.expect(409).code(), "confirmation_stale");

    let deletion: Deletion = root.get(&format!("{path}/deletion")).await.expect(200).parse();
    assert_eq!((deletion.contents.clients, deletion.contents.members, deletion.empty), (2, 8, false));
    let confirmed = format!("{path}?confirmation={}", deletion.confirmation.unwrap());
    // Somebody joins: what was confirmed isn't what would go.
    let joins = json!({"email": "stranger@example.com", "role": "viewer"});
    let _ = root.put(&format!("/clients/{}/members", t.customer), &joins).await.expect(200);
    assert_eq!(root.delete(&confirmed).await.expect(409).code(), "confirmation_stale");
    // The agency's own owner doesn't decide whether it is there, nor does the customer's.
    let _ = smm.person(t.agency_people.owner).delete(&confirmed).await.expect(403);
    let _ = smm.person(t.agency_people.owner).get(&format!("{path}/deletion")).await.expect(403);
    let _ = smm.person(t.other_agency_people.owner).delete(&confirmed).await.expect(404);

    let deletion: Deletion = root.get(&format!("{path}/deletion")).await.expect(200).parse();
    let confirmed = format!("{path}?confirmation={}", deletion.confirmation.unwrap());
    let _ = root.delete(&confirmed).await.expect(204);
    for gone in [t.agency, t.customer, t.sibling] {
        let _ = root.get(&format!("/clients/{gone}")).await.expect(404);
    }
    let left: i64 =
        sqlx::query_scalar("SELECT count(*) FROM client_users WHERE client_id <> ALL (SELECT id FROM clients)")
            .fetch_one(&mut smm.db.superuser().await)
            .await
            .unwrap();
    assert_eq!(left, 0);
    let _ = root.get(&format!("/clients/{}", t.other_customer)).await.expect(200);
}

#[tokio::test]
async fn what_has_jobs_or_costs_stays_and_a_limit_alone_does_not_hold_a_client() {
    let smm = start().await;
    let t = &smm.tenants;
    let mut db = smm.db.superuser().await;
    let root = smm.person(t.root_people.admin);
    sqlx::query("INSERT INTO budget_limits (client_id, daily_limit) VALUES ($1, 5)")
        .bind(t.sibling.uuid())
        .execute(&mut db)
        .await
        .unwrap();
    let _ = root.delete("/clients/local-business-group").await.expect(204);

    let path = format!("/clients/{}", t.agency);
    sqlx::query("INSERT INTO jobs (client_id, topic, content_type, llm_provider, model) VALUES ($1, 't', 'blog_post', 'x', 'y')")
        .bind(t.customer.uuid())
        .execute(&mut db)
        .await
        .unwrap();
    let deletion: Deletion = root.get(&format!("{path}/deletion")).await.expect(200).parse();
    assert_eq!((deletion.blocked_by.as_deref(), deletion.confirmation), (Some("client_has_jobs"), None));
    assert_eq!(root.delete(&path).await.expect(409).code(), "client_has_jobs");

    sqlx::query(
        "INSERT INTO charges (job_id, client_id, amount, provider, model) SELECT id, client_id, 1, 'x', 'y' FROM jobs",
    )
    .execute(&mut db)
    .await
    .unwrap();
    let answer = root.delete(&format!("{path}?confirmation=x")).await.expect(409);
    assert_eq!(answer.code(), "client_has_costs");
    assert!(answer.text.contains("archive it instead"), "{}", answer.text);
}

#[tokio::test]
async fn ids_and_slugs_are_taken_and_nonsense_is_404() {
    let smm = start().await;
    let root = smm.person(smm.tenants.root_people.admin);
    let new = json!({"name": "Short-lived", "type": "agency", "parent_id": smm.tenants.root});
    let made: Client = root.post("/clients", &new).await.expect(201).parse();
    let _ = root.delete("/clients/no-such-client").await.expect(404);
    let _ = root.delete(&format!("/clients/{}", ClientId(uuid::Uuid::nil()))).await.expect(404);
    assert_eq!(root.delete("/clients/short-lived?confirm=1").await.expect(422).fields(), ["confirm"]);
    let _ = root.delete("/clients/short-lived").await.expect(204);
    let _ = root.get(&format!("/clients/{}", made.id)).await.expect(404);
}
