//! The effective strategy, through the database.

use hg_contracts::smm::{EffectiveStrategy, Level};
use serde_json::json;

use crate::harness::start;

#[tokio::test]
async fn values_come_from_the_client_its_agency_the_root_and_the_defaults() {
    let smm = start().await;
    let t = &smm.tenants;
    for (person, client, configuration) in [
        (t.root_people.member, t.root, json!({"banned_terms": ["cheap"], "tone": "neutral"})),
        (t.agency_people.member, t.agency, json!({"tone": "strict", "call_to_action": "book a call"})),
        (
            t.customer_people.member,
            t.customer,
            json!({"location_focus": "Cincinnati, Ohio", "word_count_range": [600, 1000]}),
        ),
    ] {
        let body = json!({"name": "S", "content_type": "blog_post", "configuration": configuration});
        let _ = smm.person(person).post(&format!("/clients/{client}/strategies"), &body).await.expect(201);
    }
    let by_slug = "/clients/cincinnati-electrician/effective-strategy?content_type=blog";
    let by_id = format!("/clients/{}/effective-strategy?content_type=blog_post", t.customer);
    let seen: EffectiveStrategy = smm.person(t.customer_people.viewer).get(by_slug).await.expect(200).parse();
    let worker: EffectiveStrategy = smm.worker(t.customer).get(&by_id).await.expect(200).parse();
    assert_eq!(seen, worker);
    assert_eq!(seen.values.tone.as_deref(), Some("strict"));
    assert_eq!(seen.values.banned_terms.as_deref(), Some(&["cheap".to_owned()][..]));
    assert_eq!(seen.values.word_count_range, Some((600, 1000)));
    assert_eq!(seen.values.subheading_count, Some(3));
    let level = |field: &str| seen.sources[seen.explain[field]].level;
    assert_eq!(
        ["location_focus", "tone", "banned_terms", "subheading_count"].map(level),
        [Level::Client, Level::Agency, Level::Root, Level::Default]
    );
    assert_eq!(seen.client.slug, "cincinnati-electrician");
    let _ = smm.person(t.other_agency_people.owner).get(&by_id).await.expect(404);
    let _ = smm.worker(t.other_customer).get(&by_id).await.expect(404);
    assert_eq!(
        smm.worker(t.customer).get(&format!("/clients/{}/effective-strategy", t.customer)).await.expect(422).fields(),
        ["content_type"]
    );
}
