//! Finds what is older than its client keeps it and has it deleted, as data jobs; lets exports go whose time is over.
//!
//! By whichever replica comes first: a client has one run of retention at a time, which the database sees to.

use std::time::Duration;

use chrono::{DateTime, Utc};
use hg_common::{
    data_jobs::plan,
    db::{SystemDb, violates},
    http::error_chain,
    time::SharedClock,
};
use hg_types::DataJobKind;
use serde_json::json;
use tokio_util::sync::CancellationToken;

/// How often, and how much at once.
#[derive(Clone, Copy, Debug)]
pub struct Settings {
    /// How often it is looked. What is due changes once a day.
    pub every: Duration,
    /// Clients per look.
    pub clients: i32,
    /// Chunks and rows per batch.
    pub batch: i64,
    /// How long it can be seen how a data job went, part by part.
    pub keep_parts: Duration,
}

impl Default for Settings {
    fn default() -> Self {
        Self {
            every: Duration::from_secs(3600),
            clients: 500,
            batch: 500,
            keep_parts: Duration::from_secs(90 * 24 * 3600),
        }
    }
}

/// Looks now and then, until `shutdown`.
pub async fn run(system: SystemDb, clock: SharedClock, settings: Settings, shutdown: CancellationToken) {
    loop {
        match start_due(&system, clock.now(), settings.clients).await {
            Ok(0) => {}
            Ok(clients) => tracing::info!(clients, "what is older than it shall be kept is deleted"),
            Err(error) => tracing::warn!(error = %error_chain(&error), "retention could not be looked after"),
        }
        match expire(&system, clock.now(), settings).await {
            Ok(0) => {}
            Ok(rows) => tracing::info!(rows, "exports and details of data jobs whose time is over were deleted"),
            Err(error) => tracing::warn!(error = %error_chain(&error), "old exports could not be deleted"),
        }
        tokio::select! {
            () = shutdown.cancelled() => return,
            () = tokio::time::sleep(settings.every) => {}
        }
    }
}

/// Makes a data job for each client that has something too old at this time; for how many.
///
/// # Errors
/// When the database fails.
pub async fn start_due(system: &SystemDb, at: DateTime<Utc>, most: i32) -> Result<u64, sqlx::Error> {
    let mut tx = system.begin().await?;
    let due = sqlx::query!(
        r#"SELECT client_id AS "client_id!", jobs_before, logs_before FROM app.retention_due($1, $2)"#,
        at,
        most
    )
    .fetch_all(&mut *tx)
    .await?;
    tx.commit().await?;
    let mut started = 0;
    for client in due {
        let mut tx = system.begin().await?;
        let made = sqlx::query_scalar!(
            r#"SELECT app.data_job_request('retention', $1, NULL, false, $2, $3) AS "id!""#,
            client.client_id,
            json!({"jobs_before": client.jobs_before, "logs_before": client.logs_before}),
            json!(plan(DataJobKind::Retention))
        )
        .fetch_one(&mut *tx)
        .await;
        match made {
            Ok(_) => {
                tx.commit().await?;
                started += 1;
            }
            // Another replica was quicker, or the last run isn't done.
            Err(error) if violates(&error, "data_jobs_one_per_client") => tx.rollback().await?,
            Err(error) => return Err(error),
        }
    }
    Ok(started)
}

/// Deletes files of exports that have expired or were never finished, and details of data jobs that ended long ago; how many
/// rows went.
///
/// # Errors
/// When the database fails.
pub async fn expire(system: &SystemDb, at: DateTime<Utc>, settings: Settings) -> Result<u64, sqlx::Error> {
    let ended_before = at - settings.keep_parts;
    let mut rows = 0;
    loop {
        let mut tx = system.begin().await?;
        let chunks = sqlx::query!(
            "DELETE FROM data_export_chunks WHERE (job_id, path, seq) IN (
               SELECT x.job_id, x.path, x.seq FROM data_export_chunks x JOIN data_jobs j ON j.id = x.job_id
                WHERE j.status IN ('failed', 'cancelled') OR (j.status = 'completed' AND coalesce(j.expires_at, j.finished_at) <= $1)
                LIMIT $2)",
            at,
            settings.batch
        )
        .execute(&mut *tx)
        .await?
        .rows_affected();
        let parts = sqlx::query!(
            "DELETE FROM data_job_parts WHERE (job_id, service, step) IN (
               SELECT p.job_id, p.service, p.step FROM data_jobs j JOIN data_job_parts p ON p.job_id = j.id
                WHERE j.finished_at < $1 LIMIT $2)",
            ended_before,
            settings.batch
        )
        .execute(&mut *tx)
        .await?
        .rows_affected();
        let runs = sqlx::query!(
            "DELETE FROM data_jobs WHERE id IN (
               SELECT j.id FROM data_jobs j WHERE j.kind = 'retention' AND j.finished_at < $1 LIMIT $2)",
            ended_before,
            settings.batch
        )
        .execute(&mut *tx)
        .await?
        .rows_affected();
        tx.commit().await?;
        rows += chunks + parts + runs;
        if chunks + parts + runs == 0 {
            return Ok(rows);
        }
    }
}
