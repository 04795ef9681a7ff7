//! From a configuration to a running service; most of it is common to all ([`hg_common::service`]).
//!
//! It wires; it must not decide anything about templates or prompts.

use hg_common::{
    http::{BuiltApp, ServiceInfo, ShutdownToken},
    service,
    telemetry::MetricsHandle,
};

pub use hg_common::service::StartError;

use crate::{config::Config, data_jobs::ImParts, routes::routes, state::AppState};

/// How the service introduces itself.
pub const INFO: ServiceInfo = ServiceInfo { name: "im", title: "Instructions", version: env!("CARGO_PKG_VERSION") };

/// Connects and puts the service together, without listening. The schema must be there.
///
/// # Errors
/// When the database can't be reached or its pooler is unsafe, or the address of Redis can't be used.
pub async fn build(config: &Config, metrics: MetricsHandle) -> Result<BuiltApp, StartError> {
    let offer = |db| (routes(), AppState::new(db));
    service::build_internal(INFO, &config.common, metrics, offer).await
}

/// Brings the schema up to date (or waits for it), then serves until `shutdown`.
///
/// # Errors
/// When the service can't start, or its listener fails.
pub async fn run(config: Config, metrics: MetricsHandle, shutdown: ShutdownToken) -> Result<(), StartError> {
    service::prepare_schema(INFO, &config.common.database).await?;
    let app = build(&config, metrics.clone()).await?;
    let database = &config.common.database;
    let data_jobs = service::data_jobs(INFO, database, ImParts, shutdown.clone()).await?;
    let served = service::serve(app, &config.common.core, metrics, shutdown.clone()).await;
    shutdown.cancel();
    service::finished("data jobs", data_jobs).await;
    served
}
