//! What must be true of the books. Pure but for [`processes`]: a test plants a lie in books that are true, and sees it named.

mod callers;
mod events;
mod jobs;
mod money;
mod provider;
#[cfg(test)]
mod tests;

use std::fmt;

use serde::Serialize;
use uuid::Uuid;

use crate::{books::Books, scene::Quiet, system::System};

/// How many jobs a finding names.
const NAMED: usize = 5;

/// Something that must not be.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Finding {
    /// Which check found it.
    pub check: &'static str,
    /// What is wrong.
    pub what: String,
    /// With which jobs; the first few.
    pub jobs: Vec<Uuid>,
}

impl Finding {
    fn new(check: &'static str, what: impl Into<String>) -> Self {
        Self { check, what: what.into(), jobs: Vec::new() }
    }

    /// One finding about several jobs; none about none.
    fn about(check: &'static str, what: &str, jobs: impl IntoIterator<Item = Uuid>) -> Option<Self> {
        let mut jobs = jobs.into_iter();
        let named: Vec<Uuid> = jobs.by_ref().take(NAMED).collect();
        if named.is_empty() {
            return None;
        }
        let count = named.len() + jobs.count();
        Some(Self { check, what: format!("{count} × {what}"), jobs: named })
    }
}

impl fmt::Display for Finding {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}: {}", self.check, self.what)?;
        for (number, job) in self.jobs.iter().enumerate() {
            write!(f, "{} {job}", if number == 0 { ": job" } else { "," })?;
        }
        Ok(())
    }
}

/// Every check. `may_fail` are the reasons for which a job may fail.
pub(crate) fn all(books: &Books, may_fail: &[&str], quiet: &Quiet, system: &mut System) -> Vec<Finding> {
    let mut found = of_books(books, may_fail);
    if *quiet == Quiet::No {
        found.push(Finding::new("quiet", "the work did not come to an end in time"));
    }
    found.extend(processes(system));
    found
}

/// Every check that the books alone decide.
fn of_books(books: &Books, may_fail: &[&str]) -> Vec<Finding> {
    let checks = [
        jobs::check(books, may_fail),
        money::check(books),
        provider::check(books),
        events::check(books),
        callers::check(books),
    ];
    checks.into_iter().flatten().collect()
}

/// Whether everything runs, and nothing panicked.
fn processes(system: &mut System) -> Vec<Finding> {
    let mut found = Vec::new();
    for process in system.processes() {
        if !process.is_running() {
            found.push(Finding::new("processes", format!("{} ended by itself; {}", process.name(), process.log_end())));
        }
    }
    for log in std::fs::read_dir(system.logs()).into_iter().flatten().flatten() {
        let text = std::fs::read_to_string(log.path()).unwrap_or_default();
        if let Some(line) = text.lines().find(|line| line.contains("panicked at")) {
            found.push(Finding::new("processes", format!("a panic in {}: {line}", log.path().display())));
        }
    }
    found
}
