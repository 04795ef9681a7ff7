//! A thousand watchers of live text: how late it reaches them, and what each costs.
//!
//! Twenty jobs run at once, each written by a provider that sends a piece every 200 ms, each watched by fifty connections to
//! CPM's `GET /jobs/{id}/events`. Everybody connects while the provider is still silent.
//!
//! **Delay** of a piece: from the instant at which it was put into the job's Redis stream (Redis' own clock, to the
//! millisecond, in the entry's id) until the watcher had read the event that carries it. Pieces that a slow watcher gets
//! together are counted one by one, each from its own instant. **From the provider**: from the instant at which the provider
//! sent its first piece, by its own books, until each watcher had its first text.
//!
//! **Memory per watcher**: growth of CPM's resident memory from before the first connection until all have their first
//! answer, divided by the number of watchers.

use std::{
    collections::HashMap,
    sync::Arc,
    time::{Duration, SystemTime, UNIX_EPOCH},
};

use anyhow::{Context as _, Result};
use hg_common::{
    auth::Service,
    redis::driver::{self, streams::StreamRangeReply},
};
use hg_types::JobId;
use http::StatusCode;
use serde_json::Value;
use tokio::{sync::Semaphore, task::JoinSet};

use super::{books, generate::Generate};
use crate::{
    bench::Bench,
    latency::Samples,
    load::Work as _,
    measure::Measure,
    procfs,
    system::{Provider, System},
    usage::mib,
};
use hg_rig::{
    http::{Call, Connection},
    sse::Events,
};

const JOBS: u64 = 20;
const EACH: usize = 50;
const CHUNKS: u32 = 100;
/// What a job's events may be silent for.
const PATIENCE: Duration = Duration::from_secs(90);
/// Connections that are being opened at once.
const OPENING: usize = 32;

pub(super) async fn run(bench: &mut Bench) -> Result<Vec<Measure>> {
    // Time enough to connect before the first piece; then a piece every 200 ms.
    let first = bench.pace.seconds(12, 8);
    let chunks = bench.pace.pick(CHUNKS, 25);
    let provider = Provider { total: first + Duration::from_millis(200) * chunks, first, chunks };
    let mut system = bench.system(provider).await?;
    let work = Generate::new(system.tenants());
    let cpm = system.server(Service::Cpm);
    let mut jobs = Vec::new();
    for number in 0..JOBS {
        jobs.push((number, Generate::job(&cpm.send(&work.call(number)).await?)?));
    }
    wait_until_written(&system).await?;
    // What the first jobs needed once is there by now.
    tokio::time::sleep(Duration::from_secs(1)).await;
    let pid = system.pid(Service::Cpm)?;
    let before = procfs::memory(pid)?.resident_kib;
    let meter = system.meter()?;
    let gate = Arc::new(Semaphore::new(OPENING));
    let connected = Arc::new(Semaphore::new(0));
    let mut watchers = JoinSet::new();
    for (number, job) in &jobs {
        for _ in 0..EACH {
            let call = Call::get(format!("/jobs/{job}/events")).header("x-api-key", &work.tenant(*number).key);
            let (gate, connected) = (Arc::clone(&gate), Arc::clone(&connected));
            watchers.spawn(watch(system.address(Service::Cpm), call, *job, gate, connected));
        }
    }
    let all = u32::try_from(watchers.len())?;
    let arrived = connected.acquire_many(all);
    let arrived = tokio::time::timeout(PATIENCE, arrived).await;
    if arrived.is_err()
        && let Some(Ok(Err(error))) = watchers.try_join_next()
    {
        return Err(error.context("a watcher"));
    }
    drop(arrived.context("not all watchers were let in")??);
    let connected = procfs::memory(pid)?.resident_kib;
    let calls = system.simulator("calls").await?;
    let late = begins(&calls).values().filter(|began| **began + first.as_secs_f64() * 1000.0 < now_ms()).count();

    let mut seen = Vec::new();
    while let Some(watcher) = watchers.join_next().await {
        seen.push(watcher.context("a watcher ended badly")?.context("a watcher")?);
    }
    let usage = meter.stop()?;
    let mut db = system.db().await?;
    books::wait_until_all_ended(&mut db).await?;
    books::settled(&mut db, JOBS).await?;
    system.check_alive()?;

    let pieces = published(&system, &jobs).await?;
    let delays = delays(&pieces, &seen)?;
    let begins = begins(&system.simulator("calls").await?);
    let mut from_provider = Samples::new();
    for watcher in &seen {
        let number = jobs.iter().find(|(_, job)| *job == watcher.job).map(|(number, _)| *number);
        let began = number.and_then(|number| begins.get(&number)).context("the provider has no call of a job")?;
        // After the first frame, which is empty, the pieces share the rest of the time evenly.
        let gap = (provider.total - first).as_secs_f64() * 1000.0 / pieces[&watcher.job].len() as f64;
        let sent = began + first.as_secs_f64() * 1000.0 + gap;
        let shown = watcher.shown.first().context("a watcher saw no text")?;
        from_provider.record(Duration::from_secs_f64((shown.at_ms - sent).max(0.0) / 1000.0));
    }
    let per_watcher = (connected.saturating_sub(before)) as f64 / seen.len() as f64;
    let peak = usage.peak_mib.get("cpm").copied().unwrap_or_default();
    let merged = 1.0 - seen.iter().map(|watcher| watcher.shown.len()).sum::<usize>() as f64 / delays.len() as f64;
    Ok(vec![
        Measure::new("watchers", format!("{} watchers, from publishing to the watcher", seen.len()))
            .latency(delays.latency())
            .per_second(delays.len() as f64 / (200.0 * f64::from(chunks) / 1000.0))
            .usage(usage, "cpm")
            .note(format!("{JOBS} jobs with {EACH} watchers each; a piece every 200 ms; {:.0} % of the pieces came together with others", merged * 100.0))
            .note("every watcher saw the whole text, the same as all others of its job, and the end")
            .notes((late > 0).then(|| format!("{late} jobs began to be written before all watchers were there"))),
        Measure::new("watchers", "from the provider's first piece to the watcher").latency(from_provider.latency()),
        Measure::new("watchers", "memory per watcher").value(per_watcher, "KiB").note(format!(
            "cpm resident {:.1} MiB before, {:.1} MiB with all of them, {peak:.1} MiB at the most while text flowed",
            mib(before),
            mib(connected)
        )),
    ])
}

/// A piece of text as one watcher got it.
struct Shown {
    /// Milliseconds since 1970.
    at_ms: f64,
    /// Bytes before it.
    offset: u64,
    bytes: u64,
}

/// What one watcher saw.
struct Seen {
    job: JobId,
    shown: Vec<Shown>,
    text: String,
}

/// Watches to the end.
async fn watch(
    address: std::net::SocketAddr,
    call: Call,
    job: JobId,
    gate: Arc<Semaphore>,
    connected: Arc<Semaphore>,
) -> Result<Seen> {
    let permit = gate.acquire().await?;
    let mut connection = Connection::open(address).await?;
    let answer = connection.start(&call).await?;
    anyhow::ensure!(answer.status() == StatusCode::OK, "answered {}", answer.status());
    let mut events = Events::new(answer.into_body());
    let mut seen = Seen { job, shown: Vec::new(), text: String::new() };
    let mut opening = Some(permit);
    loop {
        let event = tokio::time::timeout(PATIENCE, events.next()).await.context("hears nothing")??;
        let at_ms = now_ms();
        let event = event.with_context(|| format!("job {job}: the stream ended without an end"))?;
        if let Some(permit) = opening.take() {
            drop(permit);
            connected.add_permits(1);
        }
        match event.kind.as_str() {
            "delta" => {
                let data: Value = serde_json::from_str(&event.data)?;
                let (text, offset) =
                    (data["text"].as_str().unwrap_or_default(), data["offset"].as_u64().unwrap_or_default());
                anyhow::ensure!(
                    offset == seen.text.len() as u64,
                    "job {job}: text at {offset} follows {} bytes",
                    seen.text.len()
                );
                seen.shown.push(Shown { at_ms, offset, bytes: text.len() as u64 });
                seen.text.push_str(text);
            }
            "reset" => anyhow::bail!("job {job}: the text was voided: {}", event.data),
            "completed" => return Ok(seen),
            "failed" | "cancelled" => anyhow::bail!("job {job} {}: {}", event.kind, event.data),
            _ => {}
        }
    }
}

/// Waits until the provider is at work for every job.
async fn wait_until_written(system: &System) -> Result<()> {
    let waited = tokio::time::timeout(Duration::from_secs(10), async {
        while system.simulator("summary").await?["in_flight"].as_u64() != Some(JOBS) {
            tokio::time::sleep(Duration::from_millis(20)).await;
        }
        Ok::<_, anyhow::Error>(())
    });
    waited.await.context("the provider wasn't asked for all jobs")?
}

/// When the provider got each request, by its number: milliseconds since 1970, from its own books.
fn begins(calls: &Value) -> HashMap<u64, f64> {
    let calls = calls.as_array().into_iter().flatten();
    calls
        .filter_map(|call| Some((call["user"].as_str().and_then(Generate::number_in)?, call["started_ms"].as_f64()?)))
        .collect()
}

/// A piece in a job's Redis stream.
struct Piece {
    /// Bytes before it.
    offset: u64,
    /// When it was put there: milliseconds since 1970, by Redis' clock.
    at_ms: f64,
}

/// The pieces of each job's text.
async fn published(system: &System, jobs: &[(u64, JobId)]) -> Result<HashMap<JobId, Vec<Piece>>> {
    let redis = driver::Client::open(system.redis_url())?;
    let mut redis = redis.get_multiplexed_async_connection().await.context("Redis doesn't answer")?;
    let mut all = HashMap::new();
    for (_, job) in jobs {
        let key = format!("hg:live:{job}");
        let range = driver::cmd("XRANGE").arg(key).arg("-").arg("+").query_async(&mut redis).await;
        let reply: StreamRangeReply = range.context("the live text can't be read")?;
        let pieces = reply.ids.into_iter().filter_map(|entry| {
            let offset = entry.get::<u64>("o")?;
            Some(Piece { offset, at_ms: entry.id.split_once('-')?.0.parse().ok()? })
        });
        let pieces: Vec<Piece> = pieces.collect();
        anyhow::ensure!(!pieces.is_empty(), "job {job} has no live text");
        all.insert(*job, pieces);
    }
    Ok(all)
}

/// How late each piece was at each watcher; all watchers of a job must have seen the same.
fn delays(pieces: &HashMap<JobId, Vec<Piece>>, seen: &[Seen]) -> Result<Samples> {
    let mut texts: HashMap<JobId, &str> = HashMap::new();
    let mut samples = Samples::new();
    for watcher in seen {
        let text = *texts.entry(watcher.job).or_insert(&watcher.text);
        anyhow::ensure!(!text.is_empty() && watcher.text == text, "watchers of one job saw different texts");
        for shown in &watcher.shown {
            let range = shown.offset..shown.offset + shown.bytes;
            for piece in pieces[&watcher.job].iter().filter(|piece| range.contains(&piece.offset)) {
                samples.record(Duration::from_secs_f64((shown.at_ms - piece.at_ms).max(0.0) / 1000.0));
            }
        }
    }
    Ok(samples)
}

/// Milliseconds since 1970, with their fractions.
fn now_ms() -> f64 {
    SystemTime::now().duration_since(UNIX_EPOCH).map_or(0.0, |since| since.as_secs_f64() * 1000.0)
}
