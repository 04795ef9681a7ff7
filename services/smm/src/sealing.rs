//! Seals the audit log: what the triggers of all services appended becomes a chain per client, within a second.
//!
//! In every replica, on a connection of its own; they keep out of each other's way (`hg_common::audit::seal_some`).
//! It must not append to the log, nor read what entries say.

use std::{sync::Arc, time::Duration};

use hg_common::{
    audit::{AuditKeys, renew_heads, seal_some},
    db::SystemDb,
    http::{ShutdownToken, error_chain},
};
use tokio::time::Instant;

/// How long it rests where nothing waits.
const REST: Duration = Duration::from_millis(400);
/// How long it rests where the database is away.
const REST_AWAY: Duration = Duration::from_secs(5);
/// How often it looks for heads with an older key: after a rotation other replicas may still make some.
const RENEWAL: Duration = Duration::from_secs(600);
/// Entries of a chain in one transaction.
const BATCH: i64 = 500;

/// Seals until `shutdown`.
pub async fn keep_sealing(system: SystemDb, keys: Arc<AuditKeys>, shutdown: ShutdownToken) {
    let mut renew_at = Instant::now();
    loop {
        if Instant::now() >= renew_at {
            match renew_heads(&system, &keys).await {
                Ok(0) => renew_at = Instant::now() + RENEWAL,
                Ok(renewed) => tracing::info!(renewed, "audit chains have a head with the present key"),
                Err(error) => {
                    tracing::warn!(error = %error_chain(&error), "heads of audit chains could not be renewed");
                    renew_at = Instant::now() + REST_AWAY;
                }
            }
        }
        let rest = match seal_some(&system, &keys, BATCH).await {
            Ok(sealed) => {
                metrics::counter!("smm_audit_sealed_total").increment(sealed.entries);
                metrics::gauge!("smm_audit_chains_broken").set(sealed.broken as f64);
                // Broken chains keep their entries waiting: they must not keep it busy.
                if sealed.more && sealed.entries > 0 { Duration::ZERO } else { rest_after(sealed.broken) }
            }
            Err(error) => {
                tracing::warn!(error = %error_chain(&error), "the audit log could not be sealed");
                REST_AWAY
            }
        };
        tokio::select! {
            () = shutdown.cancelled() => return,
            () = tokio::time::sleep(rest) => {}
        }
    }
}

const fn rest_after(broken: u64) -> Duration {
    if broken > 0 { REST_AWAY } else { REST }
}
