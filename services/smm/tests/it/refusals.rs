//! Who gets in, and what is said to those who don't.

use serde_json::json;

use crate::harness::start;

#[tokio::test]
async fn every_route_asks_for_an_internal_token() {
    let smm = start().await;
    let tried = smm.refuses_strangers().await;
    assert!(tried >= 14, "{tried}");
}

#[tokio::test]
async fn bad_input_is_told_apart() {
    let smm = start().await;
    let admin = smm.person(smm.tenants.root_people.admin);
    assert_eq!(admin.post_bytes("/clients", "{\"name\": ").await.expect(400).code(), "malformed_json");
    let _ = admin.post_bytes("/clients", "x".repeat(2 * 1024 * 1024)).await.expect(413);
    let _ = admin.get("/clients/not%20a%20slug").await.expect(404);
    let _ = admin.get("/strategies/not-an-id").await.expect(404);
    let _ = admin.delete(&format!("/clients/{}/members/nobody", smm.tenants.root)).await.expect(404);
    let nul = json!({"name": "A\u{0}B", "type": "agency", "parent_id": smm.tenants.root});
    assert_eq!(admin.post("/clients", &nul).await.expect(422).fields(), ["name"]);
}

#[tokio::test]
async fn health_says_what_it_stands_on() {
    start().await.is_healthy_and_describes("/clients/{client}/effective-strategy").await;
}

/// Each mistake that people make has an answer of its own: which field, and why.
#[tokio::test]
async fn every_mistake_has_an_answer_of_its_own() {
    let smm = start().await;
    let t = &smm.tenants;
    let (root, member) = (smm.person(t.root_people.owner), smm.person(t.customer_people.member));
    let archived = format!("/clients/{}/archive", t.other_agency);
    let _ = root.post(&archived, &json!({})).await.expect(200);
    let client = |name: &str, slug: Option<&str>, kind: &str, parent| {
        let mut new = json!({"name": name, "type": kind, "parent_id": parent});
        if let Some(slug) = slug {
            new["slug"] = slug.into();
        }
        new
    };
    let strategy =
        |kind: &str, configuration| json!({"name": "S", "content_type": kind, "configuration": configuration});
    let to = |parent| json!({"parent_id": parent});
    let moving = |client| format!("/clients/{client}/move");
    let own = format!("/clients/{}/strategies", t.customer);
    let guidelines = |length: usize| strategy("blog_post", json!({"brand_guidelines": "g".repeat(length)}));
    for (mistake, answer, status, code, field, why) in [
        (
            "a cycle",
            root.post(&moving(t.agency), &to(t.customer)).await,
            422,
            "validation_failed",
            "parent_id",
            "can't stand below itself",
        ),
        (
            "a customer under a customer",
            root.post("/clients", &client("C", None, "customer", t.sibling)).await,
            422,
            "validation_failed",
            "parent_id",
            "an agency or the root",
        ),
        (
            "a customer moved under a customer",
            root.post(&moving(t.customer), &to(t.sibling)).await,
            422,
            "validation_failed",
            "parent_id",
            "an agency or the root",
        ),
        (
            "a root with a parent",
            root.post("/clients", &client("R", None, "root", t.root)).await,
            422,
            "validation_failed",
            "type",
            "one root",
        ),
        (
            "a root that is moved",
            root.post(&moving(t.root), &to(t.agency)).await,
            409,
            "root_stays",
            "",
            "can't be moved",
        ),
        (
            "a slug with strange characters",
            root.post("/clients", &client("N", Some("../größe"), "agency", t.root)).await,
            422,
            "validation_failed",
            "slug",
            "lower-case letters and digits",
        ),
        (
            "guidelines of 1 MB",
            member.post(&own, &guidelines(1_000_000)).await,
            422,
            "validation_failed",
            "configuration.brand_guidelines",
            "at most 20000 characters",
        ),
        (
            "guidelines of more than is read",
            member.post(&own, &guidelines(1_048_576)).await,
            413,
            "payload_too_large",
            "",
            "more than 1048576 bytes",
        ),
        (
            "an unknown platform",
            member.post(&own, &strategy("social_media", json!({"platforms": ["myspace"]}))).await,
            422,
            "validation_failed",
            "configuration.platforms[0]",
            "known are twitter, linkedin, facebook, instagram",
        ),
        (
            "a maximum below its minimum",
            member.post(&own, &strategy("blog_post", json!({"word_count_range": [900, 300]}))).await,
            422,
            "validation_failed",
            "configuration.word_count_range",
            "the maximum is below the minimum",
        ),
        (
            "moving under an archived client",
            root.post(&moving(t.customer), &to(t.other_agency)).await,
            409,
            "parent_archived",
            "",
            "is archived",
        ),
        (
            "making under an archived client",
            root.post("/clients", &client("N", None, "customer", t.other_agency)).await,
            409,
            "parent_archived",
            "",
            "is archived",
        ),
        (
            "a viewer who saves",
            smm.person(t.customer_people.viewer).post(&own, &strategy("press_release", json!({}))).await,
            403,
            "forbidden",
            "",
            "needs the role member on the client",
        ),
        (
            "a member of another agency with a guessed id",
            smm.person(t.other_agency_people.member).post(&own, &strategy("press_release", json!({}))).await,
            404,
            "not_found",
            "",
            "client not found",
        ),
        (
            "and who only looks",
            smm.person(t.other_agency_people.member).get(&own).await,
            404,
            "not_found",
            "",
            "client not found",
        ),
    ] {
        let text = answer.text.clone();
        assert_eq!((answer.status.as_u16(), answer.code().as_str()), (status, code), "{mistake}: {text}");
        let fields = if status == 422 { answer.fields() } else { Vec::new() };
        assert_eq!(fields.first().map_or("", String::as_str), field, "{mistake}: {text}");
        assert!(text.contains(why), "{mistake}: {text}");
    }
    // Nothing came of any of them.
    let left = root.get(&own).await.expect(200).json();
    assert_eq!(left["data"].as_array().unwrap().len(), 0, "{left}");
}
