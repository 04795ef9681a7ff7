//! The hierarchy as something that is worked with: moves, archiving, the tree; and its rules, in the answers and in the
//! database itself.

use hg_common::db::{Scope, violates};
use hg_contracts::{
    Page,
    smm::{Client, ClientTree, EffectiveStrategy, Hierarchy},
};
use hg_testkit::{Answer, Api, TestService};
use hg_types::{ClientId, Role};
use http::Method;
use serde_json::json;

use crate::harness::start;

async fn post(api: &Api, path: &str) -> Answer {
    api.request(Method::POST, path, None::<&()>).await
}

async fn relocate(api: &Api, client: ClientId, to: ClientId) -> Answer {
    api.post(&format!("/clients/{client}/move"), &json!({"parent_id": to})).await
}

async fn archived(smm: &TestService) -> Vec<String> {
    let root = smm.person(smm.tenants.root_people.viewer);
    let page: Page<Client> = root.get("/clients?archived=only").await.expect(200).parse();
    page.data.into_iter().map(|client| client.slug).collect()
}

#[tokio::test]
async fn a_customer_moves_and_takes_its_people_along() {
    let smm = start().await;
    let t = &smm.tenants;
    let root = smm.person(t.root_people.admin);
    let tone = json!({"name": "Loud", "content_type": "press_release", "configuration": {"tone": "loud"}});
    let _ = root.post("/clients/paving-marketers/strategies", &tone).await.expect(201);
    let effective = format!("/clients/{}/effective-strategy?content_type=press_release", t.customer);
    let member = smm.person(t.customer_people.member);
    let before: EffectiveStrategy = member.get(&effective).await.expect(200).parse();
    assert_ne!(before.values.tone.as_deref(), Some("loud"));

    let moved: Client = relocate(&root, t.customer, t.other_agency).await.expect(200).parse();
    assert_eq!(moved.parent_id, Some(t.other_agency));
    // Its people stay, the old agency's see it no more, the new one's do; it inherits from there.
    let path = format!("/clients/{}", t.customer);
    let _ = member.get(&path).await.expect(200);
    let _ = smm.person(t.agency_people.owner).get(&path).await.expect(404);
    let seen: Client = smm.person(t.other_agency_people.member).get(&path).await.expect(200).parse();
    assert_eq!(seen.role, Some(Role::Member));
    let after: EffectiveStrategy = member.get(&effective).await.expect(200).parse();
    assert_eq!(after.values.tone.as_deref(), Some("loud"));

    // To where it is: nothing to do. To the root: a direct client.
    let _ = relocate(&root, t.customer, t.other_agency).await.expect(200);
    let direct: Client = relocate(&root, t.customer, t.root).await.expect(200).parse();
    assert_eq!(direct.parent_id, Some(t.root));
}

#[tokio::test]
async fn what_is_held_goes_back_to_the_rows_that_hold_it() {
    let smm = start().await;
    let t = &smm.tenants;
    let mut db = smm.db.superuser().await;
    sqlx::raw_sql(sqlx::AssertSqlSafe(format!(
        "INSERT INTO budget_limits (client_id, daily_limit) VALUES ('{}', 10), ('{}', 10);
         INSERT INTO jobs (client_id, topic, content_type, llm_provider, model) VALUES ('{}', 't', 'blog_post', 'x', 'y')",
        t.agency, t.other_agency, t.customer
    )))
    .execute(&mut db)
    .await
    .unwrap();
    let app = smm.db.db().await;
    let mut tx = app.tenant(Scope::Client(t.customer)).await.unwrap();
    sqlx::query("SELECT app.ledger_reserve(id, client_id, 4) FROM jobs").execute(&mut *tx).await.unwrap();
    tx.commit().await.unwrap();
    let _ = relocate(&smm.person(t.root_people.admin), t.customer, t.other_agency).await.expect(200);
    let reserved = async |of: ClientId| -> bool {
        let mut db = smm.db.superuser().await;
        sqlx::query_scalar("SELECT reserved = 4 FROM budgets WHERE client_id = $1 AND period = 'day'")
            .bind(of.uuid())
            .fetch_one(&mut db)
            .await
            .unwrap()
    };
    assert_eq!((reserved(t.agency).await, reserved(t.other_agency).await), (true, false));
    let mut tx = app.tenant(Scope::Client(t.customer)).await.unwrap();
    sqlx::query("SELECT app.ledger_settle(id, 0, 0, 0, 0) FROM jobs").execute(&mut *tx).await.unwrap();
    tx.commit().await.unwrap();
    assert!(!reserved(t.agency).await);
}

#[tokio::test]
async fn a_move_that_does_not_fit_is_refused_by_name() {
    let smm = start().await;
    let t = &smm.tenants;
    let root = smm.person(t.root_people.owner);
    let field = async |client, to| {
        let answer = relocate(&root, client, to).await.expect(422);
        (answer.fields(), answer.text)
    };
    for (client, to, why) in [
        (t.agency, t.agency, "below itself"),
        (t.agency, t.customer, "below itself"),
        (t.customer, t.customer, "below itself"),
        (t.customer, t.sibling, "an agency or the root"),
        (t.agency, t.other_agency, "an agency's parent is the root"),
        (t.agency, t.other_customer, "an agency's parent is the root"),
    ] {
        let (fields, text) = field(client, to).await;
        assert_eq!(fields, ["parent_id"], "{text}");
        assert!(text.contains(why), "{text}");
    }
    assert_eq!(relocate(&root, t.root, t.agency).await.expect(409).code(), "root_stays");
    let _ = post(&root, "/clients/paving-marketers/archive").await.expect(200);
    assert_eq!(relocate(&root, t.customer, t.other_agency).await.expect(409).code(), "parent_archived");
    let new = json!({"name": "New", "type": "customer", "parent_id": t.other_agency});
    assert_eq!(root.post("/clients", &new).await.expect(409).code(), "parent_archived");
    let path = format!("/clients/{}/move", t.customer);
    assert_eq!(root.post(&path, &json!({"parent_id": "heaviside-digital"})).await.expect(422).fields(), ["parent_id"]);
    assert_eq!(root.post(&path, &json!({"parent_id": null})).await.expect(422).fields(), ["parent_id"]);
    assert_eq!(root.post(&path, &json!({})).await.expect(422).fields(), ["parent_id"]);
    let nowhere = json!({"parent_id": "018f3b2e-7c0a-7000-8000-000000000000"});
    assert!(root.post(&path, &nowhere).await.expect(404).text.contains("parent client"));
}

#[tokio::test]
async fn a_move_needs_an_admin_on_both_sides() {
    let smm = start().await;
    let t = &smm.tenants;
    let both = async |person, role: &str| {
        sqlx::query("INSERT INTO client_users (client_id, user_id, role) VALUES ($1, $2, $3::text::member_role)")
            .bind(t.other_agency.uuid())
            .bind(hg_types::UserId::uuid(person))
            .bind(role)
            .execute(&mut smm.db.superuser().await)
            .await
            .unwrap();
    };
    // Sees the client but not the new parent; sees both, as too little; sees neither.
    let admin = t.agency_people.admin;
    let _ = relocate(&smm.person(admin), t.customer, t.other_agency).await.expect(404);
    both(admin, "member").await;
    let _ = relocate(&smm.person(admin), t.customer, t.other_agency).await.expect(403);
    let _ = relocate(&smm.person(t.other_customer_people.owner), t.customer, t.root).await.expect(404);
    // A customer's own owner doesn't take it away from its agency.
    let owner = t.customer_people.owner;
    both(owner, "owner").await;
    let answer = relocate(&smm.person(owner), t.customer, t.other_agency).await.expect(403);
    assert!(answer.text.contains("on its parent"), "{}", answer.text);
    let _ = relocate(&smm.person(t.agency_people.viewer), t.customer, t.agency).await.expect(403);
    // The functions ask again, whoever calls them.
    let app = smm.db.db().await;
    for scope in [Scope::User(owner), Scope::User(t.stranger), Scope::Client(t.agency)] {
        for call in ["app.client_move($1, $2)", "app.client_archive($1)", "app.client_restore($1)"] {
            let mut tx = app.tenant(scope).await.unwrap();
            let text = format!("WITH named AS (SELECT $1::uuid, $2::uuid) SELECT {call}");
            let called = sqlx::query(sqlx::AssertSqlSafe(text))
                .bind(t.customer.uuid())
                .bind(t.other_agency.uuid())
                .execute(&mut *tx)
                .await;
            assert!(called.is_err(), "{scope:?} {call}");
        }
    }
}

#[tokio::test]
async fn archiving_takes_along_what_is_below_and_restoring_brings_that_back() {
    let smm = start().await;
    let t = &smm.tenants;
    let (root, admin) = (smm.person(t.root_people.admin), smm.person(t.agency_people.admin));
    let _ = post(&admin, "/clients/local-business-group/archive").await.expect(200);
    let gone: Client = post(&root, "/clients/heaviside-digital/archive").await.expect(200).parse();
    assert!(gone.archived_at.is_some());
    assert_eq!(archived(&smm).await, ["cincinnati-electrician", "heaviside-digital", "local-business-group"]);
    let living: Page<Client> = root.get("/clients?archived=exclude").await.expect(200).parse();
    assert_eq!(living.data.len(), 4);
    // Again: nothing changes. From below: what is above stays archived.
    let again: Client = post(&root, "/clients/heaviside-digital/archive").await.expect(200).parse();
    assert_eq!(again.archived_at, gone.archived_at);
    assert_eq!(post(&admin, "/clients/cincinnati-electrician/restore").await.expect(409).code(), "parent_archived");
    // An agency's own people don't bring it back, and those of a customer don't archive it.
    let _ = post(&admin, "/clients/heaviside-digital/restore").await.expect(403);
    let _ = post(&smm.person(t.customer_people.owner), "/clients/cincinnati-electrician/archive").await.expect(403);
    let _ = post(&smm.person(t.other_agency_people.owner), "/clients/heaviside-digital/archive").await.expect(404);
    assert_eq!(post(&root, "/clients/hg-content/archive").await.expect(409).code(), "root_stays");
    // No job, whoever asks.
    let app = smm.db.db().await;
    let mut tx = app.tenant(Scope::User(t.customer_people.owner)).await.unwrap();
    let asked = sqlx::query(
        "SELECT app.job_accept($1, NULL, 'p', NULL, NULL, 't', 'blog_post', 'sample', 'sample-1', '{}', 0::smallint, interval '1 hour', 0, NULL, NULL, NULL, NULL, NULL)",
    )
    .bind(t.customer.uuid())
    .execute(&mut *tx)
    .await;
    assert_eq!(
        asked.err().and_then(|error| hg_common::db::detail(&error).map(str::to_owned)).as_deref(),
        Some("client_archived")
    );
    drop(tx);

    let back: Client = post(&root, "/clients/heaviside-digital/restore").await.expect(200).parse();
    assert_eq!(back.archived_at, None);
    assert_eq!(archived(&smm).await, ["local-business-group"], "archived by itself, it stays so");
    let _ = post(&admin, "/clients/local-business-group/restore").await.expect(200);
    assert!(archived(&smm).await.is_empty());
}

/// A client that is being made while its agency is archived: it is archived along, or not made.
#[tokio::test]
async fn nothing_slips_below_what_is_being_archived() {
    let smm = start().await;
    let t = &smm.tenants;
    let root = smm.person(t.root_people.admin);
    let app = smm.db.db().await;
    let insert = async |slug: &str| {
        let mut tx = app.tenant(Scope::User(t.agency_people.admin)).await.unwrap();
        sqlx::query("INSERT INTO clients (name, slug, type, parent_id) VALUES ('Late', $1, 'customer', $2)")
            .bind(slug)
            .bind(t.agency.uuid())
            .execute(&mut *tx)
            .await
            .map(|_| tx)
    };
    let waits = || async {
        let waiting: bool = sqlx::query_scalar(
            "SELECT EXISTS (SELECT FROM pg_stat_activity WHERE datname = current_database() AND wait_event_type = 'Lock')",
        )
        .fetch_one(&mut smm.db.superuser().await)
        .await
        .unwrap();
        waiting
    };
    let made = insert("just-in-time").await.unwrap();
    let archive = async { post(&root, "/clients/heaviside-digital/archive").await.expect(200) };
    let finish = async {
        hg_testkit::until("the archiving waits for the new client", waits).await;
        made.commit().await.unwrap();
    };
    let _ = tokio::join!(archive, finish);
    assert!(archived(&smm).await.contains(&"just-in-time".to_owned()));

    let _ = post(&root, "/clients/heaviside-digital/restore").await.expect(200);
    let mut archiving = app.tenant(Scope::User(t.root_people.admin)).await.unwrap();
    sqlx::query("SELECT app.client_archive($1)").bind(t.agency.uuid()).execute(&mut *archiving).await.unwrap();
    let finish = async {
        hg_testkit::until("the new client waits for the archiving", waits).await;
        archiving.commit().await.unwrap();
    };
    let (late, ()) = tokio::join!(insert("too-late"), finish);
    assert!(violates(&late.err().unwrap(), "clients_parent_archived"));
}

/// Whoever waits for a client that is being moved away doesn't decide about it any more.
#[tokio::test]
async fn what_has_just_been_moved_away_is_out_of_reach() {
    let smm = start().await;
    let t = &smm.tenants;
    let agency = smm.person(t.agency_people.owner);
    let app = smm.db.db().await;
    let waits = || async {
        let waiting: bool = sqlx::query_scalar(
            "SELECT EXISTS (SELECT FROM pg_stat_activity WHERE datname = current_database() AND wait_event_type = 'Lock')",
        )
        .fetch_one(&mut smm.db.superuser().await)
        .await
        .unwrap();
        waiting
    };
    for path in ["/clients/heaviside-digital/archive".to_owned(), format!("/clients/{}/archive", t.customer)] {
        let root = smm.person(t.root_people.admin);
        let mut moving = app.tenant(Scope::User(t.root_people.admin)).await.unwrap();
        sqlx::query("SELECT app.client_move($1, $2)")
            .bind(t.customer.uuid())
            .bind(t.other_agency.uuid())
            .execute(&mut *moving)
            .await
            .unwrap();
        // The agency's own archiving is the root's to decide; its customer's is the agency's.
        let asker = if path.contains("heaviside") { &root } else { &agency };
        let finish = async {
            hg_testkit::until("the archiving waits for the move", waits).await;
            moving.commit().await.unwrap();
        };
        let (answer, ()) = tokio::join!(post(asker, &path), finish);
        let _ = answer.expect(if path.contains("heaviside") { 200 } else { 404 });
        let living: bool = sqlx::query_scalar("SELECT archived_at IS NULL FROM clients WHERE id = $1")
            .bind(t.customer.uuid())
            .fetch_one(&mut smm.db.superuser().await)
            .await
            .unwrap();
        assert!(living, "{path}");
        let _ = post(&root, "/clients/heaviside-digital/restore").await;
        let _ = relocate(&root, t.customer, t.agency).await.expect(200);
    }
}

#[tokio::test]
async fn a_customer_that_was_archived_with_its_agency_moves_on_its_own() {
    let smm = start().await;
    let t = &smm.tenants;
    let root = smm.person(t.root_people.admin);
    let _ = post(&root, "/clients/heaviside-digital/archive").await.expect(200);
    let moved: Client = relocate(&root, t.customer, t.other_agency).await.expect(200).parse();
    assert!(moved.archived_at.is_some());
    let _ = post(&root, "/clients/heaviside-digital/restore").await.expect(200);
    assert_eq!(archived(&smm).await, ["cincinnati-electrician"]);
    let _ = post(&smm.person(t.other_agency_people.admin), "/clients/cincinnati-electrician/restore").await.expect(200);
}

#[tokio::test]
async fn the_tree_is_what_the_caller_sees_in_order_and_counted() {
    let smm = start().await;
    let t = &smm.tenants;
    let line = |tree: &ClientTree| -> Vec<String> {
        tree.data
            .iter()
            .map(|n| format!("{}{} {}/{} {:?}", "-".repeat(n.depth as usize), n.slug, n.children, n.members, n.role))
            .collect()
    };
    let whole: ClientTree = smm.person(t.root_people.viewer).get("/client-tree").await.expect(200).parse();
    assert_eq!(
        line(&whole),
        [
            "hg-content 3/4 Some(Viewer)",
            "-heaviside-digital 2/4 Some(Viewer)",
            "--cincinnati-electrician 0/4 Some(Viewer)",
            "--local-business-group 0/0 Some(Viewer)",
            "-pasco-scientific 0/0 Some(Viewer)",
            "-paving-marketers 1/4 Some(Viewer)",
            "--ohio-paving 0/4 Some(Viewer)",
        ]
    );
    assert_eq!((whole.total, whole.has_more), (7, false));
    let upper: ClientTree = smm.person(t.root_people.viewer).get("/client-tree?depth=2").await.expect(200).parse();
    assert_eq!((upper.data.len(), upper.total, upper.data[1].children), (4, 7, 2));
    let own: ClientTree = smm.person(t.agency_people.admin).get("/client-tree").await.expect(200).parse();
    assert_eq!(line(&own)[0], "heaviside-digital 2/4 Some(Admin)");
    assert_eq!((own.data.len(), own.data[0].parent_id), (3, None));
    let worker: ClientTree = smm.worker(t.customer).get("/client-tree").await.expect(200).parse();
    assert_eq!(line(&worker), ["cincinnati-electrician 0/4 None"]);
    let nobody: ClientTree = smm.person(t.stranger).get("/client-tree").await.expect(200).parse();
    assert_eq!((nobody.data.len(), nobody.total), (0, 0));

    // Below one client, with the role that is held there; a membership further down counts.
    sqlx::query("INSERT INTO client_users (client_id, user_id, role) VALUES ($1, $2, 'admin')")
        .bind(t.customer.uuid())
        .bind(t.root_people.viewer.uuid())
        .execute(&mut smm.db.superuser().await)
        .await
        .unwrap();
    let below: ClientTree =
        smm.person(t.root_people.viewer).get("/client-tree?below=heaviside-digital").await.expect(200).parse();
    assert_eq!(
        line(&below),
        [
            "heaviside-digital 2/4 Some(Viewer)",
            "-cincinnati-electrician 0/5 Some(Admin)",
            "-local-business-group 0/0 Some(Viewer)"
        ]
    );
    let other = smm.person(t.other_agency_people.owner);
    let _ = other.get("/client-tree?below=heaviside-digital").await.expect(404);
    let root = smm.person(t.root_people.admin);
    let _ = post(&root, "/clients/heaviside-digital/archive").await.expect(200);
    let living: ClientTree = root.get("/client-tree?archived=exclude").await.expect(200).parse();
    assert_eq!((living.total, living.data[0].children), (4, 2));
    assert_eq!(root.get("/client-tree?depth=0").await.expect(422).fields(), ["depth"]);
    assert_eq!(root.get("/client-tree?depth=many").await.expect(422).fields(), ["depth"]);
    assert_eq!(root.get("/client-tree?archived=only").await.expect(422).fields(), ["archived"]);
}

#[tokio::test]
async fn the_database_holds_the_rules_whoever_writes() {
    let smm = start().await;
    let t = &smm.tenants;
    let mut db = smm.db.superuser().await;
    let (agency, customer, root) = (t.agency, t.customer, t.root);
    for (constraint, statement) in [
        ("clients_no_cycle", format!("UPDATE clients SET parent_id = '{customer}' WHERE id = '{agency}'")),
        ("clients_no_cycle", format!("UPDATE clients SET parent_id = id WHERE id = '{customer}'")),
        (
            "valid_hierarchy",
            format!("UPDATE clients SET parent_id = '{agency}', type = 'root' WHERE id = '{customer}'"),
        ),
        ("valid_hierarchy", format!("UPDATE clients SET parent_id = NULL WHERE id = '{customer}'")),
        ("clients_single_root", "INSERT INTO clients (name, slug, type) VALUES ('R', 'r', 'root')".to_owned()),
        (
            "clients_customer_under_agency_or_root",
            format!("INSERT INTO clients (name, slug, type, parent_id) VALUES ('C', 'c', 'customer', '{customer}')"),
        ),
        (
            "clients_agency_under_root",
            format!("INSERT INTO clients (name, slug, type, parent_id) VALUES ('A', 'a', 'agency', '{agency}')"),
        ),
        (
            "clients_slug_no_id",
            format!("INSERT INTO clients (name, slug, type, parent_id) VALUES ('A', '{root}', 'agency', '{root}')"),
        ),
        (
            "clients_parent_archived",
            format!(
                "UPDATE clients SET archived_at = now() WHERE id = '{agency}';
                 INSERT INTO clients (name, slug, type, parent_id) VALUES ('C', 'c', 'customer', '{agency}')"
            ),
        ),
    ] {
        let error = sqlx::raw_sql(sqlx::AssertSqlSafe(statement.clone())).execute(&mut db).await.unwrap_err();
        assert!(violates(&error, constraint), "{statement}: {error}");
    }
    // A plain UPDATE neither archives nor brings back.
    let app = smm.db.db().await;
    let mut tx = app.tenant(Scope::User(t.root_people.owner)).await.unwrap();
    let by_hand = sqlx::query("UPDATE clients SET archived_at = NULL").execute(&mut *tx).await.unwrap_err();
    assert_eq!(hg_common::db::sql_state(&by_hand).as_deref(), Some("42501"));
}

#[tokio::test]
async fn a_hierarchy_is_as_deep_as_it_is_asked_for() {
    let smm = start().await;
    let t = &smm.tenants;
    let root = smm.person(t.root_people.admin);
    let at = async |client: hg_types::ClientId, depth: &str| -> Hierarchy {
        root.get(&format!("/clients/{client}/hierarchy{depth}")).await.expect(200).parse()
    };
    let (whole, level, none) = (at(t.root, "").await, at(t.root, "?depth=1").await, at(t.root, "?depth=0").await);
    assert!(whole.descendants.len() > level.descendants.len() && !level.descendants.is_empty());
    assert_eq!(level.descendants.len(), whole.children.len());
    assert!(none.descendants.is_empty() && none.children.is_empty() && !none.has_more);
    let above = at(t.customer, "?depth=0").await;
    assert_eq!(above.ancestors.iter().map(|it| it.id).collect::<Vec<_>>(), [t.root, t.agency]);
    assert_eq!(root.get(&format!("/clients/{}/hierarchy?depth=11", t.root)).await.expect(422).fields(), ["depth"]);
}
