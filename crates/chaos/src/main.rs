//! `hg-chaos`: the fault suite as a program. `cargo hg chaos` builds everything and calls it.
//!
//! Ends with 0 where all is as it must be, with 1 where a check found something or the suite could not go on.
#![expect(clippy::print_stdout, clippy::print_stderr, reason = "a command speaks through its output")]

mod cli;

use std::process::ExitCode;

use anyhow::{Context as _, Result};
use clap::Parser as _;
use hg_chaos::{Options, Size};
use hg_rig::environment::Programs;
use tokio::signal::unix::{SignalKind, signal};

use crate::cli::Cli;

/// What a shell expects of a command that was interrupted.
const INTERRUPTED: u8 = 130;

fn main() -> ExitCode {
    hg_common::tls::install_provider();
    let cli = Cli::parse();
    let runtime = match tokio::runtime::Builder::new_multi_thread().worker_threads(4).enable_all().build() {
        Ok(runtime) => runtime,
        Err(error) => {
            eprintln!("error: cannot start the runtime: {error}");
            return ExitCode::FAILURE;
        }
    };
    // Whatever was started is stopped when the future is dropped.
    let outcome = runtime.block_on(async {
        let work = Box::pin(run(cli));
        tokio::select! {
            outcome = work => Some(outcome),
            () = interrupted() => None,
        }
    });
    drop(runtime);
    match outcome {
        Some(Ok(code)) => code,
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

async fn run(cli: Cli) -> Result<ExitCode> {
    if cli.list {
        print!("{}", hg_chaos::list());
        return Ok(ExitCode::SUCCESS);
    }
    let options = Options {
        faults: cli.faults,
        jobs: cli.jobs,
        seed: cli.seed,
        size: if cli.short { Size::Short } else { Size::Full },
        programs: Programs::beside_us().context("the services' programs")?,
        sabotage: cli.plant,
        dir: cli.dir,
    };
    let report = hg_chaos::run(&options).await?;
    let path =
        cli.json.unwrap_or_else(|| options.dir.join(format!("{}.json", report.started_at.format("%Y%m%dT%H%M%SZ"))));
    report.write(&path)?;
    println!("figures: {}", path.display());
    Ok(if report.findings().next().is_none() { ExitCode::SUCCESS } else { ExitCode::FAILURE })
}

/// Resolves at the first of Ctrl-C, SIGTERM and SIGHUP.
async fn interrupted() {
    let wait = async |kind| match signal(kind) {
        Ok(mut signals) => {
            signals.recv().await;
        }
        // Without a handler the default action applies: the process ends, and the watchdog tidies up.
        Err(_) => std::future::pending().await,
    };
    tokio::select! {
        () = wait(SignalKind::interrupt()) => {}
        () = wait(SignalKind::terminate()) => {}
        () = wait(SignalKind::hangup()) => {}
    }
}
