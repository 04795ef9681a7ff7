//! What the gateway reads from its environment. Values only; nothing is opened here.

use std::{fmt, num::NonZeroU32, str::FromStr};

use hg_common::auth::{InternalIssuer, Service};
use hg_common::config::{
    CommaList, CoreConfig, DatabaseConfig, Env, Environment, PeerConfig, ReadConfig, RedisConfig, Secret, ServiceUrl,
    TrustedProxies, Unnamed, is_private_host, read_signing_key,
};

/// The port where none is configured.
pub const DEFAULT_PORT: u16 = 3000;

/// The shortest `AUTH_SECRET`, in characters.
const MIN_SECRET_CHARS: usize = 32;

/// Attempts to log in where nothing is configured.
const LOGIN_PER_MINUTE: NonZeroU32 = NonZeroU32::new(3).expect("three is not zero");

/// The service's configuration.
#[derive(Clone, Debug)]
pub struct Config {
    /// What every process needs.
    pub core: CoreConfig,
    /// Where the accounts are.
    pub database: DatabaseConfig,
    /// Where attempts are counted.
    pub redis: RedisConfig,
    /// Signs internal tokens.
    pub issuer: InternalIssuer,
    /// Where the other services are.
    pub peers: PeerConfig,
    /// Signs sessions and the tokens of forms.
    pub auth_secret: Secret,
    /// Where browsers reach the gateway: decides over the cookie's name and over `Origin`.
    pub public_url: ServiceUrl,
    /// Origins whose scripts may call `/api/*`.
    pub allowed_origins: Vec<Origin>,
    /// Proxies whose `X-Forwarded-For` is believed.
    pub trusted_proxies: TrustedProxies,
    /// Attempts to log in per minute and address.
    pub login_per_minute: NonZeroU32,
    /// Requests per minute and user.
    pub requests_per_minute: u32,
}

impl Config {
    /// Whether browsers speak TLS to us: then cookies are `Secure`.
    #[must_use]
    pub fn is_https(&self) -> bool {
        self.public_url.as_str().starts_with("https://")
    }
}

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
        let issuer = read_signing_key(env, Service::Gateway);
        let peers = PeerConfig::read(env, core.environment);
        let auth_secret = env
            .required::<Secret>("AUTH_SECRET")
            .alias("NEXTAUTH_SECRET")
            .alias("SESSION_SECRET")
            .alias("SECRET_KEY")
            .secret()
            .doc("Signs sessions; at least 32 characters, the same for all replicas.")
            .read_with(parse_secret);
        let public_url = read_public_url(env, core.environment, core.port);
        let CommaList(allowed_origins) = env
            .with_default("ALLOWED_ORIGINS", CommaList(Vec::<Origin>::new()))
            .alias("CORS_ORIGINS")
            .doc("Origins whose scripts may call /api, separated by commas: https://app.example.com. No wildcard.")
            .shown_default("none")
            .read();
        let trusted_proxies = TrustedProxies::read(env, unnamed_proxies(core.environment, public_url.as_ref()));
        let login_per_minute = env
            .with_default("LOGIN_ATTEMPTS_PER_MINUTE", LOGIN_PER_MINUTE)
            .doc("Attempts to log in per minute and client address; at least 1.")
            .read_with(|text| {
                text.parse().map_err(|_| "it must be a whole number, at least 1: with 0 nobody could log in".to_owned())
            });
        let requests_per_minute = env
            .with_default("RATE_LIMIT_PER_MINUTE", 200_u32)
            .doc("Requests per minute and user or API key; 0 is no limit.")
            .read();
        Some(Self {
            core,
            database: database?,
            redis: redis?,
            issuer: issuer?,
            peers: peers?,
            auth_secret: auth_secret?,
            public_url: public_url?,
            allowed_origins,
            trusted_proxies,
            login_per_minute,
            requests_per_minute,
        })
    }
}

fn parse_secret(text: &str) -> Result<Secret, String> {
    let count = text.chars().count();
    if count < MIN_SECRET_CHARS {
        return Err(format!(
            "it has {count} characters, and needs at least {MIN_SECRET_CHARS}: openssl rand -base64 48"
        ));
    }
    Ok(Secret::new(text))
}

/// The gateway speaks no TLS itself, so https means a proxy, and behind one that isn't named everybody has its address.
fn unnamed_proxies(environment: Environment, public_url: Option<&ServiceUrl>) -> Unnamed {
    let https = public_url.is_some_and(|url| url.as_str().starts_with("https://"));
    if environment.is_production() && https {
        Unnamed::Refused(
            "PUBLIC_URL is https, so a proxy stands before the gateway: without its address all people share one allowance of logins",
        )
    } else {
        Unnamed::Fine
    }
}

fn read_public_url(env: &mut Env, environment: Environment, port: u16) -> Option<ServiceUrl> {
    let url = env
        .optional::<ServiceUrl>("PUBLIC_URL")
        .alias("NEXTAUTH_URL")
        .alias("WEBAPP_URL")
        .doc("Where browsers reach the gateway: https://app.example.com. Needed in production and staging.")
        .shown_default(format!("http://localhost:{DEFAULT_PORT} in development"))
        .read();
    let url = match url {
        Some(url) => url,
        None if environment.is_deployed() => {
            env.problem("PUBLIC_URL", "is not set: where do browsers reach the gateway?");
            return None;
        }
        None => format!("http://localhost:{port}").parse().ok()?,
    };
    let origin = Origin::of_url(&url);
    if origin.as_str() != url.as_str() {
        env.problem("PUBLIC_URL", "must not have a path: the gateway needs a host of its own");
    }
    if environment.is_production() && !url.as_str().starts_with("https://") && !is_private_host(origin.host()) {
        env.problem("PUBLIC_URL", "must be https:// in production: without TLS, sessions can be stolen on the way");
    }
    Some(url)
}

/// An origin as browsers send it: scheme, host, and the port unless it is the scheme's own.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Origin(String);

/// Not an origin.
#[derive(Debug, thiserror::Error)]
#[error("expected an origin such as https://app.example.com, without a path; a wildcard is not accepted")]
pub struct NotAnOrigin;

impl Origin {
    /// The origin of a base address.
    #[must_use]
    pub fn of_url(url: &ServiceUrl) -> Self {
        let text = url.as_str();
        let after_scheme = text.find("://").map_or(0, |at| at + 3);
        let end = text[after_scheme..].find('/').map_or(text.len(), |at| after_scheme + at);
        Self(text[..end].to_owned())
    }

    /// The origin as text.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// The host without its port.
    fn host(&self) -> &str {
        let authority = self.0.split_once("://").map_or(self.0.as_str(), |(_, rest)| rest);
        match authority.strip_prefix('[').and_then(|rest| rest.split_once(']')) {
            Some((v6, _)) => v6,
            None => authority.split(':').next().unwrap_or_default(),
        }
    }
}

impl fmt::Display for Origin {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl FromStr for Origin {
    type Err = NotAnOrigin;

    fn from_str(text: &str) -> Result<Self, NotAnOrigin> {
        let url: ServiceUrl = text.parse().map_err(|_| NotAnOrigin)?;
        let origin = Self::of_url(&url);
        // A wildcard inside a host is no host, but a URL parser lets it through.
        if origin.as_str() != url.as_str() || text.contains('*') { Err(NotAnOrigin) } else { Ok(origin) }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const SECRET: &str = "0123456789abcdef0123456789abcdef";

    fn environment(changes: &[(&'static str, &'static str)]) -> Env {
        let mut pairs = vec![
            ("DATABASE_URL", "postgres://app@127.0.0.1/hg_content"),
            ("REDIS_URL", "redis://127.0.0.1"),
            ("INTERNAL_SIGNING_KEY", "k:AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA="),
            ("AUTH_SECRET", SECRET),
        ];
        pairs.retain(|(name, _)| !changes.iter().any(|(changed, _)| changed == name));
        pairs.extend(changes.iter().filter(|(_, value)| !value.is_empty()));
        Env::from_pairs("gateway", pairs)
    }

    fn problems(changes: &[(&'static str, &'static str)]) -> Vec<String> {
        match environment(changes).load::<Config>() {
            Ok(_) => Vec::new(),
            Err(errors) => errors.problems.into_iter().map(|problem| problem.variable).collect(),
        }
    }

    #[test]
    fn the_defaults_are_for_one_machine() {
        let config = environment(&[]).load::<Config>().unwrap().config;
        assert_eq!((config.public_url.as_str(), config.is_https()), ("http://localhost:3000", false));
        assert_eq!((config.login_per_minute.get(), config.requests_per_minute), (3, 200));
        assert!(config.allowed_origins.is_empty() && config.trusted_proxies.networks().is_empty());
    }

    #[test]
    fn a_short_secret_and_a_missing_one_are_refused() {
        assert_eq!(problems(&[("AUTH_SECRET", "0123456789abcdef0123456789abcde")]), ["AUTH_SECRET"]);
        assert_eq!(problems(&[("AUTH_SECRET", "")]), ["AUTH_SECRET"]);
        assert_eq!(problems(&[("AUTH_SECRET", ""), ("NEXTAUTH_SECRET", SECRET)]), Vec::<String>::new());
        assert_eq!(problems(&[("AUTH_SECRET", ""), ("SECRET_KEY", SECRET)]), Vec::<String>::new());
    }

    #[test]
    fn production_needs_its_address_and_tls() {
        let production = ("ENVIRONMENT", "production");
        assert_eq!(problems(&[production]), ["PUBLIC_URL"]);
        assert_eq!(problems(&[production, ("PUBLIC_URL", "http://app.example.com")]), ["PUBLIC_URL"]);
        let with_path = ("PUBLIC_URL", "https://app.example.com/x");
        assert_eq!(problems(&[production, ("TRUSTED_PROXIES", "none"), with_path]), ["PUBLIC_URL"]);
        let proxies = ("TRUSTED_PROXIES", "10.0.0.0/8");
        assert_eq!(
            problems(&[production, proxies, ("NEXTAUTH_URL", "https://app.example.com/")]),
            Vec::<String>::new()
        );
        assert_eq!(problems(&[production, ("PUBLIC_URL", "http://localhost:3000")]), Vec::<String>::new());
    }

    #[test]
    fn production_behind_tls_names_its_proxies() {
        let (production, https) = (("ENVIRONMENT", "production"), ("PUBLIC_URL", "https://app.example.com"));
        assert_eq!(problems(&[production, https]), ["TRUSTED_PROXIES"]);
        assert_eq!(problems(&[production, https, ("TRUSTED_PROXIES", "")]), ["TRUSTED_PROXIES"]);
        assert_eq!(problems(&[production, https, ("TRUSTED_PROXIES", "traefik")]), ["TRUSTED_PROXIES"]);
        assert_eq!(problems(&[("ENVIRONMENT", "staging"), https]), Vec::<String>::new());
        for (value, count) in [("none", 0), ("10.0.0.0/8,172.16.0.0/12,192.168.0.0/16,fd00::/8", 4)] {
            let config = environment(&[production, https, ("TRUSTED_PROXIES", value)]).load::<Config>().unwrap().config;
            assert_eq!(config.trusted_proxies.networks().len(), count, "{value}");
        }
    }

    #[test]
    fn somebody_must_be_able_to_log_in() {
        for bad in ["0", "-1", "three"] {
            assert_eq!(problems(&[("LOGIN_ATTEMPTS_PER_MINUTE", bad)]), ["LOGIN_ATTEMPTS_PER_MINUTE"]);
        }
    }

    #[test]
    fn origins_are_exact() {
        assert_eq!(problems(&[("ALLOWED_ORIGINS", "*")]), ["ALLOWED_ORIGINS"]);
        assert_eq!(problems(&[("CORS_ORIGINS", "https://*.example.com")]), ["CORS_ORIGINS"]);
        assert_eq!(problems(&[("ALLOWED_ORIGINS", "https://app.example.com/path")]), ["ALLOWED_ORIGINS"]);
        let config = environment(&[("ALLOWED_ORIGINS", "https://a.example, https://b.example:8443/")]);
        let origins = config.load::<Config>().unwrap().config.allowed_origins;
        assert_eq!(
            origins.iter().map(Origin::as_str).collect::<Vec<_>>(),
            ["https://a.example", "https://b.example:8443"]
        );
    }
}
