//! What every process needs to know about itself: environment, address, logs, limits.
//!
//! It must not hold anything that only some services have.

use std::fmt;
use std::net::{IpAddr, Ipv4Addr, SocketAddr};
use std::str::FromStr;
use std::time::Duration;

use tracing_subscriber::EnvFilter;

use super::env::Env;
use super::values::Environment;

/// Settings that each service reads.
#[derive(Debug, Clone)]
pub struct CoreConfig {
    /// Where the process runs.
    pub environment: Environment,
    /// What is logged.
    pub log_filter: LogFilter,
    /// How it is written.
    pub log_format: LogFormat,
    /// The port to listen on.
    pub port: u16,
    /// The address to listen on.
    pub host: IpAddr,
    /// How long requests are still taken after SIGTERM, so that proxies can notice.
    pub shutdown_delay: Duration,
    /// How long requests and jobs in progress may take to end after SIGTERM.
    pub shutdown_grace: Duration,
    /// Largest request body, in bytes, where a route doesn't say otherwise.
    pub max_body_bytes: usize,
}

impl CoreConfig {
    /// Reads the section; every variable has a default.
    pub fn read(env: &mut Env, default_port: u16) -> Self {
        let environment = env
            .with_default("ENVIRONMENT", Environment::Development)
            .alias("NODE_ENV")
            .doc("development, staging, production or test. Production refuses what is only safe on one machine.")
            .read();
        let log_filter = env
            .with_default("LOG_LEVEL", LogFilter::default())
            .doc("error, warn, info, debug or trace, in any case; or directives such as info,hg_cpm=debug.")
            .read();
        let log_format = env
            .with_default("LOG_FORMAT", LogFormat::Json)
            .doc("json (one object per line) or pretty (for people).")
            .read();
        let port = env.with_default("PORT", default_port).doc("The port to listen on.").read();
        let host = if environment.is_deployed() { Ipv4Addr::UNSPECIFIED } else { Ipv4Addr::LOCALHOST };
        let host = env
            .with_default("HOST", IpAddr::V4(host))
            .alias("BIND")
            .doc("The address to listen on.")
            .shown_default("0.0.0.0 in production and staging, else 127.0.0.1")
            .read();
        let delay = env
            .with_default("SHUTDOWN_DELAY_SECONDS", if environment.is_deployed() { 5_u64 } else { 0 })
            .doc("How long requests are still taken after SIGTERM, while /health says 503, so that proxies can notice.")
            .shown_default("5 in production and staging, else 0")
            .read();
        let grace = env
            .with_default("SHUTDOWN_GRACE_SECONDS", 25_u64)
            .doc("How long requests and jobs in progress may take to end after SIGTERM.")
            .read();
        let max_body_bytes = env
            .with_default("MAX_BODY_BYTES", 1024 * 1024_usize)
            .doc("Largest request body in bytes, where a route doesn't say otherwise.")
            .read();
        let (shutdown_delay, shutdown_grace) = (Duration::from_secs(delay), Duration::from_secs(grace));
        Self { environment, log_filter, log_format, port, host, shutdown_delay, shutdown_grace, max_body_bytes }
    }

    /// The address to listen on.
    #[must_use]
    pub fn address(&self) -> SocketAddr {
        SocketAddr::new(self.host, self.port)
    }
}

/// How log lines are written.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum LogFormat {
    /// One JSON object per line.
    Json,
    /// For a person at a terminal.
    Pretty,
}

impl fmt::Display for LogFormat {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Json => "json",
            Self::Pretty => "pretty",
        })
    }
}

/// Not a format of log lines.
#[derive(Debug, thiserror::Error)]
#[error("expected json or pretty")]
pub struct UnknownLogFormat;

impl FromStr for LogFormat {
    type Err = UnknownLogFormat;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        match text.to_ascii_lowercase().as_str() {
            "json" => Ok(Self::Json),
            "pretty" | "text" => Ok(Self::Pretty),
            _ => Err(UnknownLogFormat),
        }
    }
}

/// Which log lines are written: a level, or a list of `target=level`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct LogFilter(String);

impl LogFilter {
    /// The directives in the form that `tracing_subscriber::EnvFilter` takes.
    #[must_use]
    pub fn directives(&self) -> &str {
        &self.0
    }
}

impl Default for LogFilter {
    fn default() -> Self {
        Self("info".to_owned())
    }
}

impl fmt::Display for LogFilter {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

/// Not a log level, and no list of directives.
#[derive(Debug, thiserror::Error)]
#[error("expected error, warn, info, debug, trace or off, or directives such as info,hg_cpm=debug")]
pub struct BadLogFilter;

impl FromStr for LogFilter {
    type Err = BadLogFilter;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        let directives = text
            .split(',')
            .map(|part| match part.trim().rsplit_once('=') {
                Some((target, level)) => level_name(level).map(|level| format!("{}={level}", target.trim())),
                None => level_name(part).map(str::to_owned),
            })
            .collect::<Option<Vec<_>>>()
            .ok_or(BadLogFilter)?
            .join(",");
        EnvFilter::builder().parse(&directives).map_err(|_| BadLogFilter)?;
        Ok(Self(directives))
    }
}

/// The level in our spelling; other log systems' names (`WARNING`, `CRITICAL`) are understood.
fn level_name(text: &str) -> Option<&'static str> {
    Some(match text.trim().to_ascii_lowercase().as_str() {
        "trace" => "trace",
        "debug" => "debug",
        "info" | "notice" => "info",
        "warn" | "warning" => "warn",
        "error" | "critical" | "fatal" => "error",
        "off" | "none" => "off",
        _ => return None,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn log_filters() {
        assert_eq!("INFO".parse::<LogFilter>().unwrap().directives(), "info");
        assert_eq!("Warning".parse::<LogFilter>().unwrap().directives(), "warn");
        assert_eq!("info, hg_cpm=DEBUG".parse::<LogFilter>().unwrap().directives(), "info,hg_cpm=debug");
        assert!("verbose".parse::<LogFilter>().is_err());
        assert!("hg_cpm=loud".parse::<LogFilter>().is_err());
    }

    #[test]
    fn defaults_depend_on_the_environment() {
        for deployed in ["production", "staging"] {
            let core = CoreConfig::read(&mut Env::from_pairs("cpm", [("NODE_ENV", deployed)]), 8000);
            assert_eq!(core.address().to_string(), "0.0.0.0:8000", "{deployed}");
        }
        let core = CoreConfig::read(&mut Env::empty("cpm"), 8000);
        assert_eq!(core.address().to_string(), "127.0.0.1:8000");
        assert_eq!((core.max_body_bytes, core.shutdown_grace.as_secs()), (1_048_576, 25));
    }
}
