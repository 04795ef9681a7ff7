//! A job's events are numbered without gap, and its end is told once, last, and truly.

use std::collections::BTreeMap;

use uuid::Uuid;

use super::Finding;
use crate::books::{Books, Event};

pub(super) fn check(books: &Books) -> Vec<Finding> {
    let mut of_job: BTreeMap<Uuid, Vec<&Event>> = BTreeMap::new();
    for event in &books.events {
        of_job.entry(event.job_id).or_default().push(event);
    }
    let none = Vec::new();
    let events = |job: &Uuid| of_job.get(job).unwrap_or(&none);
    let gaps = books.jobs.iter().filter(|job| {
        events(&job.id).is_empty() || !events(&job.id).iter().zip(1..).all(|(event, number)| event.seq == number)
    });
    let is_end = |event: &&&Event| matches!(event.kind.as_str(), "completed" | "failed" | "cancelled");
    let ends = books.jobs.iter().filter(|job| {
        let events = events(&job.id);
        let ends: Vec<&&Event> = events.iter().filter(is_end).collect();
        let last = events.last().map(|event| event.kind.as_str());
        ends.len() != 1 || last != Some(job.status.as_str())
    });
    [
        Finding::about("events", "with events that aren't numbered from 1 without a gap", gaps.map(|job| job.id)),
        Finding::about("events", "whose last event isn't its end, told once", ends.map(|job| job.id)),
    ]
    .into_iter()
    .flatten()
    .collect()
}
