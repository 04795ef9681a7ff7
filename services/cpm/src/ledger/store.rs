//! SQL of the ledger. The functions behind it (`app.ledger_reserve`, `app.ledger_settle`) lock budget rows in one order and
//! are the only ones that may change them.

use hg_types::{ClientId, JobId};
use sqlx::PgConnection;

use super::{Settled, calls::usd};

/// The costs of a job's calls by status, once none of them is `started` any more.
pub(super) async fn tally(conn: &mut PgConnection, job: JobId, client: ClientId) -> Result<Settled, sqlx::Error> {
    let row = sqlx::query!(
        r#"SELECT done AS "done!", failed AS "failed!", cancelled AS "cancelled!", unknown AS "unknown!"
             FROM app.calls_tally($1, $2, 'job_ended')"#,
        job.uuid(),
        client.uuid()
    )
    .fetch_one(conn)
    .await?;
    Ok(Settled {
        charged: usd(row.done)?,
        failed: usd(row.failed)?,
        cancelled: usd(row.cancelled)?,
        unknown: usd(row.unknown)?,
    })
}

pub(super) async fn settle(conn: &mut PgConnection, job: JobId, settled: &Settled) -> Result<bool, sqlx::Error> {
    sqlx::query_scalar!(
        r#"SELECT app.ledger_settle($1, $2, $3, $4, $5) AS "settled!""#,
        job.uuid(),
        settled.charged.to_decimal(),
        settled.failed.to_decimal(),
        settled.cancelled.to_decimal(),
        settled.unknown.to_decimal()
    )
    .fetch_one(conn)
    .await
}
