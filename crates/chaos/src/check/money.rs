//! A job with a text is charged once; what was spent is what the calls cost; nothing is held; no limit was ever passed.

use std::collections::BTreeMap;

use hg_types::Usd;
use uuid::Uuid;

use super::Finding;
use crate::books::Books;

pub(super) fn check(books: &Books) -> Vec<Finding> {
    let mut found = charges(books);
    found.extend(ledger(books));
    found.extend(limits(books));
    found
}

fn charges(books: &Books) -> Vec<Finding> {
    let mut of_job: BTreeMap<Uuid, Vec<i64>> = BTreeMap::new();
    for charge in &books.charges {
        of_job.entry(charge.job_id).or_default().push(charge.amount);
    }
    let twice = of_job.iter().filter(|(_, charges)| charges.len() > 1).map(|(job, _)| *job);
    let completed = books.jobs.iter().filter(|job| job.status == "completed");
    let unpaid = completed.clone().filter(|job| !of_job.contains_key(&job.id));
    let wrongly = completed.filter(|job| of_job.get(&job.id).is_some_and(|paid| paid.first().copied() != job.cost));
    let textless = of_job
        .keys()
        .copied()
        .filter(|charged| !books.jobs.iter().any(|job| job.id == *charged && job.status == "completed"));
    [
        Finding::about("charges", "charged more than once", twice),
        Finding::about("charges", "completed, and not charged", unpaid.map(|job| job.id)),
        Finding::about("charges", "charged another amount than it says it cost", wrongly.map(|job| job.id)),
        Finding::about("charges", "charged without a text", textless),
    ]
    .into_iter()
    .flatten()
    .collect()
}

fn ledger(books: &Books) -> Vec<Finding> {
    let mut found = Vec::new();
    for budget in &books.budgets {
        let of_holder = |client| books.counts_against(client, budget.client_id);
        let calls: i64 = books.calls.iter().filter(|call| of_holder(call.client_id)).map(|call| call.cost).sum();
        let charges: i64 =
            books.charges.iter().filter(|charge| of_holder(charge.client_id)).map(|charge| charge.amount).sum();
        let holder = budget.client_id.map_or_else(|| "everybody".to_owned(), |client| format!("client {client}"));
        let mut differs = |what: &str, stands: i64, sum: i64| {
            if stands != sum {
                let (stands, sum) = (Usd::from_nanos(stands), Usd::from_nanos(sum));
                found.push(Finding::new(
                    "ledger",
                    format!("{holder}, {}: {what}: {stands} is not {sum}", budget.period),
                ));
            }
        };
        differs("spent = Σ calls", budget.spent, calls);
        differs("spent on results = Σ charges", budget.spent_charged, charges);
        differs("reserved = 0", budget.reserved, 0);
    }
    let clients: Vec<Uuid> = books.budgets.iter().filter_map(|budget| budget.client_id).collect();
    let unbooked = books.calls.iter().filter(|call| call.cost > 0 && !clients.contains(&call.client_id));
    found.extend(Finding::about("ledger", "with a call that no budget knows of", unbooked.map(|call| call.job_id)));
    found.extend(Finding::about("reservations", "still holds money", books.open.iter().map(|open| open.job_id)));
    found
}

fn limits(books: &Books) -> Vec<Finding> {
    let passed = books.seen.largest.iter().filter_map(|(holder, used)| {
        let limit = books.limit_of(*holder)?;
        (*used > limit).then(|| {
            let holder = holder.map_or_else(|| "everybody".to_owned(), |client| format!("client {client}"));
            Finding::new("limits", format!("{holder} had {used} spent or held, of at most {limit}"))
        })
    });
    passed.collect()
}
