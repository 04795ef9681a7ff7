//! The providers' keys, addresses and defaults.

use std::{collections::BTreeMap, num::NonZeroUsize, time::Duration};

use chrono::Utc;
use hg_common::config::{Env, Environment, Secret, ServiceUrl};
use hg_llm::{PriceTable, ProviderConfig, Registry, RegistryConfig, SampleConfig, Timeouts};
use hg_types::Provider;

/// The language-model providers.
#[derive(Clone, Debug)]
pub struct ProvidersConfig {
    /// What the adapters are built from.
    pub registry: RegistryConfig,
    /// Used where nobody asks for one.
    pub default: Option<Provider>,
    /// How many calls run at once, over all processes, where that isn't what any provider may have.
    pub concurrency: BTreeMap<Provider, usize>,
    /// A local Ollama.
    pub ollama: Option<ServiceUrl>,
}

struct Names {
    provider: Provider,
    key: &'static str,
    base_url: &'static str,
    default_model: &'static str,
    timeout: &'static str,
    concurrency: &'static str,
}

const OVER_HTTP: [Names; 5] = [
    names(
        Provider::OpenRouter,
        "OPENROUTER_API_KEY",
        "OPENROUTER_BASE_URL",
        "OPENROUTER_DEFAULT_MODEL",
        "OPENROUTER_TIMEOUT",
        "OPENROUTER_CONCURRENCY",
    ),
    names(
        Provider::Anthropic,
        "ANTHROPIC_API_KEY",
        "ANTHROPIC_BASE_URL",
        "ANTHROPIC_DEFAULT_MODEL",
        "ANTHROPIC_TIMEOUT",
        "ANTHROPIC_CONCURRENCY",
    ),
    names(
        Provider::OpenAi,
        "OPENAI_API_KEY",
        "OPENAI_BASE_URL",
        "OPENAI_DEFAULT_MODEL",
        "OPENAI_TIMEOUT",
        "OPENAI_CONCURRENCY",
    ),
    names(
        Provider::Google,
        "GOOGLE_API_KEY",
        "GOOGLE_BASE_URL",
        "GOOGLE_DEFAULT_MODEL",
        "GOOGLE_TIMEOUT",
        "GOOGLE_CONCURRENCY",
    ),
    names(Provider::Groq, "GROQ_API_KEY", "GROQ_BASE_URL", "GROQ_DEFAULT_MODEL", "GROQ_TIMEOUT", "GROQ_CONCURRENCY"),
];

const fn names(
    provider: Provider,
    key: &'static str,
    base_url: &'static str,
    default_model: &'static str,
    timeout: &'static str,
    concurrency: &'static str,
) -> Names {
    Names { provider, key, base_url, default_model, timeout, concurrency }
}

impl ProvidersConfig {
    /// Reads the section.
    pub fn read(env: &mut Env, environment: Environment) -> Self {
        let mut providers: BTreeMap<_, _> = OVER_HTTP.iter().map(|names| (names.provider, one(env, names))).collect();
        let concurrency = OVER_HTTP
            .iter()
            .filter_map(|names| {
                let calls = env
                    .optional::<NonZeroUsize>(names.concurrency)
                    .doc("How many calls of this provider run at once, over all processes; WORKER_PROVIDER_CONCURRENCY by default.")
                    .read()?;
                Some((names.provider, calls.get()))
            })
            .collect();
        let origin =
            env.optional::<String>("OPENROUTER_ORIGIN").doc("Address of this installation, told to OpenRouter.").read();
        let app_name =
            env.optional::<String>("OPENROUTER_APP_NAME").doc("Name of this installation, told to OpenRouter.").read();
        if let Some(router) = providers.get_mut(&Provider::OpenRouter) {
            (router.origin, router.app_name) = (origin, app_name);
        }
        let ollama = env
            .optional::<ServiceUrl>("OLLAMA_BASE_URL")
            .doc("A local Ollama, such as http://ollama:11434. There is no adapter for it yet: it has no effect.")
            .read();
        let default = env
            .optional::<Provider>("DEFAULT_LLM_PROVIDER")
            .shown_default(
                "the first that has a key, in the order openrouter, openai, groq, sample",
            )
            .doc("The provider for requests that ask for none: openrouter, openai or groq, with its key, or sample outside production.")
            .read();
        let delay = env
            .with_default("SAMPLE_DELAY_MS", 10_u64)
            .doc("Pause between the pieces of built-in sample texts, in milliseconds.")
            .read();
        if environment.is_production() && default == Some(Provider::Sample) {
            env.problem("DEFAULT_LLM_PROVIDER", "sample texts are refused in production: configure a provider");
        }
        let sample = SampleConfig { chunk_delay: Duration::from_millis(delay) };
        let sample = (!environment.is_production()).then_some(sample);
        Self { registry: RegistryConfig { providers, sample }, default, concurrency, ollama }
    }

    /// Refuses what could never serve a request, and names what has no effect.
    pub fn check(&self, env: &mut Env, prices: &PriceTable) {
        for names in &OVER_HTTP {
            let Some(settings) = self.registry.providers.get(&names.provider) else { continue };
            if settings.key.is_none() {
                continue;
            }
            if !Registry::is_supported(names.provider) {
                env.warn(no_adapter(names.key, names.provider));
                continue;
            }
            let default = settings.default_model.as_deref().and_then(|model| prices.lookup(names.provider, model));
            // A day that passes is no reason not to start: whoever names a model is served.
            if let Some(default) = default
                && let Some(on) = default.retired_on(Utc::now().date_naive())
            {
                let (variable, label) = (names.default_model, names.provider.label());
                env.warn(format!("{variable}: {:?} was retired at {label} on {on}: name another model", default.id));
            }
            // Each built-in default has a price.
            let unpriced = settings
                .default_model
                .as_deref()
                .filter(|model| !model.is_empty() && prices.lookup(names.provider, model).is_none());
            if let Some(model) = unpriced {
                let label = names.provider.label();
                env.problem(
                    names.default_model,
                    format!("{model:?} has no known price at {label}: name another model, or put its price into LLM_PRICE_OVERRIDES"),
                );
            }
        }
        if self.ollama.is_some() {
            env.warn(no_adapter("OLLAMA_BASE_URL", Provider::Ollama));
        }
        let Some(default) = self.default else { return };
        if !Registry::is_supported(default) {
            env.problem("DEFAULT_LLM_PROVIDER", format!("there is no adapter for {} yet", default.label()));
        } else if let Some(names) = OVER_HTTP.iter().find(|names| names.provider == default)
            && self.registry.providers.get(&default).is_none_or(|settings| settings.key.is_none())
        {
            env.problem("DEFAULT_LLM_PROVIDER", format!("{} needs its key: set {}", default.label(), names.key));
        }
    }
}

fn no_adapter(variable: &str, provider: Provider) -> String {
    format!("{variable} has no effect: there is no adapter for {} yet", provider.label())
}

fn one(env: &mut Env, names: &Names) -> ProviderConfig {
    let doc = if Registry::is_supported(names.provider) {
        "The operator's key for this provider."
    } else {
        "The operator's key for this provider. There is no adapter for it yet: it has no effect."
    };
    let key = env.optional::<Secret>(names.key).secret().doc(doc).read();
    let base_url = env.optional::<ServiceUrl>(names.base_url).doc("Another address than the provider's own.").read();
    let default_model =
        env.optional::<String>(names.default_model).doc("The model for requests that ask for none.").read();
    let total =
        env.optional::<u32>(names.timeout).doc("How long a whole call may take, in seconds; 600 by default.").read();
    let mut timeouts = Timeouts::default();
    if let Some(total) = total.map(|seconds| Duration::from_secs(u64::from(seconds.max(1)))) {
        timeouts.total = total;
        timeouts.first_byte = timeouts.first_byte.min(total);
        timeouts.idle = timeouts.idle.min(total);
    }
    ProviderConfig {
        key: key.map(|key| hg_llm::Secret::new(key.expose())),
        base_url: base_url.map(|url| url.as_str().to_owned()),
        default_model,
        timeouts,
        ..ProviderConfig::default()
    }
}
