//! Tells Redis what happened: announcements to watchers, whose slots are held, and whose fall free.
//!
//! A task of its own, so that nobody who renews leases, claims or reaps ever waits for Redis. All of it is best effort:
//! watchers poll, slots fall free and are held again. What can't be told in time is dropped, never gathered without bound.

use std::{collections::HashMap, sync::Arc, time::Duration};

use hg_common::http::error_chain;
use hg_types::{ClientId, JobId};
use tokio::{
    sync::{Mutex, Notify, mpsc},
    time::timeout,
};

use super::{context::Context, events};
use crate::stream::Hub;

/// How much may wait to be told.
const ROOM: usize = 4_096;
/// So many go in one pipeline.
const BATCH: usize = 256;
/// A Redis that takes longer is treated as away.
pub(super) const ANSWER: Duration = Duration::from_secs(1);

/// What is told.
#[derive(Clone, Copy, Debug)]
pub(super) enum News {
    /// To a job's watchers.
    Event(events::Appended),
    /// To the index: the job has ended, and its slot is free.
    Over(JobId, ClientId),
}

/// Where the worker's loops and jobs leave what Redis is to be told.
#[derive(Debug)]
pub(super) struct Herald {
    hub: Hub,
    news: mpsc::Sender<News>,
    slots: Notify,
}

/// What was left for the herald's task.
pub(super) type Inbox = mpsc::Receiver<News>;

impl Herald {
    pub(super) fn new(hub: Hub) -> (Self, Inbox) {
        let (news, inbox) = mpsc::channel(ROOM);
        (Self { hub, news, slots: Notify::new() }, inbox)
    }

    /// Announces an event that is committed: here at once, elsewhere through Redis. Returns at once.
    pub(super) fn announce(&self, event: events::Appended) {
        self.hub.tell(event);
        self.tell(News::Event(event));
    }

    /// Takes a job that has ended out of the index. Returns at once; a stale entry is dropped at its claim.
    pub(super) fn over(&self, job: JobId, client: ClientId) {
        self.tell(News::Over(job, client));
    }

    fn tell(&self, news: News) {
        if self.news.try_send(news).is_err() {
            metrics::counter!("cpm_announcements_dropped_total").increment(1);
        }
    }

    /// Holds the slots of what runs now. Returns at once.
    pub(super) fn hold(&self) {
        self.slots.notify_one();
    }
}

pub(super) async fn run(ctx: Arc<Context>, inbox: Arc<Mutex<Inbox>>) {
    // Nobody else wants it; where this panics and is begun again it falls free.
    let mut inbox = inbox.lock().await;
    let mut batch = Vec::with_capacity(BATCH);
    loop {
        tokio::select! {
            biased;
            () = ctx.herald.slots.notified() => hold(&ctx).await,
            count = inbox.recv_many(&mut batch, BATCH) => {
                if count == 0 {
                    return;
                }
                tell(&ctx, &batch).await;
                batch.clear();
            }
            // Last: what the last jobs said is told, too.
            () = ctx.over.cancelled() => return,
        }
    }
}

async fn tell(ctx: &Context, batch: &[News]) {
    let (mut told, mut over) = (Vec::with_capacity(batch.len()), Vec::new());
    for news in batch {
        match *news {
            News::Event(event) => told.push(event),
            News::Over(job, client) => over.push((job, client)),
        }
    }
    // Slots first: somebody may wait for them.
    if !over.is_empty() {
        match timeout(ANSWER, ctx.deps.queue.finish(&over)).await {
            Ok(Ok(())) => {}
            Ok(Err(error)) => tracing::debug!(error = %error_chain(&error), "stale entries stay in the index"),
            Err(_) => tracing::debug!("stale entries stay in the index: Redis doesn't answer"),
        }
    }
    if !told.is_empty() && timeout(ANSWER, events::announce_all(&ctx.deps.redis, &told)).await.is_err() {
        tracing::debug!(events = told.len(), "watchers poll: Redis doesn't answer");
    }
}

async fn hold(ctx: &Context) {
    // What runs by now: a job that has ended meanwhile must not take its slot again.
    let slots: HashMap<_, _> =
        ctx.running.beats().into_iter().map(|beat| (beat.claimed.job, (beat.claimed.client, beat.provider))).collect();
    if slots.is_empty() {
        return;
    }
    match timeout(ANSWER, ctx.deps.queue.hold(&slots)).await {
        Ok(Ok(())) => {}
        Ok(Err(error)) => tracing::debug!(error = %error_chain(&error), "slots are not held in Redis for now"),
        Err(_) => tracing::debug!("slots are not held in Redis for now: it doesn't answer"),
    }
}
