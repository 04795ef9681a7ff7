//! Figures of a fault, the table, and the JSON file. It hides no finding.

mod recovery;
mod table;

use std::{collections::BTreeMap, path::Path};

use anyhow::{Context as _, Result};
use chrono::{DateTime, Utc};
use serde::Serialize;

use self::recovery::Recovery;
pub(crate) use self::table::{block, table};
use crate::{books::Books, check::Finding, faults::Fault, load::number_in, scene::Strike};

/// Everything that a run found out.
#[derive(Debug, Serialize)]
pub struct Report {
    /// From which everything random came.
    pub seed: u64,
    /// When it began.
    pub started_at: DateTime<Utc>,
    /// One after the other.
    pub faults: Vec<FaultReport>,
}

impl Report {
    pub(crate) fn new(seed: u64) -> Self {
        Self { seed, started_at: Utc::now(), faults: Vec::new() }
    }

    /// What must not be, in all.
    pub fn findings(&self) -> impl Iterator<Item = &Finding> {
        self.faults.iter().flat_map(|fault| &fault.findings)
    }

    /// Jobs in all.
    #[must_use]
    pub fn accepted(&self) -> usize {
        self.faults.iter().map(|fault| fault.accepted).sum()
    }

    /// Writes it as JSON.
    ///
    /// # Errors
    /// The file can't be written.
    pub fn write(&self, path: &Path) -> Result<()> {
        let text = serde_json::to_string_pretty(self).context("the report is not JSON")?;
        std::fs::write(path, text + "\n").with_context(|| format!("cannot write {}", path.display()))
    }
}

/// When a fault was on.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Times {
    pub(crate) started_at: DateTime<Utc>,
    pub(crate) seconds: f64,
}

/// One fault's figures. `docs/chaos.md` defines them.
#[derive(Debug, Serialize)]
pub struct FaultReport {
    /// Its name.
    pub fault: &'static str,
    /// What it does.
    pub about: &'static str,
    /// When its system was started.
    pub started_at: DateTime<Utc>,
    /// How long it took, with starting and proving.
    pub seconds: f64,
    strikes: Vec<Strike>,
    /// Jobs that callers were told of.
    pub accepted: usize,
    /// Jobs by their end.
    pub ended: BTreeMap<String, usize>,
    /// Failed jobs by reason.
    pub failed: BTreeMap<String, usize>,
    /// Requests refused with 402.
    pub refused: u64,
    /// Jobs that somebody asked to stop.
    pub cancellations: u64,
    /// Charges.
    pub charges: usize,
    /// Calls on record in the ledger.
    pub ledger_calls: usize,
    /// Of these: of unknown outcome.
    pub unknown_calls: usize,
    /// Calls that reached the provider.
    pub provider_calls: usize,
    /// Calls that the provider answered for an attempt that came to nothing: paid in vain.
    pub duplicate_calls: usize,
    recovery: Recovery,
    /// The largest part of a limited budget that was ever spent or held, in percent.
    pub budget_peak_percent: f64,
    /// How often budgets were looked at.
    pub budget_looks: u64,
    /// Watchers.
    pub watchers: usize,
    /// How often one went on at another replica.
    pub resumed: u32,
    /// Requests that were sent again, by why.
    pub again: BTreeMap<String, u64>,
    /// Requests that were given up, or answered wrongly.
    pub failed_requests: usize,
    /// Where the services' logs are.
    pub logs: std::path::PathBuf,
    /// What must not be.
    pub findings: Vec<Finding>,
}

impl FaultReport {
    pub(crate) fn new(
        fault: &Fault,
        times: Times,
        strikes: &[Strike],
        books: &Books,
        findings: Vec<Finding>,
        logs: std::path::PathBuf,
    ) -> Self {
        let count = |names: &mut dyn Iterator<Item = String>| {
            names.fold(BTreeMap::new(), |mut all: BTreeMap<String, usize>, name| {
                *all.entry(name).or_default() += 1;
                all
            })
        };
        let peaks = books.seen.largest.iter().filter_map(|(holder, used)| {
            let limit = books.limit_of(*holder)?;
            Some(used.nanos() as f64 / limit.nanos() as f64 * 100.0)
        });
        Self {
            fault: fault.name,
            about: fault.about,
            started_at: times.started_at,
            seconds: times.seconds,
            strikes: strikes.to_vec(),
            accepted: books.told.accepted.len(),
            ended: count(&mut books.jobs.iter().map(|job| job.status.clone())),
            failed: count(&mut books.jobs.iter().filter_map(|job| job.error_code.clone())),
            refused: books.told.refused,
            cancellations: books.told.cancellations,
            charges: books.charges.len(),
            ledger_calls: books.calls.len(),
            unknown_calls: books.calls.iter().filter(|call| call.status == "unknown").count(),
            provider_calls: books.provider.len(),
            duplicate_calls: duplicates(books),
            recovery: Recovery::of(&books.jobs, strikes),
            budget_peak_percent: peaks.fold(0.0, f64::max),
            budget_looks: books.seen.looks,
            watchers: books.told.watched.len(),
            resumed: books.told.watched.iter().map(|watched| watched.resumed).sum(),
            again: books.told.again.clone(),
            failed_requests: books.told.failed.len(),
            logs,
            findings,
        }
    }

    /// Whether everything is as it must be.
    #[must_use]
    pub fn is_clean(&self) -> bool {
        self.findings.is_empty()
    }
}

/// Calls that the provider answered, less those of each job's last attempt.
fn duplicates(books: &Books) -> usize {
    let mut last: BTreeMap<uuid::Uuid, (i32, usize)> = BTreeMap::new();
    for call in &books.calls {
        let entry = last.entry(call.job_id).or_insert((call.attempt, 0));
        if call.attempt > entry.0 {
            *entry = (call.attempt, 0);
        }
        if call.attempt == entry.0 {
            entry.1 += 1;
        }
    }
    let mut answered: BTreeMap<u64, usize> = BTreeMap::new();
    for number in books.provider.iter().filter(|call| call.answered).filter_map(|call| call.number) {
        *answered.entry(number).or_default() += 1;
    }
    let of_job = books.jobs.iter().map(|job| {
        let answered = number_in(&job.topic).and_then(|number| answered.get(&number)).copied().unwrap_or_default();
        answered.saturating_sub(last.get(&job.id).map_or(0, |(_, calls)| *calls))
    });
    of_job.sum()
}
