//! Which provider and model serve a request.
//!
//! Knows what is configured and what it costs. Must not call a provider.

use std::sync::{Arc, PoisonError, RwLock};

use hg_llm::{ModelPrice, NotConfigured, PriceTable, Registry};
use hg_types::{Provider, Usd};

/// The providers of this process, with the prices that are known now.
#[derive(Debug)]
pub struct Catalogue {
    registry: Arc<Registry>,
    prices: RwLock<Arc<PriceTable>>,
    default: Option<Provider>,
    /// US dollars per million tokens that the operator assumes for models without a price; none: they are refused.
    assumed: Option<Usd>,
}

/// What serves a request.
#[derive(Clone, Debug, PartialEq)]
pub struct Choice {
    /// The provider.
    pub provider: Provider,
    /// The model's id at the provider.
    pub model: String,
    /// The model's price and limits.
    pub price: ModelPrice,
}

/// Whose key pays for the call.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum KeyOwner {
    /// The operator's, from the environment.
    Operator,
    /// A stored key of the client's.
    Client,
}

/// Nothing serves the request.
#[derive(Debug, thiserror::Error, PartialEq, Eq)]
pub enum ChoiceError {
    /// There is no such provider.
    #[error("must be one of {known}")]
    UnknownProvider {
        /// Those that exist.
        known: String,
    },
    /// Nobody knows what the model costs, so nothing can be reserved for it.
    #[error("{model:?} has no known price at {}: see GET /providers/status", provider.label())]
    NoPrice {
        /// Where it was looked for.
        provider: Provider,
        /// What was asked for.
        model: String,
    },
    /// There is no key, or the provider is switched off.
    #[error(transparent)]
    NotConfigured(#[from] NotConfigured),
}

impl Catalogue {
    /// From what was configured. `default` is used where nobody asks for a provider, else the first one that is configured.
    #[must_use]
    pub fn new(registry: Arc<Registry>, prices: PriceTable, default: Option<Provider>) -> Self {
        Self { registry, prices: RwLock::new(Arc::new(prices)), default, assumed: None }
    }

    /// Lets models without a known price be asked for, at a price that the operator assumes.
    #[must_use]
    pub const fn assuming(mut self, per_million: Option<Usd>) -> Self {
        self.assumed = per_million;
        self
    }

    /// The adapters.
    #[must_use]
    pub const fn registry(&self) -> &Arc<Registry> {
        &self.registry
    }

    /// The prices that are known now; hold on to them for the length of one decision.
    #[must_use]
    pub fn prices(&self) -> Arc<PriceTable> {
        Arc::clone(&self.prices.read().unwrap_or_else(PoisonError::into_inner))
    }

    /// Puts other prices in place, for decisions from now on.
    pub fn set_prices(&self, prices: PriceTable) {
        *self.prices.write().unwrap_or_else(PoisonError::into_inner) = Arc::new(prices);
    }

    /// The provider for those who ask for none. Where nothing is configured it is OpenRouter, whose key is then what is missing.
    #[must_use]
    pub fn default_provider(&self) -> Provider {
        self.default.or_else(|| self.registry.configured().first().copied()).unwrap_or(Provider::OpenRouter)
    }

    /// Decides. A bad name or a model without a price is told before a missing key, for the caller can mend that.
    ///
    /// # Errors
    /// When the provider or model is unknown, or the provider can't be used.
    pub fn choose(&self, provider: Option<&str>, model: Option<&str>, key: KeyOwner) -> Result<Choice, ChoiceError> {
        let provider = match provider {
            Some(name) => name.parse().map_err(|_| ChoiceError::UnknownProvider { known: known_providers() })?,
            None => self.default_provider(),
        };
        let prices = self.prices();
        let price_of = |model: &str| {
            let missing = || ChoiceError::NoPrice { provider, model: model.chars().take(200).collect() };
            let assumed = || Some(ModelPrice::assumed(provider, model, self.assumed?, prices.as_of()));
            prices.lookup(provider, model).cloned().or_else(assumed).ok_or_else(missing)
        };
        let asked = model.map(&price_of).transpose()?;
        self.usable(provider, key)?;
        let price = match asked {
            Some(price) => price,
            None => {
                let default = self.registry.default_model(provider);
                price_of(default.ok_or(NotConfigured::Unsupported(provider))?)?
            }
        };
        Ok(Choice { provider, model: price.id.clone(), price })
    }

    fn usable(&self, provider: Provider, key: KeyOwner) -> Result<(), NotConfigured> {
        match key {
            KeyOwner::Operator => self.registry.adapter(provider).map(drop),
            // The key itself is checked where it is stored; here only whether there is an adapter to use it with.
            KeyOwner::Client if Registry::is_supported(provider) => Ok(()),
            KeyOwner::Client => Err(NotConfigured::Unsupported(provider)),
        }
    }
}

fn known_providers() -> String {
    Provider::ALL.iter().map(|provider| provider.as_str()).collect::<Vec<_>>().join(", ")
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeMap;

    use hg_llm::{ProviderConfig, RegistryConfig, SampleConfig, Secret};

    use super::*;

    fn catalogue(keys: &[Provider], sample: Option<SampleConfig>, default: Option<Provider>) -> Catalogue {
        let with_key = ProviderConfig { key: Some(Secret::new("sk-test")), ..ProviderConfig::default() };
        let providers: BTreeMap<_, _> = keys.iter().map(|provider| (*provider, with_key.clone())).collect();
        let registry = Registry::new(&RegistryConfig { providers, sample }).unwrap();
        Catalogue::new(Arc::new(registry), PriceTable::builtin(), default)
    }

    #[test]
    fn nobody_asks_so_the_default_answers() {
        let of =
            |keys: &[Provider], default| catalogue(keys, Some(SampleConfig::default()), default).default_provider();
        assert_eq!(of(&[], None), Provider::Sample);
        assert_eq!(of(&[Provider::Groq, Provider::OpenAi], None), Provider::OpenAi);
        assert_eq!(of(&[Provider::Groq, Provider::OpenAi], Some(Provider::Groq)), Provider::Groq);
        assert_eq!(catalogue(&[], None, None).default_provider(), Provider::OpenRouter);
    }

    #[test]
    fn a_missing_key_is_named_in_the_references_words() {
        let nothing = catalogue(&[], None, None);
        let refused = nothing.choose(None, None, KeyOwner::Operator).unwrap_err();
        assert_eq!(refused.to_string(), "OpenRouter API key is not configured");
        let refused = nothing.choose(Some("groq"), None, KeyOwner::Operator).unwrap_err();
        assert_eq!(refused.to_string(), "Groq API key is not configured");
        assert!(matches!(nothing.choose(Some("sample"), None, KeyOwner::Operator), Err(ChoiceError::NotConfigured(_))));
        assert!(nothing.choose(Some("openai"), None, KeyOwner::Client).is_ok());
    }

    #[test]
    fn what_the_caller_can_mend_is_told_first() {
        let nothing = catalogue(&[], None, None);
        let unknown = nothing.choose(Some("skynet"), Some("t-800"), KeyOwner::Operator);
        assert!(matches!(unknown, Err(ChoiceError::UnknownProvider { .. })));
        let no_price = nothing.choose(Some("openai"), Some("t-800"), KeyOwner::Operator);
        assert!(matches!(no_price, Err(ChoiceError::NoPrice { provider: Provider::OpenAi, .. })));
    }

    #[test]
    fn a_model_without_a_price_is_refused_by_name_unless_the_operator_assumes_one() {
        let refusing = catalogue(&[Provider::OpenAi], None, None);
        let refused = refusing.choose(Some("openai"), Some("t-800"), KeyOwner::Operator).unwrap_err().to_string();
        assert!(refused.starts_with("\"t-800\" has no known price at OpenAI"), "{refused}");
        let assuming = catalogue(&[Provider::OpenAi], None, None).assuming(Some("30".parse().unwrap()));
        let choice = assuming.choose(Some("openai"), Some("t-800"), KeyOwner::Operator).unwrap();
        assert_eq!(
            (choice.price.source.as_str(), choice.price.worst_case(1_000_000, 0)),
            ("assumed by the operator", "30".parse().unwrap())
        );
        let known = assuming.choose(Some("openai"), Some("gpt-4o-mini"), KeyOwner::Operator).unwrap();
        assert_ne!(known.price.source, "assumed by the operator");
    }

    #[test]
    fn every_default_model_has_a_price() {
        let all =
            catalogue(&[Provider::OpenRouter, Provider::OpenAi, Provider::Groq], Some(SampleConfig::default()), None);
        for provider in all.registry().configured() {
            let choice = all.choose(Some(provider.as_str()), None, KeyOwner::Operator).unwrap();
            assert_eq!(Some(choice.model.as_str()), all.registry().default_model(provider));
        }
    }
}
