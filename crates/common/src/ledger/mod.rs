//! Proving the accounts: that budgets are the sums of the ledger, and what is held belongs to jobs that live.
//!
//! It only reads, in one snapshot, so that what goes on meanwhile doesn't look like a fault; and the database does the sums, so
//! that it takes no more memory for more jobs. It needs to see every row (`hg_owner`, or a superuser). It mends nothing: a
//! difference is a defect.

mod checks;

use std::fmt;

use chrono::NaiveDate;
use futures::TryStreamExt as _;
use sqlx::{Connection as _, PgConnection};
use uuid::Uuid;

use checks::CHECKS;

/// A row that isn't what it should be.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Fault {
    /// Which of the proofs it fails.
    pub check: &'static str,
    /// Which row: `heaviside-digital, day 2026-11-21`, `job 0193…`.
    pub subject: String,
    /// What is wrong with it.
    pub message: String,
}

impl fmt::Display for Fault {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}: {}: {}", self.check, self.subject, self.message)
    }
}

/// What came of one proof.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Outcome {
    /// Which.
    pub check: &'static str,
    /// Rows that were looked at.
    pub rows: i64,
    /// Rows that differ.
    pub faults: i64,
}

/// What to prove.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Extent {
    /// Only this client and what is below it.
    pub client: Option<Uuid>,
    /// Only what was reserved from this day (UTC) on, and periods that began then.
    pub since: Option<NaiveDate>,
}

/// Goes through every proof. Each fault is handed to `tell` as it is found.
///
/// # Errors
/// When the database can't be reached.
pub async fn verify(
    db: &mut PgConnection,
    extent: Extent,
    tell: &mut (dyn FnMut(Fault) + Send),
) -> Result<Vec<Outcome>, sqlx::Error> {
    let mut tx = db.begin_with("BEGIN ISOLATION LEVEL REPEATABLE READ READ ONLY").await?;
    let outcomes = verify_here(&mut tx, extent, tell).await?;
    tx.rollback().await?;
    Ok(outcomes)
}

/// As [`verify`], in the caller's transaction: as of its snapshot, where it has one.
///
/// # Errors
/// When the database can't be reached.
pub async fn verify_here(
    tx: &mut PgConnection,
    extent: Extent,
    tell: &mut (dyn FnMut(Fault) + Send),
) -> Result<Vec<Outcome>, sqlx::Error> {
    // What doesn't fit goes to disk.
    sqlx::raw_sql("SET LOCAL work_mem = '32MB'; SET LOCAL jit = off; SET LOCAL statement_timeout = 0")
        .execute(&mut *tx)
        .await?;
    let clients: Option<Vec<Uuid>> = match extent.client {
        None => None,
        Some(client) => Some(
            sqlx::query_scalar(
                "WITH RECURSIVE tree AS (
                   SELECT c.id FROM clients c WHERE c.id = $1
                   UNION ALL
                   SELECT c.id FROM clients c JOIN tree ON c.parent_id = tree.id
                 ) SELECT id FROM tree",
            )
            .bind(client)
            .fetch_all(&mut *tx)
            .await?,
        ),
    };
    let mut outcomes = Vec::with_capacity(CHECKS.len());
    for check in CHECKS {
        let rows = sqlx::query_scalar(check.rows).bind(&clients).bind(extent.since).fetch_one(&mut *tx).await?;
        let mut faults = 0;
        let mut found =
            sqlx::query_as::<_, (String, String)>(check.faults).bind(&clients).bind(extent.since).fetch(&mut *tx);
        while let Some((subject, message)) = found.try_next().await? {
            faults += 1;
            tell(Fault { check: check.name, subject, message });
        }
        drop(found);
        outcomes.push(Outcome { check: check.name, rows, faults });
    }
    Ok(outcomes)
}
