//! What must be true of the database after jobs were made: figures of work that wasn't done are worth nothing.

use std::time::{Duration, Instant};

use anyhow::{Context as _, Result};
use sqlx::PgConnection;
use uuid::Uuid;

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

/// Verifies the same of these clients' jobs alone, others being at work.
pub(super) async fn settled_of(db: &mut PgConnection, clients: &[Uuid], jobs: u64) -> Result<()> {
    let (completed, charged): (i64, i64) = sqlx::query_as(
        "SELECT count(*) FILTER (WHERE j.status = 'completed' AND j.result ->> 'content' <> ''), count(c.job_id) FILTER (WHERE c.amount = j.cost)
           FROM jobs j LEFT JOIN charges c ON c.job_id = j.id WHERE j.client_id = ANY ($1)",
    )
    .bind(clients)
    .fetch_one(db)
    .await
    .context("the books can't be read")?;
    let jobs = i64::try_from(jobs)?;
    anyhow::ensure!(
        completed >= jobs && charged == completed,
        "{jobs} jobs were to be completed with one charge each: {completed} are, {charged} are charged"
    );
    Ok(())
}

/// Verifies that whatever was completed so far has a text and exactly one charge, and nothing else has one.
pub(super) async fn charged_once(db: &mut PgConnection) -> Result<()> {
    let (completed, mismatched): (i64, i64) = sqlx::query_as(
        "SELECT (SELECT count(*) FROM jobs WHERE status = 'completed' AND result ->> 'content' <> ''),
                (SELECT count(*) FROM (SELECT id, cost FROM jobs WHERE status <> 'pending') j FULL JOIN charges c ON c.job_id = j.id
                  WHERE c.job_id IS NULL OR c.amount IS DISTINCT FROM j.cost)",
    )
    .fetch_one(db)
    .await
    .context("the books can't be read")?;
    anyhow::ensure!(
        completed > 0 && mismatched == 0,
        "{completed} jobs are completed, {mismatched} are not charged for once"
    );
    Ok(())
}
