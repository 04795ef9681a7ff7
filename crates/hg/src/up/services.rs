//! The four services as child processes.

use std::fmt::Write as _;
use std::path::Path;
use std::process::Command;
use std::time::{Duration, Instant};

use anyhow::{Context as _, Result};
use hg_common::auth::Service;
use hg_stack::daemon::{Daemon, Farewell, log_end};
use hg_stack::ports;
use hg_stack::process::Signal;
use hg_stack::watchdog::Watchdog;

use super::environment::Secrets;
use super::servers::Servers;
use crate::cli::PortOptions;
use crate::workspace::Workspace;

/// How long a service may take until its `/health` is fine.
const PATIENCE: Duration = Duration::from_secs(60);
const ROUND: Duration = Duration::from_millis(50);

/// One of the four.
pub(super) struct Kind {
    pub(super) service: Service,
    /// Its package, and its program.
    pub(super) package: &'static str,
    usual_port: u16,
}

/// In the order of starting: those that are called come before those that call.
pub(super) const ALL: [Kind; 4] = [
    Kind { service: Service::Smm, package: "hg-smm", usual_port: 8003 },
    Kind { service: Service::Im, package: "hg-im", usual_port: 8001 },
    Kind { service: Service::Cpm, package: "hg-cpm", usual_port: 8000 },
    Kind { service: Service::Gateway, package: "hg-gateway", usual_port: 3000 },
];

/// The running services. Dropped, they stop: callers first, so that nobody loses whom they call.
pub(super) struct Running {
    daemons: Vec<Daemon>,
    ports: [u16; 4],
    http: reqwest::Client,
    watchdog: Watchdog,
}

impl Running {
    /// Starts all four and waits until each is healthy.
    pub(super) async fn start(
        options: &PortOptions,
        servers: &Servers,
        kept: &Secrets,
        logs: &Path,
    ) -> Result<(Self, String)> {
        let mut ports = [0; 4];
        let mut said = String::new();
        for (port, kind) in ports.iter_mut().zip(&ALL) {
            *port = choose_port(options, kind)?;
            let unusual = if *port == kind.usual_port { "" } else { "!" };
            let _ = write!(said, "{}{} {port}{unusual}", if said.is_empty() { "" } else { ", " }, kind.service);
        }
        if said.contains('!') {
            said.push_str(" (! not the usual port: that one was taken, or you asked)");
        }
        let http = hg_common::http_client::internal("hg")?;
        let watchdog = Watchdog::start(&[])?;
        let mut running = Self { daemons: Vec::new(), ports, http, watchdog };
        for kind in &ALL {
            let daemon = running.spawn(kind, servers, kept, logs)?;
            running.daemons.insert(0, daemon);
            // One after the other: work that an earlier run left would find its helpers away, and wait.
            running.wait_healthy(kind.service).await?;
        }
        Ok((running, said))
    }

    fn spawn(&self, kind: &Kind, servers: &Servers, kept: &Secrets, logs: &Path) -> Result<Daemon> {
        let mut command = Command::new(Workspace::program(kind.package)?);
        command
            .envs([
                ("ENVIRONMENT", "development"),
                ("HOST", "127.0.0.1"),
                ("DATABASE_URL", &servers.app_url),
                ("REDIS_URL", &servers.redis_url),
            ])
            .env("PORT", self.port(kind.service).to_string())
            .env("CPM_SERVICE_URL", self.url(Service::Cpm))
            .env("IM_SERVICE_URL", self.url(Service::Im))
            .env("SMM_SERVICE_URL", self.url(Service::Smm))
            .env("PUBLIC_URL", self.url(Service::Gateway))
            .env("ALLOWED_ORIGINS", self.url(Service::Gateway))
            // The schema is there: a service need not, and with the application's login could not, migrate.
            .env_remove("MIGRATION_DATABASE_URL")
            .env_remove("DATABASE_DIRECT_URL")
            .envs(kept.variables(kind.service));
        let farewell = Farewell { signal: Signal::SIGTERM, patience: Duration::from_secs(30) };
        let log = logs.join(format!("{}.log", kind.service));
        Daemon::spawn(kind.service.as_str(), &mut command, &log, farewell, &self.watchdog)
    }

    async fn wait_healthy(&mut self, service: Service) -> Result<()> {
        let deadline = Instant::now() + PATIENCE;
        let url = format!("{}/health", self.url(service));
        loop {
            let last = match self.http.get(&url).send().await {
                Ok(answer) if answer.status().is_success() => return Ok(()),
                Ok(answer) => format!("{url} says {}: {}", answer.status(), answer.text().await.unwrap_or_default()),
                Err(_) => format!("nobody answers at {url}"),
            };
            let daemon = self.daemons.iter_mut().find(|daemon| daemon.name() == service.as_str());
            let daemon = daemon.with_context(|| format!("{service} was not started"))?;
            anyhow::ensure!(daemon.is_running(), "{service} ended while starting; {}", daemon.log_end());
            anyhow::ensure!(
                Instant::now() < deadline,
                "{service} is not healthy after {} s: {last}; {}",
                PATIENCE.as_secs(),
                daemon.log_end()
            );
            tokio::time::sleep(ROUND).await;
        }
    }

    /// A client for calls to the services.
    pub(super) fn http(&self) -> &reqwest::Client {
        &self.http
    }

    /// A service's address.
    pub(super) fn url(&self, service: Service) -> String {
        format!("http://127.0.0.1:{}", self.port(service))
    }

    fn port(&self, service: Service) -> u16 {
        ALL.iter().zip(self.ports).find(|(kind, _)| kind.service == service).map_or(0, |(_, port)| port)
    }

    /// The end of a service's log without the requests that it answered, for an error message.
    pub(super) fn log_end(&self, service: Service) -> String {
        let daemon = self.daemons.iter().find(|daemon| daemon.name() == service.as_str());
        daemon.map_or_else(String::new, |daemon| log_end(daemon.log(), |line| !line.contains(r#""message":"request""#)))
    }

    /// What to say when a service has ended by itself.
    pub(super) fn ended(&mut self) -> Option<String> {
        self.daemons
            .iter_mut()
            .find_map(|daemon| (!daemon.is_running()).then(|| format!("{} ended; {}", daemon.name(), daemon.log_end())))
    }
}

fn choose_port(options: &PortOptions, kind: &Kind) -> Result<u16> {
    let (asked, option) = match kind.service {
        Service::Gateway => (options.gateway, "--port-gateway"),
        Service::Cpm => (options.cpm, "--port-cpm"),
        Service::Im => (options.im, "--port-im"),
        Service::Smm => (options.smm, "--port-smm"),
    };
    match asked {
        Some(port) => {
            anyhow::ensure!(ports::is_free(port), "{option}: port {port} is taken");
            Ok(port)
        }
        None => ports::prefer(kind.usual_port),
    }
}
