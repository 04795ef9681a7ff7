//! What must be true of the database after jobs were made: figures of work that wasn't done are worth nothing.

use std::time::{Duration, Instant};

use anyhow::{Context as _, Result};
use sqlx::PgConnection;

/// How long the last job may take to end.
const PATIENCE: Duration = Duration::from_secs(600);
const ROUND: Duration = Duration::from_millis(10);

/// Waits until no job lives.
pub(super) async fn wait_until_all_ended(db: &mut PgConnection) -> Result<()> {
    let began = Instant::now();
    while sqlx::query_scalar::<_, bool>("SELECT EXISTS (SELECT FROM job_runs)").fetch_one(&mut *db).await? {
        anyhow::ensure!(began.elapsed() < PATIENCE, "jobs live on after {PATIENCE:?}");
        tokio::time::sleep(ROUND).await;
    }
    Ok(())
}

/// How many jobs were accepted, each once, with its idempotency row and its reservation.
pub(super) async fn accepted(db: &mut PgConnection, jobs: u64) -> Result<()> {
    let (found, keys, reservations): (i64, i64, i64) = sqlx::query_as(
        "SELECT (SELECT count(*) FROM jobs), (SELECT count(*) FROM job_idempotency), (SELECT count(*) FROM reservations)",
    )
    .fetch_one(db)
    .await?;
    let jobs = i64::try_from(jobs)?;
    anyhow::ensure!(
        (found, keys, reservations) == (jobs, jobs, jobs),
        "{jobs} jobs were accepted, but there are {found} jobs, {keys} idempotency keys, {reservations} reservations"
    );
    Ok(())
}

/// What came of jobs that have all ended.
#[derive(Clone, Copy, Debug, sqlx::FromRow)]
pub(super) struct Settled {
    jobs: i64,
    completed: i64,
    charges: i64,
    mismatched: i64,
    pub(super) calls: i64,
    calls_done: i64,
    held: i64,
    unbalanced: i64,
}

/// Verifies that each of so many jobs has a text, exactly one charge for it, and holds nothing any more.
pub(super) async fn settled(db: &mut PgConnection, jobs: u64) -> Result<Settled> {
    let found: Settled = sqlx::query_as(
        "SELECT (SELECT count(*) FROM jobs) AS jobs,
                (SELECT count(*) FROM jobs WHERE status = 'completed' AND result ->> 'content' <> '') AS completed,
                (SELECT count(*) FROM charges) AS charges,
                (SELECT count(*) FROM jobs FULL JOIN charges ON charges.job_id = jobs.id
                  WHERE charges.job_id IS NULL OR charges.amount IS DISTINCT FROM jobs.cost) AS mismatched,
                (SELECT count(*) FROM provider_calls) AS calls,
                (SELECT count(*) FROM provider_calls WHERE status = 'done') AS calls_done,
                (SELECT count(*) FROM reservations WHERE settled_at IS NULL) + (SELECT count(*) FROM reservation_parts) AS held,
                (SELECT count(*) FROM budgets WHERE reserved <> 0) AS unbalanced",
    )
    .fetch_one(db)
    .await
    .context("the books can't be read")?;
    let jobs = i64::try_from(jobs)?;
    anyhow::ensure!(
        found.jobs == jobs && found.completed == jobs && found.charges == jobs && found.mismatched == 0,
        "{jobs} jobs were to be completed with one charge each: {found:?}"
    );
    anyhow::ensure!(
        found.calls == found.calls_done && found.held == 0 && found.unbalanced == 0,
        "something is left open: {found:?}"
    );
    Ok(found)
}
