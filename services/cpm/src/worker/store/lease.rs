//! Heartbeats: the leases of jobs of a process, renewed in one statement (`app.leases_renew`).

use std::time::Duration;

use hg_common::db::SystemDb;
use hg_types::JobId;
use serde_json::Value;
use uuid::Uuid;

use crate::{
    queue::settings::seconds,
    worker::{
        events::{Appended, Event},
        running::Beat,
    },
};

/// What a heartbeat brought back of a job that is still this process's.
#[derive(Clone, Copy, Debug)]
pub(in crate::worker) struct Held {
    pub(in crate::worker) job: JobId,
    /// Whether its lease is a new one: not where somebody had its row locked.
    pub(in crate::worker) renewed: bool,
    pub(in crate::worker) cancel_requested: bool,
    pub(in crate::worker) overdue: bool,
    /// To be announced.
    pub(in crate::worker) event: Option<Appended>,
}

/// Renews the leases, writes a `progress` event for each job that is still ours and writes text, and says which those
/// are: one that is missing is fenced. Waits for no lock: one row that somebody holds would cost every other job of the
/// process its lease.
pub(in crate::worker) async fn lease_renew(
    db: &SystemDb,
    lease: Duration,
    beats: &[Beat],
) -> Result<Vec<Held>, sqlx::Error> {
    let jobs: Vec<Uuid> = beats.iter().map(|beat| beat.claimed.job.uuid()).collect();
    let attempts: Vec<i32> = beats.iter().map(|beat| beat.claimed.attempt).collect();
    let stages: Vec<String> = beats.iter().map(|beat| beat.stage.to_owned()).collect();
    let progress: Vec<Option<Value>> =
        beats.iter().map(|beat| (beat.output_tokens > 0).then(|| Event::progress(beat).data())).collect();
    let mut tx = db.begin().await?;
    let rows = sqlx::query!(
        r#"SELECT job_id AS "job_id!", client_id AS "client_id!", renewed AS "renewed!", cancel_requested AS "cancel_requested!",
                  overdue AS "overdue!", seq
             FROM app.leases_renew($1, $2, $3, $4, $5)"#,
        &jobs,
        &attempts,
        &stages,
        &progress as &[Option<Value>],
        seconds(lease)
    )
    .fetch_all(&mut *tx)
    .await?;
    tx.commit().await?;
    let held = rows.into_iter().map(|row| {
        let job = JobId(row.job_id);
        Held {
            job,
            renewed: row.renewed,
            cancel_requested: row.cancel_requested,
            overdue: row.overdue,
            event: row.seq.map(|seq| Appended { job, client: row.client_id.into(), seq, kind: "progress" }),
        }
    });
    Ok(held.collect())
}
