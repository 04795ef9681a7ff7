//! Says that this process's jobs live, and hears what is to become of them: one batched statement for all whose lease isn't new.
//!
//! Must wait for nothing but Postgres: leases run out meanwhile. Redis is told by the herald.

use std::{sync::Arc, time::Duration};

use hg_common::http::error_chain;
use tokio::time::Instant;

use super::{
    context::Context,
    running::{Beat, Stop},
    store::lease::lease_renew,
};

pub(super) async fn run(ctx: Arc<Context>) {
    let heartbeat = ctx.settings().heartbeat;
    let mut pause = heartbeat;
    loop {
        tokio::select! {
            biased;
            () = ctx.over.cancelled() => return,
            () = ctx.beat.notified() => {}
            () = tokio::time::sleep(pause) => {}
        }
        metrics::gauge!("cpm_jobs_running").set(ctx.running.len() as f64);
        let beats = ctx.running.due(Instant::now(), heartbeat);
        pause = if beats.is_empty() { heartbeat } else { renew(&ctx, &beats).await };
        ctx.herald.hold();
    }
}

/// Renews the leases, and says when to do so again.
async fn renew(ctx: &Context, beats: &[Beat]) -> Duration {
    let (settings, began) = (ctx.settings(), Instant::now());
    // A connection that hangs must not cost every job its lease.
    let renewed = tokio::time::timeout(settings.heartbeat, lease_renew(&ctx.deps.system, settings.lease, beats))
        .await
        .unwrap_or_else(|elapsed| Err(sqlx::Error::Io(elapsed.into())));
    let held = match renewed {
        Ok(held) => held,
        Err(error) => {
            tracing::warn!(error = %error_chain(&error), jobs = beats.len(), "the leases could not be renewed");
            ctx.database.failed(&error);
            return settings.heartbeat / 4;
        }
    };
    ctx.database.answered(Instant::now());
    let mut passed_over = false;
    for beat in beats {
        let (job, attempt) = (beat.claimed.job, beat.claimed.attempt);
        let Some(held) = held.iter().find(|held| held.job == job) else {
            // It has just ended, or somebody else owns it now. An attempt that has ended no longer listens.
            ctx.running.stop_attempt(job, attempt, Stop::Fenced);
            continue;
        };
        if held.renewed {
            ctx.running.renewed(job, attempt, began);
        } else {
            passed_over = true;
        }
        if held.cancel_requested {
            ctx.running.stop_attempt(job, attempt, Stop::Cancelled);
        } else if held.overdue {
            ctx.running.stop_attempt(job, attempt, Stop::Deadline);
        }
    }
    for event in held.into_iter().filter_map(|held| held.event) {
        ctx.herald.announce(event);
    }
    // A row that somebody had locked is still ours, and its lease is still the old one.
    if passed_over { settings.heartbeat / 4 } else { settings.heartbeat }
}
