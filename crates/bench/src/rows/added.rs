//! What we add to the provider's time: a provider of 50 ms, ten jobs a second, whatever became of the earlier ones.
//!
//! For each job: from the moment at which the answer of `POST /generate` was here, until its result was committed, less the
//! time that the provider took by its own books. "Committed" is asked of the database directly, a quarter of a millisecond
//! apart and only from 45 ms on, so that asking costs little. A second measurement asks as a person would: until the event
//! `completed` has reached a watcher of `GET /jobs/{id}/events`.

use std::{
    collections::HashMap,
    sync::Arc,
    time::{Duration, Instant},
};

use anyhow::{Context as _, Result};
use hg_common::auth::Service;
use hg_types::JobId;
use http::StatusCode;
use sqlx::PgConnection;
use tokio::{sync::Mutex, task::JoinSet};

use super::{books, generate::Generate};
use crate::{
    bench::Bench,
    latency::{Samples, median},
    load::{Work as _, ticks},
    measure::{Figure, Measure, Target},
    system::{Provider, System},
};
use hg_rig::{
    http::{Call, Connection, Server},
    sse::Events,
};

const PROVIDER: Provider = Provider { total: Duration::from_millis(50), first: Duration::from_millis(25), chunks: 5 };
const RATE: f64 = 10.0;
const P50_MS: f64 = 8.0;
/// The provider takes at least so long: nobody need ask before.
const QUIET: Duration = Duration::from_millis(45);
/// Between two questions whether the result is there.
const PAUSE: Duration = Duration::from_micros(250);
const PATIENCE: Duration = Duration::from_secs(60);
/// Connections that ask: as many jobs may be late at once.
const OBSERVERS: usize = 20;

/// How a job's end is seen.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Eye {
    /// In the database.
    Database,
    /// By a watcher.
    Watcher,
}

pub(super) async fn run(bench: &mut Bench) -> Result<Vec<Measure>> {
    let database = look(bench, Eye::Database).await?.target(Target::at_most(Figure::Median, P50_MS));
    Ok(vec![database, look(bench, Eye::Watcher).await?])
}

async fn look(bench: &mut Bench, eye: Eye) -> Result<Measure> {
    let mut system = bench.system(PROVIDER).await?;
    let shared = Arc::new(Shared {
        server: system.server(Service::Cpm),
        work: Generate::new(system.tenants()),
        databases: Mutex::default(),
    });
    for _ in 0..OBSERVERS {
        shared.databases.lock().await.push(system.db().await?);
    }
    let warm_up = jobs(&shared, eye, 0, (RATE * bench.pace.warm_up().as_secs_f64()) as u64 + 5).await?;
    let first = warm_up.len() as u64;
    books::wait_until_all_ended(&mut system.db().await?).await?;
    system.forget_calls().await?;
    bench.forget_statements(&system).await?;
    let meter = system.meter()?;
    let count = (RATE * bench.pace.seconds(40, 5).as_secs_f64()) as u64;
    let took = jobs(&shared, eye, first, count).await?;
    let usage = meter.stop()?;
    let mut db = system.db().await?;
    books::wait_until_all_ended(&mut db).await?;
    books::settled(&mut db, first + count).await?;
    system.check_alive()?;

    let provider = provider_times(&system).await?;
    let mut samples = Samples::new();
    for (number, took) in took {
        let theirs = provider.get(&number).with_context(|| format!("the provider has no call of job {number}"))?;
        samples.record(took.saturating_sub(*theirs));
    }
    let theirs = median(provider.values().map(|time| time.as_secs_f64() * 1000.0));
    let name = match eye {
        Eye::Database => "added to 50 ms, until committed",
        Eye::Watcher => "added to 50 ms, until a watcher knows",
    };
    Ok(Measure::new("added", name)
        .latency(samples.latency())
        .per_second(RATE)
        .usage(usage, "cpm")
        .note(format!("the provider took {theirs:.0} ms by its own books (median)"))
        .note(stages(&mut db).await?)
        .notes(bench.statements(&system).await?))
}

struct Shared {
    server: Arc<Server>,
    work: Generate,
    databases: Mutex<Vec<PgConnection>>,
}

/// Makes jobs at the fixed rate; how long each took from its acceptance to its end.
async fn jobs(shared: &Arc<Shared>, eye: Eye, first: u64, count: u64) -> Result<Vec<(u64, Duration)>> {
    let mut due = ticks(RATE, count);
    let mut tasks = JoinSet::new();
    let mut number = first;
    while due.recv().await.is_some() {
        let shared = Arc::clone(shared);
        tasks.spawn(async move { Ok::<_, anyhow::Error>((number, one(&shared, eye, number).await?)) });
        number += 1;
    }
    let mut all = Vec::new();
    while let Some(task) = tasks.join_next().await {
        all.push(task.context("a job's observer ended badly")??);
    }
    Ok(all)
}

async fn one(shared: &Shared, eye: Eye, number: u64) -> Result<Duration> {
    let answer = shared.server.send(&shared.work.call(number)).await?;
    let accepted = Instant::now();
    let job = Generate::job(&answer)?;
    let seen = match eye {
        Eye::Database => committed(shared, job),
        Eye::Watcher => return watched(shared, number, job, accepted).await,
    };
    tokio::time::timeout(PATIENCE, seen).await.context("a job didn't end")?.map(|at| at - accepted)
}

async fn committed(shared: &Shared, job: JobId) -> Result<Instant> {
    tokio::time::sleep(QUIET).await;
    let mut db = shared.databases.lock().await.pop().context("more jobs at once than observers")?;
    loop {
        let status: String = sqlx::query_scalar("SELECT status::text FROM jobs WHERE id = $1")
            .bind(job.uuid())
            .fetch_one(&mut db)
            .await?;
        if status != "pending" {
            let now = Instant::now();
            anyhow::ensure!(status == "completed", "job {job} is {status}");
            shared.databases.lock().await.push(db);
            return Ok(now);
        }
        // Tokio's timer counts whole milliseconds.
        tokio::task::block_in_place(|| std::thread::sleep(PAUSE));
    }
}

async fn watched(shared: &Shared, number: u64, job: JobId, accepted: Instant) -> Result<Duration> {
    let mut connection = Connection::open(shared.server.address()).await?;
    let call = Call::get(format!("/jobs/{job}/events")).header("x-api-key", &shared.work.tenant(number).key);
    let answer = connection.start(&call).await?;
    anyhow::ensure!(answer.status() == StatusCode::OK, "a watcher was answered {}", answer.status());
    let mut events = Events::new(answer.into_body());
    loop {
        let event = tokio::time::timeout(PATIENCE, events.next()).await.context("a watcher hears nothing")??;
        let event = event.with_context(|| format!("job {job}: the stream ended without an end"))?;
        match event.kind.as_str() {
            "completed" => return Ok(accepted.elapsed()),
            "failed" | "cancelled" => anyhow::bail!("job {job} {}: {}", event.kind, event.data),
            _ => {}
        }
    }
}

/// How long the provider took for each request, by its own books, to the millisecond.
pub(super) async fn provider_times(system: &System) -> Result<HashMap<u64, Duration>> {
    let calls = system.simulator("calls").await?;
    let mut times: HashMap<u64, Duration> = HashMap::new();
    for call in calls.as_array().into_iter().flatten() {
        let number = call["user"].as_str().and_then(Generate::number_in);
        if let (Some(number), Some(began), Some(ended)) =
            (number, call["started_ms"].as_u64(), call["finished_ms"].as_u64())
        {
            *times.entry(number).or_default() += Duration::from_millis(ended.saturating_sub(began));
        }
    }
    Ok(times)
}

/// Where the time of a job went, by its own clocks: medians in milliseconds.
async fn stages(db: &mut PgConnection) -> Result<String> {
    let (wait, prepare, call, end): (f64, f64, f64, f64) = sqlx::query_as(
        "SELECT percentile_cont(0.5) WITHIN GROUP (ORDER BY 1000 * extract(epoch FROM j.started_at - j.created_at)::float8),
                percentile_cont(0.5) WITHIN GROUP (ORDER BY 1000 * extract(epoch FROM c.started_at - j.started_at)::float8),
                percentile_cont(0.5) WITHIN GROUP (ORDER BY 1000 * extract(epoch FROM c.finished_at - c.started_at)::float8),
                percentile_cont(0.5) WITHIN GROUP (ORDER BY 1000 * extract(epoch FROM j.completed_at - c.finished_at)::float8)
           FROM jobs j JOIN provider_calls c ON c.job_id = j.id",
    )
    .fetch_one(db)
    .await
    .context("the stages can't be read")?;
    Ok(format!(
        "by the database's clock: accept to claim {wait:.1} ms, claim to call on record {prepare:.1}, call {call:.1}, call to end {end:.1}"
    ))
}
