//! Whoever follows the documents gets an answer, and whoever watches misses nothing.

use std::collections::BTreeMap;

use uuid::Uuid;

use super::{Finding, NAMED};
use crate::books::Books;

pub(super) fn check(books: &Books) -> Vec<Finding> {
    let told = &books.told;
    let mut found: Vec<Finding> =
        told.failed.iter().take(NAMED).map(|what| Finding::new("requests", what.clone())).collect();
    if told.failed.len() > NAMED {
        found.push(Finding::new("requests", format!("{} failed in all", told.failed.len())));
    }
    if told.watched.len() != told.watchers {
        let what = format!("of {} watchers {} came to an end", told.watchers, told.watched.len());
        found.push(Finding::new("watchers", what));
    }
    let mut stored: BTreeMap<Uuid, i32> = BTreeMap::new();
    for event in &books.events {
        let last = stored.entry(event.job_id).or_default();
        *last = (*last).max(event.seq);
    }
    for watched in &told.watched {
        let job = watched.job.uuid();
        let missed = !watched.ended || stored.get(&job) != Some(&watched.last);
        let mut complaints = watched.complaints.clone();
        if missed {
            complaints.push(format!("the last event was {}, of {:?}", watched.last, stored.get(&job)));
        }
        if !complaints.is_empty() {
            found.push(Finding { check: "watchers", what: complaints.join("; "), jobs: vec![job] });
        }
    }
    found
}
