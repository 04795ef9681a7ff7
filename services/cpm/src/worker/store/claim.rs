//! Taking attempts: `pending` → `in_progress`, one more attempt, a lease, and the event that says so (`app.jobs_claim`).

use std::time::Duration;

use hg_common::db::SystemDb;
use hg_types::{ContentType, JobId};
use serde_json::Value;
use uuid::Uuid;

use super::attempt::Job;
use crate::{
    queue::settings::seconds,
    worker::{events::Appended, running::Claimed},
};

/// An attempt that is this process's now, and its job.
#[derive(Debug)]
pub(in crate::worker) struct Taken {
    pub(in crate::worker) claimed: Claimed,
    /// To be announced.
    pub(in crate::worker) event: Appended,
    pub(in crate::worker) job: Stored,
}

/// A job as its row has it. It is understood when it runs: one that can't be must not keep others from being taken.
#[derive(Debug)]
pub(in crate::worker) struct Stored {
    topic: String,
    content_type: String,
    provider: String,
    model: String,
    parameters: Value,
    request_id: Option<String>,
    created_by: Option<Uuid>,
}

impl Stored {
    /// The job, understood.
    pub(in crate::worker) fn read(self) -> Result<Job, sqlx::Error> {
        let content_type: ContentType = self
            .content_type
            .parse()
            .map_err(|error: hg_types::content::UnknownValue| sqlx::Error::Decode(error.into()))?;
        let parameters =
            serde_json::from_value(self.parameters).map_err(|error| sqlx::Error::Decode(Box::new(error)))?;
        Ok(Job {
            topic: self.topic,
            content_type,
            provider: self.provider,
            model: self.model,
            parameters,
            request_id: self.request_id,
            key_user: self.created_by,
        })
    }
}

/// Takes those of `jobs` that are still pending: the compare-and-set behind the index.
pub(in crate::worker) async fn claim_named(
    db: &SystemDb,
    worker: &str,
    lease: Duration,
    jobs: &[JobId],
) -> Result<Vec<Taken>, sqlx::Error> {
    let ids: Vec<Uuid> = jobs.iter().map(|job| job.uuid()).collect();
    take(db, worker, lease, Some(&ids), 0).await
}

/// Takes whatever waits longest, without the index: slow, and fair only by time.
pub(in crate::worker) async fn claim_any(
    db: &SystemDb,
    worker: &str,
    lease: Duration,
    most: usize,
) -> Result<Vec<Taken>, sqlx::Error> {
    take(db, worker, lease, None, i32::try_from(most).unwrap_or(i32::MAX)).await
}

async fn take(
    db: &SystemDb,
    worker: &str,
    lease: Duration,
    ids: Option<&[Uuid]>,
    most: i32,
) -> Result<Vec<Taken>, sqlx::Error> {
    let mut tx = db.begin().await?;
    let rows = sqlx::query!(
        r#"SELECT job_id AS "job_id!", client_id AS "client_id!", attempt AS "attempt!", priority AS "priority!",
                  provider_failures AS "provider_failures!", unknown_calls AS "unknown_calls!", accepted_at AS "accepted_at!",
                  age AS "age!", seq AS "seq!", topic AS "topic!", content_type::text AS "content_type!",
                  llm_provider AS "llm_provider!", model AS "model!", request_id, created_by, parameters AS "parameters!"
             FROM app.jobs_claim($1, $2, $3, $4)"#,
        ids,
        most,
        worker,
        seconds(lease),
    )
    .fetch_all(&mut *tx)
    .await?;
    tx.commit().await?;
    let taken = rows.into_iter().map(|row| {
        let job = JobId(row.job_id);
        Taken {
            claimed: Claimed {
                job,
                client: row.client_id.into(),
                attempt: row.attempt,
                priority: row.priority,
                provider_failures: row.provider_failures,
                unknown_calls: row.unknown_calls,
                accepted_at: row.accepted_at,
                age: Duration::try_from_secs_f64(row.age.max(0.0)).unwrap_or_default(),
            },
            event: Appended { job, client: row.client_id.into(), seq: row.seq, kind: "status" },
            job: Stored {
                topic: row.topic,
                content_type: row.content_type,
                provider: row.llm_provider,
                model: row.model,
                parameters: row.parameters,
                request_id: row.request_id,
                created_by: row.created_by,
            },
        }
    });
    Ok(taken.collect())
}
