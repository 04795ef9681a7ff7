//! Books that are true, and every lie that must be found in them.

use chrono::Utc;
use hg_types::{JobId, Usd};

use super::*;
use crate::{
    books::{Budget, Charge, Event, Job, Key, LedgerCall, Open, ProviderCall},
    load::{Accepted, Asked, Watched},
    system::Limit,
};

const COST: i64 = 1_000;

fn id(number: u64) -> Uuid {
    Uuid::from_u128(u128::from(number) + 1)
}

fn client() -> Uuid {
    Uuid::from_u128(0xc11e_0000)
}

fn agency() -> Uuid {
    Uuid::from_u128(0xa6e0_0000)
}

/// Three jobs with a text, asked for by numbers 0 to 2, of a customer below an agency with a limit.
fn true_books() -> Books {
    let mut books = Books {
        parents: [(client(), Some(agency())), (agency(), None)].into(),
        limits: vec![Limit { holder: agency(), daily: Usd::from_nanos(10 * COST) }],
        ..Books::default()
    };
    for number in 0..3 {
        let (asked, job) = (Asked::of(1, number), id(number));
        books.jobs.push(Job {
            id: job,
            topic: asked.topic(),
            status: "completed".into(),
            error_code: None,
            cost: Some(COST),
            created_at: Utc::now(),
            completed_at: Some(Utc::now()),
            lives: false,
        });
        books.charges.push(Charge { job_id: job, client_id: client(), amount: COST });
        let generation = format!("gen-{number}");
        books.calls.push(LedgerCall {
            job_id: job,
            client_id: client(),
            attempt: 1,
            status: "done".into(),
            cost: COST,
            generation_id: Some(generation.clone()),
        });
        books.provider.push(ProviderCall {
            id: generation,
            number: Some(number),
            completed: true,
            answered: true,
            cost: COST,
        });
        books.keys.push(Key { key: asked.key(), job_id: job });
        for (seq, kind) in [(1, "status"), (2, "status"), (3, "completed")] {
            books.events.push(Event { job_id: job, seq, kind: kind.into() });
        }
        books.told.accepted.push(Accepted { number, job: JobId(job) });
    }
    for holder in [client(), agency()] {
        for period in ["day", "month"] {
            books.budgets.push(Budget {
                client_id: Some(holder),
                period: period.into(),
                reserved: 0,
                spent: 3 * COST,
                spent_charged: 3 * COST,
            });
        }
    }
    books.seen.largest.insert(Some(agency()), Usd::from_nanos(10 * COST));
    books.told.watchers = 1;
    books.told.watched.push(Watched { job: JobId(id(0)), last: 3, ended: true, resumed: 1, complaints: Vec::new() });
    books
}

/// Plants a lie, and gives back which checks found it, and the jobs that they named.
#[track_caller]
fn found(lie: impl FnOnce(&mut Books)) -> (Vec<&'static str>, Vec<Uuid>) {
    let mut books = true_books();
    lie(&mut books);
    let findings = of_books(&books, &["worker_crashed"]);
    let mut checks: Vec<_> = findings.iter().map(|finding| finding.check).collect();
    checks.dedup();
    (checks, findings.into_iter().flat_map(|finding| finding.jobs).collect())
}

#[test]
fn true_books_are_found_true() {
    assert_eq!(found(|_| {}), (vec![], vec![]));
}

#[test]
fn a_lost_job_is_named() {
    let (checks, jobs) = found(|books| books.jobs.retain(|job| job.id != id(1)));
    assert!(checks.contains(&"lost") && jobs.contains(&id(1)), "{checks:?}");
}

#[test]
fn a_job_that_never_ends_is_named() {
    let (checks, jobs) = found(|books| books.jobs[2].lives = true);
    assert_eq!((checks, jobs), (vec!["terminal"], vec![id(2)]));
}

#[test]
fn a_job_that_nobody_was_told_of_is_named() {
    assert_eq!(found(|books| books.told.accepted.truncate(2)), (vec!["accepted"], vec![id(2)]));
}

#[test]
fn two_jobs_of_one_request_are_named() {
    let (checks, jobs) = found(|books| books.jobs[1].topic = books.jobs[0].topic.clone());
    assert!(checks.contains(&"idempotency") && jobs.contains(&id(0)) && jobs.contains(&id(1)), "{checks:?}");
}

#[test]
fn a_key_of_no_job_is_found() {
    assert_eq!(found(|books| books.keys.push(Key { key: "chaos-9".into(), job_id: id(9) })).0, ["idempotency"]);
}

#[test]
fn a_failure_that_the_fault_does_not_explain_is_named() {
    let fail = |code: &'static str| {
        found(move |books| {
            books.jobs[0].status = "failed".into();
            books.jobs[0].error_code = Some(code.into());
        })
        .0
    };
    assert!(fail("internal").contains(&"failures"));
    assert!(!fail("worker_crashed").contains(&"failures"));
}

#[test]
fn a_second_charge_is_named() {
    let (checks, jobs) = found(|books| books.charges.push(Charge { job_id: id(1), client_id: client(), amount: COST }));
    assert!(checks.contains(&"charges") && jobs == [id(1)], "{checks:?} {jobs:?}");
    // The sums no longer agree either.
    assert!(checks.contains(&"ledger"));
}

#[test]
fn a_charge_too_few_too_dear_or_without_a_text_is_named() {
    assert!(found(|books| books.charges.truncate(2)).1.contains(&id(2)));
    assert!(found(|books| books.charges[0].amount += 1).1.contains(&id(0)));
    assert!(found(|books| books.jobs[0].status = "cancelled".into()).0.contains(&"charges"));
}

#[test]
fn sums_that_do_not_agree_are_found() {
    assert_eq!(found(|books| books.budgets[0].spent += 1).0, ["ledger"]);
    assert_eq!(found(|books| books.budgets[3].spent_charged -= 1).0, ["ledger"]);
    assert_eq!(found(|books| books.budgets[1].reserved = 1).0, ["ledger"]);
    assert_eq!(found(|books| books.budgets.clear()).0, ["ledger"]);
    assert_eq!(found(|books| books.open.push(Open { job_id: id(0) })), (vec!["reservations"], vec![id(0)]));
}

#[test]
fn a_limit_that_was_passed_is_found() {
    let pass = |books: &mut Books| {
        books.seen.largest.insert(Some(agency()), Usd::from_nanos(10 * COST + 1));
    };
    assert_eq!(found(pass).0, ["limits"]);
}

#[test]
fn a_call_that_the_ledger_does_not_know_is_found() {
    let call = |number| ProviderCall { id: "gen-9".into(), number, completed: true, answered: true, cost: COST };
    assert_eq!(found(|books| books.provider.push(call(None))).0, ["provider"]);
    assert_eq!(found(|books| books.provider.push(call(Some(9)))).0, ["provider"]);
    assert_eq!(found(|books| books.provider.push(call(Some(1)))), (vec!["provider"], vec![id(1)]));
}

#[test]
fn a_call_on_record_that_was_not_so_is_named() {
    assert_eq!(found(|books| books.provider[0].completed = false), (vec!["provider"], vec![id(0)]));
    assert_eq!(found(|books| books.provider[0].cost = COST - 1), (vec!["provider"], vec![id(0)]));
    assert_eq!(found(|books| books.calls[0].status = "started".into()), (vec!["provider"], vec![id(0)]));
    let shared = |books: &mut Books| books.calls[1].generation_id = Some("gen-0".into());
    assert_eq!(found(shared), (vec!["provider"], vec![id(1)]));
}

#[test]
fn events_with_a_gap_or_two_ends_are_named() {
    let twice = |books: &mut Books| books.events.insert(3, Event { job_id: id(0), seq: 4, kind: "completed".into() });
    assert!(found(twice).0.contains(&"events"));
    let gap = |books: &mut Books| {
        books.events.remove(4);
    };
    assert_eq!(found(gap), (vec!["events"], vec![id(1)]));
    assert!(found(|books| books.events.clear()).1.contains(&id(2)));
}

#[test]
fn a_request_that_failed_and_a_watcher_that_missed_something_are_found() {
    assert_eq!(found(|books| books.told.failed.push("request 7: 500".into())).0, ["requests"]);
    assert_eq!(found(|books| books.told.watched[0].complaints.push("event 3 after 1".into())).1, [id(0)]);
    assert_eq!(found(|books| books.told.watched[0].last = 2).1, [id(0)]);
    assert_eq!(found(|books| books.told.watched.clear()).0, ["watchers"]);
}
