//! What the starts of our services have in common: the process, the schema, the health of what all stand on, and the whole
//! assembly where only our own services call.
//!
//! It wires what other modules offer. It must not know a resource, nor decide anything about a request.

mod process;

use std::time::Duration;

use tokio::task::JoinHandle;

pub use self::process::main;
use crate::{
    auth::{Authenticator, NoApiKeys},
    config::{CoreConfig, DatabaseConfig, ServiceConfig},
    data_jobs::{self, Parts, Runner},
    db::{self, ConnectError, Db, MigrationFailed, SystemDb},
    http::{
        App, BuiltApp, CheckError, Criticality, HealthChecks, HealthChecksBuilder, Routes, ServeError, ServiceInfo,
        ShutdownToken,
    },
    http_client::HttpClientError,
    redis::{Redis, RedisError},
    telemetry::{MetricsHandle, keep_up},
};

/// How long a start waits for somebody else's migrations.
const SCHEMA_PATIENCE: Duration = Duration::from_secs(120);

/// A service can't start, or stopped serving, for a reason that any of them may have.
#[derive(Debug, thiserror::Error)]
pub enum StartError {
    /// The schema couldn't be migrated, or nobody did in time.
    #[error(transparent)]
    Schema(#[from] MigrationFailed),
    /// The database can't be used.
    #[error(transparent)]
    Database(#[from] ConnectError),
    /// The address of Redis can't be used.
    #[error(transparent)]
    Redis(#[from] RedisError),
    /// The client for calls to other services couldn't be made.
    #[error(transparent)]
    Http(#[from] HttpClientError),
    /// The API description couldn't be written.
    #[error("the API description can't be written")]
    Description(#[from] serde_json::Error),
    /// The server couldn't listen or stopped.
    #[error(transparent)]
    Serve(#[from] ServeError),
}

/// Brings the schema up to date where a direct URL is configured, else waits until somebody else has.
///
/// # Errors
/// When the database can't be used, a migration fails, or the schema doesn't come within two minutes.
pub async fn prepare_schema(info: ServiceInfo, config: &DatabaseConfig) -> Result<(), StartError> {
    if let Some(direct) = &config.direct_url {
        let applied = db::migrate(direct.expose()).await?;
        tracing::info!(?applied, version = db::latest_version(), "the schema is up to date");
        return Ok(());
    }
    let db = Db::connect(config.url.expose(), 1, &format!("hg-{}-start", info.name)).await?;
    let outcome = db::wait_for_schema(&db, SCHEMA_PATIENCE).await;
    db.close().await;
    Ok(outcome?)
}

/// The checks of what all services stand on: nothing works without the database, something without Redis.
pub fn health(info: ServiceInfo, db: &Db, redis: &Redis) -> HealthChecksBuilder {
    let (db, redis) = (db.clone(), redis.clone());
    HealthChecks::builder(info)
        .check("database", Criticality::Critical, move || {
            let db = db.clone();
            async move { db.ping().await.map_err(CheckError::from) }
        })
        .check("redis", Criticality::Helpful, move || {
            let redis = redis.clone();
            async move { redis.ping().await.map_err(CheckError::from) }
        })
}

/// Connects and puts together a service that only our own services call, without listening. The schema must be there.
///
/// # Errors
/// When the database can't be reached or its pooler is unsafe, or the address of Redis can't be used.
pub async fn build_internal<S>(
    info: ServiceInfo,
    config: &ServiceConfig,
    metrics: MetricsHandle,
    offer: impl FnOnce(Db) -> (Routes<S>, S),
) -> Result<BuiltApp, StartError>
where
    S: Clone + Send + Sync + 'static,
{
    let database = &config.database;
    let db = Db::connect(database.url.expose(), database.max_connections, &format!("hg-{}", info.name)).await?;
    let redis = Redis::new(&config.redis)?;
    let checks = health(info, &db, &redis).build();
    let (routes, state) = offer(db);
    App::new(info, Authenticator::new(config.callers.clone(), NoApiKeys), checks)
        .metrics(metrics)
        .body_limit(config.core.max_body_bytes)
        .build(routes, state)
        .map_err(StartError::Description)
}

/// Serves until `shutdown`, and keeps the metrics up.
///
/// # Errors
/// When the listener fails.
pub async fn serve(
    app: BuiltApp,
    core: &CoreConfig,
    metrics: MetricsHandle,
    shutdown: ShutdownToken,
) -> Result<(), StartError> {
    tokio::spawn(keep_up(metrics, shutdown.clone()));
    Ok(crate::http::serve(app.router, core, shutdown).await?)
}

/// A few connections for work in the background that crosses tenants: whoever waits for an answer isn't kept waiting by an
/// export.
///
/// # Errors
/// When the database can't be reached or its pooler is unsafe.
pub async fn background_system(info: ServiceInfo, config: &DatabaseConfig) -> Result<SystemDb, StartError> {
    const CONNECTIONS: u32 = 2;
    // The audit log knows the service by it.
    let application = format!("hg-{}", info.name);
    let (_, system) = Db::connect_with_system(config.url.expose(), CONNECTIONS, &application).await?;
    Ok(system)
}

/// Works on a service's parts of data jobs until `shutdown`, in the background.
///
/// # Errors
/// When the database can't be reached or its pooler is unsafe.
pub async fn data_jobs<P: Parts>(
    info: ServiceInfo,
    config: &DatabaseConfig,
    parts: P,
    shutdown: ShutdownToken,
) -> Result<JoinHandle<()>, StartError> {
    let system = background_system(info, config).await?;
    Ok(Runner::new(parts, system, data_jobs::Settings::default(), shutdown).spawn())
}

/// Waits until a task in the background has ended after its shutdown was asked for.
pub async fn finished(what: &str, task: JoinHandle<()>) {
    if let Err(error) = task.await {
        tracing::error!(what, %error, "a task in the background did not end as it should");
    }
}
