//! Idempotency keys whose time is over. Those of retries stay as long as their jobs: they are how a failed job knows that
//! it was tried again.

use std::time::Duration;

use hg_common::db::SystemDb;

use crate::{queue::settings::seconds, store::retry::RETRY_PRINCIPAL};

/// Deletes at most `most` callers' keys that are older than `keep`; how many went.
pub(in crate::worker) async fn idempotency_sweep(db: &SystemDb, keep: Duration, most: i64) -> Result<u64, sqlx::Error> {
    let mut tx = db.begin().await?;
    let done = sqlx::query!(
        "DELETE FROM job_idempotency WHERE (principal, client_id, key) IN (
           SELECT i.principal, i.client_id, i.key FROM job_idempotency i
            WHERE i.created_at < now() - make_interval(secs => $1) AND i.principal <> $2
            ORDER BY i.created_at LIMIT $3)",
        seconds(keep),
        RETRY_PRINCIPAL,
        most
    )
    .execute(&mut *tx)
    .await?;
    tx.commit().await?;
    Ok(done.rows_affected())
}
