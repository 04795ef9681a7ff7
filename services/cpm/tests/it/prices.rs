//! Prices that are fetched while the service runs, and jobs that keep the price at which they were reserved.

use std::{sync::Arc, time::Duration};

use hg_contracts::cpm::ProvidersStatus;
use hg_cpm::{domain::provider_choice::Catalogue, prices::PriceRefresh};
use hg_llm::{PriceTable, ProviderConfig, Registry, RegistryConfig};
use hg_simulator::{Fault, Rule, Simulator, SimulatorConfig};
use hg_testkit::{Tenants, TestDb};
use hg_types::{Provider, Usd};
use serde_json::json;

use crate::{
    support::{TestCpm, blog_with, job_id},
    worker::shop::{Shop, brisk},
};

async fn refresh(db: &TestDb, base: PriceTable, url: String) -> PriceRefresh {
    let (_, system) = db.db_and_system().await;
    let registry = Arc::new(Registry::new(&RegistryConfig::default()).unwrap());
    PriceRefresh {
        catalogue: Arc::new(Catalogue::new(registry, base.clone(), None)),
        base,
        system,
        router: ProviderConfig { base_url: Some(url), ..ProviderConfig::default() },
        every: Duration::from_secs(3_600),
    }
}

fn input_price(refresh: &PriceRefresh, model: &str) -> Option<(Usd, String)> {
    let prices = refresh.catalogue.prices();
    prices.lookup(Provider::OpenRouter, model).map(|price| (price.input, price.source.clone()))
}

#[tokio::test]
async fn a_list_is_fetched_once_kept_and_shared_and_the_operators_prices_stay_on_top() {
    let db = TestDb::new().await;
    let _ = Tenants::plant(&db).await;
    let config = SimulatorConfig::default();
    let listed = config.prices.openrouter.iter().map(|price| price.model.clone()).collect::<Vec<_>>();
    assert!(listed.len() > 1);
    let simulator = Simulator::start(config).unwrap();
    let mut base = PriceTable::builtin();
    base.merge_overrides(
        &json!([{"provider": "openrouter", "id": listed[0], "input": "9", "output": "9"}]).to_string(),
    )
    .unwrap();
    let first = refresh(&db, base.clone(), simulator.openrouter_url()).await;
    let before = input_price(&first, &listed[1]);
    let at = first.once(None).await.unwrap().unwrap();
    let (_, source) = input_price(&first, &listed[1]).unwrap();
    assert_eq!(source, "https://openrouter.ai/api/v1/models");
    assert_ne!(before.map(|(_, source)| source), Some(source));
    assert_eq!(input_price(&first, &listed[0]).unwrap(), ("9".parse().unwrap(), "operator".to_owned()));
    let prices = first.catalogue.prices();
    let tiered = prices.lookup(Provider::OpenRouter, "anthropic/claude-sonnet-4.5").unwrap();
    assert_eq!((tiered.cache_write, tiered.long_context.unwrap().input), ("3.75".parse().ok(), "6".parse().unwrap()));
    assert_eq!(first.once(Some(at)).await.unwrap(), Some(at), "it isn't time yet");

    // Another replica, and one after a restart, take what is kept: nobody could be asked any more.
    drop(simulator);
    let second = refresh(&db, base.clone(), first.router.base_url.clone().unwrap()).await;
    assert_eq!(second.once(None).await.unwrap(), Some(at));
    assert_eq!(input_price(&second, &listed[1]), input_price(&first, &listed[1]));

    // A fetch that fails keeps the old, and is tried again soon, not at once.
    sqlx::query("UPDATE price_lists SET tried_at = '-infinity'").execute(&mut db.superuser().await).await.unwrap();
    assert!(second.once(Some(at)).await.is_err());
    assert_eq!(input_price(&second, &listed[1]), input_price(&first, &listed[1]));
    assert_eq!(second.once(Some(at)).await.unwrap(), Some(at));
    let soon: bool = sqlx::query_scalar(
        "SELECT tried_at BETWEEN now() - interval '51 minutes' AND now() - interval '49 minutes' FROM price_lists",
    )
    .fetch_one(&mut db.superuser().await)
    .await
    .unwrap();
    assert!(soon);
}

#[tokio::test]
async fn a_job_keeps_the_price_that_it_was_reserved_at() {
    let shop = Shop::open(brisk()).await;
    // No usage: the cost is reckoned by the price.
    shop.simulator.set_behaviour(Rule::fault(Fault::MissingUsage));
    let job = shop.accept(shop.tenants.customer, "openrouter", "Steady").await;
    let mut dear = PriceTable::builtin();
    let model = shop.catalogue.registry().default_model(Provider::OpenRouter).unwrap().to_owned();
    dear.merge_overrides(
        &json!([{"provider": "openrouter", "id": model, "input": "5000", "output": "5000"}]).to_string(),
    )
    .unwrap();
    shop.catalogue.set_prices(dear);
    let worker = shop.worker();
    assert_eq!(shop.ended(job).await, "completed");
    worker.drain().await;
    let mut rows = shop.rows().await;
    let sound = "SELECT (r.held = j.estimated_cost AND c.amount <= r.held AND c.amount > 0)::text
                   FROM jobs j JOIN reservations r ON r.job_id = j.id JOIN charges c ON c.job_id = j.id WHERE j.id = $1";
    assert_eq!(rows.text(sound, job).await, "true");
    rows.prove_the_books().await;
}

#[tokio::test]
async fn a_model_without_a_price_is_named_unless_the_operator_assumes_one() {
    let asked = blog_with(json!({"llm_provider": "openai", "model": "gpt-of-tomorrow"}));
    let refusing = TestCpm::start().await;
    let refused = refusing.member().post("/generate", &asked).await.expect(422);
    assert_eq!(refused.fields(), ["model"]);
    assert!(refused.json()["error"]["message"].as_str().unwrap().contains("gpt-of-tomorrow"));
    let assuming = TestCpm::with(&[("LLM_UNPRICED_USD_PER_MILLION", "40")]).await;
    let job = job_id(&assuming.member().post("/generate", &asked).await.expect(200));
    let kept = assuming.member().get(&format!("/jobs/{job}")).await.expect(200).json();
    assert_eq!(kept["parameters"]["price"]["source"], "assumed by the operator");
    assert_eq!(kept["parameters"]["price"]["input"], "40.000000000");

    // A model that was retired is refused before anything is reserved for it, whatever is assumed, key or none.
    let retired = blog_with(json!({"llm_provider": "groq", "model": "llama-3.3-70b-versatile"}));
    for cpm in [&refusing, &assuming] {
        let refused = cpm.member().post("/generate", &retired).await.expect(422);
        assert_eq!(refused.fields(), ["model"]);
        let message = refused.json()["error"]["details"][0]["message"].as_str().unwrap().to_owned();
        assert!(message.contains("2026-08-16") && message.contains("openai/gpt-oss-120b"), "{message}");
    }

    let shown: ProvidersStatus = refusing.member().get("/providers/status").await.expect(200).parse();
    for model in shown.providers.iter().flat_map(|provider| &provider.models) {
        assert!(!model.price_source.is_empty() && model.price_as_of.starts_with("2026-"), "{model:?}");
    }
}
