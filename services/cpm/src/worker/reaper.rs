//! Looks after jobs that nobody looks after any more: expired leases go back with a backoff, crashes are counted, and
//! what is out of time or unwanted ends.
//!
//! Never touches a lease before Postgres has been reachable for one whole lease, else each restart of a pooler would
//! double every running job.

use std::{collections::HashMap, sync::Arc, time::Duration};

use hg_common::{db::SystemTx, http::error_chain};
use hg_types::{ClientId, JobId, JobStatus};
use tokio::time::Instant;
use uuid::Uuid;

use super::{
    backoff::full_jitter,
    context::Context,
    ending::{self, End},
    events::{self, Appended, Event},
    patience::is_passing,
    store::{
        ending::{Counted, Which, run_release},
        overdue::{Overdue, OverdueJob, dearest_unknown, overdue_next},
    },
};
use crate::{
    ledger::{calls_lost, results_lost},
    queue::Enqueue,
};

/// So many jobs in one round: others want their turn, too.
const ROUND: usize = 200;
/// How long a job is left alone that Postgres refused to let go.
const A_WHILE: Duration = Duration::from_secs(60);
/// How long one is left alone while Postgres was away: perhaps it was the cause.
const A_MOMENT: Duration = Duration::from_secs(5);

/// What became of a job.
struct Reaped {
    job: JobId,
    client: ClientId,
    event: Appended,
    again: Option<Enqueue>,
}

/// A job that couldn't be looked after, or none where not even one could be found.
struct Failed {
    job: Option<JobId>,
    error: sqlx::Error,
}

/// Jobs that are left alone for a while, because looking after them failed: one of them must not stand in the way of
/// all the others.
#[derive(Debug, Default)]
struct LeftAlone(HashMap<JobId, Instant>);

impl LeftAlone {
    fn add(&mut self, job: JobId, until: Instant) {
        self.0.insert(job, until);
    }

    fn ids(&mut self, now: Instant) -> Vec<Uuid> {
        self.0.retain(|_, until| *until > now);
        self.0.keys().map(|job| job.uuid()).collect()
    }
}

pub(super) async fn run(ctx: Arc<Context>) {
    let mut left_alone = LeftAlone::default();
    while ctx.pause(ctx.settings().reap).await {
        round(&ctx, &mut left_alone).await;
    }
}

async fn round(ctx: &Context, left_alone: &mut LeftAlone) {
    for why in [Overdue::Cancelled, Overdue::Deadline, Overdue::LeaseExpired] {
        // Workers may have been kept from renewing their leases.
        if why == Overdue::LeaseExpired && !ctx.database.for_a_lease(Instant::now()) {
            continue;
        }
        for _ in 0..ROUND {
            match reap_one(ctx, why, &left_alone.ids(Instant::now())).await {
                Ok(Some(reaped)) => {
                    ctx.deps.queue.remove(reaped.job, reaped.client).await;
                    if let Some(again) = reaped.again {
                        ctx.deps.queue.enqueue(again).await;
                    }
                    ctx.herald.announce(reaped.event);
                }
                Ok(None) => break,
                Err(Failed { job, error }) => {
                    ctx.database.failed(&error);
                    let passing = is_passing(&error);
                    if let Some(job) = job {
                        left_alone.add(job, Instant::now() + if passing { A_MOMENT } else { A_WHILE });
                    }
                    if job.is_none() || passing {
                        tracing::warn!(?job, error = %error_chain(&error), "overdue jobs can't be looked after");
                        return;
                    }
                    metrics::counter!("cpm_jobs_not_reaped_total").increment(1);
                    tracing::error!(?job, error = %error_chain(&error), "an overdue job can't be looked after");
                }
            }
        }
    }
}

async fn reap_one(ctx: &Context, why: Overdue, except: &[Uuid]) -> Result<Option<Reaped>, Failed> {
    let nobody = |error| Failed { job: None, error };
    let mut tx = ctx.deps.system.begin().await.map_err(nobody)?;
    match overdue_next(&mut tx, why, except).await.map_err(nobody)? {
        None => {
            tx.rollback().await.map_err(nobody)?;
            Ok(None)
        }
        Some(overdue) => {
            let job = Some(overdue.job);
            look_after(ctx, tx, overdue).await.map(Some).map_err(|error| Failed { job, error })
        }
    }
}

async fn look_after(ctx: &Context, mut tx: SystemTx, overdue: OverdueJob) -> Result<Reaped, sqlx::Error> {
    let which = Which { job: overdue.job, client: overdue.client, attempt: overdue.attempt };
    let (event, again) = match overdue.why {
        Overdue::Cancelled => (ending::end(&mut tx, which, &End::Cancelled).await?, None),
        Overdue::Deadline => (ending::end(&mut tx, which, &ending::deadline(ctx.settings().deadline)).await?, None),
        Overdue::LeaseExpired => expired(ctx, &mut tx, &overdue, which).await?,
    };
    tx.commit().await?;
    Ok(Reaped { job: overdue.job, client: overdue.client, event, again })
}

async fn expired(
    ctx: &Context,
    tx: &mut SystemTx,
    overdue: &OverdueJob,
    which: Which,
) -> Result<(Appended, Option<Enqueue>), sqlx::Error> {
    let settings = ctx.settings();
    metrics::counter!("cpm_leases_expired_total").increment(1);
    let client = ctx.tenants.label(overdue.client);
    metrics::counter!("cpm_client_leases_expired_total", "client" => client).increment(1);
    let lost = calls_lost(tx, overdue.job, overdue.client, "worker_crashed").await?;
    results_lost(tx, overdue.job, overdue.client).await?;
    let crashes = overdue.crashes + 1;
    tracing::warn!(job = %overdue.job, attempt = overdue.attempt, crashes, unknown_calls = lost, "a lease has expired");
    if crashes >= settings.max_crashes {
        let message = format!("The job was given up: its worker was lost {crashes} times.");
        let end = End::Failed { code: "worker_crashed".into(), message };
        return Ok((ending::end(tx, which, &end).await?, None));
    }
    let too_dear = match settings.unknown_retry_limit {
        Some(limit) if lost > 0 => dearest_unknown(tx, overdue.job, overdue.client).await? > limit,
        _ => false,
    };
    if lost > 0 && (too_dear || overdue.unknown_calls + lost > 1) {
        return Ok((ending::end(tx, which, &ending::unknown_outcome()).await?, None));
    }
    let delay = full_jitter(settings.backoff_base, settings.backoff_cap, crashes.unsigned_abs(), rand::random());
    let counted = Counted { crashes: 1, unknown_calls: lost, ..Counted::default() };
    let available_at = run_release(tx, which, delay, counted).await?;
    if lost > 0 {
        let reason = "The worker was lost; the text is written again.".to_owned();
        let reset = events::append(tx, which.job, which.client, &Event::Reset { reason }).await?;
        tracing::debug!(job = %which.job, seq = reset.seq, "what watchers saw is void");
    }
    let waiting = Event::Status {
        status: JobStatus::Pending,
        stage: "waiting",
        attempt: overdue.attempt,
        at: chrono::Utc::now(),
        reason: None,
    };
    let event = events::append(tx, which.job, which.client, &waiting).await?;
    let again = Enqueue { job_id: which.job, client_id: which.client, priority: overdue.priority, available_at };
    Ok((event, Some(again)))
}
