//! Jobs per second, from the first request to the last charge: a provider that answers at once, 200 tenants.
//!
//! Sixteen callers ask for a fixed number of jobs as fast as they are accepted; the clock stops when no job lives any more.
//! So accepting, queueing, strategy, prompt, call over HTTP, checks and ledger all count, and every job is proved afterwards.
//! Once more without Redis: jobs are then claimed from Postgres alone.

use std::{
    sync::{Arc, atomic::AtomicU64},
    time::Instant,
};

use anyhow::{Context as _, Result};
use hg_common::auth::Service;

use super::{books, generate::Generate};
use crate::{
    bench::Bench,
    cli::Setting,
    latency::{Latency, median},
    load,
    measure::{Figure, Measure, Target},
    system::{Provider, System},
};

const CALLERS: usize = 16;
const PER_SECOND: f64 = 2_500.0;
/// Jobs of a round: so many, or fewer where a round would take longer than this.
const JOBS: u64 = 5_000;
const ROUND_SECONDS: f64 = 20.0;

pub(super) async fn run(bench: &mut Bench) -> Result<Vec<Measure>> {
    let system = bench.system(Provider::INSTANT).await?;
    measure(bench, system, "jobs", "jobs, end to end").await
}

/// Content production looks for a Redis where there is none; the other services have theirs.
pub(super) async fn run_without_redis(bench: &mut Bench) -> Result<Vec<Measure>> {
    let nowhere = format!("redis://127.0.0.1:{}", hg_stack::ports::free()?);
    let none = Setting { service: Service::Cpm, name: "REDIS_URL".to_owned(), value: nowhere };
    let system = bench.system_with(Provider::INSTANT, none).await?;
    measure(bench, system, "jobs-without-redis", "jobs, end to end, without Redis").await
}

async fn measure(bench: &mut Bench, mut system: System, row: &'static str, line: &str) -> Result<Vec<Measure>> {
    let server = system.server(Service::Cpm);
    let work = Arc::new(Generate::new(system.tenants()));
    let numbers = Arc::new(AtomicU64::new(0));
    let mut db = system.db().await?;
    let warm_up = bench.pace.pick(400, 100);
    let began = Instant::now();
    load::calls(&server, CALLERS, warm_up, &work, &numbers).await?;
    books::wait_until_all_ended(&mut db).await?;
    let fit = (warm_up as f64 / began.elapsed().as_secs_f64() * ROUND_SECONDS) as u64;

    bench.forget_statements(&system).await?;
    let meter = system.meter()?;
    let count = fit.clamp(400, bench.pace.pick(JOBS, 400));
    let (mut rates, mut accepts, mut accept_rates) = (Vec::new(), Vec::new(), Vec::new());
    for _ in 0..bench.pace.rounds() {
        let began = Instant::now();
        let accepted = load::calls(&server, CALLERS, count, &work, &numbers).await?;
        books::wait_until_all_ended(&mut db).await?;
        rates.push(count as f64 / began.elapsed().as_secs_f64());
        accepts.push(accepted.samples.latency());
        accept_rates.push(accepted.per_second());
    }
    let usage = meter.stop()?;
    let rounds = rates.len() as u64;
    let total = warm_up + count * rounds;
    let books = books::settled(&mut db, total).await?;
    let summary = system.simulator("summary").await?;
    let completed = summary["completed"].as_i64().context("the simulator tells no sum")?;
    anyhow::ensure!(
        completed == books.calls,
        "the provider completed {completed} calls, the ledger has {}",
        books.calls
    );
    system.check_alive()?;
    let busy: f64 = usage.cores.values().sum();
    let per_job = busy * usage.seconds * 1000.0 / (count * rounds) as f64;
    let each: Vec<String> = rates.iter().map(|rate| format!("{rate:.0}")).collect();
    let main = Measure::new(row, line)
        .per_second(median(rates))
        .usage(usage, "cpm")
        .note(format!("{count} jobs a round, rounds of {} per second", each.join(", ")))
        .note(format!(
            "{per_job:.2} ms of processor per job; {:.2} provider calls per job",
            books.calls as f64 / total as f64
        ))
        .note(format!("each of {total} jobs has its text and exactly one charge; the provider's books agree"))
        .notes(bench.statements(&system).await?);
    let main = if row == "jobs" { main.target(Target::at_least(Figure::PerSecond, PER_SECOND)) } else { main };
    let accepting = Measure::new(row, format!("accept meanwhile, {CALLERS} callers"))
        .latency(Latency::median_of(&accepts))
        .per_second(median(accept_rates));
    Ok(vec![main, accepting])
}
