//! Builds programs and hands over to one of them, which starts the others from the folder that it lies in.
//!
//! Shared by `bench` and `chaos`. It knows no option of theirs.

use std::process::ExitCode;

use anyhow::Result;
use hg_stack::Servers;

use crate::command::{cargo, command, run_shown};
use crate::packages;
use crate::progress::Progress;
use crate::web;
use crate::workspace::Workspace;

/// These only say something: nothing is started for them.
const ONLY_TELL: [&str; 4] = ["--list", "--help", "-h", "--version"];

/// How programs are built.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Profile {
    /// As in production.
    Release,
    /// As for tests: quick to build.
    Debug,
}

/// Who does the work.
pub(crate) struct Handover {
    /// The program that is called.
    pub(crate) program: &'static str,
    /// What it starts.
    pub(crate) starts: &'static [&'static str],
    pub(crate) profile: Profile,
    /// Debian packages that it needs besides the servers, each with a program of it.
    pub(crate) packages: &'static [(&'static str, &'static str)],
    /// Whether a service among those has web assets built into it.
    pub(crate) assets: Assets,
}

/// Whether web assets are needed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Assets {
    /// The gateway is built.
    Built,
    /// It isn't.
    NotNeeded,
}

impl Handover {
    /// Builds everything and calls the program; the exit code is its own.
    pub(crate) async fn run(self, workspace: &Workspace, arguments: Vec<String>) -> Result<ExitCode> {
        let only_tells = arguments.iter().any(|argument| ONLY_TELL.contains(&argument.as_str()));
        let mut packages_to_build = vec![self.program];
        if !only_tells {
            let progress = Progress::new();
            let logs = workspace.scratch()?;
            let log = logs.join("packages.log");
            progress
                .step("system packages", async {
                    Ok(((), packages::ensure(Some(Servers::All), self.packages, &log).await?))
                })
                .await?;
            if self.assets == Assets::Built {
                progress.step("web assets", async { Ok(((), web::build(workspace, &logs).await?)) }).await?;
            }
            packages_to_build.extend(self.starts);
        }
        let mut build = cargo(workspace.root());
        build.arg("build");
        if self.profile == Profile::Release {
            build.arg("--release");
        }
        for package in packages_to_build {
            build.args(["--package", package]);
        }
        let built = run_shown(build).await?;
        anyhow::ensure!(built.success(), "cargo build failed: see above");

        // Both profiles' folders lie side by side, wherever the target folder is; `hg` itself is a debug build.
        let folder = match self.profile {
            Profile::Release => "../release",
            Profile::Debug => "../debug",
        };
        let program = Workspace::program(folder)?.join(self.program);
        let mut called = command(program, workspace.root());
        called.args(arguments);
        let status = run_shown(called).await?;
        Ok(status.code().and_then(|code| u8::try_from(code).ok()).map_or(ExitCode::FAILURE, ExitCode::from))
    }
}
