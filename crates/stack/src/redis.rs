//! The private Redis.

use std::path::Path;
use std::process::Command;
use std::time::Duration;

use anyhow::Result;

use crate::daemon::{Daemon, Farewell};
use crate::home::Home;
use crate::process::Signal;
use crate::stack::Purpose;
use crate::watchdog::Watchdog;

pub(crate) fn start(home: &Home, program: &Path, purpose: Purpose, port: u16, dog: &Watchdog) -> Result<Daemon> {
    let folder = home.daemon_folder("redis")?;
    let configuration = folder.join("redis.conf");
    let keeping = match purpose {
        Purpose::Up | Purpose::Measure => "appendonly yes\n",
        Purpose::Test => "appendonly no\n",
    };
    let (folder_path, password) = (folder.display(), &home.secrets().redis);
    home.write_for_daemon(
        &configuration,
        &format!(
            "bind 127.0.0.1\nport {port}\nprotected-mode yes\nrequirepass {password}\ndaemonize no\ndir \"{folder_path}\"\n\
             save \"\"\nmaxmemory-policy noeviction\nmaxclients 4000\n{keeping}"
        ),
    )?;
    let mut command = Command::new(program);
    command.arg(&configuration).current_dir(&folder);
    home.account().apply(&mut command);
    let farewell = Farewell { signal: Signal::SIGTERM, patience: Duration::from_secs(10) };
    let mut daemon = Daemon::spawn("redis", &mut command, &home.log("redis"), farewell, dog)?;
    daemon.wait_ready(Duration::from_secs(30), |log| log.contains("Ready to accept connections"))?;
    Ok(daemon)
}
