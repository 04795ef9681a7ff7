//! The private Postgres cluster.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::time::Duration;

use anyhow::{Context as _, Result};

use crate::binaries::{DatabaseBinaries, OLDEST_POSTGRES, PostgresBinaries};
use crate::daemon::{Daemon, Farewell};
use crate::home::Home;
use crate::process::{ProcessId, Signal};
use crate::stack::Purpose;
use crate::watchdog::Watchdog;

/// The superuser's name.
pub(crate) const SUPERUSER: &str = "postgres";

/// For whom data matters: recovery after a crash may take a while.
const START_PATIENCE: Duration = Duration::from_secs(120);

const COMMON: &str = "\
listen_addresses = '127.0.0.1'
unix_socket_directories = ''
password_encryption = scram-sha-256
timezone = 'UTC'
log_timezone = 'UTC'
log_line_prefix = '%m [%p] %d %u '
lc_messages = 'C'
shared_buffers = 128MB
max_locks_per_transaction = 256
jit = off
";

const UP: &str = "max_connections = 200\n";

/// The defaults, said aloud: a measurement without them would not be true.
const MEASURE: &str = "\
max_connections = 200
fsync = on
synchronous_commit = on
full_page_writes = on
";

/// Nothing that a test makes outlives the test, so nothing needs to reach the disk.
const TEST: &str = "\
max_connections = 300
fsync = off
synchronous_commit = off
full_page_writes = off
wal_level = minimal
max_wal_senders = 0
max_wal_size = 4GB
checkpoint_timeout = 1h
autovacuum_naptime = 5min
";

/// Makes the cluster if there is none, and starts it.
pub(crate) fn start(
    home: &Home,
    binaries: &DatabaseBinaries,
    purpose: Purpose,
    port: u16,
    dog: &Watchdog,
) -> Result<Daemon> {
    let data = home.daemons().join("postgres");
    let postgres = choose(&binaries.postgres, &data)?;
    if !data.exists() {
        initdb(home, postgres, &data)?;
    }
    remove_stale_pid_file(&data)?;
    let settings = match purpose {
        Purpose::Up => UP,
        Purpose::Test => TEST,
        Purpose::Measure => MEASURE,
    };
    home.write_for_daemon(&data.join("hg.conf"), &format!("port = {port}\n{COMMON}{settings}"))?;
    let mut command = Command::new(postgres.bin.join("postgres"));
    command.arg("-D").arg(&data).current_dir(&data);
    home.account().apply(&mut command);
    let farewell = match purpose {
        Purpose::Up => Farewell { signal: Signal::SIGINT, patience: Duration::from_secs(30) },
        // Immediate: no checkpoint for data that nobody will read again. (It ends as a crash does, which is also
        // what a restart in a fault test should look like.)
        Purpose::Test | Purpose::Measure => Farewell { signal: Signal::SIGQUIT, patience: Duration::from_secs(10) },
    };
    let mut daemon = Daemon::spawn("postgres", &mut command, &home.log("postgres"), farewell, dog)?;
    let pid_file = data.join("postmaster.pid");
    let pid = daemon.id().pid.to_string();
    daemon.wait_ready(START_PATIENCE, |_| {
        // What pg_ctl looks at too: the pid in line 1 and the state in line 8.
        let text = fs::read_to_string(&pid_file).unwrap_or_default();
        let mut lines = text.lines();
        lines.next() == Some(pid.as_str()) && lines.nth(6).is_some_and(|state| state.trim() == "ready")
    })?;
    Ok(daemon)
}

/// The version that made the cluster; for a new one, the newest.
fn choose<'a>(installed: &'a [PostgresBinaries], data: &Path) -> Result<&'a PostgresBinaries> {
    let Ok(version) = fs::read_to_string(data.join("PG_VERSION")) else {
        return installed.first().with_context(|| format!("no Postgres {OLDEST_POSTGRES} or newer is installed"));
    };
    let version = version.trim();
    installed.iter().find(|candidate| candidate.major.to_string() == version).with_context(|| {
        format!("{} was made by Postgres {version}, which is not installed any more: start over", data.display())
    })
}

/// Makes the cluster beside its place and moves it there when it is complete, so that an interrupted first start
/// leaves nothing that looks like a cluster.
fn initdb(home: &Home, postgres: &PostgresBinaries, data: &Path) -> Result<()> {
    let draft = home.daemons().join("postgres.draft");
    if draft.exists() {
        fs::remove_dir_all(&draft).with_context(|| format!("cannot remove {}", draft.display()))?;
    }
    let password: PathBuf = home.daemons().join("postgres.password");
    home.write_for_daemon(&password, &home.secrets().superuser)?;
    let mut command = Command::new(postgres.bin.join("initdb"));
    command
        .args(["--username", SUPERUSER, "--encoding", "UTF8", "--locale", "C.UTF-8"])
        .args(["--auth-host", "scram-sha-256", "--auth-local", "reject", "--no-sync"])
        .arg("--pwfile")
        .arg(&password)
        .arg("--pgdata")
        .arg(&draft)
        .current_dir(home.daemons())
        .stdin(Stdio::null());
    home.account().apply(&mut command);
    let output = command.output().context("cannot start initdb")?;
    fs::remove_file(&password).context("cannot remove initdb's password file")?;
    if !output.status.success() {
        anyhow::bail!("initdb failed: {}", String::from_utf8_lossy(&output.stderr).trim());
    }
    let main = draft.join("postgresql.conf");
    let mut text = fs::read_to_string(&main).with_context(|| format!("cannot read {}", main.display()))?;
    text.push_str("\ninclude = 'hg.conf'\n");
    home.write_for_daemon(&main, &text)?;
    fs::rename(&draft, data).with_context(|| format!("cannot move the new cluster to {}", data.display()))
}

/// Removes a pid file whose process isn't a Postgres on this cluster. Postgres itself would refuse to start if
/// an unrelated process has that pid by now, as happens when a container starts again.
fn remove_stale_pid_file(data: &Path) -> Result<()> {
    let path = data.join("postmaster.pid");
    let Ok(text) = fs::read_to_string(&path) else {
        return Ok(());
    };
    let pid = text.lines().next().unwrap_or_default().trim();
    let on_this_cluster = fs::read_link(format!("/proc/{pid}/cwd")).is_ok_and(|folder| folder == data);
    if on_this_cluster {
        let process = pid.parse().ok().and_then(ProcessId::of);
        if let Some(process) = process {
            process.signal(Signal::SIGINT)?;
            if !process.wait_gone(Duration::from_secs(30)) {
                anyhow::bail!("Postgres process {pid} holds {} and does not end", data.display());
            }
        }
    }
    match fs::remove_file(&path) {
        Err(error) if error.kind() != std::io::ErrorKind::NotFound => {
            Err(error).with_context(|| format!("cannot remove {}", path.display()))
        }
        _ => Ok(()),
    }
}
