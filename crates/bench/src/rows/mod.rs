//! The measurements: a file each. Every one starts its own system, verifies what it measured, and gives lines of the table.
//!
//! | module | is |
//! |---|---|
//! | `accept` … `assets` | the rows |
//! | `generate`, `tenancy` | requests that several rows make |
//! | `books` | what must be true of the database afterwards |
//! | `questions` | a question to a service, closed and open loop |
//! | `pages` | a signed-in person's visits to a page |

mod accept;
mod added;
mod assets;
mod backlog;
mod books;
mod fairness;
mod generate;
mod job_page;
mod jobs;
mod jobs_page;
mod memory;
mod pages;
mod prompt;
mod questions;
mod start;
mod strategy;
mod stream;
mod tenancy;
mod tree;
mod walls;
mod watchers;

use anyhow::{Context as _, Result};
use futures::future::BoxFuture;

use crate::{bench::Bench, measure::Measure};

/// A row by its name.
pub(crate) struct Row {
    pub(crate) name: &'static str,
    pub(crate) about: &'static str,
    pub(crate) run: for<'a> fn(&'a mut Bench) -> BoxFuture<'a, Result<Vec<Measure>>>,
}

/// All rows, in the order in which they are measured: what fills the disk comes last.
const ROWS: [Row; 17] = [
    Row { name: "start", about: "from start to healthy, per service", run: |bench| Box::pin(start::run(bench)) },
    Row { name: "memory", about: "resident memory, idle and loaded", run: |bench| Box::pin(memory::run(bench)) },
    Row { name: "accept", about: "POST /generate by 1, 16 and 64 callers", run: |bench| Box::pin(accept::run(bench)) },
    Row { name: "jobs", about: "jobs per second with an instant provider", run: |bench| Box::pin(jobs::run(bench)) },
    Row {
        name: "jobs-without-redis",
        about: "the same without Redis",
        run: |bench| Box::pin(jobs::run_without_redis(bench)),
    },
    Row {
        name: "fairness",
        about: "small tenants' wait beside one with 10,000 jobs",
        run: |bench| Box::pin(fairness::run(bench)),
    },
    Row { name: "backlog", about: "memory with 100,000 jobs waiting", run: |bench| Box::pin(backlog::run(bench)) },
    Row { name: "added", about: "latency added to a provider of 50 ms", run: |bench| Box::pin(added::run(bench)) },
    Row {
        name: "stream",
        about: "latency added to a provider of 200 ms through stream",
        run: |bench| Box::pin(stream::run(bench)),
    },
    Row { name: "prompt", about: "POST /generate-prompt", run: |bench| Box::pin(prompt::run(bench)) },
    Row { name: "strategy", about: "the effective strategy", run: |bench| Box::pin(strategy::run(bench)) },
    Row {
        name: "tree",
        about: "the hierarchy: 10,000 customers under 200 agencies",
        run: |bench| Box::pin(tree::run(bench)),
    },
    Row { name: "watchers", about: "1,000 watchers of live text", run: |bench| Box::pin(watchers::run(bench)) },
    Row { name: "job-page", about: "the page of a finished job", run: |bench| Box::pin(job_page::run(bench)) },
    Row { name: "assets", about: "scripts and styles per page", run: |bench| Box::pin(assets::run(bench)) },
    Row { name: "jobs-page", about: "the list of jobs, up to a million", run: |bench| Box::pin(jobs_page::run(bench)) },
    Row {
        name: "walls",
        about: "lists under row-level security, beside the same filtered by hand",
        run: |bench| Box::pin(walls::run(bench)),
    },
];

/// The rows of these names, in our order; all, where none is named.
pub(crate) fn choose(names: &[String]) -> Result<Vec<&'static Row>> {
    for name in names {
        let known = || ROWS.iter().map(|row| row.name).collect::<Vec<_>>().join(", ");
        ROWS.iter()
            .find(|row| row.name == name)
            .with_context(|| format!("there is no row {name}; known are {}", known()))?;
    }
    Ok(ROWS.iter().filter(|row| names.is_empty() || names.iter().any(|name| name == row.name)).collect())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn rows_are_chosen_by_name() {
        let names = |rows: &[&str]| {
            let rows: Vec<String> = rows.iter().map(|row| (*row).to_owned()).collect();
            choose(&rows).map(|rows| rows.iter().map(|row| row.name).collect::<Vec<_>>())
        };
        assert_eq!(names(&["jobs", "accept"]).unwrap(), ["accept", "jobs"]);
        assert_eq!(names(&[]).unwrap().len(), ROWS.len());
        assert!(names(&["accept", "acept"]).unwrap_err().to_string().contains("acept"));
    }
}
