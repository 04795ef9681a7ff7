//! Whether one tenant's 10,000 waiting jobs keep fifty tenants with five jobs each from theirs.
//!
//! The same small tenants are measured twice in one run: alone on the idle system, then beside the backlog. They come in two ways:
//! all at once, as fast as 64 connections can ask, which is more than there are slots, so that they wait for each other too; and
//! one by one at a fixed rate that leaves slots free.
//!
//! **Wait**: from a job's acceptance until its first attempt has its lease (`created_at` and `started_at` of the job, both by the
//! database's clock; the first is the beginning of the transaction that accepted it). The provider takes a second, so the backlog
//! is there from the first small job to the last, which is verified.

use std::{
    sync::{Arc, atomic::AtomicU64},
    time::{Duration, Instant},
};

use anyhow::{Context as _, Result};
use chrono::{DateTime, Utc};
use hg_common::auth::Service;
use hg_rig::{http::Server, plant::Tenant};
use sqlx::PgConnection;
use uuid::Uuid;

use super::{books, generate::Generate};
use crate::{
    bench::{Bench, Pace},
    latency::{Latency, Samples},
    load,
    measure::{Figure, Measure, Target},
    system::{Provider, System},
};

const PROVIDER: Provider = Provider { total: Duration::from_secs(1), first: Duration::from_millis(200), chunks: 10 };
/// Jobs of the one that wait whenever the small ones come, and how many small ones there are.
const SIZES: (u64, usize) = (10_000, 50);
const QUICK_SIZES: (u64, usize) = (2_000, 10);
/// Jobs of each small tenant, in each round.
const EACH: u64 = 5;
const CALLERS: usize = 64;
/// Small jobs per second where they come one by one: in a second, that many slots besides those that the one may have.
const RATE: f64 = 10.0;
/// How many times as long as alone the small ones' p99 may be.
const RATIO: f64 = 2.0;
const PATIENCE: Duration = Duration::from_secs(300);
const PAUSE: Duration = Duration::from_millis(100);

/// How the small ones come.
#[derive(Clone, Copy)]
enum Coming {
    AtOnce,
    OneByOne,
}

/// Those who ask.
struct Askers {
    server: Arc<Server>,
    db: PgConnection,
    one: Arc<Generate>,
    one_id: Uuid,
    small: Arc<Generate>,
    small_ids: Vec<Uuid>,
    /// How many jobs the one shall have waiting.
    backlog: u64,
    /// Jobs of the small ones in a round.
    jobs: u64,
    numbers: Arc<AtomicU64>,
    asked_by_small: u64,
}

pub(super) async fn run(bench: &mut Bench) -> Result<Vec<Measure>> {
    let mut system = bench.system(PROVIDER).await?;
    let mut askers = Askers::of(&system, bench.pace).await?;
    // Connections, plans and caches, for everybody.
    load::calls(
        &askers.server,
        CALLERS,
        bench.pace.pick(200, 50),
        &Arc::new(Generate::new(system.tenants())),
        &askers.numbers,
    )
    .await?;
    books::wait_until_all_ended(&mut askers.db).await?;

    let alone = [askers.rounds(bench.pace, Coming::AtOnce).await?, askers.rounds(bench.pace, Coming::OneByOne).await?];
    let meter = system.meter()?;
    askers.fill().await?;
    let mut beside = Vec::new();
    let mut left = Vec::new();
    for coming in [Coming::AtOnce, Coming::OneByOne] {
        let mut rounds = Vec::new();
        for _ in 0..bench.pace.rounds() {
            askers.fill().await?;
            rounds.push(askers.round(coming).await?);
            left.push(askers.waiting().await?);
        }
        beside.push(Latency::median_of(&rounds));
    }
    let usage = meter.stop()?;
    let least = left.into_iter().min().unwrap_or_default();
    anyhow::ensure!(least * 2 > askers.backlog, "only {least} jobs waited beside the small ones in the end");
    books::settled_of(&mut askers.db, &askers.small_ids, askers.asked_by_small).await?;
    system.check_alive()?;

    let (backlog, tenants) = (askers.backlog, askers.small_ids.len());
    let mut measures = Vec::new();
    for ((coming, alone), beside) in ["at once", "one by one"].into_iter().zip(alone).zip(beside) {
        let small = format!("wait of {tenants} with {EACH} jobs each, {coming}");
        let ratio = beside.p99_ms / alone.p99_ms;
        measures.push(Measure::new("fairness", format!("{small}, alone")).latency(alone));
        measures.push(Measure::new("fairness", format!("{small}, beside {backlog} of one")).latency(beside));
        let judged = Measure::new("fairness", format!("{small}, beside ÷ alone, p99")).value(ratio, "×");
        measures.push(judged.target(Target::at_most(Figure::Value, RATIO)));
    }
    let last = measures.pop().context("nothing was measured")?;
    measures.push(
        last.usage(usage, "cpm")
            .note(format!("never fewer than {least} jobs of the one waited when a round of the small ones had ended"))
            .note("each of the small ones' jobs has its text and exactly one charge"),
    );
    Ok(measures)
}

impl Askers {
    async fn of(system: &System, pace: Pace) -> Result<Self> {
        let tenants = system.tenants();
        let (backlog, count) = pace.pick(SIZES, QUICK_SIZES);
        let (one, others) = tenants.split_first().context("nobody is there")?;
        let small: Vec<Tenant> = others.iter().take(count).cloned().collect();
        anyhow::ensure!(small.len() == count, "too few tenants");
        Ok(Self {
            server: system.server(Service::Cpm),
            db: system.db().await?,
            one: Arc::new(Generate::new(Arc::from([one.clone()]))),
            one_id: one.id.uuid(),
            small_ids: small.iter().map(|tenant| tenant.id.uuid()).collect(),
            small: Arc::new(Generate::new(small.into())),
            backlog,
            jobs: EACH * count as u64,
            numbers: Arc::default(),
            asked_by_small: 0,
        })
    }

    async fn rounds(&mut self, pace: Pace, coming: Coming) -> Result<Latency> {
        let mut rounds = Vec::new();
        for _ in 0..pace.rounds() {
            rounds.push(self.round(coming).await?);
        }
        Ok(Latency::median_of(&rounds))
    }

    /// The small ones come once and are waited for; how long their jobs waited.
    async fn round(&mut self, coming: Coming) -> Result<Latency> {
        let from = self.now().await?;
        match coming {
            Coming::AtOnce => drop(load::calls(&self.server, CALLERS, self.jobs, &self.small, &self.numbers).await?),
            Coming::OneByOne => {
                let time = Duration::from_secs_f64(self.jobs as f64 / RATE);
                drop(load::at_rate(&self.server, RATE, time, &self.small, &self.numbers).await?);
            }
        }
        self.asked_by_small += self.jobs;
        let began = Instant::now();
        while self.living().await? {
            anyhow::ensure!(began.elapsed() < PATIENCE, "the small ones' jobs live on after {PATIENCE:?}");
            tokio::time::sleep(PAUSE).await;
        }
        let waits: Vec<f64> = sqlx::query_scalar(
            "SELECT extract(epoch FROM started_at - created_at)::float8 FROM jobs
              WHERE client_id = ANY ($1) AND created_at >= $2 AND started_at IS NOT NULL",
        )
        .bind(&self.small_ids)
        .bind(from)
        .fetch_all(&mut self.db)
        .await?;
        let samples: Samples = waits.iter().map(|wait| Duration::from_secs_f64(wait.max(0.0))).collect();
        anyhow::ensure!(samples.len() == self.jobs, "{} jobs were started, not {}", samples.len(), self.jobs);
        Ok(samples.latency())
    }

    /// Asks for jobs of the one until as many wait as shall, all of them in the index.
    async fn fill(&mut self) -> Result<()> {
        let began = Instant::now();
        loop {
            let waiting = self.waiting().await?;
            if waiting >= self.backlog && !self.on_their_way().await? {
                return Ok(());
            }
            anyhow::ensure!(began.elapsed() < PATIENCE, "only {waiting} jobs wait after {PATIENCE:?}");
            if waiting < self.backlog {
                // Some more: others end meanwhile.
                let missing = self.backlog - waiting + self.backlog / 20;
                load::calls(&self.server, CALLERS, missing, &self.one, &self.numbers).await?;
            }
            // That they were dispatched is noted a little later.
            tokio::time::sleep(PAUSE).await;
        }
    }

    async fn now(&mut self) -> Result<DateTime<Utc>> {
        Ok(sqlx::query_scalar("SELECT clock_timestamp()").fetch_one(&mut self.db).await?)
    }

    async fn living(&mut self) -> Result<bool> {
        let living = sqlx::query_scalar("SELECT EXISTS (SELECT FROM job_runs WHERE client_id = ANY ($1))");
        Ok(living.bind(&self.small_ids).fetch_one(&mut self.db).await?)
    }

    async fn on_their_way(&mut self) -> Result<bool> {
        let some = sqlx::query_scalar(
            "SELECT EXISTS (SELECT FROM job_runs WHERE client_id = $1 AND status = 'pending' AND dispatched_at IS NULL)",
        );
        Ok(some.bind(self.one_id).fetch_one(&mut self.db).await?)
    }

    async fn waiting(&mut self) -> Result<u64> {
        let count: i64 =
            sqlx::query_scalar("SELECT count(*) FROM job_runs WHERE client_id = $1 AND status = 'pending'")
                .bind(self.one_id)
                .fetch_one(&mut self.db)
                .await?;
        Ok(u64::try_from(count)?)
    }
}
