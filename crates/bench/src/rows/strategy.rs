//! SMM's effective strategy, as CPM asks for it before each prompt.

use std::sync::{Arc, atomic::AtomicU64};

use anyhow::Result;
use hg_common::auth::Service;
use http::StatusCode;

use super::{
    questions::{Question, RATE, ask},
    tenancy,
};
use crate::{
    bench::Bench,
    latency::Latency,
    load::{self, Work},
    measure::{Figure, Measure, Target},
    system::{Provider, System},
};
use hg_rig::{
    http::{Answer, Call},
    plant::Tenant,
};

/// One answer in so many is read whole.
const READ_WHOLE: u64 = 20;

/// Asked in turn 200 times a second, each of the 200 tenants comes again after a second, when nothing is remembered any more.
const COLD_MS: f64 = 3.0;
/// So few come again within 20 ms.
const FEW: usize = 4;
const CACHED_MS: f64 = 1.0;

struct Strategies {
    /// The tenants in turn, each with its token.
    asked: Vec<(Tenant, String)>,
}

impl Strategies {
    fn of(system: &System, tenants: usize) -> Result<Self> {
        let bearers = tenancy::bearers(system, Service::Smm)?;
        Ok(Self { asked: system.tenants().iter().cloned().zip(bearers).take(tenants).collect() })
    }
}

impl Work for Strategies {
    fn call(&self, number: u64) -> Call {
        let (tenant, bearer) = &self.asked[usize::try_from(number).unwrap_or_default() % self.asked.len()];
        tenancy::strategy_call(tenant.id, bearer)
    }

    fn check(&self, number: u64, answer: &Answer) -> Result<()> {
        answer.expect(StatusCode::OK)?;
        if number.is_multiple_of(READ_WHOLE) { tenancy::check_strategy(&answer.json()?) } else { Ok(()) }
    }
}

pub(super) async fn run(bench: &mut Bench) -> Result<Vec<Measure>> {
    let mut system = bench.system(Provider::INSTANT).await?;
    let question = Question { row: "strategy", name: "effective strategy", service: Service::Smm };
    let [closed, open] = ask(bench, &mut system, &question, |system| Strategies::of(system, usize::MAX)).await?;
    let cold =
        open.target(Target::at_most(Figure::Median, COLD_MS)).note("each tenant comes again after a second: cold");
    let cached = cached(bench, &system).await?.target(Target::at_most(Figure::Median, CACHED_MS));
    system.check_alive()?;
    Ok(vec![closed, cold, cached])
}

/// Asks for the strategies of a few tenants in turn, at the same fixed rate.
async fn cached(bench: &Bench, system: &System) -> Result<Measure> {
    let server = system.server(Service::Smm);
    let numbers = Arc::new(AtomicU64::new(0));
    let (mut latencies, mut rate) = (Vec::new(), 0.0);
    for _ in 0..bench.pace.rounds() {
        let work = Arc::new(Strategies::of(system, FEW)?);
        let run = load::at_rate(&server, RATE, bench.pace.seconds(8, 2), &work, &numbers).await?;
        latencies.push(run.samples.latency());
        rate = run.per_second();
    }
    let name = format!("effective strategy of {FEW} tenants, {RATE} per second, open loop");
    Ok(Measure::new("strategy", name).latency(Latency::median_of(&latencies)).per_second(rate))
}
