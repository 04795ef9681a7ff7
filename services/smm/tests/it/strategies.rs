//! Strategies: typed, versioned, one in force per content type.

use hg_contracts::{
    Page,
    smm::{Strategy, VersionSummary},
};
use serde_json::{Value, json};
use sqlx::Row as _;

use crate::harness::start;

fn save(configuration: &Value) -> Value {
    json!({"name": "Local SEO Blog Strategy", "content_type": "blog_post", "configuration": configuration, "note": "first"})
}

#[tokio::test]
async fn each_save_is_a_version() {
    let smm = start().await;
    let t = &smm.tenants;
    let path = format!("/clients/{}/strategies", t.customer);
    let member = smm.person(t.customer_people.member);
    let made: Strategy = member
        .post(&path, &save(&json!({"tone": "calm", "word_count_min": 600, "word_count_max": 1000})))
        .await
        .expect(201)
        .parse();
    assert_eq!((made.version, made.is_active, made.configuration.word_count_range), (1, true, Some((600, 1000))));
    assert_eq!(member.post(&path, &save(&json!({}))).await.expect(409).code(), "strategy_exists");
    let one = format!("/strategies/{}", made.id);
    let changed: Strategy = member.put(&one, &save(&json!({"tone": "warm"}))).await.expect(200).parse();
    assert_eq!((changed.version, changed.configuration.tone.as_deref()), (2, Some("warm")));
    let rows = sqlx::query("SELECT version, configuration ->> 'tone' AS tone, note, created_by FROM strategy_versions WHERE strategy_id = $1 ORDER BY version")
        .bind(made.id.uuid())
        .fetch_all(&mut smm.db.superuser().await)
        .await
        .unwrap();
    let versions: Vec<(i32, String)> = rows.iter().map(|row| (row.get("version"), row.get("tone"))).collect();
    assert_eq!(versions, [(1, "calm".to_owned()), (2, "warm".to_owned())]);
    assert!(
        rows.iter().all(|row| row.get::<Option<uuid::Uuid>, _>("created_by") == Some(t.customer_people.member.uuid()))
    );
    let _ = member.delete(&one).await.expect(204);
    let _ = member.delete(&one).await.expect(404);
    let left: Page<Strategy> = member.get(&path).await.expect(200).parse();
    assert!(left.data.is_empty());
    // What jobs name stays.
    let gone: Strategy = member.get(&one).await.expect(200).parse();
    assert!(!gone.is_active);
    let all: Page<Strategy> = member.get(&format!("{path}?deleted=true")).await.expect(200).parse();
    assert_eq!(all.data.len(), 1);
}

#[tokio::test]
async fn every_bad_field_is_named_by_its_path() {
    let smm = start().await;
    let t = &smm.tenants;
    let member = smm.person(t.customer_people.member);
    let path = format!("/clients/{}/strategies", t.customer);
    let refused = async |body: Value| member.post(&path, &body).await.expect(422).fields();
    let social = json!({"name": " ", "content_type": "social_media", "configuration": {"platforms": ["myspace"]}});
    assert_eq!(refused(social).await, ["name", "configuration.platforms[0]"]);
    assert_eq!(refused(save(&json!({"word_count_range": [1000, 600]}))).await, ["configuration.word_count_range"]);
    assert_eq!(refused(save(&json!({"hologram": true}))).await, ["configuration.hologram"]);
    assert_eq!(refused(save(&json!({"subheading_count": "three"}))).await, ["configuration.subheading_count"]);
    assert_eq!(refused(json!({"name": "N", "content_type": "poem", "configuration": {}})).await, ["content_type"]);
    let mut based = save(&json!({}));
    based["version"] = 1.into();
    assert_eq!(refused(based).await, ["version"]);
    assert_eq!(refused(save(&json!({"voice_samples": ["x".repeat(2_001)]}))).await, ["configuration.voice_samples[0]"]);
    assert_eq!(
        refused(save(&json!({"call_to_action_url": "javascript:x"}))).await,
        ["configuration.call_to_action_url"]
    );
}

#[tokio::test]
async fn sizes_and_platforms_are_told_with_what_is_allowed() {
    let smm = start().await;
    let t = &smm.tenants;
    let member = smm.person(t.customer_people.member);
    let path = format!("/clients/{}/strategies", t.customer);
    let message = async |body: Value| {
        let answer = member.post(&path, &body).await.expect(422);
        answer.json()["error"]["details"][0]["message"].as_str().unwrap().to_owned()
    };
    let megabyte = "g".repeat(1_000_000);
    assert_eq!(message(save(&json!({"brand_guidelines": megabyte}))).await, "must have at most 20000 characters");
    // More than the body limit isn't even read.
    let _ = member.post(&path, &save(&json!({"brand_guidelines": "g".repeat(1_100_000)}))).await.expect(413);
    let myspace = json!({"name": "S", "content_type": "social_media", "configuration": {"platforms": ["myspace"]}});
    assert_eq!(
        message(myspace).await,
        r#""myspace" is not a platform; known are twitter, linkedin, facebook, instagram"#
    );
    assert_eq!(
        message(save(&json!({"word_count_min": 900, "word_count_max": 300}))).await,
        "the maximum is below the minimum"
    );
    let e_mail = save(&json!({"subject_length": 60}));
    assert_eq!(message(e_mail).await, "does not apply to blog_post, only to email_campaign");
}

#[tokio::test]
async fn what_the_reference_calls_its_fields_is_understood() {
    let smm = start().await;
    let t = &smm.tenants;
    let path = format!("/clients/{}/strategies", t.customer);
    let seed = json!({
        "tone": "educational", "target_audience": "high school and college educators", "word_count_range": [800, 1500],
        "include_experiments": true, "include_diagrams": true, "technical_level": "intermediate", "seo_focus": true,
        "brand_mentions": "PASCO Scientific equipment"
    });
    let made: Strategy = smm.person(t.customer_people.member).post(&path, &save(&seed)).await.expect(201).parse();
    assert_eq!(
        Value::Object(made.configuration.extras.unwrap()),
        json!({"include_diagrams": true, "include_experiments": true})
    );
    assert_eq!(made.configuration.include_experiments, None);
}

#[tokio::test]
async fn an_ancestors_strategy_is_read_and_never_written() {
    let smm = start().await;
    let t = &smm.tenants;
    let agency_path = format!("/clients/{}/strategies", t.agency);
    let made: Strategy = smm
        .person(t.agency_people.member)
        .post(&agency_path, &save(&json!({"tone": "strict"})))
        .await
        .expect(201)
        .parse();
    let one = format!("/strategies/{}", made.id);
    let customer = smm.person(t.customer_people.owner);
    let _ = customer.get(&one).await.expect(200);
    let _ = customer.put(&one, &save(&json!({}))).await.expect(403);
    let _ = customer.post(&format!("{one}/versions/1/restore"), &json!({})).await.expect(403);
    let _ = customer.delete(&one).await.expect(403);
    let _ = customer.post(&agency_path, &save(&json!({}))).await.expect(404);
    let _ = smm.person(t.agency_people.viewer).put(&one, &save(&json!({}))).await.expect(403);
    let outsider = smm.person(t.other_agency_people.owner);
    let _ = outsider.get(&one).await.expect(404);
    let _ = outsider.put(&one, &save(&json!({}))).await.expect(404);
    let _ = outsider.delete(&one).await.expect(404);
    for path in ["versions", "versions/1", "compare?from=1"] {
        let _ = outsider.get(&format!("{one}/{path}")).await.expect(404);
        let _ = customer.get(&format!("{one}/{path}")).await.expect(200);
    }
    let _ = outsider.post(&format!("{one}/versions/1/restore"), &json!({})).await.expect(404);
    // Heirs don't learn who works at the agency.
    let seen: Page<VersionSummary> = customer.get(&format!("{one}/versions")).await.expect(200).parse();
    assert_eq!(seen.data[0].info.author, None);
    // Nor why it was saved: that may be about a sibling.
    let noted =
        json!({"name": "S", "content_type": "blog_post", "configuration": {}, "note": "Ohio Paving complained"});
    let _ = smm.person(t.agency_people.member).put(&one, &noted).await.expect(200);
    for path in ["versions", "versions/2", "compare?from=1"] {
        let told = customer.get(&format!("{one}/{path}")).await.expect(200);
        assert!(!told.text.contains("complained"), "{}", told.text);
        assert!(
            smm.person(t.agency_people.viewer)
                .get(&format!("{one}/{path}"))
                .await
                .expect(200)
                .text
                .contains("complained")
        );
    }
    let other_type = json!({"name": "N", "content_type": "press_release", "configuration": {}});
    assert_eq!(smm.person(t.agency_people.member).put(&one, &other_type).await.expect(422).fields(), ["content_type"]);
}

#[tokio::test]
async fn a_service_that_works_for_a_client_reads_and_never_saves() {
    let smm = start().await;
    let t = &smm.tenants;
    let (worker, member) = (smm.worker(t.customer), smm.person(t.customer_people.member));
    let path = format!("/clients/{}/strategies", t.customer);
    let made: Strategy = member.post(&path, &save(&json!({}))).await.expect(201).parse();
    let one = format!("/strategies/{}", made.id);
    let _ = worker.get(&one).await.expect(200);
    let _ = worker.get(&format!("/clients/{}/effective-strategy?content_type=blog_post", t.customer)).await.expect(200);
    let _ = worker.post(&path, &save(&json!({}))).await.expect(403);
    let _ = worker.put(&one, &save(&json!({}))).await.expect(403);
    let _ = worker.delete(&one).await.expect(403);
    let _ = worker.post(&format!("{one}/versions/1/restore"), &json!({})).await.expect(403);
    let rules = json!({"content_type": "blog_post", "rules": {}});
    let _ = worker.post(&format!("/clients/{}/seo-rules", t.customer), &rules).await.expect(403);
    let _ = worker.get(&format!("/clients/{}/members", t.customer)).await.expect(403);
}

#[tokio::test]
async fn of_many_that_were_deleted_the_latest_are_told_behind_those_in_force() {
    let smm = start().await;
    let t = &smm.tenants;
    let member = smm.person(t.customer_people.member);
    let path = format!("/clients/{}/strategies", t.customer);
    let press = json!({"name": "Press", "content_type": "press_release", "configuration": {}});
    let _ = member.post(&path, &press).await.expect(201);
    sqlx::query(
        "INSERT INTO strategies (client_id, name, content_type, configuration, is_active)
         SELECT $1, 'old ' || n, 'blog_post', '{}', false FROM generate_series(1, 120) n",
    )
    .bind(t.customer.uuid())
    .execute(&mut smm.db.superuser().await)
    .await
    .unwrap();
    let all: Page<Strategy> = member.get(&format!("{path}?deleted=true")).await.expect(200).parse();
    assert_eq!((all.data.len(), all.pagination.has_more, all.pagination.total_capped), (100, true, true));
    assert_eq!((all.data[0].name.as_str(), all.data[1].name.as_str()), ("Press", "old 120"));
    let in_force: Page<Strategy> = member.get(&path).await.expect(200).parse();
    assert_eq!((in_force.data.len(), in_force.pagination.has_more), (1, false));
}
