//! Tells Redis what happened: announcements to watchers, and whose slots are held.
//!
//! A task of its own, so that nobody who renews leases, claims or reaps ever waits for Redis. All of it is best effort:
//! watchers poll, slots fall free and are held again. What can't be told in time is dropped, never gathered without bound.

use std::{collections::HashMap, sync::Arc, time::Duration};

use hg_common::http::error_chain;
use tokio::{
    sync::{Notify, mpsc},
    time::timeout,
};

use super::{context::Context, events};
use crate::stream::Hub;

/// How many announcements may wait.
const ROOM: usize = 4_096;
/// So many go in one pipeline.
const BATCH: usize = 256;
/// A Redis that takes longer is treated as away.
pub(super) const ANSWER: Duration = Duration::from_secs(1);

/// Where the worker's loops and jobs leave what Redis is to be told.
#[derive(Debug)]
pub(super) struct Herald {
    hub: Hub,
    events: mpsc::Sender<events::Appended>,
    slots: Notify,
}

/// What was left for the herald's task.
pub(super) type Inbox = mpsc::Receiver<events::Appended>;

impl Herald {
    pub(super) fn new(hub: Hub) -> (Self, Inbox) {
        let (events, inbox) = mpsc::channel(ROOM);
        (Self { hub, events, slots: Notify::new() }, inbox)
    }

    /// Announces an event that is committed: here at once, elsewhere through Redis. Returns at once.
    pub(super) fn announce(&self, event: events::Appended) {
        self.hub.tell(event);
        if self.events.try_send(event).is_err() {
            metrics::counter!("cpm_announcements_dropped_total").increment(1);
        }
    }

    /// Holds the slots of what runs now. Returns at once.
    pub(super) fn hold(&self) {
        self.slots.notify_one();
    }
}

pub(super) async fn run(ctx: Arc<Context>, mut inbox: Inbox) {
    let mut batch = Vec::with_capacity(BATCH);
    loop {
        tokio::select! {
            biased;
            () = ctx.herald.slots.notified() => hold(&ctx).await,
            count = inbox.recv_many(&mut batch, BATCH) => {
                if count == 0 {
                    return;
                }
                announce(&ctx, &batch).await;
                batch.clear();
            }
            // Last: what the last jobs said is told, too.
            () = ctx.over.cancelled() => return,
        }
    }
}

async fn announce(ctx: &Context, batch: &[events::Appended]) {
    if timeout(ANSWER, events::announce_all(&ctx.deps.redis, batch)).await.is_err() {
        tracing::debug!(events = batch.len(), "watchers poll: Redis doesn't answer");
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
