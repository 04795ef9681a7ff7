//! Accepting: `POST /generate` with an API key, by so many callers at once and at a fixed rate.
//!
//! The provider takes five seconds, as models do, so the worker is at work and its slots are taken, but the accepted jobs
//! mostly wait: what accepting costs is measured, not what writing costs.

use std::{
    sync::{Arc, atomic::AtomicU64, atomic::Ordering},
    time::Duration,
};

use anyhow::Result;
use hg_common::auth::Service;

use super::{books, generate::Generate};
use crate::{
    bench::Bench,
    latency::{Latency, median},
    load,
    measure::{Figure, Measure, Target},
    system::Provider,
};

const CALLERS: [usize; 3] = [1, 16, 64];
/// Callers for whom there is a target.
const JUDGED: usize = 16;
const P99_MS: f64 = 25.0;
/// Calls per second where callers come whenever they come.
const RATE: f64 = 100.0;
const PROVIDER: Provider = Provider { total: Duration::from_secs(5), first: Duration::from_secs(1), chunks: 40 };

pub(super) async fn run(bench: &mut Bench) -> Result<Vec<Measure>> {
    let mut measures = Vec::new();
    for callers in CALLERS {
        measures.push(closed(bench, callers).await?);
    }
    measures.push(open(bench).await?);
    Ok(measures)
}

async fn closed(bench: &mut Bench, callers: usize) -> Result<Measure> {
    // A system of its own for each: the jobs of the last one would be in its queue.
    let mut system = bench.system(PROVIDER).await?;
    let server = system.server(Service::Cpm);
    let work = Arc::new(Generate::new(system.tenants()));
    let numbers = Arc::new(AtomicU64::new(0));
    let mut done = load::callers_for(&server, callers, bench.pace.warm_up(), &work, &numbers).await?.samples.len();
    bench.forget_statements(&system).await?;
    let meter = system.meter()?;
    let (mut latencies, mut rates) = (Vec::new(), Vec::new());
    for _ in 0..bench.pace.rounds() {
        let round = load::callers_for(&server, callers, bench.pace.seconds(8, 2), &work, &numbers).await?;
        done += round.samples.len();
        latencies.push(round.samples.latency());
        rates.push(round.per_second());
    }
    let usage = meter.stop()?;
    books::accepted(&mut system.db().await?, done).await?;
    system.check_alive()?;
    let measure = Measure::new("accept", format!("accept, {callers} callers"))
        .latency(Latency::median_of(&latencies))
        .per_second(median(rates))
        .usage(usage, "cpm")
        .notes(bench.statements(&system).await?);
    Ok(if callers == JUDGED { measure.target(Target::at_most(Figure::P99, P99_MS)) } else { measure })
}

async fn open(bench: &mut Bench) -> Result<Measure> {
    let mut system = bench.system(PROVIDER).await?;
    let server = system.server(Service::Cpm);
    let work = Arc::new(Generate::new(system.tenants()));
    let numbers = Arc::new(AtomicU64::new(0));
    load::at_rate(&server, RATE, bench.pace.warm_up(), &work, &numbers).await?;
    let meter = system.meter()?;
    let run = load::at_rate(&server, RATE, bench.pace.seconds(20, 3), &work, &numbers).await?;
    let usage = meter.stop()?;
    books::accepted(&mut system.db().await?, numbers.load(Ordering::Relaxed)).await?;
    system.check_alive()?;
    Ok(Measure::new("accept", format!("accept, {RATE} per second, open loop"))
        .latency(run.samples.latency())
        .per_second(run.per_second())
        .usage(usage, "cpm"))
}
