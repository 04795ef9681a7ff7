//! One program as a process of its own: started, watched until it answers, signalled, ended.

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
pub struct Program {
    /// How it is called in figures and in the name of its log.
    pub name: String,
    /// Where it is.
    pub file: PathBuf,
    /// Its arguments.
    pub arguments: Vec<String>,
    /// All of its environment.
    pub variables: Vec<(String, String)>,
    /// Where it listens, on loopback.
    pub port: u16,
    /// What answers 200 once it is healthy.
    pub health: &'static str,
}

impl Program {
    /// The same once more, under another name and at another port.
    #[must_use]
    pub fn replica(&self, name: String, port: u16) -> Self {
        let mut replica = Self { name, port, ..self.clone() };
        for (_, value) in replica.variables.iter_mut().filter(|(name, _)| name == "PORT") {
            *value = port.to_string();
        }
        replica
    }
}

/// A program that runs.
pub struct Process {
    program: Program,
    daemon: Option<Daemon>,
    folder: PathBuf,
    /// How often it was started: each start has a log of its own.
    starts: usize,
}

impl Process {
    /// Starts it and waits until it is healthy.
    ///
    /// # Errors
    /// It can't be started, ended by itself, or isn't healthy in time; the error shows the end of its log.
    pub async fn start(program: Program, logs: &Path, watchdog: &Watchdog) -> Result<Self> {
        let mut process = Self { program, daemon: None, folder: logs.to_owned(), starts: 0 };
        process.start_again(watchdog).await?;
        Ok(process)
    }

    /// Starts it after [`Self::kill`] or [`Self::stop`]; how long it took from the fork to its being healthy.
    ///
    /// # Errors
    /// As [`Self::start`].
    pub async fn start_again(&mut self, watchdog: &Watchdog) -> Result<Duration> {
        let file = &self.program.file;
        anyhow::ensure!(file.is_file(), "{} is not there: build it first", file.display());
        let mut command = Command::new(file);
        // Nothing of the caller's own environment: a key that is set there would change what is measured.
        command.env_clear().envs(self.program.variables.iter().map(|(name, value)| (name, value)));
        command.args(&self.program.arguments);
        let farewell = Farewell { signal: Signal::SIGTERM, patience: Duration::from_secs(40) };
        let began = Instant::now();
        self.starts += 1;
        self.daemon = Some(Daemon::spawn(&self.program.name, &mut command, &self.log(), farewell, watchdog)?);
        self.wait_healthy(began).await?;
        Ok(began.elapsed())
    }

    /// The log of its last start.
    #[must_use]
    pub fn log(&self) -> PathBuf {
        let name = &self.program.name;
        self.folder.join(if self.starts < 2 { format!("{name}.log") } else { format!("{name}.{}.log", self.starts) })
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
            let running = self.is_running();
            let name = &self.program.name;
            anyhow::ensure!(running, "{name} ended while starting; {}", self.log_end());
            anyhow::ensure!(began.elapsed() < PATIENCE, "{name} is not healthy after {PATIENCE:?}; {}", self.log_end());
            tokio::time::sleep(ROUND).await;
        }
    }

    /// Ends it at once: nobody will read what it would still write.
    pub fn kill(&mut self) {
        if let Some(daemon) = self.daemon.take() {
            let _ = tokio::task::block_in_place(|| daemon.kill());
        }
    }

    /// Asks it to end, as an operator does, and waits until it has.
    ///
    /// # Errors
    /// When it can't be signalled.
    pub fn stop(&mut self) -> Result<()> {
        self.daemon.take().map_or(Ok(()), |daemon| tokio::task::block_in_place(|| daemon.stop()))
    }

    /// Sets a variable from its next start on; `None` takes it away.
    pub fn set(&mut self, name: &str, value: Option<String>) {
        let variables = &mut self.program.variables;
        variables.retain(|(there, _)| there != name);
        variables.extend(value.map(|value| (name.to_owned(), value)));
    }

    /// Sends it a signal.
    ///
    /// # Errors
    /// It does not run, or may not be signalled.
    pub fn signal(&self, signal: Signal) -> Result<()> {
        self.running()?.id().signal(signal)
    }

    /// Whether it runs.
    pub fn is_running(&mut self) -> bool {
        self.daemon.as_mut().is_some_and(Daemon::is_running)
    }

    /// How it is called.
    #[must_use]
    pub fn name(&self) -> &str {
        &self.program.name
    }

    /// Its process id.
    ///
    /// # Errors
    /// When it does not run.
    pub fn pid(&self) -> Result<i32> {
        Ok(self.running()?.id().pid)
    }

    fn running(&self) -> Result<&Daemon> {
        self.daemon.as_ref().with_context(|| format!("{} does not run", self.program.name))
    }

    /// Where it listens.
    #[must_use]
    pub fn address(&self) -> SocketAddr {
        SocketAddr::from((Ipv4Addr::LOCALHOST, self.program.port))
    }

    /// Connections to it.
    #[must_use]
    pub fn server(&self) -> Server {
        Server::new(self.address())
    }

    /// The last lines of its last log that aren't about requests, for an error message.
    #[must_use]
    pub fn log_end(&self) -> String {
        log_end(&self.log(), |line| !line.contains(r#""level":"info""#))
    }
}

impl Drop for Process {
    fn drop(&mut self) {
        if let Some(daemon) = self.daemon.take() {
            let _ = daemon.kill();
        }
    }
}
