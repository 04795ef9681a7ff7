//! What the loops and jobs of one worker share.

use std::{
    sync::{Arc, Mutex, PoisonError},
    time::Duration,
};

use hg_common::{
    crypto::Keyring,
    db::{Db, SystemDb},
    redis::Redis,
};
use hg_contracts::{im::ImClient, smm::SmmClient};
use tokio::{
    sync::{Notify, Semaphore},
    time::Instant,
};
use tokio_util::{sync::CancellationToken, task::TaskTracker};

use super::{
    herald::{Herald, Inbox},
    patience::is_passing,
    running::Running,
    store::{attempt::Beginning, ending::Completing},
    tenants::Tenants,
};
use crate::{
    combine::Combiner,
    domain::provider_choice::Catalogue,
    queue::{Queue, Settings},
    stream::Hub,
};

/// What a worker works with.
#[derive(Clone)]
pub struct WorkerDeps {
    /// The database.
    pub db: Db,
    /// The same across tenants: for claims, leases and overdue jobs.
    pub system: SystemDb,
    /// Redis: live text, announcements, and behind the queue.
    pub redis: Redis,
    /// The watchers of this process.
    pub hub: Hub,
    /// The index of waiting jobs; its settings are the worker's.
    pub queue: Queue,
    /// Where strategies come from.
    pub smm: SmmClient,
    /// Where prompts come from.
    pub im: ImClient,
    /// Providers and prices.
    pub catalogue: Arc<Catalogue>,
    /// Opens customers' own provider keys; none where none can be stored.
    pub keyring: Option<Arc<Keyring>>,
}

impl std::fmt::Debug for WorkerDeps {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("WorkerDeps").field("queue", &self.queue).finish_non_exhaustive()
    }
}

pub(super) struct Context {
    pub(super) deps: WorkerDeps,
    /// Who holds the leases: unique per process and start.
    pub(super) id: String,
    pub(super) running: Running,
    /// Who has metrics of its own.
    pub(super) tenants: Tenants,
    /// Provider calls that begin, and jobs that are complete: those of one moment together.
    pub(super) begins: Combiner<Beginning>,
    pub(super) completes: Combiner<Completing>,
    pub(super) slots: Arc<Semaphore>,
    /// Something may wait in the index.
    pub(super) wake: Notify,
    /// The index isn't built.
    pub(super) rebuild: Notify,
    /// A heartbeat is wanted now.
    pub(super) beat: Notify,
    /// Tells Redis, so that nobody else waits for it.
    pub(super) herald: Herald,
    /// No new attempts, no new provider calls.
    pub(super) draining: CancellationToken,
    /// The end of everything else.
    pub(super) over: CancellationToken,
    pub(super) jobs: TaskTracker,
    pub(super) database: Reachability,
}

impl Context {
    pub(super) fn new(deps: WorkerDeps, draining: CancellationToken) -> (Self, Inbox) {
        let (herald, inbox) = Herald::new(deps.hub.clone());
        let settings = deps.queue.settings();
        let (slots, database) = (Arc::new(Semaphore::new(settings.concurrency)), Reachability::new(settings.lease));
        let tenants = Tenants::new(settings.metric_clients);
        let (begins, completes) = (Combiner::spawn(&deps.db), Combiner::spawn(&deps.db));
        let context = Self {
            begins,
            completes,
            deps,
            id: uuid::Uuid::now_v7().to_string(),
            running: Running::default(),
            tenants,
            slots,
            wake: Notify::new(),
            rebuild: Notify::new(),
            beat: Notify::new(),
            herald,
            draining,
            over: CancellationToken::new(),
            jobs: TaskTracker::new(),
            database,
        };
        (context, inbox)
    }

    pub(super) const fn settings(&self) -> &Settings {
        self.deps.queue.settings()
    }

    /// Waits, but not beyond the end of the worker. Returns whether it goes on.
    pub(super) async fn pause(&self, duration: Duration) -> bool {
        tokio::select! {
            biased;
            () = self.over.cancelled() => false,
            () = tokio::time::sleep(duration) => true,
        }
    }
}

/// For how long Postgres has answered without a gap. Nobody's lease may be called expired before that has been a whole
/// lease: while Postgres (or its pooler, or this process) stood still, workers couldn't renew theirs.
#[derive(Debug)]
pub(super) struct Reachability {
    lease: Duration,
    seen: Mutex<Option<Seen>>,
}

#[derive(Clone, Copy, Debug)]
struct Seen {
    since: Instant,
    last: Instant,
}

impl Reachability {
    const fn new(lease: Duration) -> Self {
        Self { lease, seen: Mutex::new(None) }
    }

    /// Postgres has just answered.
    pub(super) fn answered(&self, now: Instant) {
        let mut seen = self.seen.lock().unwrap_or_else(PoisonError::into_inner);
        *seen = Some(match *seen {
            // A longer silence than this and others may have missed a heartbeat, whatever the cause was.
            Some(before) if now - before.last <= self.lease / 2 => Seen { last: now, ..before },
            _ => Seen { since: now, last: now },
        });
    }

    /// A statement has just failed: where that may pass, Postgres did not answer. One that Postgres refuses is an answer.
    pub(super) fn failed(&self, error: &sqlx::Error) {
        if is_passing(error) {
            self.lost();
        }
    }

    /// Postgres has just not answered.
    fn lost(&self) {
        *self.seen.lock().unwrap_or_else(PoisonError::into_inner) = None;
    }

    /// Whether it has answered for a whole lease, up to now.
    pub(super) fn for_a_lease(&self, now: Instant) -> bool {
        let seen = *self.seen.lock().unwrap_or_else(PoisonError::into_inner);
        seen.is_some_and(|seen| now - seen.since >= self.lease && now - seen.last <= self.lease / 2)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const SECOND: Duration = Duration::from_secs(1);

    #[test]
    fn reaping_waits_for_a_whole_lease_without_a_gap() {
        let (start, database) = (Instant::now(), Reachability::new(SECOND * 10));
        assert!(!database.for_a_lease(start));
        for tick in 0..5 {
            database.answered(start + SECOND * 2 * tick);
            assert!(!database.for_a_lease(start + SECOND * 2 * tick));
        }
        database.answered(start + SECOND * 10);
        assert!(database.for_a_lease(start + SECOND * 10));
        database.lost();
        database.answered(start + SECOND * 11);
        assert!(!database.for_a_lease(start + SECOND * 11));
    }

    #[test]
    fn a_process_that_stood_still_starts_counting_anew() {
        let (start, database) = (Instant::now(), Reachability::new(SECOND * 10));
        for tick in 0..6 {
            database.answered(start + SECOND * 2 * tick);
        }
        assert!(database.for_a_lease(start + SECOND * 12));
        assert!(!database.for_a_lease(start + SECOND * 72), "asleep");
        database.answered(start + SECOND * 72);
        assert!(!database.for_a_lease(start + SECOND * 72), "awake, but the others may not have been");
    }
}
