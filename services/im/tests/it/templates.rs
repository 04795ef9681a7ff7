//! Templates: saved only when they work, versioned, inherited, never another tenant's.

use hg_contracts::{
    Page,
    im::{Template, TemplateVerdict, TemplateVersion},
};
use serde_json::{Value, json};

use crate::harness::start;

fn save(client: impl serde::Serialize, template: &str) -> Value {
    json!({
        "client_id": client, "name": "Own", "content_type": "blog_post", "system_template": "You write for {{ client.name }}.",
        "template": template, "variables": ["topic"], "note": "why not",
    })
}

#[tokio::test]
async fn each_save_is_a_version() {
    let im = start().await;
    let t = &im.tenants;
    let member = im.person(t.customer_people.member);
    let made: Template = member.post("/templates", &save(t.customer, "A {{ topic }}")).await.expect(201).parse();
    assert_eq!((made.version, made.is_active, made.is_default), (1, true, false));
    assert_eq!(Value::Object(made.variables), json!({"topic": ""}));
    assert_eq!(
        member.post("/templates", &save(t.customer, "A {{ topic }}")).await.expect(409).code(),
        "template_exists"
    );
    let one = format!("/templates/{}", made.id);
    let changed: Template = member.put(&one, &save(t.customer, "B {{ topic }}")).await.expect(200).parse();
    assert_eq!((changed.version, changed.template.as_str()), (2, "B {{ topic }}"));
    let newest: Page<TemplateVersion> = member.get(&format!("{one}/versions?limit=1")).await.expect(200).parse();
    assert_eq!((newest.data[0].version, newest.data[0].note.as_deref()), (2, Some("why not")));
    let cursor = newest.pagination.next_cursor.unwrap();
    let older: Page<TemplateVersion> =
        member.get(&format!("{one}/versions?limit=1&cursor={cursor}")).await.expect(200).parse();
    assert_eq!(
        (older.data[0].version, older.data[0].template.as_str(), older.pagination.has_more),
        (1, "A {{ topic }}", false)
    );
    assert_eq!(member.put(&one, &save(t.agency, "B {{ topic }}")).await.expect(422).fields(), ["client_id"]);
}

#[tokio::test]
async fn a_template_that_cannot_work_is_not_saved() {
    let im = start().await;
    let t = &im.tenants;
    let member = im.person(t.customer_people.member);
    for bad in [
        "{% if %}",
        "{{ nobody }}",
        "{{ location }}",
        "{% include 'x' %}",
        "{% set x = topic ~ topic %}{% set x = x ~ x %}",
        "",
    ] {
        assert_eq!(member.post("/templates", &save(t.customer, bad)).await.expect(422).fields(), ["template"], "{bad}");
    }
    let verdict: TemplateVerdict = member
        .post(
            "/templates/validate",
            &json!({"content_type": "blog_post", "template": "one\n{{ topic }} {{ audience }}"}),
        )
        .await
        .expect(200)
        .parse();
    assert!(!verdict.valid);
    assert_eq!((verdict.problems[0].field.as_str(), verdict.problems[0].line), ("template", Some(2)));
    let verdict: TemplateVerdict = member
        .post("/templates/validate", &json!({"content_type": "blog_post", "template": "{{ topic }}"}))
        .await
        .expect(200)
        .parse();
    assert!(verdict.valid && verdict.preview.is_some());
}

#[tokio::test]
async fn ancestors_templates_are_read_and_never_written() {
    let im = start().await;
    let t = &im.tenants;
    let made: Template =
        im.person(t.agency_people.member).post("/templates", &save(t.agency, "{{ topic }}")).await.expect(201).parse();
    let one = format!("/templates/{}", made.id);
    let customer = im.person(t.customer_people.owner);
    let listed: Page<Template> =
        customer.get(&format!("/templates?client_id={}&content_type=blog_post", t.customer)).await.expect(200).parse();
    assert_eq!(listed.data.len(), 2);
    assert!(
        listed.data.iter().any(|template| template.id == made.id)
            && listed.data.iter().any(|template| template.is_default)
    );
    let _ = customer.get(&one).await.expect(200);
    let _ = customer.put(&one, &save(t.agency, "{{ topic }}")).await.expect(403);
    let _ = customer.post("/templates", &save(t.agency, "{{ topic }}")).await.expect(404);
    let _ = im.person(t.agency_people.viewer).put(&one, &save(t.agency, "{{ topic }}")).await.expect(403);
    let _ = im.person(t.customer_people.viewer).post("/templates", &save(t.customer, "{{ topic }}")).await.expect(403);
    let outsider = im.person(t.other_agency_people.owner);
    let _ = outsider.get(&one).await.expect(404);
    let _ = outsider.get(&format!("{one}/versions")).await.expect(404);
    let _ = outsider.put(&one, &save(t.agency, "{{ topic }}")).await.expect(404);
    let _ = outsider.get(&format!("/templates?client_id={}", t.customer)).await.expect(404);
    let seen: Page<Template> = outsider.get("/templates?limit=100").await.expect(200).parse();
    assert!(seen.data.iter().all(|template| template.id != made.id));
}

#[tokio::test]
async fn lists_are_paged() {
    let im = start().await;
    let viewer = im.person(im.tenants.root_people.viewer);
    let mut seen = Vec::new();
    let mut path = "/templates?limit=2".to_owned();
    loop {
        let page: Page<Template> = viewer.get(&path).await.expect(200).parse();
        seen.extend(page.data.iter().map(|template| template.id));
        let Some(cursor) = page.pagination.next_cursor else { break };
        path = format!("/templates?limit=2&cursor={cursor}");
    }
    let mut sorted = seen.clone();
    sorted.sort_unstable_by(|a, b| b.cmp(a));
    sorted.dedup();
    assert_eq!((seen.len(), &seen), (5, &sorted));
}
