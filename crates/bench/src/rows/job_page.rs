//! The page of a finished job: text, report, calls.

use std::sync::{Arc, atomic::AtomicU64};

use anyhow::Result;
use hg_common::auth::Service;

use super::pages::{self, Visits};
use crate::{bench::Bench, latency::Latency, load, measure::Measure, system::Provider};

/// Visits per second.
const RATE: f64 = 20.0;
const CALLERS: usize = 4;

pub(super) async fn run(bench: &mut Bench) -> Result<Vec<Measure>> {
    let mut system = bench.system(Provider::INSTANT).await?;
    let cookie = system.sign_in().await?;
    let (job, title) = pages::finished_job(&system).await?;
    let path = format!("/jobs/{job}");
    let check = |html: &str| {
        // Titles of the simulator have no character that HTML escapes but these.
        let title = title.replace('&', "&amp;").replace('\'', "&#x27;");
        anyhow::ensure!(html.contains(&title), "the page doesn't show {title:?}");
        Ok(())
    };
    check(&pages::read(&system, &path, &cookie).await?)?;
    let server = system.server(Service::Gateway);
    let work = Arc::new(Visits::of(&path, &cookie));
    let numbers = Arc::new(AtomicU64::new(0));
    load::at_rate(&server, RATE, bench.pace.warm_up(), &work, &numbers).await?;
    bench.forget_statements(&system).await?;
    let meter = system.meter()?;
    let mut latencies = Vec::new();
    for _ in 0..bench.pace.rounds() {
        let round = load::at_rate(&server, RATE, bench.pace.seconds(10, 3), &work, &numbers).await?;
        latencies.push(round.samples.latency());
    }
    let usage = meter.stop()?;
    let statements = bench.statements(&system).await?;
    let most = load::callers_for(&server, CALLERS, bench.pace.seconds(5, 2), &work, &numbers).await?;
    check(&pages::read(&system, &path, &cookie).await?)?;
    system.check_alive()?;
    let measure = Measure::new("job-page", "job page")
        .latency(Latency::median_of(&latencies))
        .per_second(most.per_second())
        .usage(usage, "gateway")
        .note(format!("times at {RATE} visits per second, open loop; per second by {CALLERS} callers"))
        .notes(statements);
    Ok(vec![measure])
}
