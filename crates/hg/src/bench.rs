//! `hg bench`: builds everything in release mode and hands over to `hg-bench`, which measures.
//!
//! A program of its own measures because it is built in release mode and starts what is beside it. This module knows
//! no measurement and no option of that program.

use std::process::ExitCode;

use anyhow::Result;
use hg_stack::Servers;

use crate::cli::Bench;
use crate::command::{cargo, command, run_shown};
use crate::packages;
use crate::progress::Progress;
use crate::web;
use crate::workspace::Workspace;

/// The program that measures.
const PROGRAM: &str = "hg-bench";

/// What it starts, from the folder that it lies in.
const MEASURED: [&str; 5] = ["hg-cpm", "hg-gateway", "hg-im", "hg-smm", "hg-simulator"];

/// These only say something: nothing is started for them.
const ONLY_TELL: [&str; 4] = ["--list", "--help", "-h", "--version"];

/// Builds and measures; the exit code is that of the measuring program.
pub(crate) async fn run(workspace: &Workspace, options: Bench) -> Result<ExitCode> {
    let only_tells = options.arguments.iter().any(|argument| ONLY_TELL.contains(&argument.as_str()));
    let mut packages_to_build = vec![PROGRAM];
    if !only_tells {
        let progress = Progress::new();
        let logs = workspace.scratch()?;
        progress
            .step("system packages", async {
                Ok(((), packages::ensure(Some(Servers::All), &[], &logs.join("packages.log")).await?))
            })
            .await?;
        progress.step("web assets", async { Ok(((), web::build(workspace, &logs).await?)) }).await?;
        packages_to_build.extend(MEASURED);
    }
    let mut build = cargo(workspace.root());
    build.args(["build", "--release"]);
    for package in packages_to_build {
        build.args(["--package", package]);
    }
    let built = run_shown(build).await?;
    anyhow::ensure!(built.success(), "cargo build failed: see above");

    // Both profiles' folders lie side by side, wherever the target folder is.
    let program = Workspace::program("../release")?.join(PROGRAM);
    let mut bench = command(program, workspace.root());
    bench.args(options.arguments);
    let status = run_shown(bench).await?;
    Ok(status.code().and_then(|code| u8::try_from(code).ok()).map_or(ExitCode::FAILURE, ExitCode::from))
}
