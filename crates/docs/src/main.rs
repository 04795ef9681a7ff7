//! Writes `docs/configuration.md` from the code that reads the environment; with `--check`, only compares, and looks whether the
//! guides name every route that is there.
//!
//! | module | owns | must not |
//! |---|---|---|
//! | `mentions` | the requests that a page of documentation shows | know any route |
//! | `coverage` | which routes must be shown where, and what may be left out | read a file |
//!
//! A program of its own because it needs all four services, and `hg`, which calls it (`cargo hg docs`), must build
//! before them. It must not know any variable: the services' own readers tell.
#![expect(clippy::print_stdout, clippy::print_stderr, reason = "a command speaks through its output")]

mod coverage;
mod mentions;

use std::path::{Path, PathBuf};
use std::process::ExitCode;

use anyhow::{Context as _, Result};
use hg_common::config::{Env, render_markdown};

/// Where routes are shown.
const GUIDES: [&str; 2] = ["docs/integrators.md", "docs/operators.md"];

fn main() -> ExitCode {
    let mut arguments = std::env::args_os().skip(1);
    let (Some(root), check) = (arguments.next().map(PathBuf::from), arguments.next()) else {
        eprintln!("usage: hg-docs <top folder of the clone> [--check]");
        return ExitCode::FAILURE;
    };
    let page = root.join("docs/configuration.md");
    let outcome = match check {
        Some(_) => compare(&page, &configuration()).and_then(|()| guides(&root)),
        None => std::fs::write(&page, configuration()).with_context(|| format!("cannot write {}", page.display())),
    };
    match outcome {
        Ok(()) => {
            println!("{} is up to date", page.display());
            ExitCode::SUCCESS
        }
        Err(error) => {
            eprintln!("error: {error:#}");
            ExitCode::FAILURE
        }
    }
}

/// Every variable of every service.
fn configuration() -> String {
    let mut specs = Env::describe::<hg_gateway::Config>("gateway");
    specs.extend(Env::describe::<hg_cpm::Config>("cpm"));
    specs.extend(Env::describe::<hg_im::Config>("im"));
    specs.extend(Env::describe::<hg_smm::Config>("smm"));
    render_markdown(&specs)
}

fn compare(page: &Path, wanted: &str) -> Result<()> {
    let found = std::fs::read_to_string(page).with_context(|| format!("cannot read {}", page.display()))?;
    anyhow::ensure!(found == wanted, "{} is not what the code says: run `cargo hg docs` and commit it", page.display());
    Ok(())
}

/// Whether the guides show every route, and no other.
fn guides(root: &Path) -> Result<()> {
    let mut mentions = Vec::new();
    for page in GUIDES {
        let text = std::fs::read_to_string(root.join(page)).with_context(|| format!("cannot read {page}"))?;
        mentions.extend(mentions::of_page(page, &text));
    }
    let faults = coverage::faults(&mentions, &hg_cpm::route_table(), &hg_gateway::route_table());
    anyhow::ensure!(faults.is_empty(), "{} are not what the code says:\n{}", GUIDES.join(" and "), faults.join("\n"));
    Ok(())
}
