//! Which provider and model serve a request.
//!
//! Knows what is configured and what it costs. Must not call a provider.

use std::{
    sync::{Arc, PoisonError, RwLock},
    time::Duration,
};

use chrono::{DateTime, NaiveDate, TimeDelta, Utc};
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
    /// How long a job may take, and so how far ahead its worst case looks.
    deadline: Duration,
    clock: fn() -> DateTime<Utc>,
}

/// What serves a request.
#[derive(Clone, Debug, PartialEq)]
pub struct Choice {
    /// The provider.
    pub provider: Provider,
    /// The model's id at the provider.
    pub model: String,
    /// The model's price that holds now, and its limits.
    pub price: ModelPrice,
    /// The prices that begin to hold while a job may still run.
    pub upcoming: Vec<ModelPrice>,
}

impl Choice {
    /// The most that a call can cost, whenever within the job's deadline it is made.
    #[must_use]
    pub fn worst_case(&self, input_bound: u64, max_tokens: u64) -> Usd {
        let prices = self.upcoming.iter().chain([&self.price]);
        prices.map(|price| price.worst_case(input_bound, max_tokens)).max().unwrap_or_default()
    }
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
    /// Its provider has retired it.
    #[error("{model:?} was retired at {} on {on}: {}", provider.label(), advice(instead.as_deref()))]
    Retired {
        /// By whom.
        provider: Provider,
        /// What was asked for, or is the default.
        model: String,
        /// When.
        on: NaiveDate,
        /// What its provider says to take instead.
        instead: Option<String>,
    },
    /// There is no key, or the provider is switched off.
    #[error(transparent)]
    NotConfigured(#[from] NotConfigured),
}

impl Catalogue {
    /// From what was configured. `default` is used where nobody asks for a provider, else the first one that is configured.
    #[must_use]
    pub fn new(registry: Arc<Registry>, prices: PriceTable, default: Option<Provider>) -> Self {
        let prices = RwLock::new(Arc::new(prices));
        Self { registry, prices, default, assumed: None, deadline: Duration::ZERO, clock: Utc::now }
    }

    /// Lets worst cases look ahead as far as a job's deadline.
    #[must_use]
    pub const fn within(mut self, deadline: Duration) -> Self {
        self.deadline = deadline;
        self
    }

    /// With another clock.
    #[must_use]
    pub const fn at(mut self, clock: fn() -> DateTime<Utc>) -> Self {
        self.clock = clock;
        self
    }

    /// The day whose prices hold (UTC).
    #[must_use]
    pub fn today(&self) -> NaiveDate {
        (self.clock)().date_naive()
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
        let now = (self.clock)();
        let today = now.date_naive();
        let price_of = |model: &str| {
            let missing = || ChoiceError::NoPrice { provider, model: model.chars().take(200).collect() };
            let assumed = || Some(ModelPrice::assumed(provider, model, self.assumed?, prices.as_of()));
            let price = prices.lookup(provider, model).cloned().or_else(assumed).ok_or_else(missing)?;
            match price.retired_on(today) {
                Some(on) => Err(ChoiceError::Retired { provider, model: price.id, on, instead: price.instead }),
                None => Ok(price),
            }
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
        let last = now.checked_add_signed(TimeDelta::from_std(self.deadline).unwrap_or(TimeDelta::MAX));
        let upcoming = price.beginning_within(today, last.map_or(NaiveDate::MAX, |last| last.date_naive())).collect();
        Ok(Choice { provider, model: price.id.clone(), price: price.on(today), upcoming })
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

fn advice(instead: Option<&str>) -> String {
    let other = instead.map_or_else(|| "another model".to_owned(), |model| format!("{model:?}"));
    format!("take {other} instead")
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
    fn a_retired_model_is_refused_with_its_day_and_what_to_take_instead() {
        let groq = || catalogue(&[Provider::Groq], None, None);
        let ask =
            |catalogue: &Catalogue| catalogue.choose(Some("groq"), Some("llama-3.3-70b-versatile"), KeyOwner::Operator);
        let before = groq().at(|| "2026-08-15T23:59:59Z".parse().unwrap());
        assert_eq!(ask(&before).unwrap().model, "llama-3.3-70b-versatile");
        let refused = ask(&groq().at(|| "2026-08-16T00:00:00Z".parse().unwrap())).unwrap_err();
        assert_eq!(
            refused.to_string(),
            r#""llama-3.3-70b-versatile" was retired at Groq on 2026-08-16: take "openai/gpt-oss-120b" instead"#
        );
        // Not what the operator assumes for models that nobody knows, either.
        assert_eq!(ask(&groq().assuming(Some(Usd::ZERO))).unwrap_err(), refused);
    }

    #[test]
    fn the_price_of_the_day_holds_and_the_worst_case_looks_as_far_as_the_deadline() {
        let ask = |clock: fn() -> DateTime<Utc>| {
            let catalogue = catalogue(&[Provider::OpenRouter], None, None).within(Duration::from_secs(3_600)).at(clock);
            catalogue.choose(None, Some("google/gemini-3.8-flash"), KeyOwner::Operator).unwrap()
        };
        let early = ask(|| "2026-12-31T22:59:59Z".parse().unwrap());
        let late = ask(|| "2026-12-31T23:00:00Z".parse().unwrap());
        let after = ask(|| "2027-01-01T00:00:00Z".parse().unwrap());
        assert_eq!((&early.price, early.upcoming.len()), (&late.price, 0));
        assert_eq!(late.upcoming, std::slice::from_ref(&after.price));
        assert_eq!(after.price.input, "1.5".parse().unwrap());
        assert_eq!(late.worst_case(1_000, 1_000), after.worst_case(1_000, 1_000));
        assert!(early.worst_case(1_000, 1_000) < late.worst_case(1_000, 1_000));
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
