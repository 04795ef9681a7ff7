//! The load: callers that follow `docs/integrators.md` to the letter, and watchers that count events. It must not know
//! which fault is on.

mod asked;
mod caller;
mod told;
mod watcher;

use std::{
    net::SocketAddr,
    sync::{
        Arc,
        atomic::{AtomicBool, AtomicU64, AtomicUsize, Ordering},
    },
    time::Duration,
};

use hg_rig::{http::Server, plant::Tenant};
use hg_types::Usd;
use tokio_util::task::TaskTracker;

pub(crate) use self::{
    asked::{Asked, key_of, number_in},
    told::{Accepted, Told, Watched},
};
use self::{caller::Caller, told::Telling};

/// How many customers ask.
pub(crate) const TENANTS: usize = 40;
/// One in so many has a budget that binds.
pub(crate) const LIMITED_EVERY: usize = 8;
/// How many ask at the same time.
const CALLERS: usize = 12;
/// How soon a caller looks again whether there are few enough jobs.
const ROUND: Duration = Duration::from_millis(15);
/// How long callers and watchers may take to be through once all jobs have ended.
const LAST_WORDS: Duration = Duration::from_secs(60);

/// A customer's daily limit: a few reservations, and about half of what its jobs would cost.
pub(crate) fn client_limit(jobs: usize) -> Usd {
    Usd::from_nanos(10_000_000 + i64::try_from(jobs).unwrap_or_default() * 12_000)
}

/// An agency's daily limit, which a part of its four customers' jobs exhausts.
pub(crate) fn agency_limit(jobs: usize) -> Usd {
    Usd::from_nanos(20_000_000 + i64::try_from(jobs).unwrap_or_default() * 40_000)
}

/// How much is asked for.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Plan {
    pub(crate) seed: u64,
    /// Jobs to be accepted, at least: it also goes on until the faults are over.
    pub(crate) jobs: usize,
    /// How many jobs are kept alive.
    pub(crate) alive: u64,
}

/// What callers and watchers share.
struct Shared {
    plan: Plan,
    tenants: Vec<Tenant>,
    servers: Vec<Server>,
    alive: Arc<AtomicU64>,
    next: AtomicU64,
    accepted: AtomicUsize,
    enough: AtomicBool,
    telling: Telling,
    /// What was begun for accepted jobs: watchers, cancellations.
    followers: TaskTracker,
}

impl Shared {
    fn is_over(&self) -> bool {
        self.enough.load(Ordering::Relaxed) && self.accepted.load(Ordering::Relaxed) >= self.plan.jobs
    }
}

/// The running load.
pub(crate) struct Load {
    shared: Arc<Shared>,
    callers: TaskTracker,
}

impl Load {
    /// Begins to ask. `alive` is how many jobs live.
    pub(crate) fn start(plan: Plan, tenants: Vec<Tenant>, replicas: Vec<SocketAddr>, alive: Arc<AtomicU64>) -> Self {
        let shared = Arc::new(Shared {
            plan,
            tenants: tenants.into_iter().take(TENANTS).collect(),
            servers: replicas.into_iter().map(Server::new).collect(),
            alive,
            next: AtomicU64::new(0),
            accepted: AtomicUsize::new(0),
            enough: AtomicBool::new(false),
            telling: Telling::default(),
            followers: TaskTracker::new(),
        });
        let callers = TaskTracker::new();
        for _ in 0..CALLERS {
            let shared = Arc::clone(&shared);
            callers.spawn(async move {
                while !shared.is_over() {
                    if shared.alive.load(Ordering::Relaxed) >= shared.plan.alive {
                        tokio::time::sleep(ROUND).await;
                        continue;
                    }
                    let number = shared.next.fetch_add(1, Ordering::Relaxed);
                    Caller::new(&shared, number).ask().await;
                }
            });
        }
        callers.close();
        Self { shared, callers }
    }

    pub(crate) fn plan(&self) -> Plan {
        self.shared.plan
    }

    /// How many jobs were accepted so far.
    pub(crate) fn accepted(&self) -> usize {
        self.shared.accepted.load(Ordering::Relaxed)
    }

    /// No more faults come: it may end when all jobs were accepted.
    pub(crate) fn enough(&self) {
        self.shared.enough.store(true, Ordering::Relaxed);
    }

    /// Whether everybody who asks has been answered.
    pub(crate) fn is_through(&self) -> bool {
        self.callers.is_empty()
    }

    /// Waits for the watchers, and tells what everybody saw. A watcher that doesn't end by itself is cut off, and shows as one
    /// that saw no end.
    pub(crate) async fn finish(self) -> Told {
        self.shared.followers.close();
        drop(tokio::time::timeout(LAST_WORDS, self.shared.followers.wait()).await);
        self.shared.telling.take()
    }
}
