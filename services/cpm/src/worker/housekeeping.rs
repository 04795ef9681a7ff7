//! What is done now and then: partitions ahead of time, empty ones of old months away, the proof that budgets hold what they
//! say, idempotency keys whose time is over, and the counting of jobs that have ended.

use std::{sync::Arc, time::Duration};

use hg_common::http::error_chain;

use super::{
    context::Context,
    store::{expired::idempotency_sweep, outcomes::outcomes_count},
};
use crate::ledger;

/// How long the same idempotency key gives the same job; never shorter than a job may live.
const KEEP_KEYS: Duration = Duration::from_secs(7 * 24 * 3600);
const SWEEP_BATCH: i64 = 1_000;
const COUNT_BATCH: i32 = 5_000;

pub(super) async fn run(ctx: Arc<Context>) {
    loop {
        if let Err(error) = partitions(&ctx).await {
            tracing::warn!(error = %error_chain(&error), "partitions could not be made ahead");
        }
        match ledger::drift(&ctx.deps.system).await {
            Ok(drift) => {
                metrics::gauge!("cpm_budgets_adrift").set(drift.len() as f64);
                for budget in drift {
                    tracing::error!(budget = %budget.budget, "a budget's reserved isn't the sum of what is held in it");
                }
            }
            Err(error) => tracing::warn!(error = %error_chain(&error), "the budgets could not be proved"),
        }
        if let Err(error) = old_keys(&ctx).await {
            tracing::warn!(error = %error_chain(&error), "old idempotency keys could not be deleted");
        }
        if let Err(error) = count_ended(&ctx).await {
            tracing::warn!(error = %error_chain(&error), "jobs that have ended could not be counted: figures come slower");
        }
        if !ctx.pause(ctx.settings().housekeeping).await {
            return;
        }
    }
}

async fn partitions(ctx: &Context) -> Result<(), sqlx::Error> {
    let mut tx = ctx.deps.system.begin().await?;
    let made = sqlx::query_scalar!(r#"SELECT app.make_job_partitions(3) AS "name!""#).fetch_all(&mut *tx).await?;
    let strays =
        sqlx::query_scalar!(r#"SELECT app.jobs_in_default_partition() AS "count!""#).fetch_one(&mut *tx).await?;
    let dropped =
        sqlx::query_scalar!(r#"SELECT app.drop_empty_job_partitions() AS "name!""#).fetch_all(&mut *tx).await?;
    tx.commit().await?;
    for name in dropped {
        tracing::info!(partition = name, "a month of which every job has gone was dropped");
    }
    for name in made {
        tracing::info!(partition = name, "a month's partition was made");
    }
    metrics::gauge!("cpm_jobs_in_default_partition").set(strays as f64);
    if strays > 0 {
        tracing::error!(
            jobs = strays,
            "jobs fell into the default partition: a clock is wrong, or partitions were not made"
        );
    }
    Ok(())
}

async fn old_keys(ctx: &Context) -> Result<(), sqlx::Error> {
    let keep = KEEP_KEYS.max(ctx.settings().deadline * 2);
    let mut keys = 0;
    loop {
        let gone = idempotency_sweep(&ctx.deps.system, keep, SWEEP_BATCH).await?;
        keys += gone;
        if gone < SWEEP_BATCH.unsigned_abs() {
            break;
        }
    }
    if keys > 0 {
        tracing::info!(keys, "idempotency keys that were older than {} days were deleted", keep.as_secs() / 86_400);
    }
    Ok(())
}

/// What came of jobs, for the figures of strategies and SEO rules.
async fn count_ended(ctx: &Context) -> Result<(), sqlx::Error> {
    let mut jobs = 0;
    loop {
        let counted = outcomes_count(&ctx.deps.system, COUNT_BATCH).await?;
        jobs += counted;
        if counted < COUNT_BATCH || ctx.over.is_cancelled() {
            break;
        }
    }
    tracing::debug!(jobs, "jobs that have ended were counted");
    Ok(())
}
