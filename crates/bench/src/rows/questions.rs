//! A question to one of the services, over and over: by callers who ask again when they have their answer, and at a fixed rate.

use std::sync::{Arc, atomic::AtomicU64};

use anyhow::Result;
use hg_common::auth::Service;

use crate::{
    bench::Bench,
    latency::{Latency, median},
    load::{self, Work},
    measure::Measure,
    system::System,
};

const CALLERS: usize = 16;
/// Calls per second where callers come whenever they come.
pub(super) const RATE: f64 = 200.0;

/// What is asked, of whom.
pub(super) struct Question {
    pub(super) row: &'static str,
    pub(super) name: &'static str,
    pub(super) service: Service,
}

/// Measures it, closed and then open. `work` is made anew for each round: the tokens in it live for a minute only.
pub(super) async fn ask<W: Work>(
    bench: &Bench,
    system: &mut System,
    question: &Question,
    work: impl Fn(&System) -> Result<W>,
) -> Result<[Measure; 2]> {
    let closed = by_callers(bench, system, question, &work).await?;
    let open = at_rate(bench, system, question, &work).await?;
    system.check_alive()?;
    Ok([closed, open])
}

/// Measures it with callers who ask again when they have their answer.
pub(super) async fn by_callers<W: Work>(
    bench: &Bench,
    system: &System,
    question: &Question,
    work: impl Fn(&System) -> Result<W>,
) -> Result<Measure> {
    let Question { row, name, service } = *question;
    let server = system.server(service);
    let numbers = Arc::new(AtomicU64::new(0));
    load::callers_for(&server, CALLERS, bench.pace.warm_up(), &Arc::new(work(system)?), &numbers).await?;
    bench.forget_statements(system).await?;
    let meter = system.meter()?;
    let (mut latencies, mut rates) = (Vec::new(), Vec::new());
    for _ in 0..bench.pace.rounds() {
        let seconds = bench.pace.seconds(6, 2);
        let round = load::callers_for(&server, CALLERS, seconds, &Arc::new(work(system)?), &numbers).await?;
        latencies.push(round.samples.latency());
        rates.push(round.per_second());
    }
    let usage = meter.stop()?;
    Ok(Measure::new(row, format!("{name}, {CALLERS} callers"))
        .latency(Latency::median_of(&latencies))
        .per_second(median(rates))
        .usage(usage, service.as_str())
        .notes(bench.statements(system).await?))
}

/// Measures it at a fixed rate.
pub(super) async fn at_rate<W: Work>(
    bench: &Bench,
    system: &System,
    question: &Question,
    work: impl Fn(&System) -> Result<W>,
) -> Result<Measure> {
    let Question { row, name, service } = *question;
    let (server, numbers) = (system.server(service), Arc::new(AtomicU64::new(0)));
    let run = load::at_rate(&server, RATE, bench.pace.seconds(15, 2), &Arc::new(work(system)?), &numbers).await?;
    Ok(Measure::new(row, format!("{name}, {RATE} per second, open loop"))
        .latency(run.samples.latency())
        .per_second(run.per_second()))
}
