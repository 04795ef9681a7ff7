//! `hg chaos`: builds the services and hands over to `hg-chaos`, which breaks them.
//!
//! The short form takes debug builds, which the tests have made already. This module knows no fault.

use std::process::ExitCode;

use anyhow::Result;

use crate::cli::PassedOn;
use crate::handover::{Assets, Handover, Profile};
use crate::workspace::Workspace;

/// The one option that matters here.
const SHORT: &str = "--short";

/// Builds and breaks; the exit code is 1 where a check found something.
pub(crate) async fn run(workspace: &Workspace, options: PassedOn) -> Result<ExitCode> {
    let short = options.arguments.iter().any(|argument| argument == SHORT);
    let handover = Handover {
        program: "hg-chaos",
        starts: &["hg-cpm", "hg-im", "hg-smm"],
        profile: if short { Profile::Debug } else { Profile::Release },
        // For a replica whose clock is wrong, which the short form leaves out.
        packages: if short { &[] } else { &[("faketime", "faketime")] },
        assets: Assets::NotNeeded,
    };
    handover.run(workspace, options.arguments).await
}
