//! A signed-in person's visits to a page, compressed as browsers ask for it.

use std::sync::{Arc, atomic::AtomicU64};

use anyhow::{Context as _, Result};
use hg_common::auth::Service;
use hg_types::JobId;
use http::{StatusCode, header};

use super::{books, generate::Generate};
use crate::{
    bench::Bench,
    latency::Latency,
    load::{self, Work},
    measure::Measure,
    system::System,
};
use hg_rig::http::{Answer, Call};

/// Visits per second.
const RATE: f64 = 20.0;
const CALLERS: usize = 4;

/// The same page again and again.
pub(super) struct Visits {
    path: String,
    cookie: String,
}

impl Visits {
    pub(super) fn of(path: impl Into<String>, cookie: &str) -> Self {
        Self { path: path.into(), cookie: cookie.to_owned() }
    }
}

impl Work for Visits {
    fn call(&self, _: u64) -> Call {
        plain(&self.path, &self.cookie).header("accept-encoding", "gzip")
    }

    fn check(&self, _: u64, answer: &Answer) -> Result<()> {
        answer.expect(StatusCode::OK)?;
        let encoding = answer.headers.get(header::CONTENT_ENCODING).map(|value| value.as_bytes());
        anyhow::ensure!(encoding == Some(b"gzip") && answer.body.len() > 1_000, "{} is no compressed page", self.path);
        Ok(())
    }
}

/// Measures visits at a fixed rate, and how many there can be. `check` looks at the page before and after.
pub(super) async fn visit(
    bench: &Bench,
    system: &System,
    visits: Visits,
    measure: Measure,
    check: impl Fn(&str) -> Result<()>,
) -> Result<Measure> {
    let server = system.server(Service::Gateway);
    let visits = Arc::new(visits);
    let numbers = Arc::new(AtomicU64::new(0));
    check(&read(system, &visits.path, &visits.cookie).await?)?;
    load::at_rate(&server, RATE, bench.pace.warm_up(), &visits, &numbers).await?;
    bench.forget_statements(system).await?;
    let meter = system.meter()?;
    let mut latencies = Vec::new();
    for _ in 0..bench.pace.rounds() {
        let round = load::at_rate(&server, RATE, bench.pace.seconds(10, 3), &visits, &numbers).await?;
        latencies.push(round.samples.latency());
    }
    let usage = meter.stop()?;
    let statements = bench.statements(system).await?;
    let most = load::callers_for(&server, CALLERS, bench.pace.seconds(5, 2), &visits, &numbers).await?;
    check(&read(system, &visits.path, &visits.cookie).await?)?;
    Ok(measure
        .latency(Latency::median_of(&latencies))
        .per_second(most.per_second())
        .usage(usage, "gateway")
        .note(format!("times at {RATE} visits per second, open loop; per second by {CALLERS} callers"))
        .notes(statements))
}

/// A request for a page, uncompressed.
pub(super) fn plain(path: &str, cookie: &str) -> Call {
    Call::get(path).header("cookie", cookie).header("accept", "text/html")
}

/// A page as text.
pub(super) async fn read(system: &System, path: &str, cookie: &str) -> Result<String> {
    let answer = system.server(Service::Gateway).send(&plain(path, cookie)).await?;
    answer.expect(StatusCode::OK).with_context(|| path.to_owned())?;
    Ok(String::from_utf8_lossy(&answer.body).into_owned())
}

/// A job that the person may see, finished by the system itself; with it, its title.
pub(super) async fn finished_job(system: &System) -> Result<(JobId, String)> {
    // The first tenant belongs to the person's agency.
    let answer = system.server(Service::Cpm).send(&Generate::new(system.tenants()).call(0)).await?;
    let job = Generate::job(&answer)?;
    let mut db = system.db().await?;
    books::wait_until_all_ended(&mut db).await?;
    let title: Option<String> = sqlx::query_scalar("SELECT title FROM jobs WHERE id = $1 AND status = 'completed'")
        .bind(job.uuid())
        .fetch_one(&mut db)
        .await?;
    Ok((job, title.context("the job has no title")?))
}
