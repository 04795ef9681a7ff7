//! Claiming and running jobs, and what keeps them honest.
//!
//! | module | does |
//! |---|---|
//! | `claim` | takes attempts: index, compare-and-set, or Postgres alone |
//! | `job`, `produce`, `prepare`, `call`, `judge` | one attempt: strategy, prompt, call, checks, repair |
//! | `ending` | how a job ends or goes back, in one fenced transaction |
//! | `heartbeat`, `listener` | leases; cancellations; wake-ups |
//! | `herald` | tells Redis, so that nobody else waits for it |
//! | `reaper`, `reconciler`, `housekeeping` | what was lost, what is overdue, what is to be made ahead |
//! | `shares` | clients' shares of the workers; whose jobs wait |
//! | `tenants` | which clients have metrics of their own |
//! | [`events`] | what watchers learn |
//! | `store` | all SQL |
//!
//! The attempt number is the fencing token: every write of an attempt first locks its `job_runs` row with that number
//! and `in_progress`, and writes nothing where there is none. No database connection is held during a provider call.

mod backoff;
mod call;
mod claim;
mod context;
mod ending;
pub mod events;
mod halt;
mod heartbeat;
mod herald;
mod housekeeping;
mod job;
mod judge;
mod listener;
mod live_text;
mod patience;
mod prepare;
mod produce;
mod reaper;
mod reconciler;
mod running;
mod shares;
mod store;
mod tenants;

use std::{sync::Arc, time::Duration};

use tokio::{sync::Mutex, task::JoinHandle};
use tokio_util::{sync::CancellationToken, task::TaskTracker};

use context::Context;
pub use context::WorkerDeps;
use running::Stop;

use crate::steady::steadily;

/// How long stopped attempts may take to write that they were.
const LAST_WORDS: Duration = Duration::from_secs(10);

/// Runs jobs.
#[derive(Debug)]
pub struct Worker;

impl Worker {
    /// Starts all loops. On `shutdown` no more jobs are taken, what runs may finish within the grace period, and what
    /// could not is handed back.
    #[must_use]
    pub fn spawn(deps: WorkerDeps, shutdown: CancellationToken) -> WorkerHandle {
        let (ctx, inbox) = Context::new(deps, shutdown);
        let ctx = Arc::new(ctx);
        // Whatever a loop was about is taken up again: it lies in Postgres.
        macro_rules! begun {
            ($run:path $(, $more:expr)*) => {{
                let ctx = Arc::clone(&ctx);
                steadily(stringify!($run), move || $run(Arc::clone(&ctx) $(, $more)*))
            }};
        }
        let inbox = Arc::new(Mutex::new(inbox));
        let claiming = tokio::spawn(begun!(claim::run));
        let loops = TaskTracker::new();
        loops.spawn(begun!(herald::run, Arc::clone(&inbox)));
        loops.spawn(begun!(heartbeat::run));
        loops.spawn(begun!(listener::run));
        loops.spawn(begun!(reconciler::run));
        loops.spawn(begun!(reaper::run));
        loops.spawn(begun!(housekeeping::run));
        loops.spawn(begun!(shares::run));
        loops.close();
        WorkerHandle { supervisor: tokio::spawn(supervise(ctx, claiming, loops)) }
    }
}

/// A running worker.
#[derive(Debug)]
pub struct WorkerHandle {
    supervisor: JoinHandle<()>,
}

impl WorkerHandle {
    /// Waits until the worker has drained after its shutdown was asked for.
    pub async fn drained(self) {
        if let Err(error) = self.supervisor.await {
            tracing::error!(error = %error, "the worker did not end as it should");
        }
    }
}

async fn supervise(ctx: Arc<Context>, claiming: JoinHandle<()>, loops: TaskTracker) {
    ctx.draining.cancelled().await;
    tracing::info!(jobs = ctx.running.len(), "the worker drains");
    let grace = tokio::time::Instant::now() + ctx.settings().grace;
    // A claim in flight still starts its jobs: they count as running, and are handed back before they call anybody.
    if tokio::time::timeout_at(grace, claiming).await.is_err() {
        tracing::warn!("a claim did not come back: the leases of what it takes run out");
    }
    // Leases are renewed meanwhile.
    ctx.jobs.close();
    if tokio::time::timeout_at(grace, ctx.jobs.wait()).await.is_err() {
        tracing::warn!(
            jobs = ctx.running.len(),
            "the grace period is over: what still runs is stopped and handed back"
        );
        ctx.running.stop_all(Stop::Drained);
        if tokio::time::timeout(LAST_WORDS, ctx.jobs.wait()).await.is_err() {
            tracing::error!(jobs = ctx.running.len(), "jobs were left behind: their leases will run out");
        }
    }
    ctx.over.cancel();
    loops.wait().await;
    tracing::info!("the worker has drained");
}
