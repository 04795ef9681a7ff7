//! Live text in Redis: a capped stream per job with a lifetime of an hour, so that any replica can show it.
//!
//! Nothing here is the truth, and all of it may vanish: a watcher that finds a gap shows the final text instead.
//!
//! How to watch a job: [`Hub::subscribe`] first, then replay `job_events` and [`read`] from the beginning (`"-"`),
//! then wait for [`Watch::changed`], which wakes at each event or delta and says which, and read on from where you were
//! with [`Watch::read`]. Signals coalesce: a slow watcher reads more at once and never piles up anything. What one watcher
//! of a job has read, the others at the same place needn't ask Redis for.

mod hub;
mod shared;
mod signal;
mod tenants;

use std::time::Duration;

use hg_common::redis::{
    Redis, RedisError,
    driver::{self, streams::StreamRangeReply},
};
use hg_types::JobId;
use serde_json::Value;

pub(crate) use self::signal::Signal;
pub use self::{
    hub::{Changed, Hub, Watch},
    tenants::Listening,
};
use crate::worker::events;

/// Entries per job; each holds some hundred bytes of text.
const LONGEST: usize = 4_000;
const LIFETIME_MS: i64 = 3_600_000;
/// Entries that are read at once.
pub const READ_AT_ONCE: usize = 500;
/// How long a subscription may take.
const SUBSCRIBED: Duration = Duration::from_secs(3);

/// Where a job's stream begins, as an entry to read on from.
pub const BEGINNING: &str = "-";

/// A piece of live text, or the word that what came before is void.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Delta {
    /// Where to read on from.
    pub id: String,
    /// Which attempt wrote it.
    pub attempt: i32,
    /// What it is.
    pub piece: Piece,
    /// How far the work had come, where the entry says so: the data of a `progress` event.
    pub progress: Option<Value>,
}

/// What an entry of the live text says.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Piece {
    /// More text.
    Text {
        /// Bytes (UTF-8) of this stage's text before this piece: a watcher whose text is shorter has missed some.
        offset: u64,
        /// The text.
        text: String,
    },
    /// The text so far is void: another attempt or a repair begins.
    Reset {
        /// Why.
        reason: String,
    },
}

fn key(redis: &Redis, job: JobId) -> String {
    redis.key(format_args!("live:{job}"))
}

/// Adds text. `offset` is the number of bytes published before in this stage.
///
/// # Errors
/// When Redis is away; the text is then simply not shown live.
pub async fn publish_delta(redis: &Redis, job: JobId, attempt: i32, offset: u64, text: &str) -> Result<(), RedisError> {
    publish(redis, job, attempt, offset, text, None, &Signal::Text(None)).await.map(drop)
}

/// Adds text, and how far the work has come, and gives the `signal`. That is shown and not kept: the durable `progress` is the
/// heartbeat's. Returns the entry's id.
///
/// # Errors
/// When Redis is away.
pub(crate) async fn publish(
    redis: &Redis,
    job: JobId,
    attempt: i32,
    offset: u64,
    text: &str,
    progress: Option<&Value>,
    signal: &Signal,
) -> Result<String, RedisError> {
    let (attempt, offset, progress) = (attempt.to_string(), offset.to_string(), progress.map(Value::to_string));
    let mut fields = vec![("a", attempt.as_str()), ("o", &offset), ("t", text)];
    fields.extend(progress.as_deref().map(|progress| ("p", progress)));
    add(redis, job, &fields, signal).await
}

/// Says that the text so far is void.
///
/// # Errors
/// When Redis is away.
pub async fn reset(redis: &Redis, job: JobId, attempt: i32, reason: &str) -> Result<(), RedisError> {
    add(redis, job, &[("a", &attempt.to_string()), ("r", reason)], &Signal::Text(None)).await.map(drop)
}

async fn add(redis: &Redis, job: JobId, fields: &[(&str, &str)], signal: &Signal) -> Result<String, RedisError> {
    let key = key(redis, job);
    let mut conn = redis.conn().await?;
    let mut pipe = driver::pipe();
    let entry = pipe.cmd("XADD").arg(&key).arg("MAXLEN").arg("~").arg(LONGEST).arg("*");
    for (name, value) in fields {
        entry.arg(*name).arg(*value);
    }
    pipe.cmd("PEXPIRE").arg(&key).arg(LIFETIME_MS).ignore();
    pipe.cmd("PUBLISH").arg(events::channel(redis, job)).arg(signal.to_string()).ignore();
    let (id,) = pipe.query_async::<(String,)>(&mut conn).await?;
    Ok(id)
}

/// The live text after the entry `after`; from its beginning for `"-"`. At most [`READ_AT_ONCE`] entries: where there are as
/// many, there may be more.
///
/// # Errors
/// When Redis is away.
pub async fn read(redis: &Redis, job: JobId, after: &str) -> Result<Vec<Delta>, RedisError> {
    let mut conn = redis.conn().await?;
    let from = if after == BEGINNING { "-".to_owned() } else { format!("({after}") };
    let reply: StreamRangeReply = driver::cmd("XRANGE")
        .arg(key(redis, job))
        .arg(from)
        .arg("+")
        .arg("COUNT")
        .arg(READ_AT_ONCE)
        .query_async(&mut conn)
        .await?;
    let deltas = reply.ids.into_iter().filter_map(|entry| {
        let attempt = entry.get("a")?;
        let piece = match entry.get::<String>("t") {
            Some(text) => Piece::Text { offset: entry.get("o")?, text },
            None => Piece::Reset { reason: entry.get("r")? },
        };
        let progress = entry.get::<String>("p").and_then(|progress| serde_json::from_str(&progress).ok());
        Some(Delta { id: entry.id, attempt, piece, progress })
    });
    Ok(deltas.collect())
}

/// Waits for a subscription. The driver sets such a connection no limit: a Redis that stands still would be waited for
/// for ever, and not be asked again when it is back.
pub(crate) async fn subscribed(
    subscription: impl Future<Output = Result<(), driver::RedisError>>,
) -> Result<(), RedisError> {
    match tokio::time::timeout(SUBSCRIBED, subscription).await {
        Ok(outcome) => Ok(outcome?),
        Err(_) => Err(RedisError::Command(std::io::Error::from(std::io::ErrorKind::TimedOut).into())),
    }
}
