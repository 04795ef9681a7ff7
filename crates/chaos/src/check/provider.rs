//! A call is on record before it is made, and is on record as done only if it was.

use std::collections::{BTreeMap, BTreeSet};

use uuid::Uuid;

use super::Finding;
use crate::{books::Books, load::number_in};

pub(super) fn check(books: &Books) -> Vec<Finding> {
    let jobs: BTreeMap<u64, Uuid> =
        books.jobs.iter().filter_map(|job| Some((number_in(&job.topic)?, job.id))).collect();
    let mut found = Vec::new();
    let strangers: Vec<&str> = books
        .provider
        .iter()
        .filter(|call| call.number.is_none_or(|number| !jobs.contains_key(&number)))
        .map(|call| call.id.as_str())
        .collect();
    if let Some(first) = strangers.first() {
        let what = format!("{} × made for no job that is on record: call {first}", strangers.len());
        found.push(Finding::new("provider", what));
    }
    let mut made: BTreeMap<Uuid, usize> = BTreeMap::new();
    for job in books.provider.iter().filter_map(|call| jobs.get(&call.number?)) {
        *made.entry(*job).or_default() += 1;
    }
    let mut recorded: BTreeMap<Uuid, usize> = BTreeMap::new();
    for call in &books.calls {
        *recorded.entry(call.job_id).or_default() += 1;
    }
    let unrecorded = made.iter().filter(|(job, made)| recorded.get(job).is_none_or(|recorded| *made > recorded));
    found.extend(Finding::about(
        "provider",
        "with calls that the ledger doesn't know",
        unrecorded.map(|(job, _)| *job),
    ));

    let completed: BTreeMap<&str, i64> =
        books.provider.iter().filter(|call| call.completed).map(|call| (call.id.as_str(), call.cost)).collect();
    let done = || books.calls.iter().filter(|call| call.status == "done");
    let of_provider = |generation: &Option<String>| generation.as_deref().and_then(|id| completed.get(id).copied());
    let untrue = done().filter(|call| of_provider(&call.generation_id).is_none());
    let dearer = done().filter(|call| of_provider(&call.generation_id).is_some_and(|billed| call.cost > billed));
    found.extend(Finding::about(
        "provider",
        "with a call on record as done that the provider did not complete",
        untrue.map(|call| call.job_id),
    ));
    found.extend(Finding::about(
        "provider",
        "with a call that is charged above what was billed",
        dearer.map(|call| call.job_id),
    ));
    let mut claimed = BTreeSet::new();
    let shared = done().filter(|call| call.generation_id.as_deref().is_some_and(|id| !claimed.insert(id)));
    let shared: Vec<Uuid> = shared.map(|call| call.job_id).collect();
    found.extend(Finding::about("provider", "with an answer that another call has too", shared));
    let open = books.calls.iter().filter(|call| call.status == "started");
    found.extend(Finding::about("provider", "with a call that is said to run still", open.map(|call| call.job_id)));
    found
}
