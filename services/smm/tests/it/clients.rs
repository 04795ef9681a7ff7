//! Clients: who sees which, who changes them, and what a new one begins with.

use hg_contracts::{
    Page,
    smm::{Client, Hierarchy, Strategy},
};
use hg_types::{ClientId, ClientType, ContentType, Role};
use serde_json::{Value, json};

use crate::harness::start;

fn names(page: &Page<Client>) -> Vec<&str> {
    page.data.iter().map(|client| client.slug.as_str()).collect()
}

#[tokio::test]
async fn visibility_runs_down_the_hierarchy() {
    let smm = start().await;
    let t = &smm.tenants;
    let everything: Page<Client> = smm.person(t.root_people.viewer).get("/clients").await.expect(200).parse();
    assert_eq!(everything.data.len(), 7);
    assert_eq!(everything.pagination.total, Some(7));
    let agency: Page<Client> = smm.person(t.agency_people.viewer).get("/clients").await.expect(200).parse();
    assert_eq!(names(&agency), ["cincinnati-electrician", "heaviside-digital", "local-business-group"]);
    let customer: Page<Client> = smm.person(t.customer_people.owner).get("/clients").await.expect(200).parse();
    assert_eq!(names(&customer), ["cincinnati-electrician"]);
    assert_eq!(customer.data[0].role, Some(Role::Owner));
    let nobody: Page<Client> = smm.person(t.stranger).get("/clients").await.expect(200).parse();
    assert!(nobody.data.is_empty());
    let worker: Page<Client> = smm.worker(t.customer).get("/clients").await.expect(200).parse();
    assert_eq!((names(&worker), worker.data[0].role), (vec!["cincinnati-electrician"], None));
}

#[tokio::test]
async fn a_list_is_narrowed_and_paged() {
    let smm = start().await;
    let root = smm.person(smm.tenants.root_people.viewer);
    let mut seen = Vec::new();
    let mut path = "/clients?limit=3".to_owned();
    loop {
        let page: Page<Client> = root.get(&path).await.expect(200).parse();
        assert!(page.data.len() <= 3);
        seen.extend(page.data.iter().map(|client| client.name.clone()));
        let Some(cursor) = page.pagination.next_cursor else { break };
        path = format!("/clients?limit=3&cursor={cursor}");
    }
    let mut sorted = seen.clone();
    sorted.sort_by_key(|name| name.to_lowercase());
    sorted.dedup();
    assert_eq!((seen.len(), &seen), (7, &sorted));
    let agencies: Page<Client> = root.get("/clients?type=agency").await.expect(200).parse();
    assert_eq!(names(&agencies), ["heaviside-digital", "paving-marketers"]);
    let found: Page<Client> = root.get("/clients?q=PAVING").await.expect(200).parse();
    assert_eq!(names(&found), ["ohio-paving", "paving-marketers"]);
    let literal: Page<Client> = root.get("/clients?q=%25").await.expect(200).parse();
    assert!(literal.data.is_empty());
    let below: Page<Client> = root.get(&format!("/clients?parent_id={}", smm.tenants.agency)).await.expect(200).parse();
    assert_eq!(names(&below), ["cincinnati-electrician", "local-business-group"]);
    assert_eq!(root.get("/clients?limit=0").await.expect(422).fields(), ["limit"]);
    assert_eq!(root.get("/clients?cursor=nonsense").await.expect(422).fields(), ["cursor"]);
    assert_eq!(root.get("/clients?colour=red").await.expect(422).fields(), ["colour"]);
    assert_eq!(root.get("/clients?archived=perhaps").await.expect(422).fields(), ["archived"]);
    assert_eq!(root.get("/clients?parent_id=heaviside").await.expect(422).fields(), ["parent_id"]);
    assert_eq!(root.get("/clients?page=2&cursor=x").await.expect(422).fields(), ["page"]);
    // As the reference numbers them.
    let second: Page<Client> = root.get("/clients?page=2&pageSize=3").await.expect(200).parse();
    assert_eq!(
        second.data.iter().map(|client| &client.name).collect::<Vec<_>>(),
        seen[3..6].iter().collect::<Vec<_>>()
    );
    assert_eq!(second.pagination.total, Some(7));
}

#[tokio::test]
async fn a_client_is_found_by_id_and_by_slug() {
    let smm = start().await;
    let t = &smm.tenants;
    let member = smm.person(t.customer_people.member);
    let by_slug: Client = member.get("/clients/cincinnati-electrician").await.expect(200).parse();
    let by_id: Client = member.get(&format!("/clients/{}", t.customer)).await.expect(200).parse();
    assert_eq!(by_slug, by_id);
    assert_eq!(by_id.role, Some(Role::Member));
    for foreign in ["ohio-paving", "heaviside-digital", "no-such-client", "018f3b2e-7c0a-7000-8000-000000000000", "%00"]
    {
        let answer = member.get(&format!("/clients/{foreign}")).await.expect(404);
        assert_eq!(answer.code(), "not_found");
    }
}

#[tokio::test]
async fn a_new_client_has_a_slug_of_its_own_and_default_strategies() {
    let smm = start().await;
    let t = &smm.tenants;
    let admin = smm.person(t.root_people.admin);
    let new = json!({"name": "Bright Agency", "type": "agency", "parent_id": t.root, "metadata": {"industry": "marketing_agency"}});
    let agency: Client = admin.post("/clients", &new).await.expect(201).parse();
    assert_eq!(
        (agency.slug.as_str(), agency.client_type, agency.role),
        ("bright-agency", ClientType::Agency, Some(Role::Admin))
    );
    // The same name again gets a number; a slug that was asked for is this one or none.
    let again: Client = admin.post("/clients", &new).await.expect(201).parse();
    assert_eq!(again.slug, "bright-agency-2");
    let asked = json!({"name": "B", "slug": "bright-agency", "type": "agency", "parent_id": t.root});
    assert_eq!(admin.post("/clients", &asked).await.expect(409).code(), "slug_taken");
    let strategies: Page<Strategy> = admin.get(&format!("/clients/{}/strategies", agency.id)).await.expect(200).parse();
    assert_eq!(strategies.data.len(), 2);
    // They say nothing: what is built in holds anyway, and what is decided above later on isn't hidden.
    assert_eq!(strategies.data[0].configuration.word_count_range, None);
    let blog_of = |client: ClientId| format!("/clients/{client}/effective-strategy?content_type=blog_post");
    let effective = admin.get(&blog_of(agency.id)).await.expect(200).json();
    assert_eq!(
        (&effective["values"]["word_count_range"], &effective["sources"][0]["level"]),
        (&json!([800, 1200]), &json!("client"))
    );
    let roots = json!({"name": "R", "content_type": "blog_post", "configuration": {"tone": "grave"}});
    let _ = admin.post(&format!("/clients/{}/strategies", t.root), &roots).await.expect(201);
    assert_eq!(admin.get(&blog_of(agency.id)).await.expect(200).json()["values"]["tone"], "grave");

    // A customer of that agency inherits what the agency decided.
    let customer = json!({"name": "Customer", "type": "customer", "parent_id": agency.id});
    let customer: Client = admin.post("/clients", &customer).await.expect(201).parse();
    let blog = &strategies.data[0];
    assert_eq!(blog.content_type, ContentType::BlogPost);
    let change = json!({"name": blog.name, "content_type": "blog_post", "configuration": {"tone": "cheeky"}});
    let _ = admin.put(&format!("/strategies/{}", blog.id), &change).await.expect(200);
    assert_eq!(admin.get(&blog_of(customer.id)).await.expect(200).json()["values"]["tone"], "cheeky");
}

#[tokio::test]
async fn the_hierarchys_rules_have_names() {
    let smm = start().await;
    let t = &smm.tenants;
    let admin = smm.person(t.root_people.admin);
    let new =
        |client_type: &str, parent: Value| json!({"name": "N", "slug": "n", "type": client_type, "parent_id": parent});
    let fields = |answer: hg_testkit::Answer| answer.expect(422).fields();
    assert_eq!(fields(admin.post("/clients", &new("agency", json!(t.agency))).await), ["parent_id"]);
    assert_eq!(fields(admin.post("/clients", &new("customer", json!(t.customer))).await), ["parent_id"]);
    assert_eq!(fields(admin.post("/clients", &new("root", json!(t.root))).await), ["type"]);
    assert_eq!(fields(admin.post("/clients", &new("planet", json!(t.root))).await), ["type"]);
    assert_eq!(
        fields(admin.post("/clients", &json!({"name": "N", "type": "agency", "parent_id": t.root, "colour": 1})).await),
        ["colour"]
    );
    assert_eq!(fields(admin.post("/clients", &json!({"type": "agency", "parent_id": t.root})).await), ["name"]);
}

#[tokio::test]
async fn a_slug_is_plain_letters_and_digits() {
    let smm = start().await;
    let t = &smm.tenants;
    let admin = smm.person(t.root_people.admin);
    for strange in ["Größe", "a b", "a--b", "-a", "a_b", "../etc", "a\u{200b}b", "", "018f3b2e7c0a70008000000000000000"]
    {
        let new = json!({"name": "N", "slug": strange, "type": "agency", "parent_id": t.root});
        let answer = admin.post("/clients", &new).await.expect(422);
        assert_eq!(answer.fields()[0], "slug", "{strange}: {}", answer.text);
        let change = json!({"slug": strange});
        assert_eq!(admin.put("/clients/heaviside-digital", &change).await.expect(422).fields()[0], "slug", "{strange}");
    }
    let named = |name: &str| json!({"name": name, "type": "agency", "parent_id": t.root});
    let made: Client = admin.post("/clients", &named("Müller & Söhne")).await.expect(201).parse();
    assert_eq!(made.slug, "muller-sohne");
    assert_eq!(admin.post("/clients", &named("…")).await.expect(422).fields(), ["slug"]);
    let id = "018f3b2e-7c0a-7000-8000-000000000000";
    assert_eq!(admin.post("/clients", &named(id)).await.expect(422).fields(), ["slug"]);
}

#[tokio::test]
async fn only_an_admin_makes_changes_and_strangers_see_nothing() {
    let smm = start().await;
    let t = &smm.tenants;
    let new = json!({"name": "New", "type": "customer", "parent_id": t.agency});
    for too_low in [t.agency_people.viewer, t.agency_people.member] {
        let answer = smm.person(too_low).post("/clients", &new).await.expect(403);
        assert!(answer.text.contains("needs the role admin"), "{}", answer.text);
        let _ = smm.person(too_low).put(&format!("/clients/{}", t.customer), &json!({"name": "X"})).await.expect(403);
        let _ = smm.person(too_low).delete(&format!("/clients/{}", t.sibling)).await.expect(403);
    }
    for outside in [t.other_agency_people.owner, t.customer_people.owner, t.stranger] {
        let _ = smm.person(outside).post("/clients", &new).await.expect(404);
        let _ = smm.person(outside).put(&format!("/clients/{}", t.sibling), &json!({"name": "X"})).await.expect(404);
        let _ = smm.person(outside).delete(&format!("/clients/{}", t.sibling)).await.expect(404);
    }
    let _ = smm.worker(t.agency).post("/clients", &new).await.expect(403);
    // A customer's owner changes it but can't remove it from its agency.
    let owner = smm.person(t.customer_people.owner);
    let changed: Client = owner
        .put("/clients/cincinnati-electrician", &json!({"metadata": {"location": "cincinnati_oh"}}))
        .await
        .expect(200)
        .parse();
    assert_eq!(
        (changed.name.as_str(), changed.metadata["location"].as_str()),
        ("Cincinnati Electrician Co.", Some("cincinnati_oh"))
    );
    let _ = owner.delete("/clients/cincinnati-electrician").await.expect(403);
    assert_eq!(
        owner.put("/clients/cincinnati-electrician", &json!({"slug": "ohio-paving"})).await.expect(409).code(),
        "slug_taken"
    );
}

#[tokio::test]
async fn the_hierarchy_is_shown_as_far_as_the_caller_sees() {
    let smm = start().await;
    let t = &smm.tenants;
    let path = format!("/clients/{}/hierarchy", t.agency);
    let slugs = |clients: &[Client]| clients.iter().map(|client| client.slug.clone()).collect::<Vec<_>>();
    let whole: Hierarchy = smm.person(t.root_people.viewer).get(&path).await.expect(200).parse();
    assert_eq!(slugs(&whole.ancestors), ["hg-content"]);
    assert_eq!(whole.parent.map(|parent| parent.id), Some(t.root));
    assert_eq!(slugs(&whole.children), ["cincinnati-electrician", "local-business-group"]);
    assert!(whole.descendants.iter().all(|client| client.role == Some(Role::Viewer)));
    let own: Hierarchy = smm.person(t.agency_people.admin).get(&path).await.expect(200).parse();
    assert!(own.ancestors.is_empty() && own.parent.is_none());
    assert!(own.children.iter().all(|client| client.role == Some(Role::Admin)));
    let top: Hierarchy =
        smm.person(t.root_people.viewer).get("/clients/hg-content/hierarchy").await.expect(200).parse();
    assert_eq!((top.children.len(), top.descendants.len()), (3, 6));
    let _ = smm.person(t.other_agency_people.owner).get(&path).await.expect(404);
}
