//! `GET /providers/status`: who can be asked, and what it costs.

use axum::extract::State;
use chrono::NaiveDate;
use hg_common::{
    auth::Caller,
    http::{ApiError, ErrorBody, Json},
};
use hg_contracts::cpm::{ModelStatus, ProviderStatus, ProvidersStatus};
use hg_llm::{ModelPrice, PriceTable, Registry};
use hg_types::Provider;

use crate::{domain::provider_choice::Catalogue, state::AppState};

/// The providers, their models and prices.
#[utoipa::path(
    get,
    path = "/providers/status",
    tag = "providers",
    responses((status = 200, body = ProvidersStatus, example = json!({
        "default_provider": "openrouter", "prices_as_of": "2026-11-21",
        "providers": [{"provider": "openrouter", "label": "OpenRouter", "configured": true, "requires_user_key": false, "status": "available",
            "models": [{"id": "openai/gpt-4o-mini", "label": "OpenAI: GPT-4o mini", "input_usd_per_million": "0.150000000",
                "output_usd_per_million": "0.600000000", "context_length": 128000, "max_output_tokens": 16384, "is_default": true,
                "price_source": "https://openrouter.ai/api/v1/models", "price_as_of": "2026-11-21"}]}]})),
        (status = 401, body = ErrorBody), (status = 429, body = ErrorBody))
)]
pub async fn providers_status(State(state): State<AppState>, _: Caller) -> Result<Json<ProvidersStatus>, ApiError> {
    Ok(Json(status_of(&state.catalogue)))
}

fn status_of(catalogue: &Catalogue) -> ProvidersStatus {
    let prices = catalogue.prices();
    let today = catalogue.today();
    let registry = catalogue.registry();
    // Switched off here (sample in production): not worth a line.
    let offered = |provider: Provider| provider != Provider::Sample || registry.is_configured(provider);
    ProvidersStatus {
        default_provider: catalogue.default_provider(),
        providers: Provider::ALL
            .iter()
            .copied()
            .filter(|provider| offered(*provider))
            .map(|provider| one(provider, registry, &prices, today))
            .collect(),
        prices_as_of: prices.as_of().to_string(),
    }
}

fn one(provider: Provider, registry: &Registry, prices: &PriceTable, today: NaiveDate) -> ProviderStatus {
    let configured = registry.is_configured(provider);
    let default = registry.default_model(provider);
    let mut models: Vec<_> = prices
        .models_of(provider)
        .filter(|price| price.retired_on(today).is_none())
        .filter(|price| !price.deprecated || Some(price.id.as_str()) == default)
        .map(|price| model(&price.on(today), default))
        .collect();
    // The default first, then as the table has them.
    models.sort_by_key(|model| !model.is_default);
    ProviderStatus {
        provider,
        label: provider.label().to_owned(),
        configured,
        requires_user_key: !configured && Registry::is_supported(provider),
        status: if configured { "available" } else { "not_configured" }.to_owned(),
        models,
    }
}

fn model(price: &ModelPrice, default: Option<&str>) -> ModelStatus {
    let tokens = |count: u64| u32::try_from(count).unwrap_or(u32::MAX);
    ModelStatus {
        id: price.id.clone(),
        label: price.label.clone(),
        input_usd_per_million: price.input,
        output_usd_per_million: price.output,
        context_length: tokens(price.context_length),
        max_output_tokens: tokens(price.max_output),
        is_default: default == Some(price.id.as_str()),
        price_source: price.source.clone(),
        price_as_of: price.as_of.to_string(),
    }
}

#[cfg(test)]
mod tests {
    use std::{collections::BTreeMap, sync::Arc};

    use chrono::{DateTime, Utc};
    use hg_llm::{ProviderConfig, RegistryConfig, SampleConfig};

    use super::*;

    #[test]
    fn says_who_can_be_asked() {
        let with = |sample| {
            let registry = Registry::new(&RegistryConfig { sample, ..RegistryConfig::default() }).unwrap();
            status_of(&Catalogue::new(Arc::new(registry), PriceTable::builtin(), None))
        };
        let development = with(Some(SampleConfig::default()));
        assert_eq!(development.default_provider, Provider::Sample);
        let on = |clock: fn() -> DateTime<Utc>| {
            let openai = ProviderConfig { default_model: Some("gpt-4o-mini".into()), ..ProviderConfig::default() };
            let providers = BTreeMap::from([(Provider::OpenAi, openai)]);
            let registry = Registry::new(&RegistryConfig { providers, sample: None }).unwrap();
            let status = status_of(&Catalogue::new(Arc::new(registry), PriceTable::builtin(), None).at(clock));
            let all = status.providers.into_iter().flat_map(|provider| provider.models);
            all.map(|model| (model.id, model.input_usd_per_million.to_string())).collect::<BTreeMap<_, _>>()
        };
        let (now, later) =
            (on(|| "2026-12-31T12:00:00Z".parse().unwrap()), on(|| "2027-01-14T00:00:00Z".parse().unwrap()));
        assert!(
            now.contains_key("gpt-4o-mini") && !later.contains_key("gpt-4o-mini"),
            "a retired one isn't offered, default or not"
        );
        assert_eq!((&*now["gemini-3.8-flash"], &*later["gemini-3.8-flash"]), ("0.750000000", "1.500000000"));
        assert!(!now.contains_key("llama-3.3-70b-versatile"));
        let router = &development.providers[0];
        assert_eq!((router.provider, router.configured, router.requires_user_key), (Provider::OpenRouter, false, true));
        assert!(router.models[0].is_default && router.models.len() > 3);
        assert!(with(None).providers.iter().all(|provider| provider.provider != Provider::Sample));
    }
}
