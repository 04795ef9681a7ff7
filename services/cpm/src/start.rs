//! From a configuration to a running service: schema, database, Redis, bootstrap rows, health, routes, worker, server.
//!
//! It wires; it must not decide anything about jobs.

mod bootstrap;
mod health;

use std::{sync::Arc, time::Duration};

use hg_common::{
    auth::{Authenticator, Service},
    db::{Db, SystemDb},
    http::{App, BuiltApp, ServiceInfo, ShutdownToken},
    http_client,
    redis::Redis,
    service,
    telemetry::MetricsHandle,
    time::SystemClock,
};
use hg_contracts::{ImClient, Peer, SmmClient};
use hg_llm::Registry;

use crate::{
    api::{
        allowance::Allowances,
        key_guard::{KeyGuard, WrongKeys},
        keys::{StoredApiKeys, known_keys},
        rate_headers,
        throttle::Throttle,
    },
    combine::Combiner,
    config::Config,
    data_jobs::CpmParts,
    domain::provider_choice::Catalogue,
    ledger,
    live::{LivingKeys, Seats},
    prices::PriceRefresh,
    queue::Queue,
    routes::routes,
    state::{AppState, Pace},
    steady::steadily,
    stream::Hub,
    worker::{Worker, WorkerDeps},
};

/// How the service introduces itself.
pub const INFO: ServiceInfo =
    ServiceInfo { name: "cpm", title: "Content production", version: env!("CARGO_PKG_VERSION") };

const PACE_INTERVAL: Duration = Duration::from_secs(60);

/// The service can't start, or stopped serving.
#[derive(Debug, thiserror::Error)]
pub enum StartError {
    /// What may happen to any service.
    #[error(transparent)]
    Common(#[from] service::StartError),
    /// The operator's limits or keys couldn't be put in force.
    #[error("limits and API keys of the environment can't be put in force")]
    Bootstrap(#[source] sqlx::Error),
    /// A provider's settings can't work.
    #[error(transparent)]
    Providers(#[from] hg_llm::registry::ConfigError),
}

/// The service put together, not yet listening, and without a worker.
pub struct Cpm {
    /// What answers requests.
    pub app: BuiltApp,
    /// What handlers share.
    pub state: AppState,
    /// What a worker of this process works with.
    pub worker: WorkerDeps,
}

/// Connects and puts the service together, without listening. The schema must be there; Redis and the other services needn't.
///
/// # Errors
/// When the database can't be reached or its pooler is unsafe, or something of the configuration can't be used.
pub async fn build(config: &Config, metrics: MetricsHandle, shutdown: &ShutdownToken) -> Result<Cpm, StartError> {
    let registry = Arc::new(Registry::new(&config.providers.registry)?);
    let (db, system, redis) = connect(config).await?;
    bootstrap::run(&system, config).await.map_err(StartError::Bootstrap)?;

    let http = http_client::internal(INFO.name).map_err(service::StartError::from)?;
    let smm = Peer::new(http.clone(), config.issuer.clone(), Service::Smm, config.smm.as_str());
    let im = Peer::new(http, config.issuer.clone(), Service::Im, config.im.as_str());
    let state = AppState {
        refusals: ledger::Refusals::default(),
        accepts: Combiner::spawn(&db),
        queue: Queue::new(redis.clone(), system.clone(), config.jobs.settings.clone()),
        hub: Hub::spawn(redis.clone(), shutdown.clone()),
        catalogue: Arc::new(
            Catalogue::new(registry, config.money.prices.clone(), config.providers.default)
                .assuming(config.money.assumed_price)
                .within(config.jobs.settings.deadline),
        ),
        keyring: config.keyring.clone(),
        bounds: Arc::new(config.money.input_bounds.clone()),
        deadline: config.jobs.settings.deadline,
        throttle: Throttle::new(redis.clone(), config.rate_limit),
        allowances: Allowances::default(),
        known_keys: known_keys(&db),
        pace: Pace::default(),
        keys: LivingKeys::new(system.clone()),
        watching: Seats::of_watchers(),
        listening: Seats::of_listeners(),
        waiting: Seats::of_waiters(config.most_waiting.get()),
        clock: SystemClock::shared(),
        shutdown: shutdown.clone(),
        redis,
        db,
    };
    let wrong = WrongKeys::new(state.throttle.clone());
    let keys = StoredApiKeys::new(state.db.clone(), state.known_keys.clone(), wrong, state.allowances.clone());
    let checks = health::checks(&state, &smm, &im);
    let inner = Authenticator::new(config.callers.clone(), keys);
    let guard = KeyGuard {
        inner,
        proxies: config.trusted_proxies.clone(),
        throttle: state.throttle.clone(),
        allowances: state.allowances.clone(),
    };
    let app = App::new(INFO, guard, checks)
        .metrics(metrics)
        .body_limit(config.core.max_body_bytes)
        .layer(|router| router.layer(axum::middleware::from_fn(rate_headers::add)))
        .build(routes(), state.clone())
        .map_err(service::StartError::from)?;
    let worker = WorkerDeps {
        db: state.db.clone(),
        system,
        redis: state.redis.clone(),
        hub: state.hub.clone(),
        queue: state.queue.clone(),
        smm: SmmClient(smm),
        im: ImClient(im),
        catalogue: Arc::clone(&state.catalogue),
        keyring: state.keyring.clone(),
    };
    Ok(Cpm { app, state, worker })
}

/// The database, also for what crosses tenants, and Redis.
async fn connect(config: &Config) -> Result<(Db, SystemDb, Redis), service::StartError> {
    let (url, most) = (config.database.url.expose(), config.database.max_connections);
    let (db, system) = Db::connect_with_system(url, most, "hg-cpm").await?;
    Ok((db, system, Redis::new(&config.redis)?))
}

/// Brings the schema up to date (or waits for it), then serves and works until `shutdown`.
///
/// # Errors
/// When the service can't start, or its listener fails.
pub async fn run(config: Config, metrics: MetricsHandle, shutdown: ShutdownToken) -> Result<(), StartError> {
    service::prepare_schema(INFO, &config.database).await?;
    let cpm = build(&config, metrics.clone(), &shutdown).await?;
    cpm.state.redis.warn_unless_noeviction().await;
    let (state, system) = (cpm.state.clone(), cpm.worker.system.clone());
    tokio::spawn(steadily("pace", move || watch_pace(state.clone(), system.clone())));
    if let Some(refresh) = PriceRefresh::of(&config, &cpm.worker) {
        tokio::spawn(refresh.run(shutdown.clone()));
    }
    let (system, refusals, ending) = (cpm.worker.system.clone(), cpm.state.refusals.clone(), shutdown.clone());
    tokio::spawn(steadily("budgets", move || ledger::watch(system.clone(), refusals.clone(), ending.clone())));
    let data_jobs = service::data_jobs(INFO, &config.database, CpmParts, shutdown.clone()).await?;
    let worker = Worker::spawn(cpm.worker, shutdown.clone());
    let served = service::serve(cpm.app, &config.core, metrics, shutdown.clone()).await;
    // Also where the listener failed: what runs is handed back before the process ends.
    shutdown.cancel();
    worker.drained().await;
    service::finished("data jobs", data_jobs).await;
    cpm.state.db.close().await;
    Ok(served?)
}

/// Learns every minute how long jobs take.
async fn watch_pace(state: AppState, system: SystemDb) {
    let mut tick = tokio::time::interval(PACE_INTERVAL);
    loop {
        tokio::select! {
            () = state.shutdown.cancelled() => return,
            _ = tick.tick() => {}
        }
        let read = async {
            let mut tx = system.begin().await?;
            crate::store::pace::job_durations(&mut tx).await
        };
        match read.await {
            Ok(durations) => state.pace.learn(durations),
            Err(error) => tracing::debug!(error = %hg_common::http::error_chain(&error), "the pace of jobs is unknown"),
        }
    }
}
