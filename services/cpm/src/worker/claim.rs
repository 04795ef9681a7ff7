//! Taking jobs: from the index, compare-and-set in Postgres, and without Redis from Postgres alone.
//!
//! Takes no more than this process has slots for, and nothing once it drains.

use std::{sync::Arc, time::Duration};

use hg_common::http::error_chain;
use hg_types::{ClientId, JobId};
use tokio::{
    sync::OwnedSemaphorePermit,
    time::{Instant, sleep_until},
};

use super::{
    context::Context,
    herald::ANSWER,
    job,
    patience::is_passing,
    store::claim::{Taken, claim_any, claim_named},
};

/// From one claim to the next at least: slots that fall free one by one are filled together.
const GATHER: Duration = Duration::from_millis(10);

/// What a try to claim came to.
enum Came {
    /// These, from the index, which is to be told. There may be more.
    Fast(Vec<Taken>, Popped),
    /// These, without the index.
    Slow(Vec<Taken>),
    /// Nothing, because Postgres is away.
    Nothing,
}

/// What the index gave out provisionally.
#[derive(Default)]
struct Popped {
    /// Taken.
    mine: Vec<(JobId, ClientId)>,
    /// Not to be had any more.
    stale: Vec<(JobId, ClientId)>,
}

pub(super) async fn run(ctx: Arc<Context>) {
    let mut last: Option<Instant> = None;
    loop {
        let wait_for_slot = Arc::clone(&ctx.slots).acquire_owned();
        let first = tokio::select! {
            biased;
            () = ctx.draining.cancelled() => return,
            permit = wait_for_slot => match permit {
                Ok(permit) => permit,
                Err(_) => return,
            },
        };
        if let Some(last) = last {
            sleep_until(last + GATHER).await;
        }
        let began = Instant::now();
        last = Some(began);
        let mut permits = vec![first];
        while permits.len() < ctx.settings().claim_batch
            && let Ok(more) = Arc::clone(&ctx.slots).try_acquire_owned()
        {
            permits.push(more);
        }
        let wanted = permits.len();
        let (taken, pause, popped) = match take(&ctx, wanted).await {
            // Nothing waits, or all who wait are at their cap.
            Came::Fast(taken, popped) => {
                let pause = taken.is_empty().then_some(ctx.settings().poll);
                (taken, pause, popped)
            }
            Came::Slow(taken) => {
                let pause = (taken.len() < wanted).then_some(ctx.settings().slow_poll);
                (taken, pause, Popped::default())
            }
            Came::Nothing => (Vec::new(), Some(ctx.settings().poll), Popped::default()),
        };
        // The attempts that were taken have leases by now, and wait for nobody.
        start(&ctx, began, taken, permits);
        tell(&ctx, &popped).await;
        if let Some(pause) = pause {
            tokio::select! {
                biased;
                () = ctx.draining.cancelled() => return,
                () = ctx.wake.notified() => {}
                () = tokio::time::sleep(pause) => {}
            }
        }
    }
}

async fn take(ctx: &Context, most: usize) -> Came {
    let claim = match ctx.deps.queue.claim(most).await {
        Ok(claim) => claim,
        Err(error) => {
            tracing::debug!(error = %error_chain(&error), "claiming without the index");
            return take_slowly(ctx, most).await;
        }
    };
    if !claim.built {
        ctx.rebuild.notify_one();
    }
    if claim.jobs.is_empty() {
        return Came::Fast(Vec::new(), Popped::default());
    }
    let ids: Vec<JobId> = claim.jobs.iter().map(|(job, _)| *job).collect();
    let taken = match claim_named(&ctx.deps.system, &ctx.id, ctx.settings().lease, &ids).await {
        Ok(taken) => taken,
        Err(error) if !is_passing(&error) && ids.len() > 1 => one_by_one(ctx, &ids, &error).await,
        Err(error) => {
            // The provisional leases run out; the rows are pending, or their own leases run out.
            tracing::warn!(error = %error_chain(&error), "no attempt could be taken");
            ctx.database.failed(&error);
            return Came::Nothing;
        }
    };
    let (mine, stale): (Vec<_>, Vec<_>) =
        claim.jobs.into_iter().partition(|(job, _)| taken.iter().any(|one| one.claimed.job == *job));
    if taken.is_empty() {
        // All were stale: ask again at once.
        ctx.wake.notify_one();
    }
    Came::Fast(taken, Popped { mine, stale })
}

/// One of them can't be taken: that must not keep the others waiting.
async fn one_by_one(ctx: &Context, ids: &[JobId], error: &sqlx::Error) -> Vec<Taken> {
    tracing::warn!(jobs = ids.len(), error = %error_chain(error), "jobs are taken one by one");
    let mut taken = Vec::new();
    for job in ids {
        match claim_named(&ctx.deps.system, &ctx.id, ctx.settings().lease, &[*job]).await {
            Ok(one) => taken.extend(one),
            Err(error) => tracing::error!(%job, error = %error_chain(&error), "a job can't be taken"),
        }
    }
    taken
}

/// Tells the index what became of what it gave out. It finds out by itself, later.
async fn tell(ctx: &Context, popped: &Popped) {
    match tokio::time::timeout(ANSWER, tidy(ctx, popped)).await {
        Ok(Ok(())) => {}
        Ok(Err(error)) => tracing::debug!(error = %error_chain(&error), "the index will tidy itself"),
        Err(_) => tracing::debug!("the index will tidy itself: Redis doesn't answer"),
    }
}

async fn tidy(ctx: &Context, Popped { mine, stale }: &Popped) -> Result<(), hg_common::redis::RedisError> {
    if !stale.is_empty() {
        metrics::counter!("cpm_queue_stale_entries_total").increment(stale.len() as u64);
        ctx.deps.queue.stale(stale).await?;
    }
    if !mine.is_empty() {
        ctx.deps.queue.confirm(mine).await?;
    }
    Ok(())
}

async fn take_slowly(ctx: &Context, most: usize) -> Came {
    match claim_any(&ctx.deps.system, &ctx.id, ctx.settings().lease, most).await {
        Ok(taken) => {
            metrics::counter!("cpm_queue_slow_claims_total").increment(taken.len() as u64);
            Came::Slow(taken)
        }
        Err(error) => {
            tracing::warn!(error = %error_chain(&error), "neither Redis nor Postgres can be claimed from");
            ctx.database.failed(&error);
            Came::Nothing
        }
    }
}

/// Runs the attempts whose leases run since they were asked for.
fn start(ctx: &Arc<Context>, leased: Instant, taken: Vec<Taken>, permits: Vec<OwnedSemaphorePermit>) {
    for (Taken { claimed, event, job }, permit) in taken.into_iter().zip(permits) {
        metrics::histogram!("cpm_job_wait_seconds").record(claimed.age.as_secs_f64());
        metrics::counter!("cpm_client_wait_milliseconds_total", "client" => ctx.tenants.label(claimed.client))
            .increment(u64::try_from(claimed.age.as_millis()).unwrap_or(u64::MAX));
        metrics::counter!("cpm_client_attempts_total", "client" => ctx.tenants.label(claimed.client)).increment(1);
        let run = ctx.running.begin(claimed, leased);
        ctx.jobs.spawn(job::run(Arc::clone(ctx), run, job, permit));
        ctx.herald.announce(event);
    }
    metrics::gauge!("cpm_jobs_running").set(ctx.running.len() as f64);
}
