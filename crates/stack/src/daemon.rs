//! A child process in its own process group, with a log file and a watchdog, that is stopped when dropped.

use std::fs::{self, File};
use std::os::unix::process::CommandExt as _;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

use anyhow::{Context as _, Result};

use crate::process::{POLL, ProcessId, Signal};
use crate::watchdog::Watchdog;

/// How many of a log's last lines an error shows.
const LINES_SHOWN: usize = 15;

/// How a daemon ends.
#[derive(Debug, Clone, Copy)]
pub struct Farewell {
    /// What asks it to end.
    pub signal: Signal,
    /// How long it may take before it is killed.
    pub patience: Duration,
}

/// A running daemon.
pub struct Daemon {
    name: String,
    child: Child,
    id: ProcessId,
    log: PathBuf,
    farewell: Farewell,
}

impl Daemon {
    /// Starts `command` with its output in `log`; what stood there is kept beside it as `<log>.old`.
    ///
    /// # Errors
    /// When the log can't be written, or the program can't be started.
    pub fn spawn(
        name: &str,
        command: &mut Command,
        log: &Path,
        farewell: Farewell,
        watchdog: &Watchdog,
    ) -> Result<Self> {
        if log.exists() {
            let _ = fs::rename(log, log.with_extension("log.old"));
        }
        let output = File::create(log).with_context(|| format!("cannot write {}", log.display()))?;
        let child = command
            .stdin(Stdio::null())
            .stdout(output.try_clone()?)
            .stderr(output)
            // Ctrl-C in a terminal goes to the whole group; we decide the order in which daemons end.
            .process_group(0)
            .spawn()
            .with_context(|| format!("cannot start {name} ({})", command.get_program().display()))?;
        let id = ProcessId::of(child.id()).with_context(|| format!("{name} is gone at once"))?;
        let daemon = Self { name: name.to_owned(), child, id, log: log.to_owned(), farewell };
        watchdog.watch(id, farewell.signal)?;
        Ok(daemon)
    }

    /// Waits until `ready` says so of what the log holds.
    ///
    /// # Errors
    /// When the daemon ends first or `patience` runs out; the error names the log and shows its end.
    pub fn wait_ready(&mut self, patience: Duration, mut ready: impl FnMut(&str) -> bool) -> Result<()> {
        let deadline = Instant::now() + patience;
        loop {
            if ready(&fs::read_to_string(&self.log).unwrap_or_default()) {
                return Ok(());
            }
            if !self.is_running() {
                anyhow::bail!("{} ended while starting; {}", self.name, self.log_end());
            }
            if Instant::now() >= deadline {
                anyhow::bail!("{} was not ready after {} s; {}", self.name, patience.as_secs(), self.log_end());
            }
            std::thread::sleep(POLL);
        }
    }

    /// Its name, as given.
    #[must_use]
    pub fn name(&self) -> &str {
        &self.name
    }

    /// Its process.
    #[must_use]
    pub fn id(&self) -> ProcessId {
        self.id
    }

    /// Its log file.
    #[must_use]
    pub fn log(&self) -> &Path {
        &self.log
    }

    /// `read <log>:` and the log's last lines, for an error message.
    #[must_use]
    pub fn log_end(&self) -> String {
        log_end(&self.log, |_| true)
    }

    /// Whether it still runs.
    pub fn is_running(&mut self) -> bool {
        matches!(self.child.try_wait(), Ok(None))
    }

    /// Asks it to end, and waits; after its patience, kills it.
    ///
    /// # Errors
    /// When it can't be signalled.
    pub fn stop(mut self) -> Result<()> {
        self.end()
    }

    /// Asks it to end in another way than it was started with, and waits.
    ///
    /// # Errors
    /// When it can't be signalled.
    pub fn stop_with(mut self, farewell: Farewell) -> Result<()> {
        self.farewell = farewell;
        self.end()
    }

    /// Kills it at once, as a crash would.
    ///
    /// # Errors
    /// When it can't be signalled.
    pub fn kill(mut self) -> Result<()> {
        self.farewell = Farewell { signal: Signal::SIGKILL, patience: Duration::from_secs(10) };
        self.end()
    }

    fn end(&mut self) -> Result<()> {
        if !self.is_running() {
            return Ok(());
        }
        self.id.signal(self.farewell.signal)?;
        if !self.id.wait_gone(self.farewell.patience) {
            self.child.kill().with_context(|| format!("cannot kill {}", self.name))?;
        }
        self.child.wait().with_context(|| format!("cannot wait for {}", self.name))?;
        Ok(())
    }
}

impl Drop for Daemon {
    fn drop(&mut self) {
        let _ = self.end();
    }
}

/// `read <log>:` and the last of the log's lines that are worth showing, for an error message.
#[must_use]
pub fn log_end(log: &Path, worth: impl Fn(&str) -> bool) -> String {
    let text = fs::read_to_string(log).unwrap_or_default();
    let lines: Vec<&str> = text.lines().filter(|line| worth(line)).collect();
    let end = lines[lines.len().saturating_sub(LINES_SHOWN)..].join("\n  ");
    format!("read {}:\n  {end}", log.display())
}
