//! Under which circumstances was measured: without them a figure says nothing.

use std::{collections::BTreeMap, path::Path, process::Command};

use anyhow::{Context as _, Result};
use chrono::{DateTime, Utc};
use hg_common::config::{DatabaseConfig, Env, Environment, RedisConfig};
use serde::{Deserialize, Serialize};
use sqlx::PgConnection;

use crate::{bench::Pace, cli::Setting, procfs};
use hg_rig::{environment::SHARED_VARIABLES, ground::Ground};

/// What the database was asked for.
const POSTGRES: [&str; 8] = [
    "server_version",
    "fsync",
    "synchronous_commit",
    "full_page_writes",
    "wal_sync_method",
    "shared_buffers",
    "max_connections",
    "shared_preload_libraries",
];

/// What PgBouncer was asked for.
const POOLER: [&str; 4] = ["pool_mode", "default_pool_size", "max_client_conn", "server_reset_query_always"];

/// The circumstances.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub(crate) struct Settings {
    pub(crate) started_at: DateTime<Utc>,
    /// The commit, and whether anything was changed since.
    pub(crate) commit: String,
    pub(crate) pace: Pace,
    pub(crate) cores: usize,
    pub(crate) cpu: String,
    pub(crate) memory_mib: u64,
    pub(crate) kernel: String,
    /// Of one, five and fifteen minutes, before anything of ours was started.
    pub(crate) load_before: String,
    /// The file system below Postgres' data.
    pub(crate) file_system: String,
    pub(crate) postgres: BTreeMap<String, String>,
    pub(crate) pgbouncer: BTreeMap<String, String>,
    pub(crate) redis: BTreeMap<String, String>,
    /// What all services were started with, and what was set besides.
    pub(crate) services: BTreeMap<String, String>,
}

impl Settings {
    pub(crate) async fn read(ground: &Ground, pace: Pace, load_before: String, more: &[Setting]) -> Result<Self> {
        let stack = ground.stack();
        let mut db = hg_rig::ground::connect(&stack.direct_url("postgres")).await?;
        let mut postgres = BTreeMap::new();
        for name in POSTGRES {
            postgres.insert(name.to_owned(), setting(&mut db, name).await?);
        }
        for name in ["fsync", "synchronous_commit"] {
            anyhow::ensure!(
                postgres.get(name).is_some_and(|value| value == "on"),
                "{name} is off: figures would not be true"
            );
        }
        let mut services: BTreeMap<String, String> =
            SHARED_VARIABLES.iter().map(|(name, value)| ((*name).to_owned(), (*value).to_owned())).collect();
        services.extend(pools(&stack.pooled_url("postgres"), &stack.redis_url())?);
        services.extend(more.iter().map(|set| (format!("{}:{}", set.service, set.name), set.value.clone())));
        Ok(Self {
            started_at: Utc::now(),
            commit: commit(),
            pace,
            cores: std::thread::available_parallelism().map_or(1, usize::from),
            cpu: procfs::cpu_model(),
            memory_mib: procfs::machine_memory_kib() / 1024,
            kernel: std::fs::read_to_string("/proc/sys/kernel/osrelease").unwrap_or_default().trim().to_owned(),
            load_before,
            file_system: procfs::file_system(stack.daemons_folder()),
            postgres,
            pgbouncer: pooler(ground),
            redis: redis(ground)?,
            services,
        })
    }

    /// For people.
    pub(crate) fn lines(&self) -> Vec<String> {
        let of = |map: &BTreeMap<String, String>| {
            map.iter()
                .filter(|(_, value)| !value.is_empty())
                .map(|(name, value)| format!("{name} {value}"))
                .collect::<Vec<_>>()
                .join(", ")
        };
        vec![
            format!("commit     {}, {}, {}", self.commit, self.started_at.format("%Y-%m-%d %H:%M UTC"), self.pace),
            format!(
                "machine    {} cores ({}), {} MiB, Linux {}, everything on it, the load too",
                self.cores, self.cpu, self.memory_mib, self.kernel
            ),
            format!("load       {} before the start", self.load_before),
            format!("postgres   {}, data on {}", of(&self.postgres), self.file_system),
            format!("pgbouncer  {}", of(&self.pgbouncer)),
            format!("redis      {}", of(&self.redis)),
            format!("services   {}", of(&self.services)),
        ]
    }
}

async fn setting(db: &mut PgConnection, name: &str) -> Result<String> {
    let value: Option<String> = sqlx::query_scalar("SELECT current_setting($1, true)").bind(name).fetch_one(db).await?;
    Ok(value.unwrap_or_default())
}

/// The pools' sizes as the services read them: nothing is set, so these are their defaults.
fn pools(database: &str, redis: &str) -> Result<[(String, String); 2]> {
    let mut env = Env::from_pairs("cpm", [("DATABASE_URL", database), ("REDIS_URL", redis)]);
    let database = DatabaseConfig::read(&mut env, Environment::Production).context("DATABASE_URL is refused")?;
    let redis = RedisConfig::read(&mut env, Environment::Production).context("REDIS_URL is refused")?;
    Ok([
        ("DATABASE_MAX_CONNECTIONS".to_owned(), database.max_connections.to_string()),
        ("REDIS_MAX_CONNECTIONS".to_owned(), redis.max_connections.to_string()),
    ])
}

/// From PgBouncer's console, by psql: the console speaks only a part of the protocol.
fn pooler(ground: &Ground) -> BTreeMap<String, String> {
    let stack = ground.stack();
    let mut found = BTreeMap::new();
    if let Some(programs) = &stack.binaries().database {
        let (major, minor) = programs.pgbouncer_version;
        found.insert("version".to_owned(), format!("{major}.{minor}"));
        let psql = programs.postgres.first().map(|postgres| postgres.bin.join("psql"));
        if let Some(psql) = psql {
            let mut command = Command::new(psql);
            command.arg(stack.pooler_console_url()).args(["--no-psqlrc", "-At", "-c", "SHOW CONFIG"]);
            let said =
                command.output().map(|output| String::from_utf8_lossy(&output.stdout).into_owned()).unwrap_or_default();
            for line in said.lines() {
                let mut fields = line.split('|');
                if let (Some(name), Some(value)) = (fields.next(), fields.next())
                    && (POOLER.contains(&name) || name == "max_prepared_statements")
                {
                    found.insert(name.to_owned(), value.to_owned());
                }
            }
        }
    }
    found
}

fn redis(ground: &Ground) -> Result<BTreeMap<String, String>> {
    let program = ground.stack().binaries().redis.as_ref().context("there is no Redis")?;
    let said = Command::new(program).arg("--version").output().context("cannot run redis-server --version")?;
    let said = String::from_utf8_lossy(&said.stdout);
    let version = said.split_whitespace().find_map(|word| word.strip_prefix("v=")).unwrap_or("unknown");
    Ok([("version", version), ("appendonly", "yes"), ("maxmemory-policy", "noeviction")]
        .map(|(name, value)| (name.to_owned(), value.to_owned()))
        .into())
}

fn commit() -> String {
    let git = |arguments: &[&str]| {
        let output =
            Command::new("git").args(arguments).current_dir(Path::new(env!("CARGO_MANIFEST_DIR"))).output().ok()?;
        output.status.success().then(|| String::from_utf8_lossy(&output.stdout).trim().to_owned())
    };
    match (git(&["rev-parse", "--short=12", "HEAD"]), git(&["status", "--porcelain", "--untracked-files=no"])) {
        (Some(commit), Some(changes)) if changes.is_empty() => commit,
        (Some(commit), _) => format!("{commit} and changes"),
        (None, _) => "unknown".to_owned(),
    }
}
