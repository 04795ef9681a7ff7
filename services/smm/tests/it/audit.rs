//! The audit log at the boundary: each change with who and from where; read by admins of the client and above, by nobody
//! else; searched, exported, sealed.

use std::sync::Arc;

use hg_common::{
    audit::{AuditKeys, verify},
    auth::{Principal, Service},
    http::ShutdownToken,
};
use hg_contracts::{
    Page,
    smm::{AuditActorKind, AuditEntry, ExportAudit, ListAudit, SmmClient, Strategy},
};
use hg_testkit::{Api, TestService, until};
use hg_types::UserId;
use serde_json::{Value, json};
use uuid::Uuid;

use crate::harness::start;

fn save(tone: &str) -> Value {
    json!({"name": "Local SEO Blog Strategy", "content_type": "blog_post", "configuration": {"tone": tone}, "note": "first"})
}

/// A person whose browser has an address, as the gateway says.
fn person_at(smm: &TestService, person: UserId, address: &str) -> Api {
    let token = smm
        .identity
        .issuer(Service::Gateway)
        .mint_from(Service::Smm, &Principal::User(person), Some(address.parse().unwrap()), chrono::Utc::now())
        .unwrap();
    smm.anonymous().with_header("authorization", &format!("Bearer {token}")).with_header("x-request-id", "request-42")
}

async fn list(api: &Api, query: &str) -> Vec<AuditEntry> {
    api.get(&format!("/audit?{query}")).await.expect(200).parse::<Page<AuditEntry>>().data
}

fn actions(entries: &[AuditEntry]) -> Vec<&str> {
    entries.iter().map(|entry| entry.action.as_str()).collect()
}

#[tokio::test]
async fn a_saved_strategy_is_on_record_with_who_where_and_what() {
    let smm = start().await;
    let t = &smm.tenants;
    let member = person_at(&smm, t.customer_people.member, "203.0.113.9");
    let made: Strategy =
        member.post(&format!("/clients/{}/strategies", t.customer), &save("calm")).await.expect(201).parse();
    let one = format!("/strategies/{}", made.id);
    let _ = member.put(&one, &save("warm")).await.expect(200);
    let _ = member.delete(&one).await.expect(204);
    // Refused: nothing changed, nothing is on record.
    let viewer = person_at(&smm, t.customer_people.viewer, "203.0.113.10");
    let _ = viewer.post(&format!("/clients/{}/strategies", t.customer), &save("loud")).await.expect(403);

    let admin = smm.person(t.customer_people.admin);
    let entries = list(&admin, &format!("client_id={}&action=strategy", t.customer)).await;
    assert_eq!(actions(&entries), ["strategy.deleted", "strategy.updated", "strategy.created"]);
    let changed = &entries[1];
    assert_eq!((changed.actor.kind, changed.actor.id), (AuditActorKind::Person, Some(t.customer_people.member.uuid())));
    assert!(changed.actor.email.as_deref().is_some_and(|email| email.starts_with("member@")), "{changed:?}");
    assert_eq!(changed.address.as_deref(), Some("203.0.113.9"));
    assert_eq!((changed.service.as_deref(), changed.request_id.as_deref()), (Some("smm"), Some("request-42")));
    assert_eq!((changed.subject_kind.as_str(), changed.subject_id), ("strategy", Some(made.id.uuid())));
    let (before, after) = (changed.before.as_ref().unwrap(), changed.after.as_ref().unwrap());
    assert_eq!((&before["configuration"]["tone"], &after["configuration"]["tone"]), (&json!("calm"), &json!("warm")));
    assert_eq!((&before["version"], &after["version"]), (&json!(1), &json!(2)));
    assert!(!before.contains_key("name"), "only what changed: {before:?}");
    assert!(!changed.sealed && !changed.erased);
    let alone: AuditEntry = admin.get(&format!("/audit/{}", changed.id)).await.expect(200).parse();
    assert_eq!(&alone, changed);
}

#[tokio::test]
async fn it_is_read_by_admins_and_from_above_and_by_nobody_else() {
    let smm = start().await;
    let t = &smm.tenants;
    let member = smm.person(t.customer_people.member);
    let _ = member.post(&format!("/clients/{}/strategies", t.customer), &save("calm")).await.expect(201);
    let of_customer = format!("client_id={}&action=strategy", t.customer);
    for reader in [t.customer_people.admin, t.customer_people.owner, t.agency_people.admin, t.root_people.admin] {
        assert_eq!(list(&smm.person(reader), &of_customer).await.len(), 1);
    }
    let entry = list(&smm.person(t.customer_people.admin), &of_customer).await[0].id;
    for too_low in [t.customer_people.member, t.customer_people.viewer, t.agency_people.viewer, t.root_people.member] {
        let api = smm.person(too_low);
        let refused = api.get(&format!("/audit?{of_customer}")).await.expect(403);
        assert!(refused.text.contains("seeing the audit log needs the role admin"), "{}", refused.text);
        let _ = api.get(&format!("/audit/export?{of_customer}")).await.expect(403);
        let _ = api.get(&format!("/audit/{entry}")).await.expect(404);
        assert!(list(&api, "action=strategy").await.is_empty());
    }
    for outside in [t.other_agency_people.owner, t.other_customer_people.owner, t.stranger] {
        let api = smm.person(outside);
        let _ = api.get(&format!("/audit?{of_customer}")).await.expect(404);
        let _ = api.get(&format!("/audit/export?{of_customer}")).await.expect(404);
        let _ = api.get(&format!("/audit/{entry}")).await.expect(404);
        assert!(list(&api, "action=strategy").await.is_empty());
        assert!(list(&api, "limit=100").await.iter().all(|entry| entry.client_id != Some(t.customer)));
    }
    let worker = smm.worker(t.customer);
    let _ = worker.get("/audit").await.expect(403);
    let _ = worker.get(&format!("/audit/{entry}")).await.expect(403);
    // Each one's own account, and nobody else's; the root's admins everybody's.
    let own = list(&smm.person(t.stranger), "limit=100").await;
    assert!(!own.is_empty() && own.iter().all(|entry| entry.subject_id == Some(t.stranger.uuid())), "{own:?}");
    let accounts = list(&smm.person(t.root_people.admin), "action=account&limit=100").await;
    assert!(accounts.len() > 10);
}

#[tokio::test]
async fn it_is_narrowed_paged_and_searched() {
    let smm = start().await;
    let t = &smm.tenants;
    let member = person_at(&smm, t.customer_people.member, "2001:db8::7");
    let made: Strategy =
        member.post(&format!("/clients/{}/strategies", t.customer), &save("calm")).await.expect(201).parse();
    for tone in ["warm", "A Very Peculiar Tone", "cold", "dry"] {
        let _ = member.put(&format!("/strategies/{}", made.id), &save(tone)).await.expect(200);
    }
    let agency = smm.person(t.agency_people.admin);
    let below = format!("client_id=heaviside-digital&subject_id={}", made.id);
    let all = list(&agency, &below).await;
    assert_eq!(all.len(), 5, "what is below the client, too");
    assert_eq!(all[0].address.as_deref(), Some("2001:db8::7"));
    // Page by page it is the same.
    let (mut paged, mut cursor) = (Vec::new(), String::new());
    loop {
        let page: Page<AuditEntry> = agency.get(&format!("/audit?{below}&limit=2{cursor}")).await.expect(200).parse();
        paged.extend(page.data);
        let Some(next) = page.pagination.next_cursor else { break };
        cursor = format!("&cursor={next}");
    }
    assert_eq!(paged, all);
    assert_eq!(list(&agency, &format!("{below}&q=very%20peculiar")).await.len(), 2, "after one save, before the next");
    assert_eq!(list(&agency, &format!("{below}&q=100%25_")).await.len(), 0);
    for actor in [t.customer_people.member.to_string(), all[0].actor.email.clone().unwrap().to_uppercase()] {
        assert_eq!(list(&agency, &format!("{below}&actor={actor}")).await.len(), 5, "{actor}");
    }
    assert!(list(&agency, &format!("{below}&actor=nobody@example.com")).await.is_empty());
    assert_eq!(list(&agency, &format!("{below}&action=strategy.updated")).await.len(), 4);
    assert_eq!(list(&agency, &format!("{below}&subject_kind=member")).await.len(), 0);
    let middle = all[2].at.to_rfc3339_opts(chrono::SecondsFormat::Millis, true);
    let (early, late) =
        (list(&agency, &format!("{below}&to={middle}")).await, list(&agency, &format!("{below}&from={middle}")).await);
    assert_eq!(early.len() + late.len(), 5);
    assert!(late.iter().any(|entry| entry.id == all[0].id) && early.iter().any(|entry| entry.id == all[4].id));
    for (bad, field) in [
        ("actor=somebody", "actor"),
        ("limit=1000", "limit"),
        ("cursor=nonsense", "cursor"),
        ("from=2026-02-01T00:00:00Z&to=2026-01-01T00:00:00Z", "to"),
        (&format!("q={}", "x".repeat(201)), "q"),
        ("colour=red", "colour"),
    ] {
        assert_eq!(agency.get(&format!("/audit?{bad}")).await.expect(422).fields(), [field], "{bad}");
    }
    let _ = agency.get("/audit?client_id=nobody").await.expect(404);
}

#[tokio::test]
async fn members_moves_and_deletions_are_on_record() {
    let smm = start().await;
    let t = &smm.tenants;
    let owner = smm.person(t.agency_people.owner);
    let made = owner
        .post("/clients", &json!({"name": "Audited Ltd", "type": "customer", "parent_id": t.agency}))
        .await
        .expect(201)
        .json();
    let id: Uuid = made["id"].as_str().unwrap().parse().unwrap();
    let _ = owner.post(&format!("/clients/{id}/archive"), &json!({})).await;
    let entries = list(&owner, &format!("client_id={id}")).await;
    assert_eq!(*actions(&entries).last().unwrap(), "client.created");
    assert!(actions(&entries).contains(&"client.archived"), "{:?}", actions(&entries));
    let _ = owner.delete(&format!("/clients/{id}")).await;
    // What is gone has no admin below the root: its end is on its parent's record.
    let gone = list(&owner, &format!("client_id={}&action=client.deleted", t.agency)).await;
    assert_eq!(gone.len(), 1);
    assert_eq!((gone[0].subject_id, &gone[0].before.as_ref().unwrap()["name"]), (Some(id), &json!("Audited Ltd")));
    let root = smm.person(t.root_people.admin);
    assert!(
        list(&root, "action=client&limit=100")
            .await
            .iter()
            .any(|entry| entry.client_id.map(|id| id.uuid()) == Some(id))
    );
}

#[tokio::test]
async fn an_export_holds_everything_and_no_formula() {
    let smm = start().await;
    let t = &smm.tenants;
    let admin = smm.person(t.agency_people.admin);
    // More than a batch, planted.
    let mut superuser = smm.db.superuser().await;
    sqlx::raw_sql(sqlx::AssertSqlSafe(format!(
        "DO $$ BEGIN FOR n IN 1..450 LOOP UPDATE clients SET name = 'Name ' || n WHERE id = '{0}'; END LOOP; END $$;
         UPDATE clients SET name = '=HYPERLINK(\"x\")' WHERE id = '{0}'",
        t.customer
    )))
    .execute(&mut superuser)
    .await
    .unwrap();
    let query = format!("client_id={}&action=client.updated", t.customer);
    let csv = admin.get(&format!("/audit/export?{query}")).await.expect(200);
    assert_eq!(csv.headers["content-type"], "text/csv; charset=utf-8");
    assert!(csv.headers["content-disposition"].to_str().unwrap().contains("audit.csv"));
    assert_eq!(csv.text.matches("\r\n").count(), 452);
    assert!(csv.text.contains(",\"'=HYPERLINK(\"\"x\"\")\","), "the client's name as a cell");
    let lines = admin.get(&format!("/audit/export?{query}&format=ndjson")).await.expect(200);
    let entries: Vec<AuditEntry> = lines.text.lines().map(|line| serde_json::from_str(line).unwrap()).collect();
    assert_eq!(entries.len(), 451);
    assert!(entries.windows(2).all(|pair| pair[0].id > pair[1].id), "newest first, none twice");
    assert_eq!(admin.get("/audit/export?format=xml").await.expect(422).fields(), ["format"]);
}

#[tokio::test]
async fn what_changed_is_sealed_within_seconds_and_proves_true() {
    let smm = start().await;
    let t = &smm.tenants;
    let keys: Arc<AuditKeys> = Arc::new("k1:CQkJCQkJCQkJCQkJCQkJCQkJCQkJCQkJCQkJCQkJCQk=".parse().unwrap());
    let shutdown = ShutdownToken::new();
    let mut replicas = Vec::new();
    for _ in 0..2 {
        let (_, system) = smm.db.db_and_system().await;
        replicas.push(tokio::spawn(hg_smm::sealing::keep_sealing(system, Arc::clone(&keys), shutdown.clone())));
    }
    let member = smm.person(t.customer_people.member);
    let _ = member.post(&format!("/clients/{}/strategies", t.customer), &save("calm")).await.expect(201);
    let client = SmmClient(smm.identity.peer(Service::Gateway, Service::Smm, &smm.server.url()));
    let admin = Principal::User(t.customer_people.admin);
    let query = ListAudit { client_id: Some(t.customer.to_string()), ..ListAudit::default() };
    until("every entry is sealed", async || {
        client.audit(&admin, &query).await.unwrap().data.iter().all(|entry| entry.sealed)
    })
    .await;
    let page = client.audit(&admin, &query).await.unwrap();
    assert_eq!(client.audit_entry(&admin, page.data[0].id).await.unwrap(), page.data[0]);
    let export = ExportAudit { client_id: query.client_id.clone(), ..ExportAudit::default() };
    let parts = client.audit_export(&admin, &export).await.unwrap();
    let bytes: Vec<bytes::Bytes> = futures::TryStreamExt::try_collect(parts).await.unwrap();
    assert!(bytes.concat().starts_with(b"id,at,"));
    let mut superuser = smm.db.superuser().await;
    until("nothing waits", async || {
        let mut db = smm.db.superuser().await;
        sqlx::query_scalar::<_, i64>("SELECT count(*) FROM audit_unsealed").fetch_one(&mut db).await.unwrap() == 0
    })
    .await;
    shutdown.cancel();
    for replica in replicas {
        replica.await.unwrap();
    }
    let found = verify(&mut superuser, &keys, None, &[], &mut |fault| panic!("{fault}")).await.unwrap();
    assert!(found.sealed > 40 && found.waiting == 0, "{found:?}");
}

#[test]
fn production_needs_a_key_and_nobody_else_does() {
    use hg_common::config::Env;
    let given = |environment: &str, keys: Option<&str>| {
        let mut pairs = vec![
            ("ENVIRONMENT", environment.to_owned()),
            ("DATABASE_URL", "postgres://u:p@127.0.0.1/d".to_owned()),
            ("REDIS_URL", "redis://127.0.0.1".to_owned()),
            ("INTERNAL_PUBLIC_KEYS", hg_testkit::Identity::new().public_keys().to_owned()),
        ];
        pairs.extend(keys.map(|keys| ("AUDIT_KEYS", keys.to_owned())));
        Env::from_pairs("smm", pairs).load::<hg_smm::Config>()
    };
    let key = "k1:CQkJCQkJCQkJCQkJCQkJCQkJCQkJCQkJCQkJCQkJCQk=";
    assert!(given("production", Some(key)).unwrap().config.audit_keys.is_some());
    assert!(given("production", None).unwrap_err().to_string().contains("AUDIT_KEYS"));
    assert!(given("production", Some("k1:short")).unwrap_err().to_string().contains("AUDIT_KEYS"));
    let without = given("development", None).unwrap();
    assert!(without.config.audit_keys.is_none());
}
