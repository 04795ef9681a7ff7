//! A job's way from request to text: its prompt is the client's own, and what is away is waited for.

use hg_common::auth::{Principal, Service};
use hg_contracts::{
    im::{GeneratePrompt, GeneratedPrompt},
    smm::SaveStrategy,
};
use hg_testkit::{Api, until};
use hg_types::{ClientId, ContentType};
use serde_json::{Value, json};

use crate::system::{System, SystemOptions, completed, health_says, job, job_of};

const ELECTRICIAN: &str = "cincinnati-electrician";
const PAVER: &str = "ohio-paving";
const PAVERS_CALL: &str = "Book a free site assessment with Ohio Paving Co.";

fn request(client: &str, topic: &str) -> Value {
    json!({"client_id": client, "content_type": "blog_post", "topic": topic, "keywords": [topic]})
}

/// What IM makes of the same inputs, asked as CPM asks.
async fn prompt_of(system: &System, client: ClientId, topic: &str) -> GeneratedPrompt {
    let cpm = Principal::Service { name: Service::Cpm, client };
    let strategy = system.smm().effective_strategy(&cpm, client, ContentType::BlogPost).await.unwrap();
    let inputs = GeneratePrompt {
        client_id: client,
        content_type: ContentType::BlogPost,
        topic: topic.to_owned(),
        keywords: vec![topic.to_owned()],
        focus_keyphrase: None,
        target_audience: None,
        tone: None,
        length: None,
        word_count_range: None,
        instructions: None,
        strategy: Some(strategy),
    };
    system.im().generate_prompt(&cpm, &inputs).await.unwrap()
}

/// The paver gets a call to action of its own, as its owner would give it one.
async fn give_the_paver_a_call_to_action(system: &System, client: ClientId) {
    let owner = system.user("owner@ohio-paving.example.com", "a long enough pass phrase", PAVER, "owner").await;
    let smm = system.smm_for_people();
    let strategies = smm.strategies(&owner, client).await.unwrap();
    let strategy = strategies.data.into_iter().find(|strategy| strategy.content_type == ContentType::BlogPost).unwrap();
    let mut configuration = strategy.configuration;
    configuration.call_to_action = Some(PAVERS_CALL.to_owned());
    let save = SaveStrategy {
        name: strategy.name,
        content_type: ContentType::BlogPost,
        configuration,
        note: None,
        version: Some(strategy.version),
    };
    smm.update_strategy(&owner, strategy.id, &save).await.unwrap();
}

#[tokio::test(flavor = "multi_thread")]
async fn two_clients_and_two_topics_give_two_prompts_each_its_own() {
    let system = System::start(SystemOptions::new("path")).await;
    let paver = system.client_id(PAVER).await;
    give_the_paver_a_call_to_action(&system, paver).await;
    let api = system.trusted("hg-content").await;

    let mut prompts = Vec::new();
    for (slug, topic, location, call) in [
        (ELECTRICIAN, "When to replace an electrical panel", "Cincinnati, Ohio", "contact for quote"),
        (PAVER, "How long an asphalt driveway lasts", "Ohio", PAVERS_CALL),
    ] {
        let id = job_of(&api.post("/generate", &request(slug, topic)).await);
        let job = completed(&api, id).await;
        let expected = prompt_of(&system, system.client_id(slug).await, topic).await;
        assert_eq!(job["prompt"], expected.prompt, "{slug}: the stored prompt is what IM returned");
        assert_eq!(job["system_prompt"], expected.system_prompt);
        assert_eq!(job["template_id"], json!(expected.template_id));
        assert_eq!(job["template_version"], json!(expected.template_version));
        let both = format!("{}\n{}", expected.system_prompt, expected.prompt);
        for fact in [topic, location, call] {
            assert!(both.contains(fact), "{slug}: {fact:?} is missing in the prompt:\n{both}");
        }
        // And it is what went out.
        let sent = system.simulator.calls().into_iter().find(|call| call.user == expected.prompt);
        assert_eq!(sent.unwrap().system, expected.system_prompt, "{slug}");
        prompts.push(both);
    }
    assert_ne!(prompts[0], prompts[1]);
    let (electrician, paver) = (&prompts[0], &prompts[1]);
    assert!(!electrician.contains(PAVERS_CALL) && !electrician.contains("asphalt"), "{electrician}");
    assert!(!paver.contains("Cincinnati") && !paver.contains("contact for quote"), "{paver}");
    system.books().await.assert_settled();
}

#[tokio::test(flavor = "multi_thread")]
async fn a_service_that_is_away_is_waited_for() {
    let mut system = System::start(SystemOptions::new("away")).await;
    let api = system.trusted(ELECTRICIAN).await;
    for (service, topic) in
        [(Service::Im, "Signs of an overloaded circuit"), (Service::Smm, "Choosing a surge protector")]
    {
        system.stop(service);
        let id = job_of(&api.post("/generate", &request(ELECTRICIAN, topic)).await);
        health_says(&system.api(Service::Cpm), 200, service.as_str(), "unavailable").await;
        until(format!("the job waits for {service}"), || waits(&api, id)).await;
        assert_eq!(job(&api, id).await["error_code"], Value::Null, "waiting is no failure");
        system.start_again(service).await;
        let job = completed(&api, id).await;
        assert!(job["attempts"].as_i64().unwrap() >= 2, "it was tried again: {}", job["attempts"]);
        health_says(&system.api(Service::Cpm), 200, service.as_str(), "ok").await;
    }
    let books = system.books().await;
    books.assert_settled();
    assert_eq!((books.completed, books.calls_unknown), (2, 0), "{books:?}");
}

async fn waits(api: &Api, id: hg_types::JobId) -> bool {
    let job = job(api, id).await;
    assert_ne!(job["status"], "failed", "{job}");
    job["status"] == "pending" && job["stage"] == "waiting"
}
