//! The four services and the provider simulator as processes, on a database of their own.
//!
//! It starts, stops and is asked; it must not know what a row measures.

use std::{net::SocketAddr, path::PathBuf, sync::Arc, time::Duration};

use anyhow::{Context as _, Result};
use base64::{Engine as _, prelude::BASE64_STANDARD};
use hg_common::auth::{InternalIssuer, Principal, Service, internal::generate_key};
use hg_stack::{ports, watchdog::Watchdog};
use http::StatusCode;
use serde_json::Value;
use sqlx::PgConnection;

use crate::{
    cli::Setting,
    ground::{Ground, connect},
    http::{Call, Server},
    plant::{Person, Tenant},
    process::{Process, Program},
    usage::{Family, Meter, Watched},
};

/// What every service is started with: as in production, but on loopback and without the limits on requests.
pub(crate) const SHARED_VARIABLES: [(&str, &str); 4] =
    [("ENVIRONMENT", "production"), ("HOST", "127.0.0.1"), ("LOG_LEVEL", "info"), ("RATE_LIMIT_PER_MINUTE", "0")];

/// The simulator's own.
const PROVIDER_KEY: &str = "sim-key";
/// The model of requests that ask for none.
const MODEL: &str = "gpt-4o-mini";

/// In the order of starting: those that are called come before those that call.
pub(crate) const SERVICES: [Service; 4] = [Service::Smm, Service::Im, Service::Cpm, Service::Gateway];

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
    signing: Vec<(Service, String)>,
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
            name: "simulator",
            file: "hg-simulator",
            port: ports::free()?,
            arguments: provider.arguments(),
            variables: Vec::new(),
            health: "/_sim/behaviour",
        };
        let simulator = with_port(simulator);
        let simulator = Process::start(simulator, &logs, &watchdog).await?;

        let mut addresses = Vec::new();
        for service in SERVICES {
            addresses.push((service, ports::free()?));
        }
        let (gateway, gateway_public) = generate_key(Service::Gateway, "gateway-1");
        let (cpm, cpm_public) = generate_key(Service::Cpm, "cpm-1");
        let environment = Environment {
            addresses,
            database_url: ground.stack().pooled_url(&database),
            redis_url: ground.stack().redis_url(),
            provider_url: format!("http://{}/openai/v1", simulator.address()),
            signing: vec![(Service::Gateway, gateway), (Service::Cpm, cpm)],
            public: format!("{gateway_public},{cpm_public}"),
        };
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
            signing: environment.signing,
            servers: ground.watched(),
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
        let ours = self.services.iter().map(|(_, process)| process).chain([&self.simulator]);
        for process in ours {
            watched.push(Watched { name: process.name(), pid: process.pid()?, family: Family::Alone });
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
            anyhow::ensure!(process.is_running(), "{} ended by itself; {}", process.name(), process.log_end());
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
        let (_, key) = self.signing.iter().find(|(of, _)| *of == from).context("that service signs nothing")?;
        Ok(InternalIssuer::new(from, key)?.mint(to, on_behalf, chrono::Utc::now())?)
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

fn with_port(mut program: Program) -> Program {
    program.arguments.extend(["--port".to_owned(), program.port.to_string()]);
    program
}

/// From which each service's variables are made.
struct Environment {
    addresses: Vec<(Service, u16)>,
    database_url: String,
    redis_url: String,
    provider_url: String,
    signing: Vec<(Service, String)>,
    public: String,
}

impl Environment {
    fn program(&self, service: Service) -> Result<Program> {
        let (name, file) = match service {
            Service::Smm => ("smm", "hg-smm"),
            Service::Im => ("im", "hg-im"),
            Service::Cpm => ("cpm", "hg-cpm"),
            Service::Gateway => ("gateway", "hg-gateway"),
        };
        let variables = self.variables(service)?;
        let port = self.port(service)?;
        Ok(Program { name, file, arguments: Vec::new(), variables, port, health: "/health" })
    }

    fn port(&self, service: Service) -> Result<u16> {
        let found = self.addresses.iter().find(|(of, _)| *of == service);
        found.map(|(_, port)| *port).context("a service has no port")
    }

    fn variables(&self, service: Service) -> Result<Vec<(String, String)>> {
        let url = |of| self.port(of).map(|port| format!("http://127.0.0.1:{port}"));
        let mut all: Vec<(&str, String)> =
            SHARED_VARIABLES.iter().map(|(name, value)| (*name, (*value).to_owned())).collect();
        all.extend([
            ("PORT", self.port(service)?.to_string()),
            ("DATABASE_URL", self.database_url.clone()),
            ("REDIS_URL", self.redis_url.clone()),
            ("CPM_SERVICE_URL", url(Service::Cpm)?),
            ("IM_SERVICE_URL", url(Service::Im)?),
            ("SMM_SERVICE_URL", url(Service::Smm)?),
            ("PUBLIC_URL", url(Service::Gateway)?),
            ("INTERNAL_PUBLIC_KEYS", self.public.clone()),
        ]);
        if let Some((_, key)) = self.signing.iter().find(|(of, _)| *of == service) {
            all.push(("INTERNAL_SIGNING_KEY", key.clone()));
        }
        match service {
            Service::Cpm => all.extend([
                ("OPENAI_API_KEY", PROVIDER_KEY.to_owned()),
                ("OPENAI_BASE_URL", self.provider_url.clone()),
                ("OPENAI_DEFAULT_MODEL", MODEL.to_owned()),
                ("DEFAULT_LLM_PROVIDER", "openai".to_owned()),
                ("SECRETS_KEYS", format!("k1:{}", BASE64_STANDARD.encode(rand::random::<[u8; 32]>()))),
            ]),
            Service::Gateway => all.extend([
                ("AUTH_SECRET", BASE64_STANDARD.encode(rand::random::<[u8; 48]>())),
                ("LOGIN_ATTEMPTS_PER_MINUTE", "1000".to_owned()),
            ]),
            Service::Smm => {
                all.push(("AUDIT_KEYS", format!("k1:{}", BASE64_STANDARD.encode(rand::random::<[u8; 32]>()))));
            }
            Service::Im => {}
        }
        Ok(all.into_iter().map(|(name, value)| (name.to_owned(), value)).collect())
    }
}
