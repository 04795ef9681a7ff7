//! Stopping a job: what waits ends at once, what runs is asked to.

use hg_common::db::TenantTx;
use hg_types::{ClientId, JobId, JobStatus};

use super::named;
use crate::{
    ledger,
    worker::events::{self, Appended, Event},
};

/// What asking to stop a job came to.
#[derive(Debug)]
pub enum Cancelled {
    /// It waited, and has ended now.
    Ended {
        /// Whose.
        client: ClientId,
        /// To be announced after COMMIT.
        event: Appended,
    },
    /// It runs, and is told.
    Asked,
    /// It was stopped before.
    Already,
    /// It has ended otherwise.
    TooLate(JobStatus),
    /// The scope sees the job, but may not stop it.
    Forbidden,
}

/// Stops a job, or asks its worker to; `None` where the scope sees no such job.
///
/// # Errors
/// When the database fails.
pub async fn job_cancel(tx: &mut TenantTx, job: JobId) -> Result<Option<Cancelled>, sqlx::Error> {
    let seen = sqlx::query!(
        r#"SELECT client_id, coalesce(app.role_on(client_id) >= 'member', false) AS "may!" FROM jobs
            WHERE id = $1 AND client_id = ANY ((SELECT app.accessible_client_ids())::uuid[])"#,
        job.uuid()
    )
    .fetch_optional(&mut **tx)
    .await?;
    let Some(seen) = seen else { return Ok(None) };
    if !seen.may {
        return Ok(Some(Cancelled::Forbidden));
    }
    let client = ClientId(seen.client_id);
    // The row's lock decides between this, a claim and the job's end.
    let run = sqlx::query_scalar!(
        r#"SELECT status::text AS "status!" FROM job_runs WHERE job_id = $1 FOR UPDATE"#,
        job.uuid()
    )
    .fetch_optional(&mut **tx)
    .await?;
    match run.as_deref().map(named::<JobStatus>).transpose()? {
        None => {
            let status = sqlx::query_scalar!(r#"SELECT status::text AS "status!" FROM jobs WHERE id = $1"#, job.uuid())
                .fetch_one(&mut **tx)
                .await?;
            let status = named(&status)?;
            Ok(Some(if status == JobStatus::Cancelled { Cancelled::Already } else { Cancelled::TooLate(status) }))
        }
        Some(JobStatus::Pending) => end_waiting(tx, job, client).await.map(Some),
        Some(_) => {
            sqlx::query!(
                "UPDATE job_runs SET cancel_requested_at = coalesce(cancel_requested_at, now()) WHERE job_id = $1",
                job.uuid()
            )
            .execute(&mut **tx)
            .await?;
            Ok(Some(Cancelled::Asked))
        }
    }
}

async fn end_waiting(tx: &mut TenantTx, job: JobId, client: ClientId) -> Result<Cancelled, sqlx::Error> {
    sqlx::query!(
        "WITH run AS (DELETE FROM job_runs WHERE job_id = $1 AND client_id = $2 RETURNING attempt)
         UPDATE jobs SET status = 'cancelled', completed_at = now(), attempts = run.attempt FROM run WHERE id = $1 AND client_id = $2",
        job.uuid(),
        client.uuid()
    )
    .execute(&mut **tx)
    .await?;
    let settled = ledger::tally(tx, job, client).await?;
    let event = events::append(tx, job, client, &Event::Cancelled {}).await?;
    ledger::settle(tx, job, &settled).await?;
    Ok(Cancelled::Ended { client, event })
}
