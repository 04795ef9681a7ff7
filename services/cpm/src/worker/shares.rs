//! Brings what operators decided about shares into the index, and shows whose jobs wait.
//!
//! A share that changes, or a client that moves, counts from the next round on (15 s).

use std::{collections::HashSet, sync::Arc};

use hg_common::http::error_chain;
use hg_types::ClientId;

use super::{
    context::Context,
    store::shares::{MOST_SHARES, longest_queues, shares_all},
};

pub(super) async fn run(ctx: Arc<Context>) {
    let mut shown = HashSet::new();
    loop {
        push(&ctx).await;
        show_queues(&ctx, &mut shown).await;
        if !ctx.pause(ctx.settings().shares).await {
            return;
        }
    }
}

/// Writes all shares into the index. Best effort: without them everybody gets the same.
pub(super) async fn push(ctx: &Context) {
    let shares = match shares_all(&ctx.deps.system).await {
        Ok(shares) => shares,
        Err(error) => {
            tracing::warn!(error = %error_chain(&error), "clients' shares of the workers can't be read: they stay as they were");
            return;
        }
    };
    if shares.len() as i64 >= MOST_SHARES {
        tracing::warn!(most = MOST_SHARES, "more clients have a share of the workers than are heeded");
    }
    if let Err(error) = ctx.deps.queue.set_shares(&shares).await {
        tracing::debug!(error = %error_chain(&error), "clients' shares of the workers can't be told to the index");
    }
}

/// Gauges of the clients with the longest queues; who was shown and has nothing waiting any more is shown with nothing.
async fn show_queues(ctx: &Context, shown: &mut HashSet<ClientId>) {
    let most = i64::try_from(ctx.settings().metric_clients).unwrap_or(i64::MAX);
    let queues = match longest_queues(&ctx.deps.system, most).await {
        Ok(queues) => queues,
        Err(error) => {
            tracing::debug!(error = %error_chain(&error), "the longest queues can't be counted");
            return;
        }
    };
    let gone: Vec<ClientId> =
        shown.iter().filter(|client| !queues.iter().any(|queue| queue.client == **client)).copied().collect();
    for client in gone {
        shown.remove(&client);
        show(client, 0.0, 0.0);
    }
    for queue in queues {
        shown.insert(queue.client);
        show(queue.client, queue.jobs as f64, queue.oldest.as_secs_f64());
    }
}

fn show(client: ClientId, jobs: f64, oldest: f64) {
    let label = client.to_string();
    metrics::gauge!("cpm_client_waiting", "client" => label.clone()).set(jobs);
    metrics::gauge!("cpm_client_oldest_wait_seconds", "client" => label).set(oldest);
}
