//! Resident memory of each service: after some seconds of nothing, and at the most while everything is asked at once.

use std::sync::{Arc, atomic::AtomicU64};

use anyhow::Result;
use hg_common::auth::Service;

use super::{books, generate::Generate, pages::Visits};
use hg_rig::environment::SERVICES;

use crate::{
    bench::Bench,
    load,
    measure::{Figure, Measure, Target},
    procfs,
    system::Provider,
    usage::mib,
};

const IDLE_MIB: f64 = 25.0;
/// Callers of `POST /generate`, and visitors of pages.
const CALLERS: usize = 16;
const VISITORS: usize = 4;

pub(super) async fn run(bench: &mut Bench) -> Result<Vec<Measure>> {
    let mut system = bench.system(Provider::INSTANT).await?;
    tokio::time::sleep(bench.pace.seconds(15, 3)).await;
    let mut measures = Vec::new();
    for service in SERVICES {
        let resident = mib(procfs::memory(system.pid(service)?)?.resident_kib);
        measures.push(
            Measure::new("memory", format!("{service}, resident, idle"))
                .value(resident, "MiB")
                .target(Target::at_most(Figure::Value, IDLE_MIB)),
        );
    }

    let cookie = system.sign_in().await?;
    let (cpm, gateway) = (system.server(Service::Cpm), system.server(Service::Gateway));
    let jobs = Arc::new(Generate::new(system.tenants()));
    let visits = Arc::new(Visits::of("/jobs", &cookie));
    let (asked, visited) = (Arc::new(AtomicU64::new(0)), Arc::new(AtomicU64::new(0)));
    let time = bench.pace.seconds(15, 3);
    let meter = system.meter()?;
    let (accepted, seen) = tokio::join!(
        load::callers_for(&cpm, CALLERS, time, &jobs, &asked),
        load::callers_for(&gateway, VISITORS, time, &visits, &visited),
    );
    let (accepted, seen) = (accepted?.samples.len(), seen?.samples.len());
    let mut db = system.db().await?;
    books::wait_until_all_ended(&mut db).await?;
    let usage = meter.stop()?;
    books::settled(&mut db, accepted).await?;
    system.check_alive()?;
    for service in SERVICES {
        let of = |map: &std::collections::BTreeMap<String, f64>| map.get(service.as_str()).copied().unwrap_or_default();
        measures.push(
            Measure::new("memory", format!("{service}, resident, loaded"))
                .value(of(&usage.peak_mib), "MiB")
                .note(format!("{:.1} MiB once all was done ({accepted} jobs, {seen} pages)", of(&usage.resident_mib))),
        );
    }
    Ok(measures)
}
