//! A private Postgres cluster, PgBouncer and Redis on free loopback ports.
//!
//! `hg up`, `hg test` and the benchmark stand on this crate, and so does a test that wants to break a daemon: it starts a
//! [`Stack`] of its own, restarts or stops what it likes, and disturbs nobody.
//!
//! ```no_run
//! use hg_stack::{Stack, StackOptions};
//!
//! let mut stack = Stack::start(StackOptions::fresh_test()?)?;
//! println!("{} {}", stack.pooled_url("hg_content"), stack.redis_url());
//! stack.restart_pgbouncer()?;
//! stack.stop_redis()?;
//! # anyhow::Ok(())
//! ```
//!
//! Everything here blocks for as long as a daemon takes to start or stop: call it through `spawn_blocking` where
//! that matters. The daemons end with the [`Stack`], and with the process that holds it even when that one is
//! killed: see [`watchdog`].
//!
//! This crate knows no schema and speaks no SQL: databases, roles and migrations are the caller's.

pub mod account;
pub mod binaries;
pub mod daemon;
mod home;
mod pgbouncer;
pub mod ports;
mod postgres;
pub mod process;
mod redis;
mod secrets;
mod stack;
mod test_env;
mod url;
pub mod watchdog;

pub use account::Account;
pub use binaries::{Binaries, MissingPackages, Servers};
pub use pgbouncer::PoolerSafety;
pub use ports::Ports;
pub use secrets::{random_password, write_private};
pub use stack::{Purpose, Stack, StackOptions};
pub use test_env::TestEnv;
pub use url::with_database;
