//! What happens to a job, as its watchers learn it: rows of `job_events`, written in the transaction of the change.
//!
//! Publishing is only a hint that there is something to read; it comes after COMMIT and may be lost.

use chrono::{DateTime, Utc};
use hg_common::redis::{Redis, driver};
use hg_types::{ClientId, JobId, JobStatus, Usd};
use serde::Serialize;
use serde_json::Value;
use sqlx::PgConnection;

use super::running::Beat;
use crate::stream::Signal;

/// One event; what is serialised is the event's `data`.
#[derive(Clone, Debug, PartialEq, Serialize)]
#[serde(untagged)]
pub enum Event {
    /// The job stands somewhere else.
    Status {
        /// Where.
        status: JobStatus,
        /// What it is doing: `queued`, `strategy`, `prompt`, `writing`, `checking`, `repairing`, `waiting`.
        stage: &'static str,
        /// Which attempt.
        attempt: i32,
        /// When.
        at: DateTime<Utc>,
        /// Why it waits, where it waits again: `service_away`, `no_provider_slot`, `provider_error`, `drained`.
        #[serde(skip_serializing_if = "Option::is_none")]
        reason: Option<&'static str>,
    },
    /// It is still being worked on.
    Progress {
        /// What it is doing.
        stage: &'static str,
        /// Since the attempt began.
        elapsed_ms: u64,
        /// Tokens that were written so far; our own count.
        output_tokens: u64,
        /// What they cost at list price; our own count.
        cost_usd: Usd,
    },
    /// The text so far is void.
    Reset {
        /// Why, in a sentence.
        reason: String,
    },
    /// It has a result.
    Completed {
        /// The result's title.
        title: Option<String>,
        /// The result's score.
        score: Option<u8>,
        /// What was charged.
        cost_usd: Usd,
    },
    /// It ended without one.
    Failed {
        /// A stable code.
        code: String,
        /// A sentence for people.
        message: String,
    },
    /// Somebody stopped it.
    Cancelled {},
}

impl Event {
    /// How far a running attempt has come.
    pub(super) fn progress(beat: &Beat) -> Self {
        Self::Progress {
            stage: beat.stage,
            elapsed_ms: u64::try_from(beat.elapsed.as_millis()).unwrap_or(u64::MAX),
            output_tokens: beat.output_tokens,
            cost_usd: beat.cost,
        }
    }

    /// The event's type, as in `job_events` and in the event stream.
    #[must_use]
    pub const fn kind(&self) -> &'static str {
        match self {
            Self::Status { .. } => "status",
            Self::Progress { .. } => "progress",
            Self::Reset { .. } => "reset",
            Self::Completed { .. } => "completed",
            Self::Failed { .. } => "failed",
            Self::Cancelled {} => "cancelled",
        }
    }

    /// The event's data.
    #[must_use]
    pub fn data(&self) -> Value {
        serde_json::to_value(self).unwrap_or_default()
    }
}

/// An event that was written and is to be announced after COMMIT.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[must_use = "announce it after COMMIT, so that watchers look"]
pub struct Appended {
    /// Whose event.
    pub job: JobId,
    /// Whose job.
    pub client: ClientId,
    /// Its number.
    pub seq: i32,
    /// What it is, as in `job_events`.
    pub kind: &'static str,
}

impl Appended {
    /// Whether nothing comes after it.
    #[must_use]
    pub const fn ends_the_job(self) -> bool {
        matches!(self.kind.as_bytes(), b"completed" | b"failed" | b"cancelled")
    }
}

/// Writes an event with the job's next number. The transaction must hold the job's row in `job_runs` (or have just
/// made or deleted it), so that two writers can't take one number.
///
/// # Errors
/// When the database fails.
pub async fn append(
    conn: &mut PgConnection,
    job: JobId,
    client: ClientId,
    event: &Event,
) -> Result<Appended, sqlx::Error> {
    let seq = sqlx::query_scalar!(
        r#"SELECT app.event_append($1, $2, $3, $4) AS "seq!""#,
        job.uuid(),
        client.uuid(),
        event.kind(),
        event.data()
    )
    .fetch_one(conn)
    .await?;
    Ok(Appended { job, client, seq, kind: event.kind() })
}

/// Writes that a job waits and why, unless that is the last that was said of it: what waits for a service that is away tries
/// again every few seconds, and has nothing new to tell. The transaction must hold the job's row, as for [`append`].
///
/// # Errors
/// When the database fails.
pub(super) async fn append_wait(
    conn: &mut PgConnection,
    job: JobId,
    client: ClientId,
    event: &Event,
    reason: &str,
) -> Result<Option<Appended>, sqlx::Error> {
    let seq = sqlx::query_scalar!(
        r#"SELECT app.event_append($1, $2, $3, $4) AS "seq!"
            WHERE NOT coalesce((SELECT e.type = $3 AND e.data ->> 'reason' = $5 FROM job_events e
                                 WHERE e.job_id = $1 ORDER BY e.seq DESC LIMIT 1), false)"#,
        job.uuid(),
        client.uuid(),
        event.kind(),
        event.data(),
        reason
    )
    .fetch_optional(conn)
    .await?;
    Ok(seq.map(|seq| Appended { job, client, seq, kind: event.kind() }))
}

/// The channel on which a job's watchers are told to look.
#[must_use]
pub fn channel(redis: &Redis, job: JobId) -> String {
    redis.key(format_args!("evt:{job}"))
}

/// Tells the watchers of a job that there is an event to read. Best effort: they poll as well.
pub async fn announce(redis: &Redis, event: Appended) {
    announce_all(redis, &[event]).await;
}

/// Tells the watchers of several jobs, in one round trip.
pub(crate) async fn announce_all(redis: &Redis, events: &[Appended]) {
    let mut pipe = driver::pipe();
    for event in events {
        pipe.cmd("PUBLISH").arg(channel(redis, event.job)).arg(Signal::of(*event).to_string()).ignore();
    }
    if let Ok(mut conn) = redis.conn().await {
        let _: Result<(), _> = pipe.query_async(&mut conn).await;
    }
}
