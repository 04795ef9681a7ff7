//! Provider calls: written before they are made, completed after. What was started and never completed is an
//! unknown outcome, and unknown is not zero.

use std::time::Duration;

use hg_llm::{Cost, CostKnown, Usage};
use hg_types::{ClientId, JobId, Provider, Usd};
use rust_decimal::Decimal;
use serde::Serialize;
use serde_json::Value;
use sqlx::PgConnection;
use uuid::Uuid;

/// A call's row.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct CallId(pub Uuid);

/// A call that is about to be made.
#[derive(Clone, Copy, Debug)]
pub struct NewCall<'a> {
    /// For which job.
    pub job: JobId,
    /// Whose.
    pub client: ClientId,
    /// In which attempt.
    pub attempt: i32,
    /// `write` or `repair`: once each in an attempt.
    pub stage: &'static str,
    /// By which provider.
    pub provider: Provider,
    /// By which model.
    pub model: &'a str,
    /// What it may cost at most, at list price.
    pub worst_case: Usd,
}

/// How a call ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum CallStatus {
    /// With a usable answer.
    Done,
    /// Without one.
    Failed,
    /// It was stopped because somebody wanted so.
    Cancelled,
    /// Nobody knows whether the provider worked, and billed.
    Unknown,
}

impl CallStatus {
    /// As the database has it.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Done => "done",
            Self::Failed => "failed",
            Self::Cancelled => "cancelled",
            Self::Unknown => "unknown",
        }
    }
}

/// What is known of a call once it has ended.
#[derive(Clone, Debug)]
pub struct CallEnd {
    /// How it ended.
    pub status: CallStatus,
    /// Its tokens.
    pub usage: Usage,
    /// Its cost, and how that is known.
    pub cost: Cost,
    /// Why the answer ended, in the provider's words.
    pub finish_reason: Option<String>,
    /// The provider's id of it.
    pub generation_id: Option<String>,
    /// The model that answered, where it is another than the one asked for.
    pub model: Option<String>,
    /// A stable code, where it failed.
    pub error_code: Option<&'static str>,
    /// A sentence, where it failed.
    pub error_message: Option<String>,
    /// From its start to the first text.
    pub first_text: Option<Duration>,
}

/// A call's end as `app.call_end` takes it.
#[derive(Debug, Serialize)]
pub(crate) struct EndRecord<'a> {
    status: &'static str,
    input_tokens: i32,
    cached_tokens: i32,
    cache_write_tokens: i32,
    output_tokens: i32,
    reasoning_tokens: i32,
    cost: Usd,
    cost_known: &'static str,
    finish_reason: Option<&'a str>,
    generation_id: Option<&'a str>,
    error_code: Option<&'static str>,
    error_message: Option<&'a str>,
    first_text_seconds: Option<f64>,
}

impl CallEnd {
    /// As `app.call_end` takes it.
    pub(crate) fn record(&self) -> EndRecord<'_> {
        EndRecord {
            status: self.status.as_str(),
            input_tokens: tokens(self.usage.input_tokens),
            cached_tokens: tokens(self.usage.cached_input_tokens),
            cache_write_tokens: tokens(self.usage.cache_write_tokens),
            output_tokens: tokens(self.usage.output_tokens),
            reasoning_tokens: tokens(self.usage.reasoning_tokens),
            cost: self.cost.amount,
            cost_known: cost_known(self.cost.known),
            finish_reason: self.finish_reason.as_deref(),
            generation_id: self.generation_id.as_deref(),
            error_code: self.error_code,
            error_message: self.error_message.as_deref(),
            first_text_seconds: self.first_text.map(|duration| duration.as_secs_f64()),
        }
    }
}

/// A record as the parameter of a statement that takes one by itself. Where several go together they are written straight
/// into its text, without a tree in between.
pub(crate) fn json(record: &impl Serialize) -> Result<Value, sqlx::Error> {
    serde_json::to_value(record).map_err(|error| sqlx::Error::Encode(Box::new(error)))
}

/// Records how a call ended. Changes nothing where somebody else has written it off meanwhile.
///
/// # Errors
/// When the database fails.
pub async fn call_ended(conn: &mut PgConnection, call: CallId, end: &CallEnd) -> Result<(), sqlx::Error> {
    sqlx::query!("SELECT app.call_end($1, $2)", call.0, json(&end.record())?).execute(conn).await.map(drop)
}

/// Writes off the calls of a job that were started and whose outcome nobody will learn. They keep their suspected
/// cost. Returns how many there were.
///
/// # Errors
/// When the database fails.
pub async fn calls_lost(conn: &mut PgConnection, job: JobId, client: ClientId, code: &str) -> Result<i32, sqlx::Error> {
    let done = sqlx::query!(
        "UPDATE provider_calls SET status = 'unknown', cost_known = 'unknown', error_code = $3, finished_at = now(),
                error_message = 'The answer never reached us; the provider may have billed it.'
          WHERE job_id = $1 AND client_id = $2 AND status = 'started'",
        job.uuid(),
        client.uuid(),
        code
    )
    .execute(conn)
    .await?;
    Ok(i32::try_from(done.rows_affected()).unwrap_or(i32::MAX))
}

/// Marks answers that came but were never recorded as a result: their attempt is over, and only the calls of the
/// attempt that makes the result are charged.
///
/// # Errors
/// When the database fails.
pub async fn results_lost(conn: &mut PgConnection, job: JobId, client: ClientId) -> Result<(), sqlx::Error> {
    sqlx::query!(
        "UPDATE provider_calls SET status = 'failed', error_code = 'result_lost'
          WHERE job_id = $1 AND client_id = $2 AND status = 'done'",
        job.uuid(),
        client.uuid()
    )
    .execute(conn)
    .await
    .map(drop)
}

/// A count as a column holds it. Two of them must still have a sum.
pub(crate) fn tokens(count: u64) -> i32 {
    i32::try_from(count).unwrap_or(i32::MAX).min(1_000_000_000)
}

/// An amount as a column holds it.
pub(crate) fn usd(amount: Decimal) -> Result<Usd, sqlx::Error> {
    Usd::from_decimal(amount).map_err(|error| sqlx::Error::Decode(error.into()))
}

const fn cost_known(known: CostKnown) -> &'static str {
    match known {
        CostKnown::Reported => "reported",
        CostKnown::Computed => "computed",
        CostKnown::Estimated => "estimated",
        CostKnown::Unknown => "unknown",
    }
}
