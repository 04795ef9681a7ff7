//! The effective strategy, through the database.

use std::time::{Duration, Instant};

use hg_common::{auth::Service, config::Env};
use hg_contracts::smm::{EffectiveStrategy, Level, Strategy, StrategyGuide};
use hg_testkit::{TestServer, variables};
use serde_json::{Value, json};

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
    let _ = smm.person(t.other_agency_people.owner).get(by_slug).await.expect(404);
    let _ = smm.person(t.other_customer_people.owner).get(by_slug).await.expect(404);
    let _ = smm.worker(t.other_agency).get(by_slug).await.expect(404);
    // Visibility runs down: whoever is above sees it, whoever is below sees nothing above it.
    for above in [t.agency_people.viewer, t.root_people.viewer] {
        let from_above: EffectiveStrategy = smm.person(above).get(by_slug).await.expect(200).parse();
        assert_eq!(from_above, seen);
    }
    let of_agency = format!("/clients/{}/effective-strategy?content_type=blog_post", t.agency);
    let _ = smm.worker(t.agency).get(&by_id).await.expect(200);
    let _ = smm.worker(t.customer).get(&of_agency).await.expect(404);
    let _ = smm.person(t.customer_people.owner).get(&of_agency).await.expect(404);
    let _ = smm
        .person(t.customer_people.owner)
        .get("/clients/no-such/effective-strategy?content_type=blog")
        .await
        .expect(404);
    assert_eq!(
        smm.worker(t.customer).get(&format!("/clients/{}/effective-strategy", t.customer)).await.expect(422).fields(),
        ["content_type"]
    );
}

#[tokio::test]
async fn an_explanation_names_what_holds_and_what_it_overrides() {
    let smm = start().await;
    let t = &smm.tenants;
    let save = |tone: &str| json!({"name": "S", "content_type": "blog_post", "configuration": {"tone": tone}});
    let agency: Strategy = smm
        .person(t.agency_people.member)
        .post(&format!("/clients/{}/strategies", t.agency), &save("strict"))
        .await
        .expect(201)
        .parse();
    let path = format!("/clients/{}/effective-strategy?content_type=blog_post", t.customer);
    let viewer = smm.person(t.customer_people.viewer);
    let plain: EffectiveStrategy = viewer.get(&path).await.expect(200).parse();
    assert_eq!(plain.explanation, None);
    let told: EffectiveStrategy = viewer.get(&format!("{path}&explain=true")).await.expect(200).parse();
    assert_eq!((&told.values, &told.explain), (&plain.values, &plain.explain));
    let tone = &told.explanation.as_ref().unwrap()["tone"];
    assert_eq!((tone.value.as_str(), tone.source.level), (Some("strict"), Level::Agency));
    assert_eq!((tone.source.strategy_id, tone.source.version), (Some(agency.id), Some(1)));
    assert_eq!(tone.overridden.iter().map(|it| it.source.level).collect::<Vec<_>>(), [Level::Default]);

    // The customer's own value wins, and the agency's is told below it.
    let own = smm.person(t.customer_people.member);
    let _ = own.post(&format!("/clients/{}/strategies", t.customer), &save("friendly")).await.expect(201);
    let told: EffectiveStrategy = viewer.get(&format!("{path}&explain=true")).await.expect(200).parse();
    let tone = &told.explanation.as_ref().unwrap()["tone"];
    assert_eq!((tone.value.as_str(), tone.source.level), (Some("friendly"), Level::Client));
    let overridden: Vec<_> = tone.overridden.iter().map(|it| (it.value.as_str(), it.source.level)).collect();
    assert_eq!(overridden, [(Some("strict"), Level::Agency), (Some("professional"), Level::Default)]);
    assert!(told.explanation.unwrap().contains_key("seo.title_width"));
    assert_eq!(viewer.get(&format!("{path}&explain=perhaps")).await.expect(422).fields(), ["explain"]);
}

#[tokio::test]
async fn a_change_on_one_replica_holds_on_another_within_a_second() {
    let smm = start().await;
    let t = &smm.tenants;
    let replica = variables(Service::Smm, &smm.db, &smm.identity).await;
    let config = Env::from_pairs("smm", replica).load::<hg_smm::Config>().unwrap().config;
    let app = hg_smm::build(&config, hg_common::telemetry::init_for_tests()).await.unwrap();
    let replica = TestServer::start(app.router).await;
    let worker = hg_common::auth::Principal::Service { name: Service::Cpm, client: t.customer };
    let there = hg_testkit::Api::anonymous(&replica.url()).as_principal(&smm.identity, Service::Smm, &worker);
    let path = format!("/clients/{}/effective-strategy?content_type=blog_post", t.customer);
    let tone = async || there.get(&path).await.expect(200).json()["values"]["tone"].as_str().map(str::to_owned);
    assert_eq!(tone().await.as_deref(), Some("professional"));
    let save = json!({"name": "S", "content_type": "blog_post", "configuration": {"tone": "strict"}});
    let agency = smm.person(t.agency_people.member);
    let _ = agency.post(&format!("/clients/{}/strategies", t.agency), &save).await.expect(201);
    let changed = Instant::now();
    while tone().await.as_deref() != Some("strict") {
        assert!(changed.elapsed() < Duration::from_secs(1), "not there after {:?}", changed.elapsed());
        tokio::task::yield_now().await;
    }
    // Where it was changed it holds at once.
    let here: EffectiveStrategy = smm.worker(t.customer).get(&path).await.expect(200).parse();
    assert_eq!(here.values.tone.as_deref(), Some("strict"));
}

#[tokio::test]
async fn it_is_remembered_while_nothing_changes_and_no_longer() {
    let smm = start().await;
    let t = &smm.tenants;
    let save = json!({"name": "S", "content_type": "blog_post", "configuration": {"tone": "strict"}});
    let _ =
        smm.person(t.agency_people.member).post(&format!("/clients/{}/strategies", t.agency), &save).await.expect(201);
    let path = format!("/clients/{}/effective-strategy?content_type=blog_post", t.customer);
    let (worker, person) = (smm.worker(t.customer), smm.person(t.agency_people.viewer));
    let tone = async || worker.get(&path).await.expect(200).json()["values"]["tone"].as_str().map(str::to_owned);
    assert_eq!(tone().await.as_deref(), Some("strict"));
    let _ = person.get(&path).await.expect(200);
    let mut db = smm.db.superuser().await;
    let unmarked = "ALTER TABLE strategies DISABLE TRIGGER strategies_look_ups_changed;
                    UPDATE strategies SET configuration = '{\"tone\": \"dry\"}';
                    ALTER TABLE strategies ENABLE ALWAYS TRIGGER strategies_look_ups_changed";
    sqlx::raw_sql(unmarked).execute(&mut db).await.unwrap();
    let changed = Instant::now();
    // Nobody was told: whoever remembers still says so after more than the second within which changes hold.
    while changed.elapsed() < Duration::from_millis(1_500) {
        assert_eq!(tone().await.as_deref(), Some("strict"));
    }
    // Whatever the look-up reads ends it: by hand, through no replica at all.
    sqlx::raw_sql("UPDATE clients SET name = name WHERE type = 'root'").execute(&mut db).await.unwrap();
    let changed = Instant::now();
    while tone().await.as_deref() != Some("dry") {
        assert!(changed.elapsed() < Duration::from_secs(1), "not there after {:?}", changed.elapsed());
    }
    // And whom one may see: nobody else's answer is given.
    sqlx::query("DELETE FROM client_users WHERE user_id = $1")
        .bind(t.agency_people.viewer.uuid())
        .execute(&mut db)
        .await
        .unwrap();
    let changed = Instant::now();
    while person.get(&path).await.status != 404 {
        assert!(changed.elapsed() < Duration::from_secs(1), "still seen after {:?}", changed.elapsed());
    }
    assert_eq!(tone().await.as_deref(), Some("dry"));
}

#[tokio::test]
async fn where_nobody_can_say_whether_something_has_changed_nothing_remembered_is_believed() {
    let smm = start().await;
    let path = format!("/clients/{}/effective-strategy?content_type=blog_post", smm.tenants.customer);
    let worker = smm.worker(smm.tenants.customer);
    let name = async || worker.get(&path).await.expect(200).json()["client"]["name"].as_str().map(str::to_owned);
    assert_eq!(name().await.as_deref(), Some("Cincinnati Electrician Co."));
    let mut db = smm.db.superuser().await;
    sqlx::raw_sql("REVOKE EXECUTE ON FUNCTION app.look_up_epoch(text) FROM hg_content_app")
        .execute(&mut db)
        .await
        .unwrap();
    let rename = async |db: &mut sqlx::PgConnection, name: &str| {
        let rename = "UPDATE clients SET name = $1 WHERE slug = 'cincinnati-electrician'";
        sqlx::query(rename).bind(name).execute(db).await.unwrap();
    };
    rename(&mut db, "Ohio Electrician Co.").await;
    let changed = Instant::now();
    while name().await.as_deref() != Some("Ohio Electrician Co.") {
        assert!(changed.elapsed() < Duration::from_secs(1), "not there after {:?}", changed.elapsed());
    }
    // From now on each answer is looked up.
    for number in 0..3 {
        let new = format!("Electrician {number}");
        rename(&mut db, &new).await;
        assert_eq!(name().await, Some(new));
    }
}

#[tokio::test]
async fn the_guide_says_what_may_be_written() {
    let smm = start().await;
    let viewer = smm.person(smm.tenants.customer_people.viewer);
    let guide: StrategyGuide = viewer.get("/strategy-guide?content_type=social_media").await.expect(200).parse();
    assert_eq!(guide.platforms.iter().map(|it| it.character_limit).collect::<Vec<_>>(), [280, 3_000, 63_206, 2_200]);
    let blog: Value = viewer.get("/strategy-guide?content_type=blog_post").await.expect(200).json();
    let density = blog["seo_rules"].as_array().unwrap().iter().find(|it| it["name"] == "keyphrase_density").unwrap();
    assert_eq!((&density["kind"], &density["built_in"]), (&json!("decimal_range"), &json!([0.5, 3.0])));
    assert_eq!(viewer.get("/strategy-guide").await.expect(422).fields(), ["content_type"]);
    assert_eq!(viewer.get("/strategy-guide?content_type=poem").await.expect(422).fields(), ["content_type"]);
}
