//! The whole system for one test: servers, simulator, and the four services as processes.
//!
//! It starts, stops and kills; it must not know what a test proves.

mod accounts;
mod books;
mod environment;
mod prices;
mod process;
mod servers;

use std::{path::PathBuf, time::Duration};

use hg_common::auth::{Principal, Service};
use hg_contracts::{ImClient, SmmClient};
use hg_simulator::{Behaviour, Simulator, SimulatorConfig};
use hg_stack::{Stack, ports, watchdog::Watchdog};
use hg_testkit::{Api, Identity, redis_prefix, until};
use hg_types::{JobId, JobStatus};
use serde_json::Value;
use sqlx::{Connection, PgConnection};

pub(crate) use self::{books::Books, prices::of_models};
use self::{process::Process, servers::Servers};

/// Which Postgres, PgBouncer and Redis a system stands on.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Ground {
    /// Those that all tests share: a database and a Redis prefix of its own.
    Shared,
    /// Its own, which the test may restart and stop.
    Own,
}

/// What a system is started with.
pub(crate) struct SystemOptions {
    name: &'static str,
    ground: Ground,
    behaviour: Behaviour,
    variables: Vec<(Service, &'static str, String)>,
}

impl SystemOptions {
    /// Shared servers, a simulator that answers at once. The name is the log folder's.
    pub(crate) const fn new(name: &'static str) -> Self {
        Self {
            name,
            ground: Ground::Shared,
            behaviour: Behaviour { latency_ms: None, first_byte_ms: None, chunks: None, cached_tokens: 0, fault: None },
            variables: Vec::new(),
        }
    }

    /// Servers of its own.
    pub(crate) const fn own_servers(mut self) -> Self {
        self.ground = Ground::Own;
        self
    }

    /// How the simulated providers behave.
    pub(crate) fn providers(mut self, behaviour: Behaviour) -> Self {
        self.behaviour = behaviour;
        self
    }

    /// One more variable of one service.
    pub(crate) fn set(mut self, service: Service, name: &'static str, value: &str) -> Self {
        self.variables.push((service, name, value.to_owned()));
        self
    }
}

/// A running system. It ends when this is dropped, and with the test process.
pub(crate) struct System {
    processes: Vec<Process>,
    /// The providers.
    pub(crate) simulator: Simulator,
    /// The keys by which the services know each other.
    pub(crate) identity: Identity,
    logs: PathBuf,
    watchdog: Watchdog,
    /// Last: what the processes stand on.
    servers: Servers,
}

/// How long a service may take to be healthy: debug builds on a busy machine.
const START: Duration = Duration::from_secs(90);
/// How often ports are chosen anew because somebody else took one meanwhile.
const PORT_TRIES: usize = 3;

impl System {
    /// Starts everything and waits until all four services are healthy. The sample clients, strategies and templates
    /// are there.
    pub(crate) async fn start(options: SystemOptions) -> Self {
        let servers = Servers::start(options.ground).await;
        let logs = process::fresh_log_folder(options.name);
        accounts::seed(servers.direct_url()).await;
        let simulator = Simulator::start(SimulatorConfig {
            prices: prices::all(),
            default_behaviour: options.behaviour.clone(),
            ..SimulatorConfig::default()
        })
        .unwrap();
        let mut system = Self {
            processes: Vec::new(),
            simulator,
            identity: Identity::new(),
            logs,
            watchdog: Watchdog::start(&[]).unwrap(),
            servers,
        };
        for _ in 0..PORT_TRIES {
            if system.start_services(&options.variables).await {
                return system;
            }
        }
        panic!("no free ports were found {PORT_TRIES} times");
    }

    /// `false` where a port was taken between choosing and binding it.
    async fn start_services(&mut self, more: &[(Service, &'static str, String)]) -> bool {
        self.processes.clear();
        let prefix = redis_prefix();
        let ports: Vec<_> = Service::ALL.iter().map(|service| (*service, ports::free().unwrap())).collect();
        for (service, port) in &ports {
            let mut variables =
                environment::of(*service, &ports, &self.identity, &self.servers, &self.simulator, &prefix);
            variables.extend(
                more.iter()
                    .filter(|(of, ..)| of == service)
                    .map(|(_, name, value)| ((*name).to_owned(), value.clone())),
            );
            self.processes.push(Process::new(*service, *port, variables));
        }
        let (logs, watchdog) = (self.logs.clone(), &self.watchdog);
        for process in &mut self.processes {
            process.start(&logs, watchdog);
        }
        for service in Service::ALL {
            if !self.wait_healthy(service).await {
                return false;
            }
        }
        true
    }

    async fn wait_healthy(&mut self, service: Service) -> bool {
        let health = self.api(service);
        let process = self.process(service);
        let waited = tokio::time::timeout(START, async {
            loop {
                if !process.is_running() {
                    assert!(process.port_was_taken(), "{service} ended while starting; {}", process.log_end());
                    return false;
                }
                let answer = health.start(http::Method::GET, "/health").send().await;
                if answer.is_ok_and(|answer| answer.status().is_success()) {
                    return true;
                }
                tokio::time::sleep(Duration::from_millis(30)).await;
            }
        })
        .await;
        waited
            .unwrap_or_else(|_| panic!("{service} is not healthy after {START:?}; {}", self.process(service).log_end()))
    }

    fn process(&mut self, service: Service) -> &mut Process {
        self.processes.iter_mut().find(|process| process.service() == service).unwrap()
    }

    /// Where a service is.
    pub(crate) fn url(&self, service: Service) -> String {
        self.processes.iter().find(|process| process.service() == service).unwrap().url()
    }

    /// A service as a stranger sees it.
    pub(crate) fn api(&self, service: Service) -> Api {
        Api::anonymous(&self.url(service))
    }

    /// Ends a service as an operator would, and waits until it is gone.
    pub(crate) fn stop(&mut self, service: Service) {
        tokio::task::block_in_place(|| self.process(service).stop());
    }

    /// Ends a service as a crash would.
    pub(crate) fn kill(&mut self, service: Service) {
        tokio::task::block_in_place(|| self.process(service).kill());
    }

    /// Starts a service again at the same address, and waits until it is healthy.
    pub(crate) async fn start_again(&mut self, service: Service) {
        let logs = self.logs.clone();
        let index = self.processes.iter().position(|process| process.service() == service).unwrap();
        self.processes[index].start(&logs, &self.watchdog);
        assert!(self.wait_healthy(service).await, "{service}'s port was taken meanwhile");
    }

    /// Starts another replica of a service, and waits until it is healthy; where it is.
    pub(crate) async fn another(&mut self, service: Service) -> String {
        let mut replica = self.process(service).replica(ports::free().unwrap());
        replica.start(&self.logs, &self.watchdog);
        let url = replica.url();
        self.processes.push(replica);
        let health = Api::anonymous(&url);
        until(format!("another {service} is healthy"), || async {
            let answer = health.start(http::Method::GET, "/health").send().await;
            answer.is_ok_and(|answer| answer.status().is_success())
        })
        .await;
        url
    }

    /// Whether a service runs.
    pub(crate) fn is_running(&mut self, service: Service) -> bool {
        self.process(service).is_running()
    }

    /// The system's own servers.
    pub(crate) fn stack<T: Send>(&mut self, act: impl FnOnce(&mut Stack) -> anyhow::Result<T> + Send) -> T {
        let stack = self.servers.stack();
        tokio::task::block_in_place(|| act(stack)).unwrap()
    }

    /// As superuser, past every policy.
    pub(crate) async fn db(&self) -> PgConnection {
        PgConnection::connect(self.servers.direct_url()).await.unwrap()
    }

    /// What the ledger says.
    pub(crate) async fn books(&self) -> Books {
        Books::read(&mut self.db().await).await
    }

    /// Where Redis is.
    pub(crate) fn redis_url(&self) -> &str {
        self.servers.redis_url()
    }

    /// An API key for a client and everything below it, made as an operator makes one.
    pub(crate) async fn api_key(&self, client: &str) -> String {
        accounts::api_key(self.servers.direct_url(), client).await
    }

    /// CPM as a trusted service of this client sees it.
    pub(crate) async fn trusted(&self, client: &str) -> Api {
        self.api(Service::Cpm).with_key(&self.api_key(client).await)
    }

    /// A person with a password and a role on a client, made as an operator makes one.
    pub(crate) async fn user(&self, email: &str, password: &str, client: &str, role: &str) -> Principal {
        accounts::user(self.servers.direct_url(), email, password, client, role).await;
        let id = sqlx::query_scalar("SELECT id FROM auth.users WHERE email = $1")
            .bind(email)
            .fetch_one(&mut self.db().await)
            .await
            .unwrap();
        Principal::User(hg_types::UserId(id))
    }

    /// SMM as CPM calls it.
    pub(crate) fn smm(&self) -> SmmClient {
        SmmClient(self.identity.peer(Service::Cpm, Service::Smm, &self.url(Service::Smm)))
    }

    /// IM as CPM calls it.
    pub(crate) fn im(&self) -> ImClient {
        ImClient(self.identity.peer(Service::Cpm, Service::Im, &self.url(Service::Im)))
    }

    /// SMM as the gateway calls it.
    pub(crate) fn smm_for_people(&self) -> SmmClient {
        SmmClient(self.identity.peer(Service::Gateway, Service::Smm, &self.url(Service::Smm)))
    }

    /// A client's id.
    pub(crate) async fn client_id(&self, slug: &str) -> hg_types::ClientId {
        let id = sqlx::query_scalar("SELECT id FROM clients WHERE slug = $1")
            .bind(slug)
            .fetch_one(&mut self.db().await)
            .await;
        hg_types::ClientId(id.unwrap())
    }
}

impl Drop for System {
    fn drop(&mut self) {
        // Callers first, and at once: nobody waits for what they would still have to say.
        for process in self.processes.iter_mut().rev() {
            process.kill();
        }
        process::tell_or_forget(&self.logs);
    }
}

/// The job of an accepted request.
#[track_caller]
pub(crate) fn job_of(answer: &hg_testkit::Answer) -> JobId {
    assert_eq!(answer.status.as_u16(), 200, "{}", answer.text);
    answer.json()["job_id"].as_str().unwrap().parse().unwrap()
}

/// A job as it stands.
pub(crate) async fn job(api: &Api, id: JobId) -> Value {
    api.get(&format!("/jobs/{id}")).await.expect(200).json()
}

/// Waits until a job has ended, and gives it back.
pub(crate) async fn ended(api: &Api, id: JobId) -> Value {
    hg_testkit::until_some(format!("job {id} ends"), || async {
        let job = job(api, id).await;
        let status: JobStatus = serde_json::from_value(job["status"].clone()).unwrap();
        (!matches!(status, JobStatus::Pending | JobStatus::InProgress)).then_some(job)
    })
    .await
}

/// Waits until a job has a text, and gives it back.
pub(crate) async fn completed(api: &Api, id: JobId) -> Value {
    let job = ended(api, id).await;
    assert_eq!(job["status"], "completed", "{} {}", job["error_code"], job["error_message"]);
    job
}

/// Waits until a service's health says this about what it depends on.
pub(crate) async fn health_says(api: &Api, status: u16, dependency: &str, verdict: &str) {
    until(format!("/health is {status} and says that {dependency} is {verdict}"), || async {
        let answer = api.get("/health").await;
        answer.status.as_u16() == status && answer.json()["services"][dependency]["status"] == verdict
    })
    .await;
}
