//! The four services and the provider simulator as processes, on a database of their own.
//!
//! It starts, stops and is asked; it must not know what a row measures.

use std::{net::SocketAddr, path::PathBuf, sync::Arc, time::Duration};

use anyhow::{Context as _, Result};
use hg_common::auth::{Principal, Service};
use hg_stack::{ports, watchdog::Watchdog};
use http::StatusCode;
use serde_json::Value;
use sqlx::PgConnection;

use crate::{
    cli::Setting,
    usage::{Family, Meter, Watched},
};
use hg_rig::{
    environment::{Environment, Programs, SERVICES, Surroundings, beside_us},
    ground::{Ground, connect},
    http::{Call, Server},
    plant::{Person, Tenant},
    process::{Process, Program},
};

/// How the simulated provider behaves.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Provider {
    /// From the request to the last frame.
    pub(crate) total: Duration,
    /// From the request to the first frame with text.
    pub(crate) first: Duration,
    /// Frames with text.
    pub(crate) chunks: u32,
}

impl Provider {
    /// Answers at once.
    pub(crate) const INSTANT: Self = Self { total: Duration::ZERO, first: Duration::ZERO, chunks: 40 };

    fn arguments(self) -> Vec<String> {
        let pairs = [
            ("--latency-ms", self.total.as_millis()),
            ("--first-byte-ms", self.first.as_millis()),
            ("--chunks", u128::from(self.chunks)),
        ];
        pairs.into_iter().flat_map(|(name, value)| [name.to_owned(), value.to_string()]).collect()
    }
}

/// A running system. It ends when this is dropped.
pub(crate) struct System {
    services: Vec<(Service, Process)>,
    simulator: Process,
    environment: Environment,
    servers: Vec<Watched>,
    direct_url: String,
    app_direct_url: String,
    redis_url: String,
    tenants: Arc<[Tenant]>,
    person: Person,
    watchdog: Watchdog,
}

impl System {
    /// Starts it all, and returns when everything is healthy.
    pub(crate) async fn start(ground: &mut Ground, provider: Provider, more: &[Setting]) -> Result<Self> {
        let database = ground.fresh().await?;
        let logs: PathBuf = ground.logs().to_owned();
        let watchdog = Watchdog::start(&[])?;
        let simulator = Program {
            name: "simulator".to_owned(),
            file: beside_us("hg-simulator")?,
            port: ports::free()?,
            arguments: provider.arguments(),
            variables: Vec::new(),
            health: "/_sim/behaviour",
        };
        let simulator = with_port(simulator);
        let simulator = Process::start(simulator, &logs, &watchdog).await?;

        let mut ports = Vec::new();
        for service in SERVICES {
            ports.push((service, ports::free()?));
        }
        let around = Surroundings {
            ports,
            database_url: ground.stack().pooled_url(&database),
            redis_url: ground.stack().redis_url(),
            provider_url: format!("http://{}/openai/v1", simulator.address()),
        };
        let environment = Environment::new(Programs::beside_us()?, around);
        let mut services = Vec::new();
        for service in SERVICES {
            let mut program = environment.program(service)?;
            let own = more.iter().filter(|set| set.service == service);
            program.variables.extend(own.map(|set| (set.name.clone(), set.value.clone())));
            services.push((service, Process::start(program, &logs, &watchdog).await?));
        }
        Ok(Self {
            services,
            simulator,
            environment,
            servers: servers(ground),
            direct_url: ground.stack().direct_url(&database),
            app_direct_url: ground.stack().app_direct_url(&database),
            redis_url: ground.stack().redis_url(),
            tenants: ground.planted().tenants.clone().into(),
            person: ground.planted().person.clone(),
            watchdog,
        })
    }

    /// Begins to watch what the processes take.
    pub(crate) fn meter(&self) -> Result<Meter> {
        let mut watched = self.servers.clone();
        let services = self.services.iter().map(|(service, process)| (service.as_str(), process));
        for (name, process) in services.chain([("simulator", &self.simulator)]) {
            watched.push(Watched { name, pid: process.pid()?, family: Family::Alone });
        }
        watched.push(Watched { name: "load", pid: i32::try_from(std::process::id())?, family: Family::Alone });
        Meter::start(watched)
    }

    /// Connections to a service.
    pub(crate) fn server(&self, service: Service) -> Arc<Server> {
        Arc::new(self.process(service).server())
    }

    /// Where a service is.
    pub(crate) fn address(&self, service: Service) -> SocketAddr {
        self.process(service).address()
    }

    /// A service's process id.
    pub(crate) fn pid(&self, service: Service) -> Result<i32> {
        self.process(service).pid()
    }

    fn process(&self, service: Service) -> &Process {
        let found = self.services.iter().find(|(of, _)| *of == service);
        &found.expect("all four are started together").1
    }

    /// Ends a service at once and starts it again, everything else being there; how long it took until it was healthy.
    pub(crate) async fn restart(&mut self, service: Service) -> Result<Duration> {
        let found = self.services.iter_mut().find(|(of, _)| *of == service);
        let (_, process) = found.context("there is no such service")?;
        process.kill();
        process.start_again(&self.watchdog).await
    }

    /// Fails when a process has ended by itself.
    pub(crate) fn check_alive(&mut self) -> Result<()> {
        let all = self.services.iter_mut().map(|(_, process)| process).chain([&mut self.simulator]);
        for process in all {
            let running = process.is_running();
            anyhow::ensure!(running, "{} ended by itself; {}", process.name(), process.log_end());
        }
        Ok(())
    }

    /// The customers with their keys.
    pub(crate) fn tenants(&self) -> Arc<[Tenant]> {
        Arc::clone(&self.tenants)
    }

    /// Past every policy and past the pooler, to look at what came of a measurement.
    pub(crate) async fn db(&self) -> Result<PgConnection> {
        connect(&self.direct_url).await
    }

    /// As the services log in, bound by every policy, but past the pooler.
    pub(crate) async fn app_db(&self) -> Result<PgConnection> {
        connect(&self.app_direct_url).await
    }

    pub(crate) fn redis_url(&self) -> &str {
        &self.redis_url
    }

    /// A token by which `from` asks `to` on somebody's behalf; good for a minute.
    pub(crate) fn token(&self, from: Service, to: Service, on_behalf: &Principal) -> Result<String> {
        self.environment.token(from, to, on_behalf)
    }

    /// Signs the person in; what the browser would send as `Cookie`.
    pub(crate) async fn sign_in(&self) -> Result<String> {
        let body = serde_json::json!({"email": self.person.email, "password": self.person.password}).to_string();
        let answer = self.server(Service::Gateway).send(&Call::post("/api/auth/login", body)).await?;
        answer.expect(StatusCode::OK)?;
        let cookie = answer.headers.get(http::header::SET_COOKIE).context("the gateway set no cookie")?.to_str()?;
        Ok(cookie.split(';').next().unwrap_or_default().to_owned())
    }

    /// Asks the simulator about itself.
    pub(crate) async fn simulator(&self, what: &str) -> Result<Value> {
        let answer = self.simulator.server().send(&Call::get(format!("/_sim/{what}"))).await?;
        answer.expect(StatusCode::OK)?;
        answer.json()
    }

    /// Gives the simulator a rule for the calls that come.
    pub(crate) async fn behave(&self, rule: &'static str) -> Result<()> {
        self.simulator.server().send(&Call::post("/_sim/behaviour", rule)).await?.expect(StatusCode::NO_CONTENT)
    }

    /// Makes the simulator forget its calls.
    pub(crate) async fn forget_calls(&self) -> Result<()> {
        self.simulator.server().send(&Call::delete("/_sim/calls")).await?.expect(StatusCode::NO_CONTENT)
    }
}

impl Drop for System {
    fn drop(&mut self) {
        // Callers first.
        for (_, process) in self.services.iter_mut().rev() {
            process.kill();
        }
        self.simulator.kill();
    }
}

/// The servers' processes.
fn servers(ground: &Ground) -> Vec<Watched> {
    let names = [("postgres", Family::Children), ("pgbouncer", Family::Alone), ("redis", Family::Alone)];
    let processes = names.into_iter().zip(ground.stack().processes());
    processes.map(|((name, family), process)| Watched { name, pid: process.pid, family }).collect()
}

fn with_port(mut program: Program) -> Program {
    program.arguments.extend(["--port".to_owned(), program.port.to_string()]);
    program
}
