//! The page of a finished job: text, report, calls.

use anyhow::Result;

use super::pages::{self, Visits};
use crate::{bench::Bench, measure::Measure, system::Provider};

pub(super) async fn run(bench: &mut Bench) -> Result<Vec<Measure>> {
    let mut system = bench.system(Provider::INSTANT).await?;
    let cookie = system.sign_in().await?;
    let (job, title) = pages::finished_job(&system).await?;
    let check = |html: &str| {
        // Titles of the simulator have no character that HTML escapes but these.
        let title = title.replace('&', "&amp;").replace('\'', "&#x27;");
        anyhow::ensure!(html.contains(&title), "the page doesn't show {title:?}");
        Ok(())
    };
    let visits = Visits::of(format!("/jobs/{job}"), &cookie);
    let measure = pages::visit(bench, &system, visits, Measure::new("job-page", "job page"), check).await?;
    system.check_alive()?;
    Ok(vec![measure])
}
