//! One program as a process of its own: started, watched until it answers, ended.
//!
//! Programs lie beside this one: `cargo hg bench` built them all in the same folder.

use std::{
    net::{Ipv4Addr, SocketAddr},
    path::{Path, PathBuf},
    process::Command,
    time::{Duration, Instant},
};

use anyhow::{Context as _, Result};
use hg_stack::{
    daemon::{Daemon, Farewell, log_end},
    process::Signal,
    watchdog::Watchdog,
};
use http::StatusCode;

use crate::http::{Call, Connection, Server};

/// How long a program may take until it is healthy.
const PATIENCE: Duration = Duration::from_secs(60);
/// How often it is asked: this is the error of a measured start.
const ROUND: Duration = Duration::from_millis(2);

/// What is started.
#[derive(Clone, Debug)]
pub(crate) struct Program {
    /// How it is called in figures.
    pub(crate) name: &'static str,
    /// The file beside this program.
    pub(crate) file: &'static str,
    pub(crate) arguments: Vec<String>,
    pub(crate) variables: Vec<(String, String)>,
    pub(crate) port: u16,
    /// What answers 200 once it is healthy.
    pub(crate) health: &'static str,
}

/// A program that runs.
pub(crate) struct Process {
    program: Program,
    daemon: Option<Daemon>,
    log: PathBuf,
}

impl Process {
    /// Starts it and waits until it is healthy.
    pub(crate) async fn start(program: Program, logs: &Path, watchdog: &Watchdog) -> Result<Self> {
        let log = logs.join(format!("{}.log", program.name));
        let mut process = Self { program, daemon: None, log };
        process.start_again(watchdog).await?;
        Ok(process)
    }

    /// Starts it after [`Self::kill`]; how long it took from the fork to its being healthy.
    pub(crate) async fn start_again(&mut self, watchdog: &Watchdog) -> Result<Duration> {
        let file = beside_us(self.program.file)?;
        let mut command = Command::new(&file);
        // Nothing of the caller's own environment: a key that is set there would change what is measured.
        command.env_clear().envs(self.program.variables.iter().map(|(name, value)| (name, value)));
        command.args(&self.program.arguments);
        let farewell = Farewell { signal: Signal::SIGTERM, patience: Duration::from_secs(40) };
        let began = Instant::now();
        self.daemon = Some(Daemon::spawn(self.program.name, &mut command, &self.log, farewell, watchdog)?);
        self.wait_healthy(began).await?;
        Ok(began.elapsed())
    }

    async fn wait_healthy(&mut self, began: Instant) -> Result<()> {
        let call = Call::get(self.program.health);
        loop {
            let answer = match Connection::open(self.address()).await {
                Ok(mut connection) => connection.send(&call).await,
                Err(error) => Err(error),
            };
            if answer.as_ref().is_ok_and(|answer| answer.status == StatusCode::OK) {
                return Ok(());
            }
            let name = self.program.name;
            anyhow::ensure!(self.is_running(), "{name} ended while starting; {}", self.log_end());
            anyhow::ensure!(began.elapsed() < PATIENCE, "{name} is not healthy after {PATIENCE:?}; {}", self.log_end());
            tokio::time::sleep(ROUND).await;
        }
    }

    /// Ends it at once: nobody will read what it would still write.
    pub(crate) fn kill(&mut self) {
        if let Some(daemon) = self.daemon.take() {
            let _ = tokio::task::block_in_place(|| daemon.kill());
        }
    }

    pub(crate) fn is_running(&mut self) -> bool {
        self.daemon.as_mut().is_some_and(Daemon::is_running)
    }

    pub(crate) const fn name(&self) -> &'static str {
        self.program.name
    }

    pub(crate) fn pid(&self) -> Result<i32> {
        let daemon = self.daemon.as_ref().with_context(|| format!("{} does not run", self.program.name))?;
        Ok(daemon.id().pid)
    }

    pub(crate) fn address(&self) -> SocketAddr {
        SocketAddr::from((Ipv4Addr::LOCALHOST, self.program.port))
    }

    pub(crate) fn server(&self) -> Server {
        Server::new(self.address())
    }

    /// The last lines of its log that aren't about requests, for an error message.
    pub(crate) fn log_end(&self) -> String {
        log_end(&self.log, |line| !line.contains(r#""level":"info""#))
    }
}

impl Drop for Process {
    fn drop(&mut self) {
        if let Some(daemon) = self.daemon.take() {
            let _ = daemon.kill();
        }
    }
}

/// A program in this one's folder.
pub(crate) fn beside_us(file: &str) -> Result<PathBuf> {
    let this = std::env::current_exe().context("cannot find this program")?;
    let path = this.parent().context("this program has no folder")?.join(file);
    anyhow::ensure!(path.is_file(), "{} is not there: build it, or run `cargo hg bench`, which does", path.display());
    Ok(path)
}
