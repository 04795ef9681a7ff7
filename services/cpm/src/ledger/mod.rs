//! Money: what is held for a job, what its calls cost, and what it is charged in the end.
//!
//! `spent = Σ ledger` and `reserved = Σ held`, and their sum never passes a limit. Whatever calls a provider goes
//! through here: first calls, retries, repairs. A job is charged at most once: `charges` has the job as its key.
//!
//! The rules that must hold whatever this code does are functions of the database: `app.ledger_reserve` and
//! `app.ledger_settle`, called by the three statements that move money: `app.job_accept`, `app.call_begin`,
//! `app.job_complete`. Here are the ends without a result, and what money looks like in code. Every function runs in the
//! caller's transaction, which must hold the row of the job in `job_runs`: that row's lock puts a job's money in order.

pub(crate) mod calls;
mod refusals;
mod store;
mod sweep;
mod watch;

use chrono::{DateTime, Utc};
use hg_common::{
    db::{detail, sql_state},
    http::BudgetProblem,
};
use hg_types::{ClientId, JobId, Usd};
use serde::Deserialize;
use sqlx::PgConnection;

pub use calls::{CallEnd, CallId, CallStatus, NewCall, call_ended, calls_lost, results_lost};
pub use refusals::{Refusal, Refusals};
pub use sweep::{Drift, drift};
pub use watch::{NewWarning, usage_count, warn, watch};

/// A limit that stands in the way.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
pub struct BudgetExceeded {
    /// Whose limit: `key` (the API key's own), `client`, `agency` (somebody above it) or `global`.
    pub scope: String,
    /// `day` or `month`.
    pub period: String,
    /// What was to be held in addition.
    pub needed: Usd,
    /// What was left, where the budget is the key's or the client's own: what others have is not theirs to know.
    #[serde(default)]
    pub remaining: Option<Usd>,
    /// When a new period begins.
    pub resets_at: DateTime<Utc>,
}

impl From<BudgetExceeded> for BudgetProblem {
    fn from(exceeded: BudgetExceeded) -> Self {
        Self {
            // What others have left isn't the client's to know, whatever the database said.
            left_usd: exceeded.remaining.filter(|_| matches!(exceeded.scope.as_str(), "client" | "key")),
            scope: exceeded.scope,
            period: exceeded.period,
            needed_usd: exceeded.needed,
            resets_at: exceeded.resets_at,
        }
    }
}

impl std::fmt::Display for BudgetExceeded {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let Self { scope, period, needed, remaining, resets_at } = self;
        let whose = match scope.as_str() {
            "key" => "API key's",
            "client" => "client's",
            "agency" => "agency's",
            _ => "global",
        };
        let per = if period == "day" { "daily" } else { "monthly" };
        let anew = resets_at.format("%Y-%m-%d %H:%M UTC");
        match remaining.filter(|_| scope == "client" || scope == "key") {
            Some(left) => write!(
                f,
                "the {whose} {per} budget has {left} USD left and {needed} USD are needed; it starts anew at {anew}"
            ),
            None => {
                write!(f, "the {whose} {per} budget has too little left for {needed} USD; it starts anew at {anew}")
            }
        }
    }
}

/// Nothing was held.
#[derive(Debug, thiserror::Error)]
pub enum BudgetError {
    /// A budget has too little left. The transaction can only be rolled back.
    #[error("{0}")]
    Exceeded(BudgetExceeded),
    /// The scope has no such client, or may not spend for it.
    #[error("no such client")]
    NoSuchClient,
    /// The job has ended meanwhile.
    #[error("the reservation is settled")]
    Settled,
    /// The database failed.
    #[error("the ledger can't be written")]
    Database(#[source] sqlx::Error),
}

impl From<sqlx::Error> for BudgetError {
    fn from(error: sqlx::Error) -> Self {
        match sql_state(&error).as_deref() {
            Some("HG402") => match detail(&error).map(serde_json::from_str) {
                Some(Ok(exceeded)) => Self::Exceeded(exceeded),
                _ => Self::Database(error),
            },
            Some("HG404") => Self::NoSuchClient,
            Some("HG409") => Self::Settled,
            _ => Self::Database(error),
        }
    }
}

/// What a job cost in the end, by heading.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Settled {
    /// The calls that made the result: what is charged.
    pub charged: Usd,
    /// Calls that failed, or whose result was lost.
    pub failed: Usd,
    /// Calls that were stopped.
    pub cancelled: Usd,
    /// Calls whose outcome nobody knows: what they may have cost.
    pub unknown: Usd,
}

impl Settled {
    /// All of it.
    #[must_use]
    pub fn total(&self) -> Usd {
        self.charged + self.failed + self.cancelled + self.unknown
    }
}

/// Adds up what a job cost that ends without a result. A call that is still `started` becomes `unknown`. [`settle`] must
/// follow in the same transaction.
///
/// # Errors
/// When the database fails.
pub async fn tally(conn: &mut PgConnection, job: JobId, client: ClientId) -> Result<Settled, sqlx::Error> {
    let sums = store::tally(conn, job, client).await?;
    // Nothing is charged: what was answered made no result.
    Ok(Settled { charged: Usd::ZERO, failed: sums.failed + sums.charged, ..sums })
}

/// Ends a job's money, once: gives back what is held in the very rows that hold it, and books there by heading what
/// its calls cost. To be called last before COMMIT: budget rows are hot, and stay locked until then.
///
/// # Errors
/// When the database fails.
pub async fn settle(conn: &mut PgConnection, job: JobId, settled: &Settled) -> Result<(), sqlx::Error> {
    if !store::settle(conn, job, settled).await? {
        tracing::warn!(%job, "the job had no open reservation to settle");
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn reads_the_detail_that_the_database_gives() {
        let detail = r#"{"scope":"client","period":"day","needed":"0.004215000","remaining":"0.001","resets_at":"2026-11-22T00:00:00Z"}"#;
        let exceeded: BudgetExceeded = serde_json::from_str(detail).unwrap();
        assert_eq!(exceeded.needed, Usd::from_nanos(4_215_000));
        assert_eq!(
            exceeded.to_string(),
            "the client's daily budget has 0.001000000 USD left and 0.004215000 USD are needed; it starts anew at 2026-11-22 00:00 UTC"
        );
    }

    #[test]
    fn says_nothing_of_what_others_have_left() {
        for (scope, remaining) in [("global", "null"), ("agency", "\"7.5\"")] {
            let detail = format!(
                r#"{{"scope":"{scope}","period":"month","needed":"1","remaining":{remaining},"resets_at":"2026-12-01T00:00:00Z"}}"#
            );
            let said = serde_json::from_str::<BudgetExceeded>(&detail).unwrap().to_string();
            assert!(
                said.contains("monthly budget has too little left for 1.000000000 USD") && !said.contains("7.5"),
                "{said}"
            );
        }
    }
}
