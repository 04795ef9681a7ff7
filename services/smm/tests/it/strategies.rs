//! Strategies: typed, versioned, one in force per content type.

use hg_contracts::{Page, smm::Strategy};
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
    let _ = member.get(&one).await.expect(404);
    let left: Page<Strategy> = member.get(&path).await.expect(200).parse();
    assert!(left.data.is_empty());
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
    let _ = customer.delete(&one).await.expect(403);
    let _ = customer.post(&agency_path, &save(&json!({}))).await.expect(404);
    let _ = smm.person(t.agency_people.viewer).put(&one, &save(&json!({}))).await.expect(403);
    let outsider = smm.person(t.other_agency_people.owner);
    let _ = outsider.get(&one).await.expect(404);
    let _ = outsider.put(&one, &save(&json!({}))).await.expect(404);
    let _ = outsider.delete(&one).await.expect(404);
    let other_type = json!({"name": "N", "content_type": "press_release", "configuration": {}});
    assert_eq!(smm.person(t.agency_people.member).put(&one, &other_type).await.expect(422).fields(), ["content_type"]);
}
