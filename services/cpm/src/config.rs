//! What the service reads from its environment. Values only; nothing is opened here.

mod jobs;
mod money;
mod providers;

use std::{collections::BTreeMap, num::NonZeroUsize, sync::Arc};

use hg_common::{
    auth::{InternalIssuer, InternalVerifier, Service},
    config::{
        CoreConfig, DatabaseConfig, Env, Peer, ReadConfig, RedisConfig, Secret, ServiceUrl, TrustedProxies, Unnamed,
        read_peer, read_public_keys, read_signing_key,
    },
    crypto::Keyring,
};
use hg_types::id::ClientRef;

pub use self::{jobs::JobsConfig, money::MoneyConfig, providers::ProvidersConfig};

/// The port where none is configured.
pub const DEFAULT_PORT: u16 = 8000;

const WAITING: NonZeroUsize = NonZeroUsize::MIN.saturating_add(999);

/// The service's configuration.
#[derive(Clone, Debug)]
pub struct Config {
    /// What every process needs.
    pub core: CoreConfig,
    /// Where the data is.
    pub database: DatabaseConfig,
    /// Where Redis is.
    pub redis: RedisConfig,
    /// Whose tokens are believed.
    pub callers: InternalVerifier,
    /// Signs the tokens with which this service calls others.
    pub issuer: InternalIssuer,
    /// Where strategies come from.
    pub smm: ServiceUrl,
    /// Where prompts come from.
    pub im: ServiceUrl,
    /// The language-model providers.
    pub providers: ProvidersConfig,
    /// Limits and prices.
    pub money: MoneyConfig,
    /// Queue, workers and what a job may take.
    pub jobs: JobsConfig,
    /// The operator's API keys by client; `None` leaves the stored ones alone.
    pub client_api_keys: Option<ClientApiKeys>,
    /// Opens customers' own provider keys; without it they can't be used.
    pub keyring: Option<Arc<Keyring>>,
    /// Requests per minute and caller; 0 is no limit.
    pub rate_limit: u32,
    /// Requests that may wait for a job's end at once.
    pub most_waiting: NonZeroUsize,
    /// Proxies whose `X-Forwarded-For` is believed: wrong API keys are counted by address.
    pub trusted_proxies: TrustedProxies,
}

/// API keys by client id or slug.
#[derive(Clone, Debug)]
pub struct ClientApiKeys(pub Vec<(ClientRef, Secret)>);

impl AsRef<CoreConfig> for Config {
    fn as_ref(&self) -> &CoreConfig {
        &self.core
    }
}

impl ReadConfig for Config {
    fn read(env: &mut Env) -> Option<Self> {
        let core = CoreConfig::read(env, DEFAULT_PORT);
        let database = DatabaseConfig::read(env, core.environment);
        let redis = RedisConfig::read(env, core.environment);
        let issuer = read_signing_key(env, Service::Cpm);
        let callers = read_public_keys(env, Service::Cpm);
        let smm = read_peer(env, Peer::Smm, core.environment);
        let im = read_peer(env, Peer::Im, core.environment);
        let providers = ProvidersConfig::read(env, core.environment);
        let money = MoneyConfig::read(env);
        providers.check(env, &money.prices);
        let mut jobs = JobsConfig::read(env, core.shutdown_grace);
        jobs.settings.unknown_retry_limit = money.unknown_retry_limit;
        jobs.settings.provider_caps.clone_from(&providers.concurrency);
        let client_api_keys = env
            .optional::<ClientApiKeys>("CPM_CLIENT_API_KEYS")
            .secret()
            .doc("API keys of trusted services, put in force at start, and revoked at the start at which they are gone from here: a JSON object of client id (or slug) and key. Better make keys with `hg admin api-key`.")
            .read_with(parse_client_api_keys);
        let keyring = env
            .optional::<Keyring>("SECRETS_KEYS")
            .secret()
            .doc("Keys that seal customers' provider keys: kid:base64 of 32 bytes, separated by commas; the first seals, all open.")
            .read()
            .map(Arc::new);
        let rate_limit = env
            .with_default("RATE_LIMIT_PER_MINUTE", 200_u32)
            .doc("Requests per minute and user or API key; 0 is no limit.")
            .read();
        let most_waiting = env
            .with_default("WAITING_REQUESTS", WAITING)
            .doc("How many requests of `POST /generate` with `wait` may wait at once in this process; one caller gets a fifth of them, one client two fifths.")
            .read();
        let unnamed = if core.environment.is_production() {
            Unnamed::Warned("behind a proxy all callers share one allowance of wrong API keys")
        } else {
            Unnamed::Fine
        };
        let trusted_proxies = TrustedProxies::read(env, unnamed);
        Some(Self {
            core,
            database: database?,
            redis: redis?,
            callers: callers?,
            issuer: issuer?,
            smm: smm?,
            im: im?,
            providers,
            money,
            jobs,
            client_api_keys,
            keyring,
            rate_limit,
            most_waiting,
            trusted_proxies,
        })
    }
}

fn parse_client_api_keys(text: &str) -> Result<ClientApiKeys, String> {
    // serde's own message would quote the key.
    let expected = || "expected a JSON object of client id and key".to_owned();
    let keys: BTreeMap<String, serde_json::Value> = serde_json::from_str(text).map_err(|_| expected())?;
    keys.into_iter()
        .map(|(client, key)| {
            let key = key.as_str().ok_or_else(|| format!("the key of {client} is no text"))?.trim();
            if key.len() < 16 {
                return Err(format!("the key of {client} is shorter than 16 characters"));
            }
            Ok((ClientRef::parse(&client), Secret::new(key)))
        })
        .collect::<Result<_, _>>()
        .map(ClientApiKeys)
}

#[cfg(test)]
mod tests {
    use hg_common::config::ConfigErrors;
    use hg_types::{ContentType, Provider};

    use super::*;

    const NEEDED: [(&str, &str); 4] = [
        ("DATABASE_URL", "postgres://hg_content_app:x@127.0.0.1:6543/hg_content"),
        ("REDIS_URL", "redis://127.0.0.1:6379"),
        ("INTERNAL_SIGNING_KEY", "k:AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA="),
        ("INTERNAL_PUBLIC_KEYS", "gateway:k:AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA="),
    ];

    fn read(more: &[(&str, &str)]) -> Result<Config, ConfigErrors> {
        Env::from_pairs("cpm", NEEDED.iter().chain(more).copied()).load::<Config>().map(|loaded| loaded.config)
    }

    #[test]
    fn the_references_environment_is_understood() {
        let config = read(&[
            ("OPENROUTER_API_KEY", "sk-or-test"),
            ("OPENROUTER_DEFAULT_MODEL", "openai/gpt-4o-mini"),
            ("OPENROUTER_ORIGIN", "http://localhost:3000"),
            ("OPENROUTER_APP_NAME", "HG Content (Local)"),
            ("OPENROUTER_TIMEOUT", "120"),
            ("DAILY_COST_LIMIT", "10.00"),
            ("MONTHLY_COST_LIMIT", "200.00"),
            ("CPM_CLIENT_API_KEYS", r#"{"550e8400-e29b-41d4-a716-446655440000":"cpm_test_example_key"}"#),
        ])
        .unwrap();
        let router = &config.providers.registry.providers[&Provider::OpenRouter];
        assert_eq!(router.app_name.as_deref(), Some("HG Content (Local)"));
        assert_eq!(router.timeouts.total.as_secs(), 120);
        assert_eq!(config.money.daily_limit, Some("10".parse().unwrap()));
        assert_eq!(config.client_api_keys.unwrap().0.len(), 1);
        assert!(config.providers.registry.sample.is_some());
        assert_eq!(config.rate_limit, 200);
    }

    #[test]
    fn sample_is_refused_in_production() {
        let errors = read(&[("ENVIRONMENT", "production"), ("DEFAULT_LLM_PROVIDER", "sample")]).unwrap_err();
        assert_eq!(errors.problems[0].variable, "DEFAULT_LLM_PROVIDER");
        let config = read(&[("ENVIRONMENT", "production")]).unwrap();
        assert!(config.providers.registry.sample.is_none());
    }

    #[test]
    fn providers_that_cannot_work_stop_the_start() {
        let problem = |more: &[(&str, &str)]| read(more).unwrap_err().problems.remove(0);
        let unsupported = problem(&[("DEFAULT_LLM_PROVIDER", "anthropic"), ("ANTHROPIC_API_KEY", "sk-ant")]);
        assert_eq!(unsupported.variable, "DEFAULT_LLM_PROVIDER");
        assert!(unsupported.message.contains("no adapter"), "{unsupported:?}");
        let keyless = problem(&[("DEFAULT_LLM_PROVIDER", "openai")]);
        assert!(keyless.message.contains("OPENAI_API_KEY"), "{keyless:?}");
        let unpriced = [("OPENAI_API_KEY", "sk-test"), ("OPENAI_DEFAULT_MODEL", "t-800")];
        assert_eq!(problem(&unpriced).variable, "OPENAI_DEFAULT_MODEL");
        let price =
            r#"[{"provider":"openai","id":"t-800","input":"1","output":"2","context_length":8000,"max_output":4000}]"#;
        let priced = [unpriced[0], unpriced[1], ("LLM_PRICE_OVERRIDES", price), ("DEFAULT_LLM_PROVIDER", "openai")];
        read(&priced).unwrap();
        read(&[("DEFAULT_LLM_PROVIDER", "sample")]).unwrap();
        let retired = [("GROQ_API_KEY", "gsk-test"), ("GROQ_DEFAULT_MODEL", "llama-3.3-70b-versatile")];
        let loaded = Env::from_pairs("cpm", NEEDED.iter().chain(&retired).copied()).load::<Config>().unwrap();
        let warned = loaded
            .warnings
            .iter()
            .any(|warning| warning.contains("GROQ_DEFAULT_MODEL") && warning.contains("2026-08-16"));
        assert!(warned, "{:?}", loaded.warnings);
    }

    #[test]
    fn settings_without_an_adapter_are_warned_about() {
        let set = [("ANTHROPIC_API_KEY", "x"), ("GOOGLE_API_KEY", "x"), ("OLLAMA_BASE_URL", "http://ollama:11434")];
        let loaded = Env::from_pairs("cpm", NEEDED.iter().chain(&set).copied()).load::<Config>().unwrap();
        for (name, _) in set {
            assert!(loaded.warnings.iter().any(|warning| warning.starts_with(name)), "{:?}", loaded.warnings);
        }
    }

    #[test]
    fn production_without_named_proxies_starts_with_a_warning() {
        let warned = |more: &[(&str, &str)]| {
            let loaded = Env::from_pairs("cpm", NEEDED.iter().chain(more).copied()).load::<Config>().unwrap();
            loaded.warnings.iter().any(|warning| warning.starts_with("TRUSTED_PROXIES"))
        };
        let production = ("ENVIRONMENT", "production");
        assert!(warned(&[production]));
        assert!(!warned(&[production, ("TRUSTED_PROXIES", "none")]) && !warned(&[]));
    }

    #[test]
    fn every_problem_is_named_and_no_key_is_shown() {
        let errors = read(&[
            ("CPM_CLIENT_API_KEYS", r#"{"a":"hunter2"}"#),
            ("LLM_PRICE_OVERRIDES", "[{}]"),
            ("INPUT_TOKEN_BOUNDS", r#"{"poem": 3}"#),
            ("DAILY_COST_LIMIT", "-1"),
            ("DEFAULT_LLM_PROVIDER", "skynet"),
            ("WORKER_CONCURRENCY", "0"),
            ("INTERNAL_SIGNING_KEY", "k:aHVudGVyMg=="),
            ("INTERNAL_PUBLIC_KEYS", "gateway"),
        ])
        .unwrap_err();
        let named: Vec<_> = errors.problems.iter().map(|problem| problem.variable.as_str()).collect();
        assert_eq!(
            named,
            [
                "INTERNAL_SIGNING_KEY",
                "INTERNAL_PUBLIC_KEYS",
                "DEFAULT_LLM_PROVIDER",
                "DAILY_COST_LIMIT",
                "LLM_PRICE_OVERRIDES",
                "INPUT_TOKEN_BOUNDS",
                "WORKER_CONCURRENCY",
                "CPM_CLIENT_API_KEYS"
            ]
        );
        let told = errors.to_string();
        assert!(!told.contains("hunter2") && !told.contains("aHVudGVyMg"), "{told}");
    }

    #[test]
    fn a_bad_entry_of_the_operators_keys_is_named_and_its_key_is_not() {
        for (text, named) in [
            (r#"{"ohio-paving":"hunter2"}"#, "ohio-paving"),
            (r#"{"shop":["hunter2"]}"#, "shop"),
            ("hunter2", "object"),
        ] {
            let told = parse_client_api_keys(text).unwrap_err();
            assert!(told.contains(named) && !told.contains("hunter2"), "{told}");
        }
    }

    #[test]
    fn bounds_are_per_content_type() {
        let config =
            read(&[("INPUT_TOKEN_BOUND", "4000"), ("INPUT_TOKEN_BOUNDS", r#"{"social_media": 2000}"#)]).unwrap();
        assert_eq!(config.money.input_bounds.for_prompt(ContentType::BlogPost, []), 4_000);
        assert_eq!(config.money.input_bounds.for_prompt(ContentType::SocialMedia, []), 2_000);
    }
}
