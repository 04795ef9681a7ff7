//! Live text in Redis: a capped stream per job with a lifetime of an hour, so that any replica can show it.
//!
//! Nothing here is the truth, and all of it may vanish: a watcher that finds a gap shows the final text instead.
//!
//! How to watch a job: [`Hub::subscribe`] first, then replay `job_events` and [`read`] from the beginning (`"-"`),
//! then wait for [`Watch::changed`], which wakes at each event or delta and says which, and read on from where you were
//! with [`Watch::read`]. Signals coalesce: a slow watcher reads more at once and never piles up anything. What one watcher
//! of a job has read, the others at the same place needn't ask Redis for.

use std::{
    collections::HashMap,
    sync::{Arc, Mutex, PoisonError},
    time::Duration,
};

use futures::StreamExt;
use hg_common::{
    http::error_chain,
    redis::{
        Redis, RedisError,
        driver::{self, streams::StreamRangeReply},
    },
};
use hg_types::JobId;
use serde_json::Value;
use tokio::sync::watch;
use tokio_util::sync::CancellationToken;

use crate::worker::events;

/// Entries per job; each holds some hundred bytes of text.
const LONGEST: usize = 4_000;
const LIFETIME_MS: i64 = 3_600_000;
/// Entries that are read at once.
pub const READ_AT_ONCE: usize = 500;
/// How long a watcher waits for what another reads.
const TOGETHER: Duration = Duration::from_millis(250);
/// How long a subscription may take.
const SUBSCRIBED: Duration = Duration::from_secs(3);

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

/// What is published when there is more text; an event's message is another.
const TEXT: &str = "d";

fn key(redis: &Redis, job: JobId) -> String {
    redis.key(format_args!("live:{job}"))
}

/// Adds text. `offset` is the number of bytes published before in this stage.
///
/// # Errors
/// When Redis is away; the text is then simply not shown live.
pub async fn publish_delta(redis: &Redis, job: JobId, attempt: i32, offset: u64, text: &str) -> Result<(), RedisError> {
    publish(redis, job, attempt, offset, text, None).await
}

/// Adds text, and how far the work has come. That is shown and not kept: the durable `progress` is the heartbeat's.
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
) -> Result<(), RedisError> {
    let (attempt, offset, progress) = (attempt.to_string(), offset.to_string(), progress.map(Value::to_string));
    let mut fields = vec![("a", attempt.as_str()), ("o", &offset), ("t", text)];
    fields.extend(progress.as_deref().map(|progress| ("p", progress)));
    add(redis, job, &fields).await
}

/// Says that the text so far is void.
///
/// # Errors
/// When Redis is away.
pub async fn reset(redis: &Redis, job: JobId, attempt: i32, reason: &str) -> Result<(), RedisError> {
    add(redis, job, &[("a", &attempt.to_string()), ("r", reason)]).await
}

async fn add(redis: &Redis, job: JobId, fields: &[(&str, &str)]) -> Result<(), RedisError> {
    let key = key(redis, job);
    let mut conn = redis.conn().await?;
    let mut pipe = driver::pipe();
    let entry = pipe.cmd("XADD").arg(&key).arg("MAXLEN").arg("~").arg(LONGEST).arg("*");
    for (name, value) in fields {
        entry.arg(*name).arg(*value);
    }
    pipe.ignore();
    pipe.cmd("PEXPIRE").arg(&key).arg(LIFETIME_MS).ignore();
    pipe.cmd("PUBLISH").arg(events::channel(redis, job)).arg(TEXT).ignore();
    Ok(pipe.query_async::<()>(&mut conn).await?)
}

/// The live text after the entry `after`; from its beginning for `"-"`. At most [`READ_AT_ONCE`] entries: where there are as
/// many, there may be more.
///
/// # Errors
/// When Redis is away.
pub async fn read(redis: &Redis, job: JobId, after: &str) -> Result<Vec<Delta>, RedisError> {
    let mut conn = redis.conn().await?;
    let from = if after == "-" { "-".to_owned() } else { format!("({after}") };
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

/// What was said of a job so far, counted.
#[derive(Clone, Copy, Debug, Default)]
struct Said {
    /// Anything.
    all: u64,
    /// What may have been about an event.
    events: u64,
}

/// What one of a job's watchers read last, and others at the same place needn't.
#[derive(Debug)]
struct LastRead {
    /// How much had been said of the job.
    said: u64,
    /// After which entry it was read.
    after: String,
    deltas: Arc<[Delta]>,
}

/// What the watchers of a job share.
#[derive(Debug)]
struct Shared {
    said: watch::Sender<Said>,
    last_read: tokio::sync::Mutex<Option<LastRead>>,
}

impl Shared {
    fn tell(&self, about_events: bool) {
        self.said.send_modify(|said| {
            said.all += 1;
            said.events += u64::from(about_events);
        });
    }
}

/// Who in this process watches which job.
type Watchers = Mutex<HashMap<JobId, Arc<Shared>>>;

/// One Redis subscription for all watchers of this process.
#[derive(Clone, Debug)]
pub struct Hub {
    redis: Redis,
    watchers: Arc<Watchers>,
}

impl Hub {
    /// Subscribes, and stays subscribed until `shutdown`. Redis may come and go: watchers poll meanwhile.
    #[must_use]
    pub fn spawn(redis: Redis, shutdown: CancellationToken) -> Self {
        let watchers = Arc::new(Watchers::default());
        let (listening, server) = (Arc::clone(&watchers), redis.clone());
        tokio::spawn(async move {
            let listen = async {
                loop {
                    if let Err(error) = listen(&server, &listening).await {
                        tracing::debug!(error = %error_chain(&error), "watchers poll: Redis can't be listened to");
                    }
                    // Whoever watches may have missed something.
                    wake_all(&listening);
                    tokio::time::sleep(Duration::from_secs(1)).await;
                }
            };
            tokio::select! {
                () = shutdown.cancelled() => {}
                () = listen => {}
            }
        });
        Self { redis, watchers }
    }

    /// Watches a job from now on.
    #[must_use]
    pub fn subscribe(&self, job: JobId) -> Watch {
        let mut watchers = self.watchers.lock().unwrap_or_else(PoisonError::into_inner);
        let new = || Arc::new(Shared { said: watch::Sender::default(), last_read: tokio::sync::Mutex::default() });
        let shared = Arc::clone(watchers.entry(job).or_insert_with(new));
        let said = shared.said.subscribe();
        let seen = *said.borrow();
        Watch { job, said, seen, shared, redis: self.redis.clone(), watchers: Arc::clone(&self.watchers) }
    }
}

async fn listen(redis: &Redis, watchers: &Watchers) -> Result<(), RedisError> {
    let prefix = redis.key("evt:");
    let mut pubsub = redis.pubsub().await?;
    subscribed(pubsub.psubscribe(format!("{prefix}*"))).await?;
    wake_all(watchers);
    let mut messages = pubsub.into_on_message();
    while let Some(message) = messages.next().await {
        let Some(Ok(job)) = message.get_channel_name().strip_prefix(&prefix).map(str::parse::<JobId>) else { continue };
        let watchers = watchers.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(shared) = watchers.get(&job) {
            shared.tell(message.get_payload_bytes() != TEXT.as_bytes());
        }
    }
    Ok(())
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

fn wake_all(watchers: &Watchers) {
    for shared in watchers.lock().unwrap_or_else(PoisonError::into_inner).values() {
        shared.tell(true);
    }
}

/// One watcher of one job.
#[derive(Debug)]
pub struct Watch {
    job: JobId,
    said: watch::Receiver<Said>,
    /// How much of it this watcher has heard.
    seen: Said,
    shared: Arc<Shared>,
    redis: Redis,
    watchers: Arc<Watchers>,
}

/// What there may be.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Changed {
    /// More live text, and no event.
    Text,
    /// An event, and perhaps text.
    Events,
}

impl Watch {
    /// Waits until there may be something new: an event, live text, or a subscription that was lost and is back.
    /// What happened since the last call counts. Wrap it in a time-out and poll: a signal may be lost.
    pub async fn changed(&mut self) -> Changed {
        if self.said.changed().await.is_err() {
            // The sender lives as long as this watcher does.
            std::future::pending::<()>().await;
        }
        let before = std::mem::replace(&mut self.seen, *self.said.borrow_and_update());
        if self.seen.events == before.events { Changed::Text } else { Changed::Events }
    }

    /// The live text after the entry `after`, as [`read`] gives it. Watchers at the same place read it once for each signal.
    ///
    /// # Errors
    /// When Redis is away.
    pub async fn read(&self, after: &str) -> Result<Arc<[Delta]>, RedisError> {
        // Redis that stands still must not make watchers wait for each other.
        let Ok(mut last) = tokio::time::timeout(TOGETHER, self.shared.last_read.lock()).await else {
            return Ok(read(&self.redis, self.job, after).await?.into());
        };
        // Before it is read: what is said meanwhile may not be in it.
        let said = self.said.borrow().all;
        if let Some(known) = last.as_ref().filter(|known| known.said == said && known.after == after) {
            return Ok(Arc::clone(&known.deltas));
        }
        let deltas: Arc<[Delta]> = read(&self.redis, self.job, after).await?.into();
        // Nothing is no news: a signal may have been lost.
        if !deltas.is_empty() {
            *last = Some(LastRead { said, after: after.to_owned(), deltas: Arc::clone(&deltas) });
        }
        Ok(deltas)
    }
}

impl Drop for Watch {
    fn drop(&mut self) {
        let mut watchers = self.watchers.lock().unwrap_or_else(PoisonError::into_inner);
        // This receiver goes now, under the lock: of two that end together one must find that it was the last.
        self.said = watch::Sender::default().subscribe();
        if watchers.get(&self.job).is_some_and(|shared| shared.said.receiver_count() == 0) {
            watchers.remove(&self.job);
        }
    }
}
