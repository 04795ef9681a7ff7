//! The last writes of an attempt: the job's end, or its way back to the queue. The caller holds the row's lock.

use std::time::Duration;

use chrono::{DateTime, Utc};
use hg_common::db::CombinedTx;
use hg_llm::Usage;
use hg_types::{ClientId, JobId, JobStatus};
use rust_decimal::Decimal;
use serde::Serialize;
use sqlx::PgConnection;
use uuid::Uuid;

use crate::{
    combine::Together,
    domain::checking::ResultRecord,
    ledger::{
        CallEnd, CallId, Settled,
        calls::{EndRecord, json, tokens, usd},
    },
    queue::settings::seconds,
    worker::events::Appended,
};

/// What completes a job.
pub(in crate::worker) struct Completion<'a> {
    /// The call that the result came from, and its end.
    pub(in crate::worker) call: &'a (CallId, CallEnd),
    pub(in crate::worker) result: ResultRecord<'a>,
    pub(in crate::worker) score: u8,
    pub(in crate::worker) provider: &'a str,
    pub(in crate::worker) model: &'a str,
    /// Of all calls that were made for it.
    pub(in crate::worker) usage: Usage,
}

/// Which job ends, in which attempt.
#[derive(Clone, Copy, Debug)]
pub(in crate::worker) struct Which {
    pub(in crate::worker) job: JobId,
    pub(in crate::worker) client: ClientId,
    pub(in crate::worker) attempt: i32,
}

/// The same, as `app.job_complete` takes it.
#[derive(Serialize)]
struct DoneRecord<'a> {
    result: &'a ResultRecord<'a>,
    quality_score: u8,
    provider: &'a str,
    model: &'a str,
    input_tokens: i32,
    output_tokens: i32,
    title: Option<&'a str>,
    score: u8,
}

impl Completion<'_> {
    fn record(&self) -> DoneRecord<'_> {
        DoneRecord {
            result: &self.result,
            quality_score: self.score,
            provider: self.provider,
            model: self.model,
            input_tokens: tokens(self.usage.input_tokens),
            output_tokens: tokens(self.usage.output_tokens),
            title: self.result.title,
            score: self.score,
        }
    }
}

/// An item of `app.jobs_complete`.
#[derive(Serialize)]
pub(in crate::worker) struct CompleteItem<'a> {
    job: JobId,
    client: ClientId,
    attempt: i32,
    call: Uuid,
    ended: EndRecord<'a>,
    done: DoneRecord<'a>,
}

/// A job that is complete, as an item of `app.jobs_complete`.
pub(in crate::worker) fn complete_item<'a>(which: Which, done: &'a Completion<'_>) -> CompleteItem<'a> {
    let (call, end) = done.call;
    CompleteItem {
        job: which.job,
        client: which.client,
        attempt: which.attempt,
        call: call.0,
        ended: end.record(),
        done: done.record(),
    }
}

/// What became of a job that was to be completed, by its place among others.
#[derive(Clone, Copy, Debug)]
pub(in crate::worker) struct Completing(Option<(i32, Settled)>);

impl Completing {
    /// `None`: fenced.
    pub(in crate::worker) fn of(self, which: Which) -> Option<(Appended, Settled)> {
        self.0
            .map(|(seq, settled)| (Appended { job: which.job, client: which.client, seq, kind: "completed" }, settled))
    }
}

impl Together for Completing {
    const NAME: &'static str = "complete";
    // What keeps a job out is a lock: of a heartbeat, or of somebody who stops it.
    const TRIES: u32 = 2;

    async fn run(tx: &mut CombinedTx, items: &str) -> Result<Vec<(i32, Self)>, sqlx::Error> {
        let rows = sqlx::query!(
            r#"SELECT item AS "item!", seq, charged, failed, cancelled, unknown FROM app.jobs_complete($1::text::jsonb)"#,
            items
        )
        .fetch_all(&mut **tx)
        .await?;
        rows.into_iter()
            .map(|row| {
                let completed = match (row.seq, row.charged, row.failed, row.cancelled, row.unknown) {
                    (Some(seq), Some(charged), Some(failed), Some(cancelled), Some(unknown)) => {
                        Some((seq, settled([charged, failed, cancelled, unknown])?))
                    }
                    _ => None,
                };
                Ok((row.item, Self(completed)))
            })
            .collect()
    }
}

fn settled([charged, failed, cancelled, unknown]: [Decimal; 4]) -> Result<Settled, sqlx::Error> {
    Ok(Settled { charged: usd(charged)?, failed: usd(failed)?, cancelled: usd(cancelled)?, unknown: usd(unknown)? })
}

/// Completes a job in one statement (`app.job_complete`). `None`: fenced, nothing was written.
pub(in crate::worker) async fn job_complete(
    conn: &mut PgConnection,
    which: Which,
    done: &Completion<'_>,
) -> Result<Option<(Appended, Settled)>, sqlx::Error> {
    let (call, end) = done.call;
    let row = sqlx::query!(
        r#"SELECT seq AS "seq!", charged AS "charged!", failed AS "failed!", cancelled AS "cancelled!", unknown AS "unknown!"
             FROM app.job_complete($1, $2, $3, $4, $5, $6)"#,
        which.job.uuid(),
        which.client.uuid(),
        which.attempt,
        call.0,
        json(&end.record())?,
        json(&done.record())?,
    )
    .fetch_optional(conn)
    .await?;
    let Some(row) = row else { return Ok(None) };
    let settled = settled([row.charged, row.failed, row.cancelled, row.unknown])?;
    Ok(Some((Appended { job: which.job, client: which.client, seq: row.seq, kind: "completed" }, settled)))
}

/// Ends a job without a result. `error` is its code and a sentence for people; none for a cancelled one.
pub(in crate::worker) async fn job_end(
    conn: &mut PgConnection,
    which: Which,
    status: JobStatus,
    error: Option<(&str, &str)>,
) -> Result<(), sqlx::Error> {
    sqlx::query!(
        "UPDATE jobs SET status = $3::text::job_status, error_code = $4, error_message = $5, attempts = $6, completed_at = now()
          WHERE id = $1 AND client_id = $2",
        which.job.uuid(),
        which.client.uuid(),
        status.as_str(),
        error.map(|(code, _)| code),
        error.map(|(_, message)| message),
        which.attempt
    )
    .execute(&mut *conn)
    .await?;
    run_delete(conn, which.job).await
}

async fn run_delete(conn: &mut PgConnection, job: JobId) -> Result<(), sqlx::Error> {
    sqlx::query!("DELETE FROM job_runs WHERE job_id = $1", job.uuid()).execute(conn).await.map(drop)
}

/// What is counted when a job goes back.
#[derive(Clone, Copy, Debug, Default)]
pub(in crate::worker) struct Counted {
    pub(in crate::worker) crashes: i32,
    pub(in crate::worker) provider_failures: i32,
    pub(in crate::worker) unknown_calls: i32,
}

/// Puts a job back to wait for `delay`. Returns the time from which it is available.
pub(in crate::worker) async fn run_release(
    conn: &mut PgConnection,
    which: Which,
    delay: Duration,
    counted: Counted,
) -> Result<DateTime<Utc>, sqlx::Error> {
    sqlx::query_scalar!(
        "UPDATE job_runs SET status = 'pending', available_at = now() + make_interval(secs => $3), lease_until = NULL,
                leased_by = NULL, dispatched_at = NULL, stage = CASE WHEN $3 > 0 THEN 'waiting' ELSE 'queued' END,
                crashes = crashes + $4, provider_failures = provider_failures + $5, unknown_calls = unknown_calls + $6
          WHERE job_id = $1 AND attempt = $2 AND status = 'in_progress' RETURNING available_at",
        which.job.uuid(),
        which.attempt,
        seconds(delay),
        counted.crashes,
        counted.provider_failures,
        counted.unknown_calls
    )
    .fetch_one(conn)
    .await
}
