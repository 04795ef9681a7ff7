//! Keeps the index in step with Postgres: what was never dispatched, what was lost, and all of it after a wipe.

use std::sync::Arc;

use hg_common::{http::error_chain, redis::RedisError};
use hg_types::JobId;
use uuid::Uuid;

use super::{
    context::Context,
    shares,
    store::pending::{pending_page, pending_undispatched},
};
use crate::queue::dispatch::mark_dispatched;

const BATCH: i64 = 500;

/// The index couldn't be brought into step.
#[derive(Debug, thiserror::Error)]
enum ReconcileError {
    #[error("Postgres can't be asked")]
    Database(#[from] sqlx::Error),
    #[error("the index can't be written")]
    Redis(#[from] RedisError),
}

pub(super) async fn run(ctx: Arc<Context>) {
    loop {
        tokio::select! {
            biased;
            () = ctx.over.cancelled() => return,
            () = ctx.rebuild.notified() => {}
            () = tokio::time::sleep(ctx.settings().reconcile) => {}
        }
        if let Err(error) = reconcile(&ctx).await {
            match &error {
                ReconcileError::Database(error) => ctx.database.failed(error),
                ReconcileError::Redis(_) => {}
            }
            tracing::debug!(error = %error_chain(&error), "the index isn't in step");
        }
    }
}

async fn reconcile(ctx: &Context) -> Result<(), ReconcileError> {
    // Postgres first: whether it answers matters to the reaper, with or without Redis.
    let lost = pending_undispatched(&ctx.deps.system, ctx.settings().redispatch_after, BATCH).await?;
    ctx.database.answered(tokio::time::Instant::now());
    let maintained = ctx.deps.queue.maintain().await?;
    metrics::gauge!("cpm_queue_waiting").set(maintained.depth.waiting as f64);
    metrics::gauge!("cpm_queue_delayed").set(maintained.depth.delayed as f64);
    metrics::gauge!("cpm_queue_parked_clients").set(maintained.depth.parked as f64);
    if !maintained.built {
        return rebuild(ctx).await;
    }
    if lost.is_empty() {
        return Ok(());
    }
    metrics::counter!("cpm_queue_redispatched_total").increment(lost.len() as u64);
    ctx.deps.queue.add(&lost).await?;
    let ids: Vec<JobId> = lost.iter().map(|job| job.job_id).collect();
    mark_dispatched(&ctx.deps.system, &ids).await?;
    if lost.len() as i64 >= BATCH {
        // There are more.
        ctx.rebuild.notify_one();
    }
    Ok(())
}

/// After a wipe: every pending job is added again, page by page. Several processes may do it at once.
async fn rebuild(ctx: &Context) -> Result<(), ReconcileError> {
    shares::push(ctx).await;
    let mut after = Uuid::nil();
    let mut count = 0_usize;
    loop {
        let page = pending_page(&ctx.deps.system, after, BATCH).await?;
        let Some(last) = page.last() else { break };
        after = last.job_id.uuid();
        count += page.len();
        ctx.deps.queue.add(&page).await?;
    }
    ctx.deps.queue.mark_built().await?;
    // Running jobs take their slots again.
    ctx.beat.notify_one();
    ctx.wake.notify_one();
    metrics::counter!("cpm_queue_rebuilds_total").increment(1);
    tracing::info!(jobs = count, "the index was rebuilt from Postgres");
    Ok(())
}
