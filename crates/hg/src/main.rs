//! The `hg` command: from a clone to a running system, its tests, and the operator's few tools.
//!
//! Each sub-command is a module; this file only chooses. Whatever was started is stopped when the chosen future is
//! dropped, so an interrupt needs no code of its own.
#![expect(clippy::print_stdout, clippy::print_stderr, reason = "a command speaks through its output")]

mod admin;
mod bench;
mod chaos;
mod cli;
mod command;
mod database;
mod docs;
mod handover;
mod kept;
mod packages;
mod progress;
mod query_data;
mod seed;
mod setup;
mod test;
mod up;
mod web;
mod workspace;

use std::process::ExitCode;

use anyhow::Result;
use clap::Parser as _;

use crate::cli::{Cli, Sub};
use crate::workspace::Workspace;

/// What a shell expects of a command that was interrupted.
const INTERRUPTED: u8 = 130;

fn main() -> ExitCode {
    hg_common::tls::install_provider();
    let runtime = match tokio::runtime::Builder::new_multi_thread().enable_all().build() {
        Ok(runtime) => runtime,
        Err(error) => {
            eprintln!("error: cannot start: {error}");
            return ExitCode::FAILURE;
        }
    };
    // Dropping the runtime waits for a server that is just being started (and stops it), and for apt-get.
    let outcome = runtime.block_on(async {
        let chosen = Box::pin(run(Cli::parse()));
        tokio::select! {
            outcome = chosen => Some(outcome.unwrap_or_else(|error| {
                eprintln!("\nerror: {error:#}");
                ExitCode::FAILURE
            })),
            () = hg_common::interrupted() => None,
        }
    });
    drop(runtime);
    outcome.unwrap_or_else(|| {
        eprintln!("\nstopped");
        ExitCode::from(INTERRUPTED)
    })
}

async fn run(cli: Cli) -> Result<ExitCode> {
    match cli.command {
        Sub::Up(options) => up::run(&Workspace::find()?, options).await,
        Sub::Test(options) => test::run(&Workspace::find()?, options).await,
        Sub::Bench(options) => bench::run(&Workspace::find()?, options).await,
        Sub::Chaos(options) => chaos::run(&Workspace::find()?, options).await,
        Sub::Migrate(options) => database::migrate(&options).await.map(|()| ExitCode::SUCCESS),
        Sub::Seed(options) => seed::command(&options).await.map(|()| ExitCode::SUCCESS),
        Sub::Admin(options) => admin::run(options).await.map(|()| ExitCode::SUCCESS),
        Sub::Setup(options) => setup::run(options).await.map(|()| ExitCode::SUCCESS),
        Sub::Sqlx(options) => query_data::run(&Workspace::find()?, options).await,
        Sub::Docs(options) => docs::run(&Workspace::find()?, options).await,
    }
}
