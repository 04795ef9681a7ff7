//! From a configuration to a running service; most of it is common to all ([`hg_common::service`]).
//!
//! It wires; it must not decide anything about clients or strategies.

use hg_common::{
    db::Db,
    http::{BuiltApp, ServiceInfo, ShutdownToken},
    service,
    telemetry::MetricsHandle,
};

pub use hg_common::service::StartError;

use crate::{config::Config, data_jobs, routes::routes, sealing::keep_sealing, state::AppState, sweep};

/// How the service introduces itself.
pub const INFO: ServiceInfo =
    ServiceInfo { name: "smm", title: "Strategy management", version: env!("CARGO_PKG_VERSION") };

/// Connects and puts the service together, without listening. The schema must be there.
///
/// # Errors
/// When the database can't be reached or its pooler is unsafe, or the address of Redis can't be used.
pub async fn build(config: &Config, metrics: MetricsHandle) -> Result<BuiltApp, StartError> {
    Ok(put_together(config, metrics).await?.0)
}

/// The same, with the database that it stands on.
async fn put_together(config: &Config, metrics: MetricsHandle) -> Result<(BuiltApp, Option<Db>), StartError> {
    let mut connected = None;
    let offer = |db: Db| {
        connected = Some(db.clone());
        (routes(), AppState::new(db))
    };
    let app = service::build_internal(INFO, &config.common, metrics, offer).await?;
    Ok((app, connected))
}

/// Brings the schema up to date (or waits for it), then serves until `shutdown`.
///
/// # Errors
/// When the service can't start, or its listener fails.
pub async fn run(config: Config, metrics: MetricsHandle, shutdown: ShutdownToken) -> Result<(), StartError> {
    service::prepare_schema(INFO, &config.common.database).await?;
    let (app, connected) = put_together(&config, metrics.clone()).await?;
    if let Some(db) = connected {
        tokio::spawn(sweep::invitations(db, shutdown.clone()));
    }
    if let Some(keys) = config.audit_keys.clone() {
        // A connection of its own: requests must not wait for it, nor it for them.
        let url = config.common.database.url.expose();
        let (_, system) = Db::connect_with_system(url, 1, "hg-smm").await?;
        tokio::spawn(keep_sealing(system, keys, shutdown.clone()));
    }
    let data_jobs = data_jobs::start(&config.common.database, &shutdown).await?;
    let served = service::serve(app, &config.common.core, metrics, shutdown.clone()).await;
    shutdown.cancel();
    data_jobs.finished().await;
    served
}
