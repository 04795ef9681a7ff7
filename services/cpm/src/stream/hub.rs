//! One Redis subscription for all watchers of a process, and what its own worker tells them without Redis.
//!
//! Must never be needed: whoever watches looks for gaps every few seconds.

use std::{
    collections::HashMap,
    sync::{Arc, Mutex, PoisonError},
    time::Duration,
};

use futures::StreamExt;
use hg_common::{
    http::error_chain,
    redis::{Redis, RedisError},
};
use hg_types::JobId;
use tokio::sync::watch;
use tokio_util::sync::CancellationToken;

use super::{
    Delta, read,
    shared::{LastRead, Said, Shared},
    signal::{Signal, Writer},
    subscribed,
    tenants::{Listening, Tenants},
};
use crate::{steady::steadily, worker::events::Appended};

/// How long a watcher waits for what another reads.
const TOGETHER: Duration = Duration::from_millis(250);

/// Who in this process watches which job.
#[derive(Debug, Default)]
struct Watchers {
    jobs: Mutex<HashMap<JobId, Arc<Shared>>>,
    tenants: Tenants,
}

impl Watchers {
    fn of(&self, job: JobId) -> Option<Arc<Shared>> {
        self.jobs.lock().unwrap_or_else(PoisonError::into_inner).get(&job).map(Arc::clone)
    }

    fn hear(&self, job: JobId, signal: &Signal, own: &Writer) {
        match signal {
            // The worker here said so itself, and has given the text along.
            Signal::Text(Some(writer)) if writer == own => {}
            Signal::Text(_) => {
                if let Some(shared) = self.of(job) {
                    shared.tell_text();
                }
            }
            Signal::Event { seq, may_be_last, client } => {
                if let Some(shared) = self.of(job) {
                    shared.tell_event(*seq, *may_be_last);
                }
                if let Some(client) = client {
                    self.tenants.tell(*client);
                }
            }
        }
    }

    fn missed(&self) {
        for shared in self.jobs.lock().unwrap_or_else(PoisonError::into_inner).values() {
            shared.tell_missed();
        }
        self.tenants.tell_all();
    }
}

/// What tells the watchers of this process. Clones are the same hub.
#[derive(Clone, Debug)]
pub struct Hub {
    redis: Redis,
    own: Writer,
    watchers: Arc<Watchers>,
}

impl Hub {
    /// Subscribes, and stays subscribed until `shutdown`. Redis may come and go: watchers poll meanwhile.
    #[must_use]
    pub fn spawn(redis: Redis, shutdown: CancellationToken) -> Self {
        let hub = Self { redis, own: Writer::new(), watchers: Arc::default() };
        let listening = hub.clone();
        tokio::spawn(steadily("hub", move || listening.clone().listen_until(shutdown.clone())));
        hub
    }

    async fn listen_until(self, shutdown: CancellationToken) {
        let listen = async {
            loop {
                if let Err(error) = self.listen().await {
                    tracing::debug!(error = %error_chain(&error), "watchers poll: Redis can't be listened to");
                }
                tokio::time::sleep(Duration::from_secs(1)).await;
            }
        };
        tokio::select! {
            () = shutdown.cancelled() => {}
            () = listen => {}
        }
    }

    async fn listen(&self) -> Result<(), RedisError> {
        let prefix = self.redis.key("evt:");
        let mut pubsub = self.redis.pubsub().await?;
        subscribed(pubsub.psubscribe(format!("{prefix}*"))).await?;
        // Whoever watched until now may have missed something. While Redis is away they look by themselves, each in its own
        // time: to wake them all every second would be a storm.
        self.watchers.missed();
        let mut messages = pubsub.into_on_message();
        while let Some(message) = messages.next().await {
            let job = message.get_channel_name().strip_prefix(&prefix).and_then(|id| id.parse::<JobId>().ok());
            let signal = std::str::from_utf8(message.get_payload_bytes()).ok().and_then(Signal::parse);
            if let (Some(job), Some(signal)) = (job, signal) {
                self.watchers.hear(job, &signal, &self.own);
            }
        }
        Ok(())
    }

    /// Watches a job from now on.
    #[must_use]
    pub fn subscribe(&self, job: JobId) -> Watch {
        let mut jobs = self.watchers.jobs.lock().unwrap_or_else(PoisonError::into_inner);
        let shared = Arc::clone(jobs.entry(job).or_default());
        let said = shared.said.subscribe();
        let seen = *said.borrow();
        Watch { job, said, seen, shared, redis: self.redis.clone(), watchers: Arc::clone(&self.watchers) }
    }

    /// Listens to all events of some clients.
    #[must_use]
    pub fn listen_to_clients(&self) -> Listening {
        self.watchers.tenants.listen()
    }

    /// An event was committed here: watchers of this process needn't wait for Redis to say so.
    pub(crate) fn tell(&self, event: Appended) {
        self.watchers.hear(event.job, &Signal::of(event), &self.own);
    }

    /// Text was written here. `after` is the entry that it follows, where that is known.
    pub(crate) fn write(&self, job: JobId, after: Option<&str>, delta: &Delta) {
        if let Some(shared) = self.watchers.of(job) {
            shared.write(after, delta);
        }
    }

    /// By what this process knows its own text.
    pub(crate) const fn writer(&self) -> &Writer {
        &self.own
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
    /// Events up to this one, and perhaps text.
    Events(i32),
    /// Anything: a signal may have been lost.
    Anything,
}

impl Watch {
    /// Waits until there may be something new: an event, live text, or a subscription that was lost and is back.
    /// What happened since the last call counts. Wrap it in a time-out and poll: a signal may be lost.
    pub async fn changed(&mut self) -> Changed {
        let before = self.heard().await;
        if self.seen.missed != before.missed {
            Changed::Anything
        } else if self.seen.seq != before.seq {
            Changed::Events(self.seen.seq)
        } else {
            Changed::Text
        }
    }

    /// Waits until the job may have ended. What happened since the last call counts. Wrap it in a time-out, too.
    pub async fn may_have_ended(&mut self) {
        loop {
            let before = self.heard().await;
            if self.seen.missed != before.missed || self.seen.end != before.end {
                return;
            }
        }
    }

    /// Waits for a word, and returns what was known before it.
    async fn heard(&mut self) -> Said {
        if self.said.changed().await.is_err() {
            // The sender lives as long as this watcher does.
            std::future::pending::<()>().await;
        }
        let said = *self.said.borrow_and_update();
        std::mem::replace(&mut self.seen, said)
    }

    /// The live text after the entry `after`, as [`read`] gives it. What a worker of this process wrote is at hand; what is
    /// not, watchers at the same place read once for each signal.
    ///
    /// # Errors
    /// When Redis is away.
    pub async fn read(&self, after: &str) -> Result<Arc<[Delta]>, RedisError> {
        if let Some(deltas) = self.shared.written_after(after) {
            return Ok(deltas);
        }
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
        let mut jobs = self.watchers.jobs.lock().unwrap_or_else(PoisonError::into_inner);
        // This receiver goes now, under the lock: of two that end together one must find that it was the last.
        self.said = watch::Sender::default().subscribe();
        if jobs.get(&self.job).is_some_and(|shared| shared.said.receiver_count() == 0) {
            jobs.remove(&self.job);
        }
    }
}
