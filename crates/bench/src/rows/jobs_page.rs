//! The list of jobs as the owner of an agency sees it, while the agency's jobs grow to a million.

use anyhow::Result;

use super::pages::{self, Visits};
use crate::{
    bench::Bench,
    measure::{Figure, Measure, Target},
    system::Provider,
};
use hg_rig::plant::History;

/// The agency's jobs.
const SIZES: [i64; 3] = [10_000, 100_000, 1_000_000];
const QUICK_SIZES: [i64; 2] = [10_000, 100_000];
const P95_MS: f64 = 25.0;
/// How many times as long the page may take with the most jobs as with the fewest: "flat".
const FLAT: f64 = 1.5;
/// Beyond so many, a list counts no more.
const COUNTED: i64 = 10_000;

pub(super) async fn run(bench: &mut Bench) -> Result<Vec<Measure>> {
    let mut system = bench.system(Provider::INSTANT).await?;
    let cookie = system.sign_in().await?;
    let mut db = system.db().await?;
    History::partitions(&mut db).await?;
    let mut history = History::of(bench.planted().agency);
    let mut measures = Vec::new();
    for size in bench.pace.pick(&SIZES[..], &QUICK_SIZES[..]) {
        history.grow(&mut db, *size).await?;
        let visits = Visits::of("/jobs", &cookie);
        let measure = Measure::new("jobs-page", format!("jobs page, {} jobs", thousands(*size)))
            .target(Target::at_most(Figure::P95, P95_MS));
        measures.push(pages::visit(bench, &system, visits, measure, |html| check(html, *size)).await?);
    }
    system.check_alive()?;
    let p95 = |measure: Option<&Measure>| measure.and_then(|measure| measure.figure(Figure::P95)).unwrap_or(f64::NAN);
    let growth = p95(measures.last()) / p95(measures.first());
    measures.push(
        Measure::new("jobs-page", "jobs page, p95 with the most ÷ with the fewest")
            .value(growth, "×")
            .target(Target::at_most(Figure::Value, FLAT)),
    );
    Ok(measures)
}

/// Whether the page shows twenty of so many jobs.
fn check(html: &str, size: i64) -> Result<()> {
    let counted = if size > COUNTED {
        format!("20 of more than {}", thousands(COUNTED))
    } else {
        format!("20 of {}", thousands(size))
    };
    anyhow::ensure!(html.contains(&counted), "the page doesn't say {counted:?}");
    let rows = html.matches("of our customers, answered").count().max(html.matches(", answered").count());
    anyhow::ensure!(rows >= 20, "the page shows {rows} rows");
    Ok(())
}

/// With a comma between thousands.
fn thousands(number: i64) -> String {
    let digits = number.to_string();
    let mut text = String::new();
    for (index, digit) in digits.chars().enumerate() {
        if index > 0 && (digits.len() - index).is_multiple_of(3) {
            text.push(',');
        }
        text.push(digit);
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn commas_stand_between_thousands() {
        assert_eq!([999, 1_000, 1_000_000].map(thousands), ["999", "1,000", "1,000,000"]);
    }
}
