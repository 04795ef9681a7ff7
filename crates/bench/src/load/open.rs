//! Calls that begin at fixed instants: how long somebody waits who comes whenever they come.
//!
//! A call is timed from the instant at which it should have begun, so whatever holds it up counts, the load itself
//! included: nothing is omitted because an earlier answer was slow.

use std::{
    sync::{
        Arc,
        atomic::{AtomicU64, Ordering},
    },
    time::{Duration, Instant},
};

use anyhow::{Context as _, Result};
use tokio::task::JoinSet;

use super::{Work, ticks};
use crate::latency::Samples;
use hg_rig::http::Server;

/// So many calls without an answer mean that the rate is more than the system can take.
const TOO_MANY: usize = 5_000;

/// What came of it.
#[derive(Clone, Debug)]
pub(crate) struct Open {
    pub(crate) samples: Samples,
    /// From the first call to the last answer.
    pub(crate) elapsed: Duration,
}

impl Open {
    pub(crate) fn per_second(&self) -> f64 {
        self.samples.len() as f64 / self.elapsed.as_secs_f64()
    }
}

/// Asks `per_second` times a second for so long, and waits for all answers.
pub(crate) async fn at_rate<W: Work>(
    server: &Arc<Server>,
    per_second: f64,
    time: Duration,
    work: &Arc<W>,
    numbers: &Arc<AtomicU64>,
) -> Result<Open> {
    let count = (per_second * time.as_secs_f64()).ceil() as u64;
    let mut due = ticks(per_second, count);
    let began = Instant::now();
    let mut samples = Samples::new();
    let mut tasks: JoinSet<Result<Duration>> = JoinSet::new();
    loop {
        tokio::select! {
            biased;
            tick = due.recv() => {
                let Some(intended) = tick else { break };
                anyhow::ensure!(
                    tasks.len() < TOO_MANY,
                    "{TOO_MANY} calls are unanswered: {per_second} per second are more than the system can take"
                );
                let number = numbers.fetch_add(1, Ordering::Relaxed);
                let (server, work) = (Arc::clone(server), Arc::clone(work));
                tasks.spawn(async move {
                    let answer = server.send(&work.call(number)).await?;
                    let took = intended.elapsed();
                    work.check(number, &answer)?;
                    Ok(took)
                });
            }
            Some(task) = tasks.join_next() => samples.record(task.context("a call ended badly")??),
        }
    }
    while let Some(task) = tasks.join_next().await {
        samples.record(task.context("a call ended badly")??);
    }
    Ok(Open { samples, elapsed: began.elapsed() })
}
