//! `POST /generate-prompt`: which template, which values, and what can go wrong.

use std::time::{Duration, Instant};

use hg_contracts::{
    im::{GeneratedPrompt, Template},
    smm::EffectiveStrategy,
};
use hg_im::domain::verdict::sample_strategy;
use hg_testkit::Api;
use hg_types::{ClientId, ContentType};
use serde_json::{Value, json};

use crate::harness::start;

fn ask(client: ClientId, topic: &str) -> Value {
    json!({"client_id": client, "content_type": "blog_post", "topic": topic})
}

fn strategy_of(client: ClientId, slug: &str, location: &str, call_to_action: &str) -> EffectiveStrategy {
    let mut strategy = sample_strategy(ContentType::BlogPost);
    strategy.client.id = client;
    strategy.client.slug = slug.to_owned();
    strategy.values.location_focus = Some(location.to_owned());
    strategy.values.call_to_action = Some(call_to_action.to_owned());
    strategy
}

async fn make(api: &Api, client: ClientId, template: &str) -> Template {
    let body = json!({"client_id": client, "name": "Own", "content_type": "blog_post", "template": template});
    api.post("/templates", &body).await.expect(201).parse()
}

#[tokio::test]
async fn two_clients_and_two_topics_give_two_prompts_with_their_own_facts() {
    let im = start().await;
    let t = &im.tenants;
    let mut one = ask(t.customer, "Panel upgrades");
    one["strategy"] = json!(strategy_of(t.customer, "cincinnati-electrician", "Cincinnati, Ohio", "contact for quote"));
    let mut two = ask(t.other_customer, "Sealcoating");
    two["strategy"] = json!(strategy_of(t.other_customer, "ohio-paving", "Columbus, Ohio", "book a site visit"));
    let one_made: GeneratedPrompt = im.worker(t.customer).post("/generate-prompt", &one).await.expect(200).parse();
    let two_made: GeneratedPrompt =
        im.worker(t.other_customer).post("/generate-prompt", &two).await.expect(200).parse();
    assert!(one_made.prompt.contains("Location: Cincinnati, Ohio\nCall to action: contact for quote\n"));
    assert!(two_made.prompt.contains("Location: Columbus, Ohio\nCall to action: book a site visit\n"));
    assert_eq!((one_made.template_client_id, one_made.template_version), (t.root, 1));
    assert!(one_made.estimated_tokens as usize > (one_made.prompt.len() + one_made.system_prompt.len()) / 4);
    // The same inputs give the same prompt, compiled anew or not.
    let again: GeneratedPrompt = im.worker(t.customer).post("/generate-prompt", &one).await.expect(200).parse();
    assert_eq!(again, one_made);
}

#[tokio::test]
async fn the_nearest_template_wins_and_a_save_is_in_force_at_once() {
    let im = start().await;
    let t = &im.tenants;
    let worker = im.worker(t.customer);
    let made = async || {
        worker.post("/generate-prompt", &ask(t.customer, "Wiring")).await.expect(200).parse::<GeneratedPrompt>()
    };
    assert_eq!(made().await.template_name, "Default blog post");
    make(&im.person(t.root_people.member), t.root, "Root: {{ topic }}").await;
    assert_eq!(made().await.prompt, "Root: Wiring");
    make(&im.person(t.agency_people.member), t.agency, "Agency: {{ topic }}").await;
    assert_eq!(made().await.prompt, "Agency: Wiring");
    let own = make(&im.person(t.customer_people.member), t.customer, "Own: {{ topic }} for {{ client.name }}").await;
    let first = made().await;
    assert_eq!(
        (first.prompt.as_str(), first.template_id, first.template_version),
        ("Own: Wiring for Cincinnati Electrician Co.", own.id, 1)
    );
    let change =
        json!({"client_id": t.customer, "name": "Own", "content_type": "blog_post", "template": "Newer: {{ topic }}"});
    let _ = im.person(t.customer_people.member).put(&format!("/templates/{}", own.id), &change).await.expect(200);
    let second = made().await;
    assert_eq!((second.prompt.as_str(), second.template_version), ("Newer: Wiring", 2));
    // Nobody else is touched.
    let other: GeneratedPrompt = im
        .worker(t.other_customer)
        .post("/generate-prompt", &ask(t.other_customer, "Wiring"))
        .await
        .expect(200)
        .parse();
    assert_eq!(other.prompt, "Root: Wiring");
}

#[tokio::test]
async fn a_choice_is_remembered_while_nothing_changes_and_a_change_elsewhere_is_in_force_within_a_second() {
    let im = start().await;
    let t = &im.tenants;
    make(&im.person(t.agency_people.member), t.agency, "One: {{ topic }}").await;
    make(&im.person(t.other_agency_people.member), t.other_agency, "Other: {{ topic }}").await;
    let (worker, person) = (im.worker(t.customer), im.person(t.agency_people.viewer));
    let body = ask(t.customer, "Wiring");
    let prompt = async || worker.post("/generate-prompt", &body).await.expect(200).parse::<GeneratedPrompt>().prompt;
    assert_eq!(prompt().await, "One: Wiring");
    let _ = person.post("/generate-prompt", &body).await.expect(200);
    let mut db = im.db.superuser().await;
    let unmarked = "ALTER TABLE prompt_templates DISABLE TRIGGER prompt_templates_look_ups_changed;
                    UPDATE prompt_templates SET is_active = false WHERE template LIKE 'One%';
                    ALTER TABLE prompt_templates ENABLE ALWAYS TRIGGER prompt_templates_look_ups_changed";
    sqlx::raw_sql(unmarked).execute(&mut db).await.unwrap();
    // Nobody was told: the choice stands for more than the second within which changes hold.
    let changed = Instant::now();
    while changed.elapsed() < Duration::from_millis(1_500) {
        assert_eq!(prompt().await, "One: Wiring");
    }
    // By hand, as another replica or another service would: a template, and where the client stands.
    let restored = "UPDATE prompt_templates SET is_active = true, version = version WHERE template LIKE 'One%'";
    let moved = "UPDATE clients SET parent_id = (SELECT id FROM clients WHERE slug = 'paving-marketers') WHERE slug = 'cincinnati-electrician'";
    let gone = "DELETE FROM prompt_templates WHERE template LIKE 'Other%'";
    for (change, now) in [(restored, "One: Wiring"), (moved, "Other: Wiring"), (gone, "Wiring")] {
        sqlx::raw_sql(change).execute(&mut db).await.unwrap();
        let changed = Instant::now();
        loop {
            let told = prompt().await;
            if told == now || now == "Wiring" && !told.starts_with("Other") {
                break;
            }
            assert!(changed.elapsed() < Duration::from_secs(1), "{told} after {:?}: {change}", changed.elapsed());
        }
    }
    // Whoever saw it through the agency that it has left doesn't any more.
    let _ = person.post("/generate-prompt", &body).await.expect(404);
}

#[tokio::test]
async fn what_a_user_writes_is_never_a_template() {
    let im = start().await;
    let t = &im.tenants;
    let mut body = ask(t.customer, "{{ client.metadata }} {% for x in range(10000) %}");
    body["instructions"] = json!("{{ 7 * 7 }}");
    let made: GeneratedPrompt = im.worker(t.customer).post("/generate-prompt", &body).await.expect(200).parse();
    assert!(made.prompt.contains("Topic: {{ client.metadata }} {% for x in range(10000) %}\n"));
    assert!(made.prompt.contains("{{ 7 * 7 }}") && !made.prompt.contains("49"));
}

#[tokio::test]
async fn unknown_clients_and_bad_fields() {
    let im = start().await;
    let t = &im.tenants;
    let worker = im.worker(t.customer);
    let _ = worker.post("/generate-prompt", &ask(t.other_customer, "x")).await.expect(404);
    let _ = im.person(t.stranger).post("/generate-prompt", &ask(t.customer, "x")).await.expect(404);
    assert_eq!(worker.post("/generate-prompt", &ask(t.customer, "  ")).await.expect(422).fields(), ["topic"]);
    let mut unknown = ask(t.customer, "x");
    unknown["colour"] = json!("red");
    assert_eq!(worker.post("/generate-prompt", &unknown).await.expect(422).fields(), ["colour"]);
    let mut foreign = ask(t.customer, "x");
    foreign["strategy"] = json!(sample_strategy(ContentType::BlogPost));
    assert_eq!(worker.post("/generate-prompt", &foreign).await.expect(422).fields(), ["strategy.client.id"]);
}

#[tokio::test]
async fn a_missing_default_is_said_aloud_and_a_broken_template_too() {
    let im = start().await;
    let t = &im.tenants;
    let mut superuser = im.db.superuser().await;
    sqlx::query("DELETE FROM prompt_templates WHERE content_type = 'press_release'")
        .execute(&mut superuser)
        .await
        .unwrap();
    let mut body = ask(t.customer, "x");
    body["content_type"] = json!("press_release");
    assert_eq!(im.worker(t.customer).post("/generate-prompt", &body).await.expect(503).code(), "template_missing");
    // Saved by an older version with fewer rules.
    for table in ["prompt_templates", "prompt_template_versions"] {
        let statement =
            format!("UPDATE {table} SET template = E'one\\n{{{{ nobody }}}}' WHERE name = 'Default blog post'");
        sqlx::raw_sql(sqlx::AssertSqlSafe(statement)).execute(&mut superuser).await.unwrap();
    }
    let answer = im.worker(t.customer).post("/generate-prompt", &ask(t.customer, "x")).await.expect(422);
    assert_eq!(answer.code(), "template_failed");
    assert!(answer.text.contains("line 2") && answer.text.contains("Default blog post"), "{}", answer.text);
}
