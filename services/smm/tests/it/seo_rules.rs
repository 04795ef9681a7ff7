//! SEO rules: saved in versions like strategies, inherited with them.

use hg_contracts::{
    Page,
    smm::{Comparison, EffectiveStrategy, Level, SeoRules, SeoRulesVersion, VersionSummary},
};
use serde_json::{Value, json};

use crate::harness::start;

fn save(rules: &Value, version: Option<i32>) -> Value {
    let mut save = json!({"content_type": "blog_post", "rules": rules, "note": "why"});
    if let Some(version) = version {
        save["version"] = version.into();
    }
    save
}

#[tokio::test]
async fn rules_have_versions_like_strategies() {
    let smm = start().await;
    let t = &smm.tenants;
    let member = smm.person(t.customer_people.member);
    let path = format!("/clients/{}/seo-rules", t.customer);
    let made: SeoRules = member.post(&path, &save(&json!({"title_width": 580}), None)).await.expect(201).parse();
    assert_eq!((made.version, made.rules.title_width), (1, Some(580)));
    assert_eq!(member.post(&path, &save(&json!({}), None)).await.expect(409).code(), "seo_rules_exist");
    let one = format!("/seo-rules/{}", made.id);
    let changed: SeoRules =
        member.put(&one, &save(&json!({"keyphrase_density": [0.8, 2.5]}), Some(1))).await.expect(200).parse();
    assert_eq!((changed.version, changed.rules.keyphrase_density), (2, Some((0.8, 2.5))));
    assert_eq!(member.put(&one, &save(&json!({}), Some(1))).await.expect(409).code(), "version_conflict");
    let page: Page<VersionSummary> = member.get(&format!("{one}/versions?limit=1")).await.expect(200).parse();
    assert_eq!(page.data[0].changed, ["keyphrase_density", "title_width"]);
    assert_eq!(page.data[0].info.author.as_ref().unwrap().user_id, t.customer_people.member);
    assert!(page.pagination.has_more);
    let first: SeoRulesVersion = member.get(&format!("{one}/versions/1")).await.expect(200).parse();
    assert_eq!((first.rules.title_width, first.info.is_current), (Some(580), false));
    let compared: Comparison = member.get(&format!("{one}/compare?from=1&to=2")).await.expect(200).parse();
    assert_eq!(compared.changes.len(), 2);
    assert_eq!(member.get(&format!("{one}/compare?from=7")).await.expect(422).fields(), ["from"]);
    let restore = format!("{one}/versions/1/restore");
    let back: SeoRules = member.post(&restore, &json!({"version": 2})).await.expect(200).parse();
    assert_eq!((back.version, back.rules.title_width), (3, Some(580)));
    let _ = member.delete(&one).await.expect(204);
    let left: Page<SeoRules> = member.get(&path).await.expect(200).parse();
    assert!(left.data.is_empty());
    assert_eq!(member.put(&one, &save(&json!({}), None)).await.expect(409).code(), "seo_rules_deleted");
    let back: SeoRules = member.post(&restore, &json!({})).await.expect(200).parse();
    assert!(back.is_active && back.version == 4);
    let _ = member.get(&one).await.expect(200);
}

#[tokio::test]
async fn every_bad_rule_is_named() {
    let smm = start().await;
    let t = &smm.tenants;
    let member = smm.person(t.customer_people.member);
    let path = format!("/clients/{}/seo-rules", t.customer);
    let refused = async |body: Value| member.post(&path, &body).await.expect(422).fields();
    assert_eq!(refused(save(&json!({"keyphrase_density": [3, 1]}), None)).await, ["rules.keyphrase_density"]);
    assert_eq!(refused(save(&json!({"keyphrase_density": "dense"}), None)).await, ["rules.keyphrase_density"]);
    assert_eq!(refused(save(&json!({"title_width": 5000}), None)).await, ["rules.title_width"]);
    assert_eq!(refused(save(&json!({"skipped_checks": ["grammar"]}), None)).await, ["rules.skipped_checks[0]"]);
    assert_eq!(refused(save(&json!({"backlinks": 3}), None)).await, ["rules.backlinks"]);
    assert_eq!(refused(save(&json!({}), Some(1))).await, ["version"]);
    assert_eq!(refused(json!({"content_type": "social_media", "rules": {}})).await, ["content_type"]);
    let made: SeoRules = member.post(&path, &save(&json!({}), None)).await.expect(201).parse();
    let other = json!({"content_type": "press_release", "rules": {}});
    assert_eq!(member.put(&format!("/seo-rules/{}", made.id), &other).await.expect(422).fields(), ["content_type"]);
}

#[tokio::test]
async fn an_ancestors_rules_hold_below_and_are_read_and_never_written_there() {
    let smm = start().await;
    let t = &smm.tenants;
    let agency = smm.person(t.agency_people.member);
    let path = format!("/clients/{}/seo-rules", t.agency);
    let _ = smm.person(t.agency_people.viewer).post(&path, &save(&json!({}), None)).await.expect(403);
    let rules = json!({"title_width": 560, "skipped_checks": ["keyphrase_in_slug"]});
    let made: SeoRules = agency.post(&path, &save(&rules, None)).await.expect(201).parse();
    let own = save(&json!({"title_width": 590}), None);
    let own_path = format!("/clients/{}/seo-rules", t.customer);
    let _ = smm.person(t.customer_people.member).post(&own_path, &own).await.expect(201);

    let effective = format!("/clients/{}/effective-strategy?content_type=blog_post", t.customer);
    let seen: EffectiveStrategy = smm.worker(t.customer).get(&effective).await.expect(200).parse();
    let level = |field: &str| seen.seo.sources[seen.seo.explain[field]].level;
    assert_eq!(seen.seo.values.title_width, Some(590));
    assert_eq!(
        ["title_width", "skipped_checks", "keyphrase_density"].map(level),
        [Level::Client, Level::Agency, Level::Default]
    );
    assert_eq!(seen.seo.sources[1].seo_rules_id, Some(made.id));
    let social = format!("/clients/{}/effective-strategy?content_type=social_media", t.customer);
    let seen: EffectiveStrategy = smm.worker(t.customer).get(&social).await.expect(200).parse();
    assert!(seen.seo.explain.is_empty());

    let one = format!("/seo-rules/{}", made.id);
    let customer = smm.person(t.customer_people.owner);
    let _ = customer.get(&one).await.expect(200);
    let _ = customer.put(&one, &save(&json!({}), None)).await.expect(403);
    let _ = customer.delete(&one).await.expect(403);
    let _ = customer.post(&format!("{one}/versions/1/restore"), &json!({})).await.expect(403);
    let outsider = smm.person(t.other_agency_people.owner);
    for path in ["", "/versions", "/versions/1", "/compare?from=1"] {
        let _ = outsider.get(&format!("{one}{path}")).await.expect(404);
    }
    let _ = outsider.put(&one, &save(&json!({}), None)).await.expect(404);
    let _ = outsider.delete(&one).await.expect(404);
    let _ = outsider.post(&path, &save(&json!({}), None)).await.expect(404);
}
