//! The three daemons together.

use std::path::{Path, PathBuf};
use std::time::{Duration, SystemTime, UNIX_EPOCH};

use anyhow::{Context as _, Result};

use crate::account::Account;
use crate::binaries::{Binaries, Servers};
use crate::daemon::{Daemon, Farewell};
use crate::home::{self, Home};
use crate::pgbouncer::{self, ADMIN_USER, APP_USER, PoolerSafety};
use crate::ports::{self, Ports};
use crate::process::{ProcessId, Signal};
use crate::watchdog::Watchdog;
use crate::{postgres, redis};

/// How often other ports are tried when somebody else takes one between choosing and binding it.
const PORT_TRIES: usize = 5;

/// A daemon can't be started that the stack was told not to have.
const NOT_WANTED: &str = "this stack was made without that server";

/// What a stack is for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Purpose {
    /// To work with: data is kept, and survives a crash.
    Up,
    /// For tests: as fast as can be, and the whole folder is removed at the end.
    Test,
    /// For measurements: what is committed is on the disk, as in production, and the whole folder is removed at the end.
    Measure,
}

impl Purpose {
    /// Whether nothing of the stack outlives it.
    #[must_use]
    pub const fn is_temporary(self) -> bool {
        matches!(self, Self::Test | Self::Measure)
    }
}

/// What [`Stack::start`] needs to know.
#[derive(Debug, Clone)]
pub struct StackOptions {
    /// The stack's folder; made when it doesn't exist.
    pub dir: PathBuf,
    /// What for.
    pub purpose: Purpose,
    /// Fixed ports; `None` takes the last start's where they are free, else free ones.
    pub ports: Option<Ports>,
    /// Whether PgBouncer gets safe settings.
    pub pooler: PoolerSafety,
    /// Which daemons are wanted.
    pub servers: Servers,
}

impl StackOptions {
    /// A stack to work with, whose data is kept in `dir`.
    #[must_use]
    pub fn up(dir: impl Into<PathBuf>) -> Self {
        Self { dir: dir.into(), purpose: Purpose::Up, ports: None, pooler: PoolerSafety::Safe, servers: Servers::All }
    }

    /// A stack for tests in `dir`, which is removed at the end.
    #[must_use]
    pub fn test(dir: impl Into<PathBuf>) -> Self {
        Self { dir: dir.into(), purpose: Purpose::Test, ports: None, pooler: PoolerSafety::Safe, servers: Servers::All }
    }

    /// A stack for measurements in `dir`, which is removed at the end: as durable as production. Choose a folder on a
    /// real disk, for among the temporary files `fsync` may cost nothing.
    #[must_use]
    pub fn measure(dir: impl Into<PathBuf>) -> Self {
        Self { purpose: Purpose::Measure, ..Self::test(dir) }
    }

    /// A stack for tests in a new folder among the temporary files.
    ///
    /// # Errors
    /// When the clock stands before 1970.
    pub fn fresh_test() -> Result<Self> {
        let now = SystemTime::now().duration_since(UNIX_EPOCH).context("the clock is wrong")?.as_nanos();
        Ok(Self::test(std::env::temp_dir().join(format!("hg-test-{}-{now:x}", std::process::id()))))
    }
}

/// A running Postgres, PgBouncer and Redis. They end when this is dropped or its process ends.
pub struct Stack {
    postgres: Option<Daemon>,
    pgbouncer: Option<Daemon>,
    redis: Option<Daemon>,
    ports: Ports,
    binaries: Binaries,
    options: StackOptions,
    home: Home,
    // Last: it must outlive the daemons, because it removes the folder of a test stack.
    watchdog: Watchdog,
}

impl Stack {
    /// Starts the wanted daemons, and returns when they answer.
    ///
    /// # Errors
    /// [`MissingPackages`](crate::MissingPackages) when programs are absent; otherwise the error names the log to
    /// read and shows its end.
    pub fn start(options: StackOptions) -> Result<Self> {
        let binaries = Binaries::find(options.servers)?;
        let home = Home::open(&options.dir)?;
        let watchdog = match options.purpose {
            Purpose::Up => Watchdog::start(&[])?,
            Purpose::Test | Purpose::Measure => Watchdog::start(&[home.daemons(), home.dir()])?,
        };
        let (fixed, last, purpose) = (options.ports, home.ports(), options.purpose);
        let mut ports = last.unwrap_or(Ports { postgres: 0, pgbouncer: 0, redis: 0 });
        let (mut postgres, mut pgbouncer, mut redis) = (None, None, None);
        if let Some(programs) = &binaries.database {
            let daemon = on_a_port(fixed.map(|p| p.postgres), last.map(|p| p.postgres), |port| {
                ports.postgres = port;
                postgres::start(&home, programs, purpose, port, &watchdog)
            })?;
            postgres = Some(daemon);
            let daemon = on_a_port(fixed.map(|p| p.pgbouncer), last.map(|p| p.pgbouncer), |port| {
                ports.pgbouncer = port;
                pgbouncer::start(&home, programs, options.pooler, ports, &watchdog)
            })?;
            pgbouncer = Some(daemon);
        }
        if let Some(program) = &binaries.redis {
            let daemon = on_a_port(fixed.map(|p| p.redis), last.map(|p| p.redis), |port| {
                ports.redis = port;
                redis::start(&home, program, purpose, port, &watchdog)
            })?;
            redis = Some(daemon);
        }
        let mut stack = Self { postgres, pgbouncer, redis, ports, binaries, options, home, watchdog };
        stack.remember()?;
        Ok(stack)
    }

    /// Removes all data of the stack that lived in `dir`, wherever it is kept. No stack there is fine too.
    ///
    /// # Errors
    /// When the stack runs, or its files can't be removed.
    pub fn remove(dir: &Path) -> Result<()> {
        home::remove(dir)
    }

    /// Postgres itself, as superuser.
    #[must_use]
    pub fn direct_url(&self, database: &str) -> String {
        postgres_url(postgres::SUPERUSER, &self.home.secrets().superuser, self.ports.postgres, database)
    }

    /// Postgres itself, as `hg_content_app` (whom the bootstrap makes, with [`Self::app_password`]).
    #[must_use]
    pub fn app_direct_url(&self, database: &str) -> String {
        postgres_url(APP_USER, self.app_password(), self.ports.postgres, database)
    }

    /// Postgres through PgBouncer, as `hg_content_app`. Every database of the cluster can be reached.
    #[must_use]
    pub fn pooled_url(&self, database: &str) -> String {
        postgres_url(APP_USER, self.app_password(), self.ports.pgbouncer, database)
    }

    /// PgBouncer's console: `SHOW POOLS`, `KILL`, `PAUSE`.
    #[must_use]
    pub fn pooler_console_url(&self) -> String {
        postgres_url(ADMIN_USER, &self.home.secrets().pooler_admin, self.ports.pgbouncer, "pgbouncer")
    }

    /// Redis, database 0.
    #[must_use]
    pub fn redis_url(&self) -> String {
        format!("redis://:{}@127.0.0.1:{}/0", self.home.secrets().redis, self.ports.redis)
    }

    /// The password that PgBouncer expects `hg_content_app` to have: give it to the bootstrap.
    #[must_use]
    pub fn app_password(&self) -> &str {
        &self.home.secrets().app
    }

    /// The ports.
    #[must_use]
    pub fn ports(&self) -> Ports {
        self.ports
    }

    /// The programs that were found, and PgBouncer's version.
    #[must_use]
    pub fn binaries(&self) -> &Binaries {
        &self.binaries
    }

    /// As whom the daemons run.
    #[must_use]
    pub fn account(&self) -> &Account {
        self.home.account()
    }

    /// Where the daemons keep their files: below the stack's folder, or elsewhere when their account can't get there.
    #[must_use]
    pub fn daemons_folder(&self) -> &Path {
        self.home.daemons()
    }

    /// The folder with one log per daemon.
    #[must_use]
    pub fn logs(&self) -> PathBuf {
        self.home.dir().join("logs")
    }

    /// The watchdog, for whatever else must end with the caller.
    #[must_use]
    pub fn watchdog(&self) -> &Watchdog {
        &self.watchdog
    }

    /// The processes that run now, of Postgres, PgBouncer and Redis.
    #[must_use]
    pub fn processes(&self) -> Vec<ProcessId> {
        [&self.postgres, &self.pgbouncer, &self.redis].into_iter().flatten().map(Daemon::id).collect()
    }

    /// The name of a daemon that ended by itself, if one did.
    pub fn ended(&mut self) -> Option<String> {
        [&mut self.postgres, &mut self.pgbouncer, &mut self.redis]
            .into_iter()
            .flatten()
            .find_map(|daemon| (!daemon.is_running()).then(|| format!("{} ended; {}", daemon.name(), daemon.log_end())))
    }

    /// Stops Postgres.
    ///
    /// # Errors
    /// When it can't be stopped.
    pub fn stop_postgres(&mut self) -> Result<()> {
        self.postgres.take().map_or(Ok(()), Daemon::stop)
    }

    /// Shuts Postgres down as `pg_ctl stop -m fast` does: sessions are ended, what runs is rolled back, and nothing has to be
    /// recovered at the next start. ([`Self::stop_postgres`] of a test's or a measurement's stack is a crash.)
    ///
    /// # Errors
    /// When it can't be stopped.
    pub fn shut_down_postgres(&mut self) -> Result<()> {
        let fast = Farewell { signal: Signal::SIGINT, patience: Duration::from_secs(30) };
        self.postgres.take().map_or(Ok(()), |daemon| daemon.stop_with(fast))
    }

    /// Starts Postgres again on its port, with its data.
    ///
    /// # Errors
    /// When it doesn't start; the error shows its log.
    pub fn start_postgres(&mut self) -> Result<()> {
        self.stop_postgres()?;
        let programs = self.binaries.database.as_ref().context(NOT_WANTED)?;
        let daemon = postgres::start(&self.home, programs, self.options.purpose, self.ports.postgres, &self.watchdog)?;
        self.postgres = Some(daemon);
        self.remember()
    }

    /// Stops PgBouncer; its clients lose their connections.
    ///
    /// # Errors
    /// When it can't be stopped.
    pub fn stop_pgbouncer(&mut self) -> Result<()> {
        self.pgbouncer.take().map_or(Ok(()), Daemon::stop)
    }

    /// Starts PgBouncer again on its port.
    ///
    /// # Errors
    /// When it doesn't start; the error shows its log.
    pub fn start_pgbouncer(&mut self) -> Result<()> {
        self.stop_pgbouncer()?;
        let programs = self.binaries.database.as_ref().context(NOT_WANTED)?;
        let daemon = pgbouncer::start(&self.home, programs, self.options.pooler, self.ports, &self.watchdog)?;
        self.pgbouncer = Some(daemon);
        self.remember()
    }

    /// Stops Redis.
    ///
    /// # Errors
    /// When it can't be stopped.
    pub fn stop_redis(&mut self) -> Result<()> {
        self.redis.take().map_or(Ok(()), Daemon::stop)
    }

    /// Starts Redis again on its port. A test stack's Redis keeps nothing, so it comes back empty.
    ///
    /// # Errors
    /// When it doesn't start; the error shows its log.
    pub fn start_redis(&mut self) -> Result<()> {
        self.stop_redis()?;
        let program = self.binaries.redis.as_deref().context(NOT_WANTED)?;
        let daemon = redis::start(&self.home, program, self.options.purpose, self.ports.redis, &self.watchdog)?;
        self.redis = Some(daemon);
        self.remember()
    }

    /// Stops and starts Postgres.
    ///
    /// # Errors
    /// As [`Self::start_postgres`].
    pub fn restart_postgres(&mut self) -> Result<()> {
        self.start_postgres()
    }

    /// Stops and starts PgBouncer.
    ///
    /// # Errors
    /// As [`Self::start_pgbouncer`].
    pub fn restart_pgbouncer(&mut self) -> Result<()> {
        self.start_pgbouncer()
    }

    /// Stops and starts Redis.
    ///
    /// # Errors
    /// As [`Self::start_redis`].
    pub fn restart_redis(&mut self) -> Result<()> {
        self.start_redis()
    }

    fn remember(&mut self) -> Result<()> {
        let processes = self.processes();
        self.home.remember(self.ports, processes)
    }
}

impl Drop for Stack {
    fn drop(&mut self) {
        // PgBouncer first, so that it doesn't log the loss of every server connection.
        let _ = self.stop_pgbouncer();
        let _ = self.stop_redis();
        let _ = self.stop_postgres();
        let _ = self.home.remember(self.ports, Vec::new());
        if self.options.purpose.is_temporary() {
            let _ = std::fs::remove_dir_all(self.home.daemons());
            let _ = std::fs::remove_dir_all(self.home.dir());
        }
    }
}

fn postgres_url(user: &str, password: &str, port: u16, database: &str) -> String {
    format!("postgres://{user}:{password}@127.0.0.1:{port}/{database}")
}

/// Starts a daemon on the fixed port; else on the last one or a free one, trying others when it was taken meanwhile.
fn on_a_port(fixed: Option<u16>, last: Option<u16>, mut start: impl FnMut(u16) -> Result<Daemon>) -> Result<Daemon> {
    if let Some(port) = fixed {
        return start(port);
    }
    let mut port = match last {
        Some(last) if last > 0 => ports::prefer(last)?,
        _ => ports::free()?,
    };
    for _ in 1..PORT_TRIES {
        match start(port) {
            // Nobody holds it, so that was not the reason.
            Err(error) if ports::is_free(port) => return Err(error),
            Err(_) => port = ports::free()?,
            Ok(daemon) => return Ok(daemon),
        }
    }
    start(port)
}
