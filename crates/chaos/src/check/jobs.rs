//! An accepted job is there, once, and has ended.

use std::collections::{BTreeMap, BTreeSet};

use uuid::Uuid;

use super::Finding;
use crate::{
    books::Books,
    load::{key_of, number_in},
};

/// Always allowed: a call needed more than was left.
const BUDGET: &str = "budget_exceeded";

pub(super) fn check(books: &Books, may_fail: &[&str]) -> Vec<Finding> {
    let there: BTreeSet<Uuid> = books.jobs.iter().map(|job| job.id).collect();
    let accepted: BTreeMap<Uuid, u64> =
        books.told.accepted.iter().map(|accepted| (accepted.job.uuid(), accepted.number)).collect();
    let ended = |status: &str| matches!(status, "completed" | "failed" | "cancelled");
    let mut found: Vec<Finding> = [
        Finding::about("lost", "accepted, and not there", accepted.keys().copied().filter(|job| !there.contains(job))),
        Finding::about(
            "terminal",
            "accepted, and not ended",
            books.jobs.iter().filter(|job| job.lives || !ended(&job.status)).map(|job| job.id),
        ),
        Finding::about(
            "accepted",
            "there, and no caller was told of it",
            there.iter().copied().filter(|job| !accepted.contains_key(job)),
        ),
    ]
    .into_iter()
    .flatten()
    .collect();

    let mut by_number: BTreeMap<Option<u64>, Vec<Uuid>> = BTreeMap::new();
    for job in &books.jobs {
        by_number.entry(number_in(&job.topic)).or_default().push(job.id);
    }
    let twice = by_number.into_iter().filter(|(number, jobs)| number.is_none() || jobs.len() > 1);
    found.extend(Finding::about(
        "idempotency",
        "of a request that made several jobs",
        twice.flat_map(|(_, jobs)| jobs),
    ));

    // The key of a request is the key of its job, and no job is without one.
    let keys: BTreeMap<Uuid, &str> = books.keys.iter().map(|row| (row.job_id, row.key.as_str())).collect();
    let wrong = books.jobs.iter().filter(|job| {
        let wanted = number_in(&job.topic).map(key_of);
        keys.get(&job.id).copied() != wanted.as_deref()
    });
    found.extend(Finding::about("idempotency", "without its own key", wrong.map(|job| job.id)));
    if books.keys.len() != books.jobs.len() {
        let what = format!("{} keys, but {} jobs", books.keys.len(), books.jobs.len());
        found.push(Finding::new("idempotency", what));
    }

    let unexplained = books.jobs.iter().filter_map(|job| {
        let code = job.error_code.as_deref()?;
        (job.status == "failed" && code != BUDGET && !may_fail.contains(&code)).then_some((code, job.id))
    });
    let mut by_code: BTreeMap<&str, Vec<Uuid>> = BTreeMap::new();
    for (code, job) in unexplained {
        by_code.entry(code).or_default().push(job);
    }
    for (code, jobs) in by_code {
        found.extend(Finding::about(
            "failures",
            &format!("failed with {code}, which this fault doesn't explain"),
            jobs,
        ));
    }
    found
}
