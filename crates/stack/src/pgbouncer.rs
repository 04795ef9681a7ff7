//! PgBouncer in transaction mode, in front of the private cluster, for any database in it.

use std::process::Command;
use std::time::Duration;

use anyhow::Result;

use crate::binaries::DatabaseBinaries;
use crate::daemon::{Daemon, Farewell};
use crate::home::Home;
use crate::ports::Ports;
use crate::process::Signal;
use crate::watchdog::Watchdog;

/// The login of the services, which is the one that goes through the pooler.
pub(crate) const APP_USER: &str = "hg_content_app";

/// The login for PgBouncer's own console (database `pgbouncer`).
pub(crate) const ADMIN_USER: &str = "hg_pooler_admin";

/// Whether the pooler's settings are safe for sqlx' prepared statements.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum PoolerSafety {
    /// Safe, in the way that the installed version needs.
    #[default]
    Safe,
    /// Named statements are neither tracked nor dropped, so that one client meets another's: for the tests that
    /// prove that services refuse such a pooler.
    Unsafe,
}

/// The first version that can track named statements.
const TRACKS_STATEMENTS: (u32, u32) = (1, 21);

/// The first version that takes SIGTERM for a request to wait until every client has gone, and SIGQUIT for one to end at once.
/// Clients with pools of connections never go.
const SIGTERM_WAITS: (u32, u32) = (1, 23);

/// The signal that ends PgBouncer at once. SIGINT waits for what runs.
fn end_at_once(version: (u32, u32)) -> Signal {
    if version >= SIGTERM_WAITS { Signal::SIGQUIT } else { Signal::SIGTERM }
}

fn statement_settings(version: (u32, u32), safety: PoolerSafety) -> &'static str {
    match (safety, version >= TRACKS_STATEMENTS) {
        (PoolerSafety::Safe, true) => "max_prepared_statements = 200\n",
        (PoolerSafety::Safe, false) => "server_reset_query = DEALLOCATE ALL\nserver_reset_query_always = 1\n",
        (PoolerSafety::Unsafe, true) => "max_prepared_statements = 0\n",
        (PoolerSafety::Unsafe, false) => "",
    }
}

pub(crate) fn start(
    home: &Home,
    binaries: &DatabaseBinaries,
    safety: PoolerSafety,
    ports: Ports,
    dog: &Watchdog,
) -> Result<Daemon> {
    let folder = home.daemon_folder("pgbouncer")?;
    let users = folder.join("users.txt");
    let secrets = home.secrets();
    // The passwords stand there in clear because PgBouncer has to know them to log in to Postgres with SCRAM.
    let list = format!("\"{APP_USER}\" \"{}\"\n\"{ADMIN_USER}\" \"{}\"\n", secrets.app, secrets.pooler_admin);
    home.write_for_daemon(&users, &list)?;
    let configuration = folder.join("pgbouncer.ini");
    let (postgres, port, users) = (ports.postgres, ports.pgbouncer, users.display());
    let statements = statement_settings(binaries.pgbouncer_version, safety);
    home.write_for_daemon(
        &configuration,
        &format!(
            "[databases]\n* = host=127.0.0.1 port={postgres}\n\n[pgbouncer]\nlisten_addr = 127.0.0.1\nlisten_port = {port}\n\
             unix_socket_dir =\nauth_type = scram-sha-256\nauth_file = {users}\nadmin_users = {ADMIN_USER}\n\
             pool_mode = transaction\nmax_client_conn = 2000\ndefault_pool_size = 20\nserver_idle_timeout = 30\n\
             server_login_retry = 1\nignore_startup_parameters = extra_float_digits\nlog_connections = 0\nlog_disconnections = 0\n{statements}"
        ),
    )?;
    // Debian gives a shell 1,024 open files, fewer than the clients we allow.
    let mut command = Command::new("sh");
    command
        .args(["-c", r#"ulimit -n "$(ulimit -H -n)" 2>/dev/null; exec "$0" "$1""#])
        .args([&binaries.pgbouncer, &configuration])
        .current_dir(&folder);
    home.account().apply(&mut command);
    let farewell = Farewell { signal: end_at_once(binaries.pgbouncer_version), patience: Duration::from_secs(5) };
    let mut daemon = Daemon::spawn("pgbouncer", &mut command, &home.log("pgbouncer"), farewell, dog)?;
    let listening = format!("listening on 127.0.0.1:{port}");
    daemon.wait_ready(Duration::from_secs(20), |log| log.contains(&listening) && log.contains("process up"))?;
    Ok(daemon)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_version_has_its_signal_to_end_at_once() {
        assert_eq!(
            [(1, 18), (1, 22), (1, 23), (1, 25)].map(end_at_once),
            [Signal::SIGTERM, Signal::SIGTERM, Signal::SIGQUIT, Signal::SIGQUIT]
        );
    }

    #[test]
    fn a_safe_pooler_tracks_statements_where_it_can_and_drops_them_where_it_cannot() {
        assert!(statement_settings((1, 25), PoolerSafety::Safe).contains("max_prepared_statements = 200"));
        assert!(statement_settings((1, 18), PoolerSafety::Safe).contains("server_reset_query_always = 1"));
        assert!(!statement_settings((1, 18), PoolerSafety::Safe).contains("max_prepared_statements"));
        assert!(statement_settings((1, 25), PoolerSafety::Unsafe).contains("max_prepared_statements = 0"));
    }
}
