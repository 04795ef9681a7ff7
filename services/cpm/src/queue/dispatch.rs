//! From COMMIT into the index: jobs of one moment go together in one script call. Nobody waits for others to come: while a
//! call is under way, what arrives gathers for the next.
//!
//! Must never make an accept wait, and may lose what it holds: the reconciler finds it. That a job was dispatched is noted
//! a little later, and only of those that still wait: most have been taken by then.

use std::time::Duration;

use hg_common::{db::SystemDb, http::error_chain, redis::Redis};
use hg_types::JobId;
use tokio::{sync::mpsc, time::Instant};
use uuid::Uuid;

use super::{Enqueue, index};

/// How many accepted jobs may wait for the dispatcher. More are left to the reconciler.
const ROOM: usize = 10_000;
const BATCH: usize = 200;
/// When it is noted that jobs were dispatched: before the reconciler would look for them a second time.
const NOTED: Duration = Duration::from_millis(500);
/// So many are noted at once, without waiting for more.
const MANY: usize = 1_000;

pub(super) fn spawn(redis: Redis, db: SystemDb) -> mpsc::Sender<Enqueue> {
    let (sender, jobs) = mpsc::channel::<Enqueue>(ROOM);
    tokio::spawn(run(redis, db, jobs));
    sender
}

async fn run(redis: Redis, db: SystemDb, mut jobs: mpsc::Receiver<Enqueue>) {
    let mut batch = Vec::with_capacity(BATCH);
    let mut dispatched: Vec<JobId> = Vec::new();
    let mut due = Instant::now();
    loop {
        let count = tokio::select! {
            count = jobs.recv_many(&mut batch, BATCH) => count,
            () = tokio::time::sleep_until(due), if !dispatched.is_empty() => {
                note(&db, &mut dispatched).await;
                continue;
            }
        };
        if count == 0 {
            note(&db, &mut dispatched).await;
            return;
        }
        if dispatched.is_empty() {
            due = Instant::now() + NOTED;
        }
        match index::add(&redis, &batch).await {
            Ok(()) => dispatched.extend(batch.iter().map(|job| job.job_id)),
            Err(error) => {
                // One of them may have been dispatched before, and have come back since.
                dispatched.retain(|known| !batch.iter().any(|job| job.job_id == *known));
                tracing::warn!(jobs = count, error = %error_chain(&error), "jobs wait for the reconciler: the index can't be written");
            }
        }
        batch.clear();
        if dispatched.len() >= MANY {
            note(&db, &mut dispatched).await;
        }
    }
}

async fn note(db: &SystemDb, dispatched: &mut Vec<JobId>) {
    if let Err(error) = mark_dispatched(db, dispatched).await {
        tracing::debug!(error = %error_chain(&error), "jobs will be dispatched twice, which is harmless");
    }
    dispatched.clear();
}

/// Notes that these jobs were put into the index, as far as they still wait.
pub(crate) async fn mark_dispatched(db: &SystemDb, jobs: &[JobId]) -> Result<(), sqlx::Error> {
    if jobs.is_empty() {
        return Ok(());
    }
    let ids: Vec<Uuid> = jobs.iter().map(|job| job.uuid()).collect();
    let mut tx = db.begin().await?;
    // Locks go by id everywhere, so that two batches can't wait for each other.
    sqlx::query!(
        "UPDATE job_runs SET dispatched_at = now()
          WHERE job_id IN (SELECT r.job_id FROM job_runs r WHERE r.job_id = ANY ($1) AND r.status = 'pending'
                            ORDER BY r.job_id FOR UPDATE)",
        &ids
    )
    .execute(&mut *tx)
    .await?;
    tx.commit().await
}
