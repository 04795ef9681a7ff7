//! The Redis index of waiting jobs: fair, prioritised, and never the truth.
//!
//! **Postgres decides; this is an index that can be rebuilt, and a wake-up call.** Nothing here may be needed for
//! a promise: an entry that is lost is added again by the reconciler, an entry that is there twice or stale is
//! dropped by the compare-and-set of the claim.
//!
//! | key | type | holds |
//! |---|---|---|
//! | `q:epoch` | string | that the index was built since Redis was last wiped |
//! | `q:m` | hash | job → `client:priority:score` of every job in the index: the guard against doubles |
//! | `q:t:<client>` | zset | waiting jobs of a client by enqueue time − boost: they age upwards, nothing starves |
//! | `q:ring` | zset | clients with waiting jobs by virtual time |
//! | `q:vt` | string | the global virtual time |
//! | `q:last` | zset | clients that left the ring ahead of the global time, by their own |
//! | `q:share` | hash | client → `weight:cap` of those who have other ones than everybody |
//! | `q:parked` | zset | clients at their cap, by the time at which the first slot may fall free |
//! | `q:delayed` | zset | jobs that wait for a time |
//! | `q:leased` | zset | jobs taken and not yet confirmed in Postgres, by expiry |
//! | `q:run:t:<client>`, `q:run:p:<provider>` | zset | semaphores: who holds a slot, and until when |
//! | `q:wake`, `q:cancel` | channel | something waits; this job is to be stopped |

pub(crate) mod dispatch;
mod index;
pub mod settings;
#[cfg(test)]
mod tests;

use std::{collections::HashMap, time::Duration};

use chrono::{DateTime, Utc};
use hg_common::{
    db::SystemDb,
    redis::{Redis, RedisError, driver::AsyncCommands},
};
use hg_types::{ClientId, JobId, Provider};
use tokio::sync::mpsc;

pub use index::{Claim, Maintained};
pub use settings::Settings;

/// How long a best effort waits for Redis.
const ANSWER: Duration = Duration::from_secs(1);

/// A job that waits, or will wait from a time on.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Enqueue {
    /// Which job.
    pub job_id: JobId,
    /// Whose.
    pub client_id: ClientId,
    /// −10 (last) to 10 (first).
    pub priority: i16,
    /// Not before this time; a time that has passed means at once.
    pub available_at: DateTime<Utc>,
}

/// What a client gets of the workers, where that isn't what everybody gets.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Share {
    /// Whose.
    pub client: ClientId,
    /// So many turns to one of a client without a share.
    pub weight: i16,
    /// How many of its jobs run at once; `None`: as many as anybody's.
    pub concurrency: Option<i32>,
}

/// How much is in the index.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Depth {
    /// Jobs that could run now, a slot provided.
    pub waiting: u64,
    /// Jobs that wait for a time.
    pub delayed: u64,
    /// Clients at their cap.
    pub parked: u64,
}

/// The index of waiting jobs. Clones share one dispatcher.
#[derive(Clone, Debug)]
pub struct Queue {
    redis: Redis,
    settings: Settings,
    dispatcher: mpsc::Sender<Enqueue>,
}

impl Queue {
    /// Starts the dispatcher, which lives as long as a clone of the queue does. Needs a running tokio runtime.
    #[must_use]
    pub fn new(redis: Redis, db: SystemDb, settings: Settings) -> Self {
        let dispatcher = dispatch::spawn(redis.clone(), db);
        Self { redis, settings, dispatcher }
    }

    /// What the queue was made with.
    #[must_use]
    pub const fn settings(&self) -> &Settings {
        &self.settings
    }

    /// Puts a job into the index and notes in Postgres that this was done. To be called after COMMIT. Best effort:
    /// returns at once, jobs of one moment go together, and what is lost on the way the reconciler finds.
    #[expect(
        clippy::unused_async,
        reason = "a full dispatcher may have to be waited for one day; callers shouldn't change then"
    )]
    pub async fn enqueue(&self, job: Enqueue) {
        if self.dispatcher.try_send(job).is_err() {
            metrics::counter!("cpm_queue_dispatch_skipped_total").increment(1);
        }
    }

    /// Takes an ended job out of the index. Best effort: a stale entry is dropped at its claim.
    /// Waits for a Redis that doesn't answer no longer than a second.
    pub async fn remove(&self, job: JobId, client: ClientId) {
        match tokio::time::timeout(ANSWER, index::finish(&self.redis, &[(job, client)])).await {
            Ok(Ok(())) => {}
            Ok(Err(error)) => {
                tracing::debug!(%job, error = %hg_common::http::error_chain(&error), "a stale entry stays in the index");
            }
            Err(_) => tracing::debug!(%job, "a stale entry stays in the index: Redis doesn't answer"),
        }
    }

    /// Takes ended jobs out of the index.
    pub(crate) async fn finish(&self, jobs: &[(JobId, ClientId)]) -> Result<(), RedisError> {
        index::finish(&self.redis, jobs).await
    }

    /// Tells the worker that runs this job that it is to be stopped. Fast, not sure: the flag in Postgres is,
    /// which the worker sees at its next heartbeat.
    pub async fn notify_cancel(&self, job: JobId) {
        let told: Result<(), RedisError> = async {
            let mut conn = self.redis.conn().await?;
            Ok(conn.publish::<_, _, ()>(self.redis.key("q:cancel"), job.to_string()).await?)
        }
        .await;
        if let Err(error) = told {
            tracing::debug!(%job, error = %hg_common::http::error_chain(&error), "the heartbeat will tell of the cancellation");
        }
    }

    /// How much is in the index.
    ///
    /// # Errors
    /// When Redis is away.
    pub async fn depth(&self) -> Result<Depth, RedisError> {
        index::depth(&self.redis).await
    }

    pub(crate) const fn redis(&self) -> &Redis {
        &self.redis
    }

    pub(crate) async fn claim(&self, most: usize) -> Result<Claim, RedisError> {
        index::claim(&self.redis, &self.settings, most).await
    }

    pub(crate) async fn add(&self, jobs: &[Enqueue]) -> Result<(), RedisError> {
        index::add(&self.redis, jobs).await
    }

    pub(crate) async fn confirm(&self, jobs: &[(JobId, ClientId)]) -> Result<(), RedisError> {
        index::confirm(&self.redis, &self.settings, jobs).await
    }

    pub(crate) async fn stale(&self, jobs: &[(JobId, ClientId)]) -> Result<(), RedisError> {
        index::stale(&self.redis, jobs).await
    }

    pub(crate) async fn hold(&self, jobs: &HashMap<JobId, (ClientId, Option<Provider>)>) -> Result<(), RedisError> {
        index::hold(&self.redis, &self.settings, jobs).await
    }

    pub(crate) async fn maintain(&self) -> Result<Maintained, RedisError> {
        index::maintain(&self.redis).await
    }

    pub(crate) async fn set_shares(&self, shares: &[Share]) -> Result<(), RedisError> {
        index::set_shares(&self.redis, shares).await
    }

    pub(crate) async fn mark_built(&self) -> Result<(), RedisError> {
        index::mark_built(&self.redis).await
    }

    pub(crate) async fn provider_acquire(&self, provider: Provider, job: JobId) -> Result<bool, RedisError> {
        index::provider_acquire(&self.redis, &self.settings, provider, job).await
    }

    pub(crate) async fn provider_release(&self, provider: Provider, job: JobId) -> Result<(), RedisError> {
        index::provider_release(&self.redis, provider, job).await
    }
}
