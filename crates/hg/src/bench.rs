//! `hg bench`: builds everything in release mode and hands over to `hg-bench`, which measures.
//!
//! A program of its own measures because it is built in release mode and starts what is beside it. This module knows
//! no measurement and no option of that program.

use std::process::ExitCode;

use anyhow::Result;

use crate::cli::PassedOn;
use crate::handover::{Assets, Handover, Profile};
use crate::workspace::Workspace;

/// Builds and measures; the exit code is that of the measuring program.
pub(crate) async fn run(workspace: &Workspace, options: PassedOn) -> Result<ExitCode> {
    let handover = Handover {
        program: "hg-bench",
        starts: &["hg-cpm", "hg-gateway", "hg-im", "hg-smm", "hg-simulator"],
        profile: Profile::Release,
        packages: &[],
        assets: Assets::Built,
    };
    handover.run(workspace, options.arguments).await
}
