//! SMM's effective strategy, as CPM asks for it before each prompt.

use std::sync::{Arc, atomic::AtomicU64};

use anyhow::Result;
use hg_common::auth::Service;
use http::StatusCode;

use super::tenancy;
use crate::{
    bench::Bench,
    http::{Answer, Call},
    latency::{Latency, median},
    load::{self, Work},
    measure::Measure,
    plant::Tenant,
    system::Provider,
};

const CALLERS: usize = 16;
/// Calls per second where callers come whenever they come.
const RATE: f64 = 200.0;
/// One answer in so many is read whole.
const READ_WHOLE: u64 = 20;

struct Strategies {
    tenants: Arc<[Tenant]>,
    bearers: Vec<String>,
}

impl Work for Strategies {
    fn call(&self, number: u64) -> Call {
        let index = usize::try_from(number).unwrap_or_default() % self.tenants.len();
        tenancy::strategy_call(self.tenants[index].id, &self.bearers[index])
    }

    fn check(&self, number: u64, answer: &Answer) -> Result<()> {
        answer.expect(StatusCode::OK)?;
        if number.is_multiple_of(READ_WHOLE) { tenancy::check_strategy(&answer.json()?) } else { Ok(()) }
    }
}

pub(super) async fn run(bench: &mut Bench) -> Result<Vec<Measure>> {
    let mut system = bench.system(Provider::INSTANT).await?;
    let server = system.server(Service::Smm);
    let numbers = Arc::new(AtomicU64::new(0));
    let work = || {
        let bearers = tenancy::bearers(&system, Service::Smm)?;
        Ok::<_, anyhow::Error>(Arc::new(Strategies { tenants: system.tenants(), bearers }))
    };
    load::callers_for(&server, CALLERS, bench.pace.warm_up(), &work()?, &numbers).await?;
    bench.forget_statements(&system).await?;
    let meter = system.meter()?;
    let (mut latencies, mut rates) = (Vec::new(), Vec::new());
    for _ in 0..bench.pace.rounds() {
        let round = load::callers_for(&server, CALLERS, bench.pace.seconds(6, 2), &work()?, &numbers).await?;
        latencies.push(round.samples.latency());
        rates.push(round.per_second());
    }
    let usage = meter.stop()?;
    let closed = Measure::new("strategy", format!("effective strategy, {CALLERS} callers"))
        .latency(Latency::median_of(&latencies))
        .per_second(median(rates))
        .usage(usage, "smm")
        .notes(bench.statements(&system).await?);
    let run = load::at_rate(&server, RATE, bench.pace.seconds(15, 2), &work()?, &numbers).await?;
    let open = Measure::new("strategy", format!("effective strategy, {RATE} per second, open loop"))
        .latency(run.samples.latency())
        .per_second(run.per_second());
    system.check_alive()?;
    Ok(vec![closed, open])
}
