//! `hg-bench`: the project's benchmark. `cargo hg bench` builds everything in release mode and calls it.
//!
//! | module | owns | must not |
//! |---|---|---|
//! | `rows` | one file per measurement: what is done, and what must be true afterwards | start servers itself |
//! | `system` | the four services and the provider simulator as processes, on [`hg_rig`]'s servers and planted rows | choose their load |
//! | `load` | requests at a fixed rate or by so many callers, and how long they took | know our paths |
//! | `procfs`, `usage`, `settings` | what the machine says about itself | guess |
//! | `latency`, `measure`, `report` | figures, targets, the table, the JSON file | hide a missed target |
//!
//! A missed target is no failure: this measures. An answer that is wrong is one, and so is a measurement that can't be made.
//! `docs/benchmark.md` defines every figure.
#![expect(clippy::print_stdout, clippy::print_stderr, reason = "a command speaks through its output")]

mod bench;
mod cli;
mod latency;
mod load;
mod measure;
mod procfs;
mod report;
mod rows;
mod settings;
mod system;
mod usage;

use std::process::ExitCode;

use anyhow::{Context as _, Result};
use clap::Parser as _;
use nix::sys::resource::{Resource, getrlimit, setrlimit};

use crate::cli::Cli;

/// What a shell expects of a command that was interrupted.
const INTERRUPTED: u8 = 130;

fn main() -> ExitCode {
    hg_common::tls::install_provider();
    let cli = Cli::parse();
    let prepared = raise_open_files().and_then(|()| {
        tokio::runtime::Builder::new_multi_thread().enable_all().build().context("cannot start the runtime")
    });
    let runtime = match prepared {
        Ok(runtime) => runtime,
        Err(error) => {
            eprintln!("error: {error:#}");
            return ExitCode::FAILURE;
        }
    };
    // Whatever was started is stopped when the future is dropped.
    let outcome = runtime.block_on(async {
        let work = Box::pin(bench::run(cli));
        tokio::select! {
            outcome = work => Some(outcome),
            () = hg_common::interrupted() => None,
        }
    });
    drop(runtime);
    match outcome {
        Some(Ok(())) => ExitCode::SUCCESS,
        Some(Err(error)) => {
            eprintln!("\nerror: {error:#}");
            ExitCode::FAILURE
        }
        None => {
            eprintln!("\nstopped");
            ExitCode::from(INTERRUPTED)
        }
    }
}

/// A thousand watchers are two thousand open files, in us and in the service; what we start inherits this.
fn raise_open_files() -> Result<()> {
    let (soft, hard) = getrlimit(Resource::RLIMIT_NOFILE).context("cannot read the limit of open files")?;
    if soft < hard {
        setrlimit(Resource::RLIMIT_NOFILE, hard, hard).context("cannot raise the limit of open files")?;
    }
    Ok(())
}
