//! Versions: listed, compared, brought back; and who was quicker.

use hg_contracts::{
    Page,
    smm::{ChangeKind, Comparison, Strategy, StrategyVersion, VersionSummary},
};
use hg_testkit::Api;
use serde_json::{Value, json};

use crate::harness::start;

fn save(configuration: &Value, version: Option<i32>, note: &str) -> Value {
    let mut save = json!({"name": "Blog", "content_type": "blog_post", "configuration": configuration, "note": note});
    if let Some(version) = version {
        save["version"] = version.into();
    }
    save
}

/// A strategy with as many versions as configurations; its path.
async fn planted(api: &Api, client: impl std::fmt::Display, configurations: &[Value]) -> String {
    let path = format!("/clients/{client}/strategies");
    let made: Strategy = api.post(&path, &save(&configurations[0], None, "save 1")).await.expect(201).parse();
    let one = format!("/strategies/{}", made.id);
    for (place, configuration) in configurations.iter().enumerate().skip(1) {
        let note = format!("save {}", place + 1);
        let _ = api.put(&one, &save(configuration, i32::try_from(place).ok(), &note)).await.expect(200);
    }
    one
}

#[tokio::test]
async fn versions_are_listed_with_author_note_and_what_changed() {
    let smm = start().await;
    let t = &smm.tenants;
    let (member, admin) = (smm.person(t.customer_people.member), smm.person(t.customer_people.admin));
    let one = planted(
        &member,
        t.customer,
        &[json!({"tone": "calm", "extras": {"a": 1}}), json!({"tone": "warm", "extras": {"a": 1}})],
    )
    .await;
    let last = json!({"tone": "warm", "language": "en-GB", "extras": {"a": 2}});
    let _ = admin.put(&one, &save(&last, Some(2), "third")).await.expect(200);

    let page: Page<VersionSummary> = member.get(&format!("{one}/versions?limit=2")).await.expect(200).parse();
    let told: Vec<_> = page.data.iter().map(|it| (it.info.version, it.info.is_current, it.changed.clone())).collect();
    assert_eq!(
        told,
        [(3, true, vec!["extras.a".to_owned(), "language".to_owned()]), (2, false, vec!["tone".to_owned()])]
    );
    assert_eq!(page.data[0].info.note.as_deref(), Some("third"));
    assert_eq!(page.data[0].info.author.as_ref().unwrap().user_id, t.customer_people.admin);
    assert_eq!(page.data[1].info.author.as_ref().unwrap().user_id, t.customer_people.member);
    let cursor = page.pagination.next_cursor.unwrap();
    let rest: Page<VersionSummary> =
        member.get(&format!("{one}/versions?limit=2&cursor={cursor}")).await.expect(200).parse();
    assert_eq!((rest.data.len(), rest.data[0].info.version, rest.pagination.has_more), (1, 1, false));
    assert_eq!(rest.data[0].changed, ["extras.a", "name", "tone"]);

    let first: StrategyVersion = member.get(&format!("{one}/versions/1")).await.expect(200).parse();
    assert_eq!((first.name.as_str(), first.configuration.tone.as_deref()), ("Blog", Some("calm")));
    let _ = member.get(&format!("{one}/versions/4")).await.expect(404);
    let _ = member.get(&format!("{one}/versions/first")).await.expect(404);
    assert_eq!(member.get(&format!("{one}/versions?cursor=x")).await.expect(422).fields(), ["cursor"]);
    assert_eq!(member.get(&format!("{one}/versions?limit=0")).await.expect(422).fields(), ["limit"]);
}

#[tokio::test]
async fn two_versions_are_compared_field_by_field() {
    let smm = start().await;
    let t = &smm.tenants;
    let member = smm.person(t.customer_people.member);
    let one = planted(
        &member,
        t.customer,
        &[
            json!({"tone": "calm", "banned_terms": ["cheap"], "subheading_count": 3}),
            json!({"tone": "warm", "language": "en", "subheading_count": 3}),
        ],
    )
    .await;
    let compared: Comparison = member.get(&format!("{one}/compare?from=1")).await.expect(200).parse();
    let changes: Vec<_> = compared.changes.iter().map(|it| (it.field.as_str(), it.kind)).collect();
    assert_eq!(
        changes,
        [("banned_terms", ChangeKind::Removed), ("language", ChangeKind::Added), ("tone", ChangeKind::Changed)]
    );
    assert_eq!((&compared.changes[2].before, &compared.changes[2].after), (&Some(json!("calm")), &Some(json!("warm"))));
    assert_eq!((compared.from.version, compared.to.version, compared.to.is_current), (1, 2, true));
    let same: Comparison = member.get(&format!("{one}/compare?from=2&to=2")).await.expect(200).parse();
    assert!(same.changes.is_empty());
    assert_eq!(member.get(&format!("{one}/compare?from=9&to=2")).await.expect(422).fields(), ["from"]);
    assert_eq!(member.get(&format!("{one}/compare?from=1&to=9")).await.expect(422).fields(), ["to"]);
    assert_eq!(member.get(&format!("{one}/compare")).await.expect(422).fields(), ["from"]);
}

#[tokio::test]
async fn an_earlier_version_comes_back_as_a_new_one() {
    let smm = start().await;
    let t = &smm.tenants;
    let member = smm.person(t.customer_people.member);
    let one = planted(&member, t.customer, &[json!({"tone": "calm"}), json!({"tone": "warm"})]).await;
    let restore = format!("{one}/versions/1/restore");
    let _ = smm.person(t.customer_people.viewer).post(&restore, &json!({})).await.expect(403);
    assert_eq!(member.post(&restore, &json!({"version": 1})).await.expect(409).code(), "version_conflict");
    assert_eq!(member.post(&restore, &json!({"note": "x".repeat(1_001)})).await.expect(422).fields(), ["note"]);
    let _ = member.post(&format!("{one}/versions/9/restore"), &json!({})).await.expect(404);
    let back: Strategy = member.post(&restore, &json!({"version": 2, "note": "calm again"})).await.expect(200).parse();
    assert_eq!((back.version, back.configuration.tone.as_deref()), (3, Some("calm")));
    let third: StrategyVersion = member.get(&format!("{one}/versions/3")).await.expect(200).parse();
    assert_eq!((third.info.restored_from, third.info.note.as_deref()), (Some(1), Some("calm again")));

    // Whoever deletes says what they have seen.
    assert_eq!(member.delete(&format!("{one}?version=2")).await.expect(409).code(), "version_conflict");
    assert_eq!(member.delete(&format!("{one}?version=x")).await.expect(422).fields(), ["version"]);
    let now: Strategy = member.get(&one).await.expect(200).parse();
    assert!(now.is_active);
    let _ = member.delete(&format!("{one}?version=3")).await.expect(204);
    let _ = member.delete(&format!("{one}?version=2")).await.expect(404);
    let _ = member.post(&restore, &json!({"version": 3})).await.expect(200);
    // A deleted strategy can't be changed, but a version of it can be brought back into force.
    let _ = member.delete(&one).await.expect(204);
    let changed = save(&json!({}), None, "");
    assert_eq!(member.put(&one, &changed).await.expect(409).code(), "strategy_deleted");
    let back: Strategy = member.post(&format!("{one}/versions/2/restore"), &json!({})).await.expect(200).parse();
    assert_eq!((back.version, back.is_active, back.configuration.tone.as_deref()), (5, true, Some("warm")));

    // Unless another one has taken its place.
    let _ = member.delete(&one).await.expect(204);
    let path = format!("/clients/{}/strategies", t.customer);
    let _ = member.post(&path, &save(&json!({}), None, "")).await.expect(201);
    assert_eq!(member.post(&restore, &json!({})).await.expect(409).code(), "strategy_exists");
}

#[tokio::test]
async fn whoever_is_slower_is_told_who_was_quicker() {
    let smm = start().await;
    let t = &smm.tenants;
    let (member, admin) = (smm.person(t.customer_people.member), smm.person(t.customer_people.admin));
    let one = planted(&member, t.customer, &[json!({"tone": "calm"})]).await;
    let _ = admin.put(&one, &save(&json!({"tone": "warm"}), Some(1), "")).await.expect(200);
    let late = member.put(&one, &save(&json!({"tone": "cold"}), Some(1), "")).await.expect(409);
    assert_eq!(late.code(), "version_conflict");
    let versions: Page<VersionSummary> = member.get(&format!("{one}/versions")).await.expect(200).parse();
    let author = versions.data[0].info.author.clone().unwrap();
    let said = late.json()["error"]["message"].as_str().unwrap().to_owned();
    assert!(said.starts_with(&format!("version 2 was saved by {} on ", author.name)), "{said}");
    assert!(said.ends_with("yours is based on version 1"), "{said}");
    let now: Strategy = member.get(&one).await.expect(200).parse();
    assert_eq!(now.configuration.tone.as_deref(), Some("warm"), "nothing was lost");

    // Of many at once with the same basis one wins, and no number is used twice.
    let tries = (0..8).map(|_| {
        let (member, one) = (smm.person(t.customer_people.member), one.clone());
        async move { member.put(&one, &save(&json!({"tone": "quick"}), Some(2), "")).await.status.as_u16() }
    });
    let mut statuses = futures::future::join_all(tries).await;
    statuses.sort_unstable();
    assert_eq!(statuses, [200, 409, 409, 409, 409, 409, 409, 409]);
    // Without a basis each wins, one after the other.
    let tries = (0..4).map(|_| {
        let (member, one) = (smm.person(t.customer_people.member), one.clone());
        async move { member.put(&one, &save(&json!({"tone": "quick"}), None, "")).await.status.as_u16() }
    });
    assert_eq!(futures::future::join_all(tries).await, [200, 200, 200, 200]);
    let now: Strategy = member.get(&one).await.expect(200).parse();
    assert_eq!(now.version, 7);
}

/// Whatever way it is asked: what an archived client says stays as it is, and can be read.
#[tokio::test]
async fn what_an_archived_client_says_stays() {
    let smm = start().await;
    let t = &smm.tenants;
    let (member, admin) = (smm.person(t.customer_people.member), smm.person(t.agency_people.admin));
    let one = planted(&member, t.customer, &[json!({"tone": "calm"}), json!({"tone": "warm"})]).await;
    let rules_path = format!("/clients/{}/seo-rules", t.customer);
    let rules = json!({"content_type": "blog_post", "rules": {"title_width": 580}});
    let seo = member.post(&rules_path, &rules).await.expect(201).json()["id"].as_str().unwrap().to_owned();
    let seo = format!("/seo-rules/{seo}");
    let _ = admin.post(&format!("/clients/{}/archive", t.customer), &json!({})).await.expect(200);

    let post = json!({"name": "Press", "content_type": "press_release", "configuration": {"tone": "late"}});
    let other_rules = json!({"content_type": "press_release", "rules": {}});
    let tries = [
        member.post(&format!("/clients/{}/strategies", t.customer), &post).await,
        member.put(&one, &save(&json!({"tone": "late"}), Some(2), "")).await,
        member.post(&format!("{one}/versions/1/restore"), &json!({})).await,
        member.delete(&one).await,
        member.post(&rules_path, &other_rules).await,
        member.put(&seo, &rules).await,
        member.post(&format!("{seo}/versions/1/restore"), &json!({})).await,
        // Nor may whoever has archived it.
        admin.delete(&seo).await,
    ];
    for refused in tries {
        assert_eq!(refused.expect(409).code(), "client_archived");
    }
    let now: Strategy = member.get(&one).await.expect(200).parse();
    assert_eq!((now.version, now.is_active, now.configuration.tone.as_deref()), (2, true, Some("warm")));
    let _ = member.get(&seo).await.expect(200);

    let _ = admin.post(&format!("/clients/{}/restore", t.customer), &json!({})).await.expect(200);
    let _ = member.delete(&seo).await.expect(204);
    let _ = member.put(&one, &save(&json!({"tone": "back"}), Some(2), "")).await.expect(200);
}
