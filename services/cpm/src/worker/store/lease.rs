//! Heartbeats: the leases of all jobs of a process, renewed in one statement.

use std::time::Duration;

use hg_common::db::{SystemDb, SystemTx};
use hg_types::JobId;
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
    pub(in crate::worker) cancel_requested: bool,
    pub(in crate::worker) overdue: bool,
}

/// What a heartbeat came to.
#[derive(Debug)]
pub(in crate::worker) struct Renewed {
    /// The jobs that are still this process's. One that is missing is fenced.
    pub(in crate::worker) held: Vec<Held>,
    /// To be announced.
    pub(in crate::worker) events: Vec<Appended>,
    /// Whether a row was locked by somebody: its job counts as held, but its lease wasn't renewed.
    pub(in crate::worker) passed_over: bool,
}

/// Renews the leases, writes a `progress` event for each job that is still ours and writes text, and says which those
/// are. Waits for no lock: one row that somebody holds would cost every other job of the process its lease.
pub(in crate::worker) async fn lease_renew(
    db: &SystemDb,
    lease: Duration,
    beats: &[Beat],
) -> Result<Renewed, sqlx::Error> {
    let jobs: Vec<Uuid> = beats.iter().map(|beat| beat.claimed.job.uuid()).collect();
    let attempts: Vec<i32> = beats.iter().map(|beat| beat.claimed.attempt).collect();
    let stages: Vec<String> = beats.iter().map(|beat| beat.stage.to_owned()).collect();
    let mut tx = db.begin().await?;
    let locked = sqlx::query_scalar!(
        "SELECT job_id FROM job_runs WHERE job_id = ANY ($1) ORDER BY job_id FOR UPDATE SKIP LOCKED",
        &jobs
    )
    .fetch_all(&mut *tx)
    .await?;
    let rows = sqlx::query!(
        r#"UPDATE job_runs r SET lease_until = now() + make_interval(secs => $4), stage = beat.stage
             FROM unnest($1::uuid[], $2::int[], $3::text[]) AS beat (job_id, attempt, stage)
            WHERE r.job_id = beat.job_id AND r.attempt = beat.attempt AND r.status = 'in_progress' AND r.job_id = ANY ($5)
        RETURNING r.job_id, r.client_id, r.cancel_requested_at IS NOT NULL AS "cancel_requested!", r.deadline_at <= now() AS "overdue!""#,
        &jobs,
        &attempts,
        &stages,
        seconds(lease),
        &locked
    )
    .fetch_all(&mut *tx)
    .await?;
    let mut held: Vec<Held> = rows
        .iter()
        .map(|row| Held { job: JobId(row.job_id), cancel_requested: row.cancel_requested, overdue: row.overdue })
        .collect();
    let passed_over = held_by_others(&mut tx, beats, &locked).await?;
    held.extend(&passed_over);
    let (mut writing, mut clients, mut data) = (Vec::new(), Vec::new(), Vec::new());
    for row in &rows {
        let Some(beat) = beats.iter().find(|beat| beat.claimed.job.uuid() == row.job_id) else { continue };
        if beat.output_tokens > 0 {
            writing.push(row.job_id);
            clients.push(row.client_id);
            data.push(Event::progress(beat).data());
        }
    }
    let mut events = Vec::new();
    if !writing.is_empty() {
        let written = sqlx::query!(
            "INSERT INTO job_events (job_id, seq, client_id, type, data)
             SELECT beat.job_id, coalesce((SELECT max(e.seq) FROM job_events e WHERE e.job_id = beat.job_id), 0) + 1,
                    beat.client_id, 'progress', beat.data
               FROM unnest($1::uuid[], $2::uuid[], $3::jsonb[]) AS beat (job_id, client_id, data)
             RETURNING job_id, seq",
            &writing,
            &clients,
            &data
        )
        .fetch_all(&mut *tx)
        .await?;
        events.extend(written.into_iter().filter_map(|event| {
            let client = rows.iter().find(|row| row.job_id == event.job_id)?.client_id;
            Some(Appended { job: JobId(event.job_id), client: client.into(), seq: event.seq, kind: "progress" })
        }));
    }
    tx.commit().await?;
    Ok(Renewed { held, events, passed_over: !passed_over.is_empty() })
}

/// A second look at the rows that could not be locked: those that are still ours were locked by somebody, the others
/// are gone or taken over.
async fn held_by_others(tx: &mut SystemTx, beats: &[Beat], locked: &[Uuid]) -> Result<Vec<Held>, sqlx::Error> {
    let missing = || beats.iter().filter(|beat| !locked.contains(&beat.claimed.job.uuid()));
    let jobs: Vec<Uuid> = missing().map(|beat| beat.claimed.job.uuid()).collect();
    if jobs.is_empty() {
        return Ok(Vec::new());
    }
    let attempts: Vec<i32> = missing().map(|beat| beat.claimed.attempt).collect();
    let rows = sqlx::query!(
        r#"SELECT r.job_id, r.cancel_requested_at IS NOT NULL AS "cancel_requested!", r.deadline_at <= now() AS "overdue!"
             FROM job_runs r JOIN unnest($1::uuid[], $2::int[]) AS beat (job_id, attempt)
               ON r.job_id = beat.job_id AND r.attempt = beat.attempt
            WHERE r.status = 'in_progress'"#,
        &jobs,
        &attempts
    )
    .fetch_all(&mut **tx)
    .await?;
    let held = rows.into_iter().map(|row| Held {
        job: JobId(row.job_id),
        cancel_requested: row.cancel_requested,
        overdue: row.overdue,
    });
    Ok(held.collect())
}
