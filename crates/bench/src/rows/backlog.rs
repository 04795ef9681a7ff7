//! What a backlog costs content production: 100,000 jobs wait, asked for through the API by 64 callers for 200 tenants in turn.
//!
//! The provider takes five seconds, so next to none ends meanwhile. Resident memory is read when nothing waits, after each quarter, after
//! Redis was wiped and the index rebuilt from Postgres with everything in it, and again and again while the backlog drains, the
//! provider answering at once by then. Nobody waits for the last of them.

use std::{
    sync::{Arc, atomic::AtomicU64},
    time::{Duration, Instant},
};

use anyhow::{Context as _, Result};
use hg_common::{auth::Service, redis::driver};
use sqlx::PgConnection;

use super::{books, generate::Generate};
use crate::{
    bench::Bench,
    load,
    measure::{Figure, Measure, Target},
    procfs,
    system::{Provider, System},
    usage::mib,
};

/// In jobs.
const BACKLOG: u64 = 100_000;
const QUICK_BACKLOG: u64 = 10_000;
const QUARTERS: u64 = 4;
const CALLERS: usize = 64;
/// 60 MB.
const LARGEST_MIB: f64 = 57.2;
/// How many times as much as with the first quarter may be resident with all of them.
const FLAT: f64 = 1.1;
const PROVIDER: Provider = Provider { total: Duration::from_secs(5), first: Duration::from_secs(1), chunks: 40 };
/// A rule of the simulator by which it answers at once.
const AT_ONCE: &str = r#"{"behaviour": {"latency_ms": [0, 0]}}"#;
/// That the index is complete; content production writes it last.
const EPOCH: &str = "hg:q:epoch";
const PAUSE: Duration = Duration::from_millis(100);
const PATIENCE: Duration = Duration::from_secs(120);

pub(super) async fn run(bench: &mut Bench) -> Result<Vec<Measure>> {
    let mut system = bench.system(PROVIDER).await?;
    let server = system.server(Service::Cpm);
    let work = Arc::new(Generate::new(system.tenants()));
    let numbers = Arc::new(AtomicU64::new(0));
    let total = bench.pace.pick(BACKLOG, QUICK_BACKLOG);
    let mut db = system.db().await?;
    let mut resident = Resident { pid: system.pid(Service::Cpm)?, read: Vec::new() };
    tokio::time::sleep(bench.pace.seconds(5, 1)).await;
    let meter = system.meter()?;
    resident.read("nothing waits".to_owned())?;

    let began = Instant::now();
    for quarter in 1..=QUARTERS {
        load::calls(&server, CALLERS, total / QUARTERS, &work, &numbers).await?;
        wait_until_dispatched(&mut db).await?;
        resident.read(format!("{} accepted", total * quarter / QUARTERS))?;
    }
    let rate = total as f64 / began.elapsed().as_secs_f64();
    let (first, full) = (resident.read[1].1, resident.read[4].1);
    books::accepted(&mut db, total).await?;
    let waiting = waiting(&mut db).await?;
    anyhow::ensure!(waiting * 10 >= total * 9, "only {waiting} of {total} jobs wait");

    let rebuilt = wipe_and_rebuild(&system).await?;
    resident.read("index rebuilt".to_owned())?;
    system.behave(AT_ONCE).await?;
    let drained = drain(&mut db, &mut resident, bench.pace.seconds(20, 3)).await?;
    let usage = meter.stop()?;
    books::charged_once(&mut db).await?;
    system.check_alive()?;

    let peak = usage.peak_mib.get("cpm").copied().context("content production was not watched")?;
    let redis = usage.resident_mib.get("redis").copied().unwrap_or_default();
    Ok(vec![
        Measure::new("backlog", format!("{total} waiting, the most that was resident"))
            .value(peak, "MiB")
            .usage(usage, "cpm")
            .target(Target::at_most(Figure::Value, LARGEST_MIB))
            .note(resident.said())
            .note(format!(
                "accepted at {rate:.0} per second, {waiting} of them waited in the end; Redis had {redis:.0} MiB"
            ))
            .notes(bench.statements(&system).await?),
        Measure::new("backlog", format!("resident with {total} waiting ÷ with the first quarter"))
            .value(full / first, "×")
            .target(Target::at_most(Figure::Value, FLAT))
            .note(format!("{:+.1} MiB for {} more jobs", full - first, total - total / QUARTERS)),
        Measure::new("backlog", "from the wipe of Redis until the index was rebuilt".to_owned())
            .value(rebuilt.as_secs_f64(), "s"),
        Measure::new("backlog", "ended meanwhile, an instant provider".to_owned()).per_second(drained),
    ])
}

/// What was resident, and when.
struct Resident {
    pid: i32,
    read: Vec<(String, f64)>,
}

impl Resident {
    fn now(&self) -> Result<f64> {
        Ok(mib(procfs::memory(self.pid)?.resident_kib))
    }

    fn read(&mut self, when: String) -> Result<()> {
        let now = self.now()?;
        self.read.push((when, now));
        Ok(())
    }

    /// The most of a time.
    async fn largest(&self, time: Duration) -> Result<f64> {
        let (began, mut largest) = (Instant::now(), 0_f64);
        while began.elapsed() < time {
            largest = largest.max(self.now()?);
            tokio::time::sleep(PAUSE).await;
        }
        Ok(largest)
    }

    fn said(&self) -> String {
        let each: Vec<String> = self.read.iter().map(|(when, mib)| format!("{when} {mib:.1} MiB")).collect();
        format!("resident: {}", each.join(", "))
    }
}

/// How many wait, for a slot or to be tried again.
async fn waiting(db: &mut PgConnection) -> Result<u64> {
    let count: i64 = sqlx::query_scalar("SELECT count(*) FROM job_runs WHERE status = 'pending'").fetch_one(db).await?;
    Ok(u64::try_from(count)?)
}

/// Until all that was accepted is in the index.
async fn wait_until_dispatched(db: &mut PgConnection) -> Result<()> {
    let began = Instant::now();
    let some = "SELECT EXISTS (SELECT FROM job_runs WHERE status = 'pending' AND dispatched_at IS NULL)";
    while sqlx::query_scalar::<_, bool>(some).fetch_one(&mut *db).await? {
        anyhow::ensure!(began.elapsed() < PATIENCE, "jobs are not in the index after {PATIENCE:?}");
        tokio::time::sleep(PAUSE).await;
    }
    Ok(())
}

/// Takes everything from Redis; how long it took until the index was whole again.
async fn wipe_and_rebuild(system: &System) -> Result<Duration> {
    let redis = driver::Client::open(system.redis_url())?;
    let mut redis = redis.get_multiplexed_async_connection().await.context("Redis doesn't answer")?;
    let built: bool = driver::cmd("EXISTS").arg(EPOCH).query_async(&mut redis).await?;
    anyhow::ensure!(built, "content production never said that its index is built");
    let () = driver::cmd("FLUSHALL").query_async(&mut redis).await?;
    let began = Instant::now();
    while !driver::cmd("EXISTS").arg(EPOCH).query_async::<bool>(&mut redis).await? {
        anyhow::ensure!(began.elapsed() < PATIENCE, "the index isn't rebuilt after {PATIENCE:?}");
        tokio::time::sleep(PAUSE / 10).await;
    }
    Ok(began.elapsed())
}

/// Looks on while jobs end; how many per second.
async fn drain(db: &mut PgConnection, resident: &mut Resident, time: Duration) -> Result<f64> {
    // What was called before goes on as slowly as it began, and keeps its slots so long.
    let slow = resident.largest(PROVIDER.total).await?;
    let (before, began) = (waiting(db).await?, Instant::now());
    let fast = resident.largest(time).await?;
    let (after, elapsed) = (waiting(db).await?, began.elapsed());
    anyhow::ensure!(after < before, "nothing was taken from the backlog");
    resident.read.push(("while it drained, at most".to_owned(), slow.max(fast)));
    Ok((before - after) as f64 / elapsed.as_secs_f64())
}
