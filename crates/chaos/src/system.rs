//! What is broken: three replicas of CPM, IM, SMM and the provider, on servers of their own. It starts, stops and is asked; it
//! must not know when.

use std::{net::SocketAddr, path::PathBuf};

use anyhow::{Context as _, Result};
use hg_common::auth::Service;
use hg_rig::{
    environment::{Environment, Programs, SERVICES, Surroundings},
    ground::{Ground, connect},
    plant::Tenant,
    process::Process,
};
use hg_simulator::{Behaviour, Simulator, SimulatorConfig};
use hg_stack::{ports, watchdog::Watchdog};
use hg_types::Usd;
use sqlx::PgConnection;
use uuid::Uuid;

use crate::{faults::Fault, load};

/// How many replicas of CPM there are.
pub(crate) const REPLICAS: usize = 3;
/// A worker that is silent for so many seconds is lost.
pub(crate) const LEASE_SECONDS: u64 = 5;

/// What CPM is started with besides.
const CPM: [(&str, &str); 2] = [("WORKER_CONCURRENCY", "24"), ("JOB_DEADLINE_SECONDS", "600")];

/// The running system. It ends when this is dropped.
pub(crate) struct System {
    /// CPM.
    pub(crate) replicas: Vec<Process>,
    pub(crate) smm: Process,
    pub(crate) im: Process,
    pub(crate) simulator: Simulator,
    addresses: Vec<SocketAddr>,
    direct_url: String,
    redis_url: String,
    logs: PathBuf,
    watchdog: Watchdog,
}

/// A budget that was set, and for whom; none is everybody's.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Limit {
    pub(crate) holder: Uuid,
    pub(crate) daily: Usd,
}

impl System {
    /// Starts it all, and returns when everything is healthy.
    pub(crate) async fn start(ground: &mut Ground, programs: &Programs, fault: &Fault) -> Result<Self> {
        let database = ground.fresh().await?;
        let logs = ground.logs().join(fault.name);
        drop(std::fs::remove_dir_all(&logs));
        std::fs::create_dir_all(&logs).with_context(|| format!("cannot make {}", logs.display()))?;
        let watchdog = Watchdog::start(&[])?;
        let default_behaviour = Behaviour { chunks: Some(12), ..Behaviour::latency(100, 600) };
        let simulator = Simulator::start(SimulatorConfig { default_behaviour, ..SimulatorConfig::default() })
            .context("the simulator doesn't start")?;
        let mut free = Vec::new();
        for service in SERVICES {
            free.push((service, ports::free()?));
        }
        let environment = Environment::new(
            programs.clone(),
            Surroundings {
                ports: free,
                database_url: ground.stack().pooled_url(&database),
                redis_url: ground.stack().redis_url(),
                provider_url: simulator.openai_url(),
            },
        );
        let smm = Process::start(environment.program(Service::Smm)?, &logs, &watchdog).await?;
        let im = Process::start(environment.program(Service::Im)?, &logs, &watchdog).await?;
        let mut cpm = environment.program(Service::Cpm)?;
        cpm.variables.extend(
            CPM.into_iter()
                .chain(fault.settings.iter().copied())
                .map(|(name, value)| (name.to_owned(), value.to_owned())),
        );
        cpm.variables.push(("WORKER_LEASE_SECONDS".to_owned(), LEASE_SECONDS.to_string()));
        let mut replicas = Vec::new();
        for number in 1..=REPLICAS {
            let program = cpm.replica(format!("cpm-{number}"), ports::free()?);
            replicas.push(Process::start(program, &logs, &watchdog).await?);
        }
        Ok(Self {
            addresses: replicas.iter().map(Process::address).collect(),
            replicas,
            smm,
            im,
            simulator,
            direct_url: ground.stack().direct_url(&database),
            redis_url: ground.stack().redis_url(),
            logs,
            watchdog,
        })
    }

    /// Where the replicas are.
    pub(crate) fn addresses(&self) -> Vec<SocketAddr> {
        self.addresses.clone()
    }

    /// The folder with the services' logs.
    pub(crate) fn logs(&self) -> PathBuf {
        self.logs.clone()
    }

    pub(crate) fn direct_url(&self) -> &str {
        &self.direct_url
    }

    pub(crate) fn redis_url(&self) -> &str {
        &self.redis_url
    }

    /// Past every policy and past the pooler.
    pub(crate) async fn db(&self) -> Result<PgConnection> {
        connect(&self.direct_url).await
    }

    /// How many jobs live.
    pub(crate) async fn living_jobs(&self) -> Result<i64> {
        Ok(sqlx::query_scalar("SELECT count(*) FROM job_runs").fetch_one(&mut self.db().await?).await?)
    }

    /// Starts a replica again, at its place.
    pub(crate) async fn start_replica(&mut self, replica: usize) -> Result<()> {
        self.replicas[replica].start_again(&self.watchdog).await.map(drop)
    }

    /// Starts SMM again.
    pub(crate) async fn start_smm(&mut self) -> Result<()> {
        self.smm.start_again(&self.watchdog).await.map(drop)
    }

    /// Starts IM again.
    pub(crate) async fn start_im(&mut self) -> Result<()> {
        self.im.start_again(&self.watchdog).await.map(drop)
    }

    /// All processes.
    pub(crate) fn processes(&mut self) -> impl Iterator<Item = &mut Process> {
        self.replicas.iter_mut().chain([&mut self.smm, &mut self.im])
    }

    /// Gives some customers and an agency budgets that bind before so many jobs are through.
    pub(crate) async fn limit_budgets(&self, tenants: &[Tenant], jobs: usize) -> Result<Vec<Limit>> {
        let mut db = self.db().await?;
        let mut limits = Vec::new();
        for tenant in tenants.iter().take(load::TENANTS).step_by(load::LIMITED_EVERY) {
            limits.push(Limit { holder: tenant.id.uuid(), daily: load::client_limit(jobs) });
        }
        let agency: Uuid =
            sqlx::query_scalar("SELECT id FROM clients WHERE slug = 'agency-02'").fetch_one(&mut db).await?;
        limits.push(Limit { holder: agency, daily: load::agency_limit(jobs) });
        for limit in &limits {
            sqlx::query("INSERT INTO budget_limits (client_id, daily_limit) VALUES ($1, $2::numeric / 1000000000)")
                .bind(limit.holder)
                .bind(limit.daily.nanos())
                .execute(&mut db)
                .await
                .context("cannot set a budget")?;
        }
        Ok(limits)
    }
}

impl Drop for System {
    fn drop(&mut self) {
        // Callers first.
        self.replicas.iter_mut().chain([&mut self.im, &mut self.smm]).for_each(Process::kill);
    }
}
