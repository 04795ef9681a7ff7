//! What we add to a provider for a service that streams: 16 callers, each with `POST /generate` and `"stream": true`, one
//! after the other.
//!
//! **Added**: from sending the request until its event `completed`, less the time that the provider took by its own books (to
//! the millisecond). **First token**: from sending the request until its first `delta`, less the time from CPM's call of the
//! provider until the first text came, as CPM recorded it with the call.

use std::{
    collections::HashMap,
    sync::{
        Arc,
        atomic::{AtomicU64, Ordering},
    },
    time::{Duration, Instant},
};

use anyhow::{Context as _, Result};
use hg_common::auth::Service;
use hg_rig::{http::Connection, sse::Events};
use hg_types::JobId;
use http::StatusCode;
use serde_json::Value;
use sqlx::PgConnection;
use tokio::task::JoinSet;

use super::{added::provider_times, books, generate::Generate};
use crate::{
    bench::Bench,
    latency::Samples,
    measure::{Figure, Measure, Target},
    system::{Provider, System},
};

const PROVIDER: Provider =
    Provider { total: Duration::from_millis(200), first: Duration::from_millis(100), chunks: 10 };
const CALLERS: usize = 16;
const ADDED_P50_MS: f64 = 4.0;
const ADDED_P99_MS: f64 = 15.0;
const FIRST_P50_MS: f64 = 3.0;
const PATIENCE: Duration = Duration::from_secs(60);

pub(super) async fn run(bench: &mut Bench) -> Result<Vec<Measure>> {
    let mut system = bench.system(PROVIDER).await?;
    let work = Arc::new(Generate::new(system.tenants()));
    let numbers = Arc::new(AtomicU64::new(0));
    let warm_up = callers(&system, &work, &numbers, bench.pace.warm_up()).await?.len() as u64;
    books::wait_until_all_ended(&mut system.db().await?).await?;
    system.forget_calls().await?;
    bench.forget_statements(&system).await?;
    let meter = system.meter()?;
    let began = Instant::now();
    let seen = callers(&system, &work, &numbers, bench.pace.seconds(20, 4)).await?;
    let rate = seen.len() as f64 / began.elapsed().as_secs_f64();
    let usage = meter.stop()?;
    let mut db = system.db().await?;
    books::wait_until_all_ended(&mut db).await?;
    books::settled(&mut db, warm_up + seen.len() as u64).await?;
    system.check_alive()?;

    let theirs = provider_times(&system).await?;
    let first_texts = first_texts(&mut db).await?;
    let (mut added, mut first) = (Samples::new(), Samples::new());
    for one in &seen {
        let provider =
            theirs.get(&one.number).with_context(|| format!("the provider has no call of job {}", one.number))?;
        added.record(one.completed.saturating_sub(*provider));
        let provider = first_texts.get(&one.job).with_context(|| format!("job {} has no first text", one.job))?;
        first.record(one.first.saturating_sub(*provider));
    }
    let measure = |name: &str| Measure::new("stream", format!("{name}, {CALLERS} callers"));
    let added = added.latency();
    Ok(vec![
        measure("added to 200 ms")
            .latency(added)
            .per_second(rate)
            .usage(usage, "cpm")
            .note("every caller saw the whole text, in order, and the end")
            .notes(bench.statements(&system).await?)
            .target(Target::at_most(Figure::Median, ADDED_P50_MS)),
        measure("the same, judged by its p99").latency(added).target(Target::at_most(Figure::P99, ADDED_P99_MS)),
        measure("added to the first token")
            .latency(first.latency())
            .target(Target::at_most(Figure::Median, FIRST_P50_MS)),
    ])
}

/// What a caller saw of one job.
struct Seen {
    number: u64,
    job: JobId,
    /// Since the request was sent.
    first: Duration,
    completed: Duration,
}

async fn callers(system: &System, work: &Arc<Generate>, numbers: &Arc<AtomicU64>, time: Duration) -> Result<Vec<Seen>> {
    let (address, end) = (system.address(Service::Cpm), Instant::now() + time);
    let mut tasks = JoinSet::new();
    for _ in 0..CALLERS {
        let (work, numbers) = (Arc::clone(work), Arc::clone(numbers));
        tasks.spawn(async move {
            let mut connection = Connection::open(address).await?;
            let mut seen = Vec::new();
            while Instant::now() < end {
                let number = numbers.fetch_add(1, Ordering::Relaxed);
                seen.push(one(&mut connection, &work, number).await.with_context(|| format!("request {number}"))?);
            }
            Ok::<_, anyhow::Error>(seen)
        });
    }
    let mut all = Vec::new();
    while let Some(task) = tasks.join_next().await {
        all.extend(task.context("a caller ended badly")??);
    }
    Ok(all)
}

async fn one(connection: &mut Connection, work: &Generate, number: u64) -> Result<Seen> {
    let call = work.streamed(number);
    let sent = Instant::now();
    let answer = connection.start(&call).await?;
    anyhow::ensure!(answer.status() == StatusCode::OK, "answered {}", answer.status());
    let mut events = Events::new(answer.into_body());
    let (mut job, mut first, mut completed, mut length) = (None, None, None, 0);
    // To the end of the answer: the connection is used again.
    while let Some(event) = tokio::time::timeout(PATIENCE, events.next()).await.context("hears nothing")?? {
        let data: Value = serde_json::from_str(&event.data)?;
        match event.kind.as_str() {
            "accepted" => job = data["job_id"].as_str().and_then(|id| id.parse().ok()),
            "delta" => {
                first.get_or_insert_with(|| sent.elapsed());
                anyhow::ensure!(data["offset"].as_u64() == Some(length), "text is missing before {}", event.data);
                length += data["text"].as_str().unwrap_or_default().len() as u64;
            }
            "completed" => completed = Some(sent.elapsed()),
            "failed" | "cancelled" | "reset" => anyhow::bail!("{}: {}", event.kind, event.data),
            _ => {}
        }
    }
    Ok(Seen {
        number,
        job: job.context("the job wasn't named")?,
        first: first.context("no text came")?,
        completed: completed.context("the stream ended without an end")?,
    })
}

/// How long the provider took to each job's first text, as CPM recorded it.
async fn first_texts(db: &mut PgConnection) -> Result<HashMap<JobId, Duration>> {
    let rows: Vec<(uuid::Uuid, f64)> = sqlx::query_as(
        "SELECT job_id, extract(epoch FROM first_token_at - started_at)::float8 FROM provider_calls WHERE first_token_at IS NOT NULL",
    )
    .fetch_all(db)
    .await
    .context("the calls can't be read")?;
    Ok(rows.into_iter().map(|(job, seconds)| (JobId(job), Duration::from_secs_f64(seconds.max(0.0)))).collect())
}
