//! SMM's effective strategy, as CPM asks for it before each prompt.

use std::{
    sync::{Arc, atomic::AtomicU64},
    time::Duration,
};

use anyhow::{Result, ensure};
use hg_common::auth::Service;
use http::StatusCode;
use tokio::time::{Instant, sleep};

use super::{
    questions::{Question, RATE, at_rate, by_callers},
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

/// Asked in turn 200 times a second, each of the 200 tenants comes again after a second.
const COLD_MS: f64 = 3.0;
/// So often something changes meanwhile, and whatever is remembered is void. A service asks whether something has changed every
/// 0.4 s: between two questions about a tenant it hears of a change at least once.
const CHANGES: Duration = Duration::from_millis(200);
const CACHED_MS: f64 = 1.0;

struct Strategies {
    /// The tenants in turn, each with its token.
    asked: Vec<(Tenant, String)>,
}

impl Strategies {
    fn of(system: &System) -> Result<Self> {
        let bearers = tenancy::bearers(system, Service::Smm)?;
        Ok(Self { asked: system.tenants().iter().cloned().zip(bearers).collect() })
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
    let closed = by_callers(bench, &system, &question, Strategies::of).await?;
    let cold = cold(bench, &system, &question).await?.target(Target::at_most(Figure::Median, COLD_MS));
    let cached = cached(bench, &system).await?.target(Target::at_most(Figure::Median, CACHED_MS));
    system.check_alive()?;
    Ok(vec![closed, cold, cached])
}

/// Asks while the root's strategies change all the time, so that nothing is found among what was looked up.
async fn cold(bench: &Bench, system: &System, question: &Question) -> Result<Measure> {
    let mut db = system.db().await?;
    let began = Instant::now();
    let mut changed = 0_u32;
    let cold = {
        let changes = async {
            loop {
                sqlx::raw_sql("UPDATE strategies SET version = version WHERE client_id = (SELECT id FROM clients WHERE type = 'root')")
                    .execute(&mut db)
                    .await?;
                changed += 1;
                sleep(CHANGES).await;
            }
        };
        tokio::select! {
            measured = at_rate(bench, system, question, Strategies::of) => measured?,
            failed = changes => return failed,
        }
    };
    let seconds = began.elapsed().as_secs_f64();
    ensure!(f64::from(changed) >= seconds * 2.0, "only {changed} changes in {seconds:.1} s: that wasn't cold");
    Ok(cold.note(format!("something changed {changed} times meanwhile, so that nothing is remembered: cold")))
}

/// Asks when nothing changes. Each tenant comes again after a second, and is remembered.
async fn cached(bench: &Bench, system: &System) -> Result<Measure> {
    let server = system.server(Service::Smm);
    let numbers = Arc::new(AtomicU64::new(0));
    let (mut latencies, mut rate) = (Vec::new(), 0.0);
    // What was looked up while things changed is looked up once more.
    load::at_rate(&server, RATE, Duration::from_secs(2), &Arc::new(Strategies::of(system)?), &numbers).await?;
    for _ in 0..bench.pace.rounds() {
        let work = Arc::new(Strategies::of(system)?);
        let run = load::at_rate(&server, RATE, bench.pace.seconds(8, 2), &work, &numbers).await?;
        latencies.push(run.samples.latency());
        rate = run.per_second();
    }
    let name = format!("effective strategy remembered, {RATE} per second, open loop");
    Ok(Measure::new("strategy", name).latency(Latency::median_of(&latencies)).per_second(rate))
}
