//! Real daemons: start, connect through the pooler, restart, stop, and the sudden death of their owner.

use std::path::Path;
use std::process::{Command, Stdio};
use std::time::Duration;

use hg_stack::process::ProcessId;
use hg_stack::{Account, Servers, Stack, StackOptions, with_database};
use sqlx::{Connection as _, Executor as _, PgConnection};

const PATIENCE: Duration = Duration::from_secs(30);

async fn make_app_user(stack: &Stack) {
    let mut superuser = PgConnection::connect(&stack.direct_url("postgres")).await.expect("Postgres answers");
    let sql = format!("CREATE ROLE hg_content_app LOGIN PASSWORD '{}'", stack.app_password());
    superuser.execute(sqlx::AssertSqlSafe(sql)).await.expect("Postgres answers");
    superuser.execute("CREATE DATABASE one").await.expect("Postgres answers");
    superuser.execute("CREATE DATABASE two").await.expect("Postgres answers");
}

async fn current_database(url: &str) -> Result<String, sqlx::Error> {
    let mut connection = PgConnection::connect(url).await?;
    // Outside a transaction, PgBouncer would drop the statement between preparing and executing it.
    let mut transaction = connection.begin().await?;
    sqlx::query_scalar("SELECT current_database()::text").persistent(false).fetch_one(&mut *transaction).await
}

fn all_gone(processes: &[ProcessId]) -> bool {
    processes.iter().all(|process| process.wait_gone(PATIENCE))
}

#[tokio::test]
async fn the_pooler_serves_every_database_and_all_ends_with_the_stack() {
    let options = StackOptions::fresh_test().unwrap();
    let dir = options.dir.clone();
    let mut stack = Stack::start(options).unwrap();
    make_app_user(&stack).await;
    let pooled = stack.pooled_url("one");
    assert_eq!(current_database(&pooled).await.unwrap(), "one");
    assert_eq!(current_database(&with_database(&pooled, "two")).await.unwrap(), "two");
    assert_eq!(current_database(&stack.app_direct_url("two")).await.unwrap(), "two");

    stack.restart_pgbouncer().unwrap();
    assert_eq!(current_database(&pooled).await.unwrap(), "one");
    stack.stop_pgbouncer().unwrap();
    assert!(current_database(&pooled).await.is_err(), "nobody listens there now");
    stack.start_pgbouncer().unwrap();
    stack.restart_postgres().unwrap();
    assert_eq!(current_database(&pooled).await.unwrap(), "one", "what was committed survives");
    stack.restart_redis().unwrap();

    let (processes, daemons) = (stack.processes(), stack.daemons_folder().to_owned());
    assert_eq!(processes.len(), 3);
    assert!(processes.iter().all(|process| process.is_alive()));
    drop(stack);
    assert!(all_gone(&processes));
    assert!(!dir.exists() && !daemons.exists());
}

#[tokio::test]
async fn a_second_start_finds_the_data_and_the_same_ports() {
    let folder = tempfile::tempdir().unwrap();
    let dir = folder.path().join("up");
    let first = Stack::start(StackOptions::up(&dir)).unwrap();
    make_app_user(&first).await;
    let (pooled, ports, daemons) = (first.pooled_url("one"), first.ports(), first.daemons_folder().to_owned());
    assert!(Stack::start(StackOptions::up(&dir)).is_err(), "a folder has one owner at a time");
    drop(first);

    // A pid file of a process that has nothing to do with it: ours.
    std::fs::write(daemons.join("postgres/postmaster.pid"), format!("{}\n", std::process::id())).unwrap();
    let second = Stack::start(StackOptions::up(&dir)).unwrap();
    assert_eq!(second.ports(), ports);
    assert_eq!(current_database(&pooled).await.unwrap(), "one");
    drop(second);

    Stack::remove(&dir).unwrap();
    assert!(!dir.exists() && !daemons.exists());
}

#[test]
fn a_folder_closed_to_the_daemons_is_no_obstacle() {
    use std::os::unix::fs::PermissionsExt as _;
    let closed = tempfile::tempdir().unwrap();
    std::fs::set_permissions(closed.path(), std::fs::Permissions::from_mode(0o700)).unwrap();
    let stack = Stack::start(StackOptions::test(closed.path().join("stack"))).unwrap();
    let daemons = stack.daemons_folder().to_owned();
    assert!(stack.account().can_reach(&daemons));
    // Only root lends its daemons another account; everybody else's can go where they can.
    assert_eq!(daemons.starts_with(closed.path()), matches!(stack.account(), Account::Caller));
    drop(stack);
    assert!(!daemons.exists());
}

#[test]
fn an_unsafe_pooler_can_be_asked_for() {
    let options = StackOptions { pooler: hg_stack::PoolerSafety::Unsafe, ..StackOptions::fresh_test().unwrap() };
    let stack = Stack::start(options).unwrap();
    let written = std::fs::read_to_string(stack.daemons_folder().join("pgbouncer/pgbouncer.ini")).unwrap();
    assert!(!written.contains("server_reset_query_always") && !written.contains("max_prepared_statements = 200"));
}

/// Run by [`daemons_end_when_their_owner_is_killed`] as a process of its own.
#[test]
#[ignore = "the victim of another test"]
fn owner() {
    let Some(dir) = std::env::var_os("HG_STACK_TEST_OWNER") else {
        return;
    };
    let dir = Path::new(&dir);
    let stack = Stack::start(StackOptions::test(dir)).unwrap();
    let told = (stack.processes(), stack.daemons_folder().to_owned());
    std::fs::write(dir.with_extension("draft"), serde_json::to_string(&told).unwrap()).unwrap();
    std::fs::rename(dir.with_extension("draft"), dir.with_extension("json")).unwrap();
    loop {
        std::thread::park();
    }
}

#[test]
fn daemons_end_when_their_owner_is_killed() {
    let folder = tempfile::tempdir().unwrap();
    let dir = folder.path().join("victim");
    let mut owner = Command::new(std::env::current_exe().unwrap())
        .args(["--ignored", "--exact", "owner", "--nocapture"])
        .env("HG_STACK_TEST_OWNER", &dir)
        .stdout(Stdio::null())
        .stderr(Stdio::null())
        .spawn()
        .unwrap();
    let told = dir.with_extension("json");
    let deadline = std::time::Instant::now() + PATIENCE;
    while !told.exists() {
        assert!(owner.try_wait().unwrap().is_none() && std::time::Instant::now() < deadline, "the owner did not start");
        std::thread::yield_now();
    }
    let (processes, daemons): (Vec<ProcessId>, std::path::PathBuf) =
        serde_json::from_str(&std::fs::read_to_string(&told).unwrap()).unwrap();
    assert_eq!(processes.len(), 3);
    owner.kill().unwrap();
    owner.wait().unwrap();
    assert!(all_gone(&processes));
    let deadline = std::time::Instant::now() + PATIENCE;
    while daemons.exists() || dir.exists() {
        assert!(std::time::Instant::now() < deadline, "the watchdog did not remove {}", daemons.display());
        std::thread::yield_now();
    }
}

#[tokio::test]
async fn a_stack_for_measurements_is_durable_and_leaves_nothing() {
    let folder = tempfile::tempdir().unwrap();
    let dir = folder.path().join("measure");
    let stack = Stack::start(StackOptions { servers: Servers::Database, ..StackOptions::measure(&dir) }).unwrap();
    let mut superuser = PgConnection::connect(&stack.direct_url("postgres")).await.unwrap();
    for setting in ["fsync", "synchronous_commit", "full_page_writes"] {
        let value: String =
            sqlx::query_scalar("SELECT current_setting($1)").bind(setting).fetch_one(&mut superuser).await.unwrap();
        assert_eq!(value, "on", "{setting}");
    }
    let daemons = stack.daemons_folder().to_owned();
    drop(stack);
    assert!(!dir.exists() && !daemons.exists());
}
