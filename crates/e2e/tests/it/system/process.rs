//! One service as a process, and where its logs are.

use std::{
    path::{Path, PathBuf},
    process::Command,
    time::Duration,
};

use hg_common::auth::Service;
use hg_stack::{
    daemon::{Daemon, Farewell, log_end},
    process::Signal,
    watchdog::Watchdog,
};

/// One service.
pub(super) struct Process {
    service: Service,
    port: u16,
    variables: Vec<(String, String)>,
    daemon: Option<Daemon>,
    /// The logs of all its starts.
    logs: Vec<PathBuf>,
}

impl Process {
    pub(super) const fn new(service: Service, port: u16, variables: Vec<(String, String)>) -> Self {
        Self { service, port, variables, daemon: None, logs: Vec::new() }
    }

    /// Another replica of the same service, which isn't started yet.
    pub(super) fn replica(&self, port: u16) -> Self {
        let mut variables = self.variables.clone();
        for (_, value) in variables.iter_mut().filter(|(name, _)| name == "PORT") {
            *value = port.to_string();
        }
        // Its logs are told apart by where they begin to count.
        Self { logs: vec![PathBuf::new(); 100], ..Self::new(self.service, port, variables) }
    }

    pub(super) const fn service(&self) -> Service {
        self.service
    }

    pub(super) fn url(&self) -> String {
        format!("http://127.0.0.1:{}", self.port)
    }

    pub(super) fn start(&mut self, logs: &Path, watchdog: &Watchdog) {
        assert!(self.daemon.is_none(), "{} runs already", self.service);
        let mut command = Command::new(program(self.service));
        // Nothing of the developer's own shell: a key that is set there would change what is tested.
        command.env_clear().envs(self.variables.iter().map(|(name, value)| (name, value)));
        command.env("PATH", std::env::var_os("PATH").unwrap_or_default());
        let log = logs.join(format!("{}.{}.log", self.service, self.logs.len()));
        let farewell = Farewell { signal: Signal::SIGTERM, patience: Duration::from_secs(40) };
        self.daemon = Some(Daemon::spawn(self.service.as_str(), &mut command, &log, farewell, watchdog).unwrap());
        self.logs.push(log);
    }

    pub(super) fn stop(&mut self) {
        self.daemon.take().unwrap().stop().unwrap();
    }

    /// Harmless where it doesn't run.
    pub(super) fn kill(&mut self) {
        if let Some(daemon) = self.daemon.take() {
            daemon.kill().unwrap();
        }
    }

    pub(super) fn is_running(&mut self) -> bool {
        self.daemon.as_mut().is_some_and(Daemon::is_running)
    }

    pub(super) fn port_was_taken(&self) -> bool {
        let log = self.logs.last().and_then(|log| std::fs::read_to_string(log).ok());
        log.is_some_and(|log| log.contains("Address already in use") || log.contains("os error 98"))
    }

    pub(super) fn log_end(&self) -> String {
        self.logs.last().map_or_else(String::new, |log| log_end(log, worth))
    }
}

fn program(service: Service) -> &'static str {
    match service {
        Service::Cpm => env!("CARGO_BIN_EXE_hg-e2e-cpm"),
        Service::Gateway => env!("CARGO_BIN_EXE_hg-e2e-gateway"),
        Service::Im => env!("CARGO_BIN_EXE_hg-e2e-im"),
        Service::Smm => env!("CARGO_BIN_EXE_hg-e2e-smm"),
    }
}

/// A folder for one system's logs.
pub(super) fn fresh_log_folder(name: &str) -> PathBuf {
    let folder = Path::new(env!("CARGO_TARGET_TMPDIR")).join("e2e").join(format!("{name}-{}", std::process::id()));
    std::fs::create_dir_all(&folder).unwrap();
    folder
}

/// After a failure the logs stay, and the ends of the last ones are shown; else they go.
pub(super) fn tell_or_forget(folder: &Path) {
    if !std::thread::panicking() {
        drop(std::fs::remove_dir_all(folder));
        return;
    }
    let mut logs: Vec<_> =
        std::fs::read_dir(folder).into_iter().flatten().flatten().map(|entry| entry.path()).collect();
    logs.sort();
    for log in logs {
        eprintln!("{}", log_end(&log, worth));
    }
}

/// Requests say little about why something failed.
fn worth(line: &str) -> bool {
    !line.contains(r#""level":"info""#)
}
