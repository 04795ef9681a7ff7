//! From the start of a service's process until its `/health` says 200, everything that it depends on being there.

use std::time::Duration;

use anyhow::Result;

use hg_rig::environment::SERVICES;

use crate::{
    bench::Bench,
    latency::Samples,
    measure::{Figure, Measure, Target},
    system::Provider,
};

const HEALTHY_MS: f64 = 300.0;

pub(super) async fn run(bench: &mut Bench) -> Result<Vec<Measure>> {
    let mut system = bench.system(Provider::INSTANT).await?;
    let mut measures = Vec::new();
    for service in SERVICES {
        let mut samples = Samples::new();
        for _ in 0..bench.pace.pick(10, 3) {
            samples.record(system.restart(service).await?);
            // What the last start has set going shall not be counted for the next.
            tokio::time::sleep(Duration::from_millis(300)).await;
        }
        let latency = samples.latency();
        measures.push(
            Measure::new("start", format!("{service}, start to healthy"))
                .latency(latency)
                .target(Target::at_most(Figure::Median, HEALTHY_MS))
                .note(format!("the slowest of {} took {:.0} ms", latency.count, latency.max_ms)),
        );
    }
    Ok(measures)
}
