//! What a change of a strategy does: it shows in the next prompt of everybody who inherits it, on every replica, within a
//! second.

use std::time::{Duration, Instant};

use hg_common::auth::{Principal, Service};
use hg_contracts::{
    SmmClient,
    smm::{EffectiveStrategy, EffectiveStrategyQuery, Level, MoveClient, SaveStrategy, Strategy, StrategyFields},
};
use hg_testkit::Api;
use hg_types::{ClientId, ContentType, StrategyId};
use serde_json::{Value, json};

use crate::system::{System, SystemOptions, completed, job_of};

const CUSTOMER: &str = "cincinnati-electrician";
const AGENCY: &str = "heaviside-digital";
const OTHER_AGENCY: &str = "paving-marketers";

/// A system with somebody who may change everything.
struct Stage {
    system: System,
    boss: Principal,
    smm: SmmClient,
    cpm: Api,
    customer: ClientId,
}

impl Stage {
    async fn set(name: &'static str) -> Self {
        let system = System::start(SystemOptions::new(name)).await;
        let boss = system.user("boss@hg-content.example.com", "a long enough pass phrase", "hg-content", "owner").await;
        let (smm, cpm) = (system.smm_for_people(), system.trusted("hg-content").await);
        let customer = system.client_id(CUSTOMER).await;
        let stage = Self { system, boss, smm, cpm, customer };
        // Nothing of the samples stands in between.
        for slug in [CUSTOMER, AGENCY, OTHER_AGENCY] {
            stage.say(slug, None).await;
        }
        stage
    }

    /// Saves that a client's blog posts shall sound like this, and nothing else; which strategy, which version.
    async fn say(&self, slug: &str, tone: Option<&str>) -> (StrategyId, i32) {
        let client = self.system.client_id(slug).await;
        let there = self.smm.strategies(&self.boss, client).await.unwrap().data;
        let there: Option<Strategy> = there.into_iter().find(|strategy| strategy.content_type == ContentType::BlogPost);
        let configuration = StrategyFields { tone: tone.map(str::to_owned), ..StrategyFields::default() };
        let save = SaveStrategy {
            name: "Blog".to_owned(),
            content_type: ContentType::BlogPost,
            configuration,
            note: None,
            version: None,
        };
        let saved = match there {
            Some(strategy) => self.smm.update_strategy(&self.boss, strategy.id, &save).await.unwrap(),
            None => self.smm.create_strategy(&self.boss, client, &save).await.unwrap(),
        };
        (saved.id, saved.version)
    }

    /// A job made now for the customer, once what was saved before is believed everywhere.
    async fn next_job(&self, topic: &str, tone: &str) -> Value {
        // SMM runs once here, so what it saved is true at once.
        let request = json!({"client_id": CUSTOMER, "content_type": "blog_post", "topic": topic});
        let job = completed(&self.cpm, job_of(&self.cpm.post("/generate", &request).await)).await;
        let prompt = format!("{}\n{}", job["system_prompt"].as_str().unwrap(), job["prompt"].as_str().unwrap());
        assert!(prompt.contains(tone), "{topic}: {tone:?} is missing in the prompt:\n{prompt}");
        job
    }

    async fn explained(&self) -> EffectiveStrategy {
        let query = EffectiveStrategyQuery { content_type: ContentType::BlogPost, explain: Some(true) };
        self.smm.effective_strategy_with(&self.boss, self.customer, &query).await.unwrap()
    }
}

/// Which tone, from which level, which strategy, which version.
fn told(effective: &EffectiveStrategy) -> (Value, Level, Option<StrategyId>, Option<i32>) {
    let tone = &effective.explanation.as_ref().unwrap()["tone"];
    (tone.value.clone(), tone.source.level, tone.source.strategy_id, tone.source.version)
}

/// The versions that a job was made with: level and version, the nearest first.
fn made_with(job: &Value) -> Vec<(String, Option<i64>)> {
    let sources = job["strategy_sources"].as_array().unwrap().iter();
    sources.map(|source| (source["level"].as_str().unwrap().to_owned(), source["version"].as_i64())).collect()
}

#[tokio::test(flavor = "multi_thread")]
async fn what_an_agency_decides_shows_in_its_customers_next_prompt() {
    let stage = Stage::set("strategy").await;

    let (agencys, version) = stage.say(AGENCY, Some("wry and unhurried")).await;
    let job = stage.next_job("Why breakers trip", "wry and unhurried").await;
    assert_eq!(
        told(&stage.explained().await),
        (json!("wry and unhurried"), Level::Agency, Some(agencys), Some(version))
    );
    let made = made_with(&job);
    assert_eq!(made[1], ("agency".to_owned(), Some(version.into())), "{made:?}");
    // The versions of the SEO rules are on the job, too: here none but the built-in ones.
    assert_eq!(job["seo_sources"].as_array().unwrap().last().unwrap()["level"], "default", "{}", job["seo_sources"]);

    // Changed again: the next prompt has it, and the job before keeps what it was made with.
    let (_, next) = stage.say(AGENCY, Some("brisk and plain")).await;
    let second = stage.next_job("Choosing a fuse", "brisk and plain").await;
    assert!(!second["prompt"].as_str().unwrap().contains("wry and unhurried"));
    assert_eq!((made_with(&second)[1].1, made_with(&job)[1].1), (Some(next.into()), Some(version.into())));

    // The customer's own value wins, and what it overrides is told.
    let (own, own_version) = stage.say(CUSTOMER, Some("warm and neighbourly")).await;
    let third = stage.next_job("Surge protectors", "warm and neighbourly").await;
    assert!(!third["prompt"].as_str().unwrap().contains("brisk and plain"));
    let explained = stage.explained().await;
    assert_eq!(told(&explained), (json!("warm and neighbourly"), Level::Client, Some(own), Some(own_version)));
    let overridden = &explained.explanation.as_ref().unwrap()["tone"].overridden;
    assert_eq!((&overridden[0].value, overridden[0].source.version), (&json!("brisk and plain"), Some(next)));

    // Without one of its own, and below another agency, it sounds like that one.
    let _ = stage.say(CUSTOMER, None).await;
    let (others, others_version) = stage.say(OTHER_AGENCY, Some("grave and exact")).await;
    let other = stage.system.client_id(OTHER_AGENCY).await;
    let _ = stage.smm.move_client(&stage.boss, stage.customer, &MoveClient { parent_id: other }).await.unwrap();
    let fourth = stage.next_job("Grounding a shed", "grave and exact").await;
    assert!(!fourth["prompt"].as_str().unwrap().contains("brisk and plain"));
    assert_eq!(
        told(&stage.explained().await),
        (json!("grave and exact"), Level::Agency, Some(others), Some(others_version))
    );
    stage.system.books().await.assert_settled();
}

#[tokio::test(flavor = "multi_thread")]
async fn a_change_is_live_on_every_replica_within_a_second() {
    let mut stage = Stage::set("replicas").await;
    let second = stage.system.another(Service::Smm).await;
    let (first, second) =
        (stage.smm.clone(), SmmClient(stage.system.identity.peer(Service::Gateway, Service::Smm, &second)));
    let query = EffectiveStrategyQuery { content_type: ContentType::BlogPost, explain: None };
    for (round, tone) in ["one", "two", "three"].into_iter().enumerate() {
        // Both replicas have just looked it up, so both remember what was.
        for replica in [&first, &second] {
            let _ = replica.effective_strategy_with(&stage.boss, stage.customer, &query).await.unwrap();
        }
        let (_, version) = stage.say(AGENCY, Some(tone)).await;
        let saved = Instant::now();
        for (name, replica) in [("the one that saved", &first), ("the other", &second)] {
            let live = hg_testkit::until_some(format!("{name} says {tone}"), || async {
                let seen = replica.effective_strategy_with(&stage.boss, stage.customer, &query).await.unwrap();
                // What it says belongs to the version that it names.
                let source = &seen.sources[seen.explain["tone"]];
                (seen.values.tone.as_deref() == Some(tone)).then(|| (saved.elapsed(), source.version))
            })
            .await;
            assert_eq!(live.1, Some(version), "{name}");
            // A second is promised; the machine that asks may be slower than the service.
            assert!(live.0 < Duration::from_millis(1_500), "round {round}: {name} needed {:?}", live.0);
        }
    }
}
