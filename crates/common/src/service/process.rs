//! A service as a whole process: what its command line says, and how its end is told.
//!
//! `hg-cpm` serves until SIGTERM or SIGINT. `hg-cpm healthcheck` asks a running one for its health and ends with 0 or 1:
//! containers call it. This module must not know what a service does.
#![expect(clippy::print_stderr, reason = "what is said before there are logs")]

use std::{
    error::Error,
    ffi::OsString,
    net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr},
    process::ExitCode,
};

use tokio::runtime;

use crate::{
    config::{CoreConfig, Env, ReadConfig},
    http::{ServiceInfo, ShutdownToken, error_chain, healthcheck, shutdown_on_signal},
    telemetry::{self, MetricsHandle},
};

/// What a service's `main` does: as the command line says, `run` with the configuration of the environment, or a health
/// check. What went wrong is said in one place, on standard error.
///
/// ```ignore
/// fn main() -> std::process::ExitCode {
///     hg_common::service::main(hg_smm::INFO, hg_smm::config::DEFAULT_PORT, hg_smm::run)
/// }
/// ```
pub fn main<C, R, E>(info: ServiceInfo, default_port: u16, run: R) -> ExitCode
where
    C: ReadConfig + AsRef<CoreConfig>,
    R: AsyncFnOnce(C, MetricsHandle, ShutdownToken) -> Result<(), E>,
    E: Error + 'static,
{
    let arguments: Vec<OsString> = std::env::args_os().skip(1).collect();
    let outcome = match Command::parse(&arguments) {
        Ok(Command::Serve) => serve(info, run),
        Ok(Command::Healthcheck) => check(info, default_port),
        Err(refusal) => Err(refusal.into()),
    };
    match outcome {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("{}", error_chain(error.as_ref()));
            ExitCode::FAILURE
        }
    }
}

/// What a process is asked to do.
#[derive(Debug, PartialEq, Eq)]
enum Command {
    Serve,
    Healthcheck,
}

/// The command line says something else.
#[derive(Debug, PartialEq, Eq, thiserror::Error)]
#[error("unknown arguments {0:?}: without any the service starts; healthcheck asks a running one for its health")]
struct UnknownArguments(Vec<OsString>);

impl Command {
    fn parse(arguments: &[OsString]) -> Result<Self, UnknownArguments> {
        match arguments {
            [] => Ok(Self::Serve),
            [only] if only == "healthcheck" => Ok(Self::Healthcheck),
            others => Err(UnknownArguments(others.to_vec())),
        }
    }
}

fn serve<C, R, E>(info: ServiceInfo, run: R) -> Result<(), Box<dyn Error>>
where
    C: ReadConfig + AsRef<CoreConfig>,
    R: AsyncFnOnce(C, MetricsHandle, ShutdownToken) -> Result<(), E>,
    E: Error + 'static,
{
    let loaded = Env::from_process(info.name).load::<C>()?;
    runtime::Builder::new_multi_thread().enable_all().build()?.block_on(async {
        let metrics = telemetry::init(info.name, loaded.config.as_ref())?;
        loaded.log_warnings();
        let shutdown = ShutdownToken::new();
        shutdown_on_signal(shutdown.clone())?;
        Ok(run(loaded.config, metrics, shutdown).await?)
    })
}

fn check(info: ServiceInfo, default_port: u16) -> Result<(), Box<dyn Error>> {
    let mut env = Env::from_process(info.name);
    let url = health_url(&mut env, default_port);
    // The service itself is asked, whatever is wrong with the variables here: how it is doing is what counts.
    if let Err(problems) = env.finish() {
        eprintln!("{problems}");
    }
    Ok(runtime::Builder::new_current_thread().enable_all().build()?.block_on(healthcheck(&url))?)
}

/// Where this machine reaches the service that `env` configures; what can't be read counts as not set. Only the address is
/// read: a health check needs no database and no key.
fn health_url(env: &mut Env, default_port: u16) -> String {
    let address = CoreConfig::read(env, default_port).address();
    let host = match address.ip() {
        IpAddr::V4(ip) if ip.is_unspecified() => Ipv4Addr::LOCALHOST.into(),
        IpAddr::V6(ip) if ip.is_unspecified() => Ipv6Addr::LOCALHOST.into(),
        one => one,
    };
    format!("http://{}/health", SocketAddr::new(host, address.port()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_command_line_is_empty_or_healthcheck() {
        let parse = |words: &[&str]| Command::parse(&words.iter().map(OsString::from).collect::<Vec<_>>());
        assert_eq!(parse(&[]), Ok(Command::Serve));
        assert_eq!(parse(&["healthcheck"]), Ok(Command::Healthcheck));
        for other in [&["serve"][..], &["healthcheck", "now"], &[""]] {
            assert!(parse(other).unwrap_err().to_string().contains("healthcheck"), "{other:?}");
        }
    }

    #[test]
    fn health_is_asked_where_the_service_listens() {
        for (pairs, expected) in [
            (vec![], "http://127.0.0.1:8003/health"),
            (vec![("ENVIRONMENT", "production"), ("PORT", "9000")], "http://127.0.0.1:9000/health"),
            (vec![("HOST", "::")], "http://[::1]:8003/health"),
            (vec![("HOST", "10.1.2.3")], "http://10.1.2.3:8003/health"),
            (vec![("PORT", "eighty"), ("HOST", "here"), ("LOG_LEVEL", "loud")], "http://127.0.0.1:8003/health"),
        ] {
            assert_eq!(health_url(&mut Env::from_pairs("smm", pairs), 8003), expected);
        }
    }
}
