//! So many callers, each of which asks again as soon as it has its answer: what the system gets done.
//!
//! The times are those that callers waited. A slow answer keeps its caller from asking, so they are no latency under a
//! given load: that is what `open` is for.

use std::{
    sync::{
        Arc,
        atomic::{AtomicU64, Ordering},
    },
    time::{Duration, Instant},
};

use anyhow::{Context as _, Result};
use tokio::task::JoinSet;

use super::Work;
use crate::latency::Samples;
use hg_rig::http::{Connection, Server};

/// What came of it.
#[derive(Clone, Debug)]
pub(crate) struct Closed {
    pub(crate) samples: Samples,
    /// From the first call to the last answer.
    pub(crate) elapsed: Duration,
}

impl Closed {
    pub(crate) fn per_second(&self) -> f64 {
        self.samples.len() as f64 / self.elapsed.as_secs_f64()
    }
}

/// When the callers stop.
#[derive(Clone, Copy)]
enum Until {
    Instant(Instant),
    /// This number is not asked any more.
    Number(u64),
}

impl Until {
    fn allows(self, number: u64) -> bool {
        match self {
            Self::Instant(end) => Instant::now() < end,
            Self::Number(end) => number < end,
        }
    }
}

/// Asks for so long. `numbers` goes on from call to call, so that no two rounds ask the same.
pub(crate) async fn callers_for<W: Work>(
    server: &Server,
    callers: usize,
    time: Duration,
    work: &Arc<W>,
    numbers: &Arc<AtomicU64>,
) -> Result<Closed> {
    run(server, callers, Until::Instant(Instant::now() + time), work, numbers).await
}

/// Asks exactly so often.
pub(crate) async fn calls<W: Work>(
    server: &Server,
    callers: usize,
    count: u64,
    work: &Arc<W>,
    numbers: &Arc<AtomicU64>,
) -> Result<Closed> {
    let until = Until::Number(numbers.load(Ordering::Relaxed) + count);
    let closed = run(server, callers, until, work, numbers).await?;
    // Each caller has drawn one number that it didn't ask.
    let Until::Number(end) = until else { return Ok(closed) };
    numbers.store(end, Ordering::Relaxed);
    Ok(closed)
}

async fn run<W: Work>(
    server: &Server,
    callers: usize,
    until: Until,
    work: &Arc<W>,
    numbers: &Arc<AtomicU64>,
) -> Result<Closed> {
    let mut connections = Vec::with_capacity(callers);
    for _ in 0..callers {
        connections.push(Connection::open(server.address()).await?);
    }
    let began = Instant::now();
    let mut tasks = JoinSet::new();
    for connection in connections {
        tasks.spawn(caller(connection, until, Arc::clone(work), Arc::clone(numbers)));
    }
    let mut samples = Samples::new();
    while let Some(task) = tasks.join_next().await {
        samples.add(&task.context("a caller ended badly")??);
    }
    Ok(Closed { samples, elapsed: began.elapsed() })
}

async fn caller<W: Work>(
    mut connection: Connection,
    until: Until,
    work: Arc<W>,
    numbers: Arc<AtomicU64>,
) -> Result<Samples> {
    let mut samples = Samples::new();
    loop {
        let number = numbers.fetch_add(1, Ordering::Relaxed);
        if !until.allows(number) {
            return Ok(samples);
        }
        let call = work.call(number);
        let began = Instant::now();
        let answer = connection.send(&call).await?;
        samples.record(began.elapsed());
        work.check(number, &answer)?;
    }
}
