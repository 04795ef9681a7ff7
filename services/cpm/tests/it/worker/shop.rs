//! Everything that a worker needs, and what a test looks at afterwards.

use std::{collections::BTreeMap, sync::Arc, time::Duration};

use axum::{Json, Router, extract::Path, routing::any};
use hg_common::{
    auth::Service,
    config::{RedisConfig, Secret},
    db::{Db, Scope, SystemDb},
    redis::Redis,
};
use hg_contracts::{ImClient, SmmClient};
use hg_cpm::{
    domain::{estimate::InputBounds, provider_choice::Catalogue, request::understand},
    queue::{Enqueue, Queue, Settings},
    store::accept::{Asker, job_accept},
    stream::Hub,
    worker::{Worker, WorkerDeps, WorkerHandle},
};
use hg_llm::{PriceTable, ProviderConfig, Registry, RegistryConfig, SampleConfig, Timeouts};
use hg_simulator::{DEFAULT_API_KEY, Simulator, SimulatorConfig};
use hg_testkit::{Identity, Tenants, TestDb, TestServer};
use hg_types::{ClientId, JobId, Provider, Usd};
use serde_json::{Value, json};
use sqlx::{PgConnection, Row};
use tokio_util::sync::CancellationToken;

/// A place where jobs are run.
pub(crate) struct Shop {
    pub(crate) tenants: Tenants,
    pub(crate) db: Db,
    pub(crate) redis: Redis,
    pub(crate) queue: Queue,
    pub(crate) simulator: Simulator,
    pub(crate) smm: TestServer,
    pub(crate) im: TestServer,
    pub(crate) catalogue: Arc<Catalogue>,
    deps: WorkerDeps,
    // Last: the database goes after those who use it.
    pub(crate) database: TestDb,
}

/// Leases and intervals that a test can wait for.
pub(crate) fn brisk() -> Settings {
    Settings {
        concurrency: 16,
        lease: Duration::from_millis(1_500),
        provisional_lease: Duration::from_millis(500),
        heartbeat: Duration::from_millis(300),
        poll: Duration::from_millis(100),
        slow_poll: Duration::from_millis(100),
        reap: Duration::from_millis(150),
        reconcile: Duration::from_millis(150),
        redispatch_after: Duration::from_secs(2),
        backoff_base: Duration::from_millis(20),
        backoff_cap: Duration::from_millis(200),
        away_cap: Duration::from_millis(200),
        grace: Duration::from_secs(2),
        ..Settings::default()
    }
}

impl Shop {
    pub(crate) async fn open(settings: Settings) -> Self {
        let url = hg_testkit::redis_url().await;
        Self::open_with_redis(settings, &url).await
    }

    pub(crate) async fn open_with_redis(settings: Settings, redis_url: &str) -> Self {
        Self::open_with(settings, redis_url, None).await
    }

    /// With another provider than the simulator: its base URL.
    pub(crate) async fn open_with_provider(settings: Settings, provider: String) -> Self {
        let redis = hg_testkit::redis_url().await;
        Self::open_with(settings, &redis, Some(provider)).await
    }

    async fn open_with(settings: Settings, redis_url: &str, provider: Option<String>) -> Self {
        let database = TestDb::new().await;
        let tenants = Tenants::plant(&database).await;
        let (db, system) = database.db_and_system().await;
        let config =
            RedisConfig { url: Secret::new(redis_url), prefix: hg_testkit::redis_prefix(), max_connections: 8 };
        let redis = Redis::new(&config).unwrap();
        let simulator = Simulator::start(SimulatorConfig::default()).unwrap();
        let identity = Identity::new();
        let smm = TestServer::start(strategies()).await;
        let im = TestServer::start(prompts()).await;
        let timeouts =
            Timeouts { first_byte: Duration::from_secs(2), idle: Duration::from_secs(2), ..Timeouts::default() };
        let openrouter = ProviderConfig {
            key: Some(hg_llm::Secret::new(DEFAULT_API_KEY)),
            base_url: Some(provider.unwrap_or_else(|| simulator.openrouter_url())),
            timeouts,
            ..ProviderConfig::default()
        };
        let registry = Registry::new(&RegistryConfig {
            providers: BTreeMap::from([(Provider::OpenRouter, openrouter)]),
            sample: Some(SampleConfig { chunk_delay: Duration::ZERO }),
        })
        .unwrap();
        let catalogue = Arc::new(Catalogue::new(Arc::new(registry), PriceTable::builtin(), None));
        let queue = Queue::new(redis.clone(), system.clone(), settings);
        let deps = WorkerDeps {
            db: db.clone(),
            system,
            redis: redis.clone(),
            hub: Hub::spawn(redis.clone(), CancellationToken::new()),
            queue: queue.clone(),
            smm: SmmClient(identity.peer(Service::Cpm, Service::Smm, &smm.url())),
            im: ImClient(identity.peer(Service::Cpm, Service::Im, &im.url())),
            catalogue: Arc::clone(&catalogue),
            keyring: None,
        };
        Self { tenants, db, redis, queue, simulator, smm, im, catalogue, deps, database }
    }

    /// A worker at work. Several may be.
    pub(crate) fn worker(&self) -> AtWork {
        let shutdown = CancellationToken::new();
        AtWork { handle: Worker::spawn(self.deps.clone(), shutdown.clone()), shutdown }
    }

    /// The database for what crosses tenants.
    pub(crate) fn queue_system(&self) -> SystemDb {
        self.deps.system.clone()
    }

    /// Accepts a job and dispatches it, as the API does.
    pub(crate) async fn accept(&self, client: ClientId, provider: &str, topic: &str) -> JobId {
        let (job, client) = self.accept_undispatched(client, provider, topic).await;
        self.queue
            .enqueue(Enqueue { job_id: job, client_id: client, priority: 0, available_at: chrono::Utc::now() })
            .await;
        job
    }

    /// Accepts a job, and forgets to dispatch it.
    pub(crate) async fn accept_undispatched(&self, client: ClientId, provider: &str, topic: &str) -> (JobId, ClientId) {
        let request = serde_json::from_value(json!({
            "client_id": client, "content_type": "blog_post", "topic": topic, "llm_provider": provider,
            "keywords": ["panel upgrade"], "word_count_range": [50, 900],
        }))
        .unwrap();
        let new = understand(request, &self.catalogue, &InputBounds::new(2_000, BTreeMap::new())).unwrap();
        let asker = Asker { principal: "test".into(), user: None, api_key: None, request_id: Some("req-1".into()) };
        let mut tx = self.db.tenant(Scope::Client(client)).await.unwrap();
        let accepted = job_accept(&mut tx, &new, &asker, None, self.queue.settings().deadline).await.unwrap();
        tx.commit().await.unwrap();
        (accepted.job_id, accepted.client_id)
    }

    /// Behind the policies.
    pub(crate) async fn rows(&self) -> Rows {
        Rows(self.database.superuser().await)
    }

    /// Waits until a job has ended, and says how.
    pub(crate) async fn ended(&self, job: JobId) -> String {
        let mut rows = self.rows().await;
        loop_until(async || {
            let status = rows.text("SELECT status::text FROM jobs WHERE id = $1", job).await;
            (status != "pending").then_some(status)
        })
        .await
    }
}

/// Waits, with a connection of its own, until there is something.
pub(crate) async fn loop_until<T>(mut look: impl AsyncFnMut() -> Option<T>) -> T {
    tokio::time::timeout(hg_testkit::PATIENCE, async {
        loop {
            if let Some(found) = look().await {
                return found;
            }
            tokio::time::sleep(Duration::from_millis(20)).await;
        }
    })
    .await
    .expect("the condition comes true in time")
}

/// A worker at work.
pub(crate) struct AtWork {
    handle: WorkerHandle,
    shutdown: CancellationToken,
}

impl AtWork {
    /// Drains it.
    pub(crate) async fn drain(self) {
        self.shutdown.cancel();
        tokio::time::timeout(hg_testkit::PATIENCE, self.handle.drained()).await.expect("the worker drains");
    }
}

/// Rows as they are.
pub(crate) struct Rows(pub(crate) PgConnection);

impl Rows {
    pub(crate) async fn text(&mut self, sql: &'static str, job: JobId) -> String {
        self.maybe_text(sql, job).await.unwrap_or_default()
    }

    pub(crate) async fn maybe_text(&mut self, sql: &'static str, job: JobId) -> Option<String> {
        sqlx::query_scalar(sql).bind(job.uuid()).fetch_optional(&mut self.0).await.unwrap().flatten()
    }

    pub(crate) async fn count(&mut self, sql: &'static str) -> i64 {
        sqlx::query_scalar(sql).fetch_one(&mut self.0).await.unwrap()
    }

    pub(crate) async fn run(&mut self, sql: &'static str, job: JobId) {
        sqlx::query(sql).bind(job.uuid()).execute(&mut self.0).await.unwrap();
    }

    /// The kinds of a job's events, in order.
    pub(crate) async fn events(&mut self, job: JobId) -> Vec<String> {
        sqlx::query_scalar("SELECT type FROM job_events WHERE job_id = $1 ORDER BY seq")
            .bind(job.uuid())
            .fetch_all(&mut self.0)
            .await
            .unwrap()
    }

    /// The status, cost and source of cost of each of a job's calls, in order.
    pub(crate) async fn calls(&mut self, job: JobId) -> Vec<(String, Usd, String)> {
        sqlx::query("SELECT status::text, cost, cost_known::text FROM provider_calls WHERE job_id = $1 ORDER BY id")
            .bind(job.uuid())
            .fetch_all(&mut self.0)
            .await
            .unwrap()
            .into_iter()
            .map(|row| (row.get(0), Usd::from_decimal(row.get(1)).unwrap(), row.get(2)))
            .collect()
    }

    /// Nothing is held, each job is charged at most once, and `spent` is the sum of the ledger by heading.
    pub(crate) async fn prove_the_books(&mut self) {
        assert_eq!(self.count("SELECT count(*) FROM job_runs").await, 0, "jobs are alive");
        assert_eq!(
            self.count("SELECT count(*) FROM reservations WHERE settled_at IS NULL").await,
            0,
            "reservations are open"
        );
        assert_eq!(self.count("SELECT count(*) FROM budgets WHERE reserved <> 0").await, 0, "something is held");
        assert_eq!(
            self.count("SELECT count(*) FROM provider_calls WHERE status = 'started'").await,
            0,
            "calls are open"
        );
        assert_eq!(
            self.count(
                "SELECT count(*) FROM jobs WHERE (status = 'completed') <> (id IN (SELECT job_id FROM charges))"
            )
            .await,
            0,
            "completed and charged are the same"
        );
        let astray = "SELECT count(*) FROM budgets b WHERE b.period = 'day' AND b.client_id IS NOT NULL AND
             b.spent <> coalesce((SELECT sum(cost) FROM provider_calls c WHERE c.client_id = b.client_id), 0)";
        assert_eq!(self.count(astray).await, 0, "spent isn't the sum of the ledger");
        let charged = "SELECT count(*) FROM budgets b WHERE b.period = 'day' AND b.client_id IS NOT NULL AND
             b.spent_charged <> coalesce((SELECT sum(amount) FROM charges c WHERE c.client_id = b.client_id), 0)";
        assert_eq!(self.count(charged).await, 0, "charged isn't the sum of the charges");
    }
}

/// A stand-in for SMM.
pub(crate) fn strategies() -> Router {
    let strategy = |Path(client): Path<String>| async move {
        Json(json!({
            "client": {"id": client, "name": "Cincinnati Electrician Co.", "slug": "cincinnati-electrician", "metadata": {}},
            "content_type": "blog_post",
            "values": {"tone": "professional", "location_focus": "Cincinnati, Ohio"},
            "sources": [{"level": "client", "client_id": client, "client_name": "Cincinnati Electrician Co.",
                         "strategy_id": null, "version": 3}],
            "explain": {},
        }))
    };
    Router::new().route_service("/clients/{client}/effective-strategy", any(strategy))
}

/// A stand-in for IM.
pub(crate) fn prompts() -> Router {
    let prompt = |Json(asked): Json<Value>| async move {
        Json(json!({
            "system_prompt": "You write for Cincinnati Electrician Co.",
            "prompt": format!("Write a blog post. Topic: {}\nKeywords: panel upgrade\nWords: 100-300", asked["topic"].as_str().unwrap_or_default()),
            "template_id": "01890000-0000-7000-8000-000000000001", "template_version": 4, "template_name": "t",
            "template_client_id": "01890000-0000-7000-8000-000000000002", "variant": null, "estimated_tokens": 100,
        }))
    };
    Router::new().fallback(prompt)
}
