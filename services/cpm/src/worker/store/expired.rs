//! Idempotency keys whose time is over.

use std::time::Duration;

use hg_common::db::SystemDb;

use crate::queue::settings::seconds;

/// Deletes at most `most` keys that are older than `keep`; how many went. What somebody has locked is left.
pub(in crate::worker) async fn idempotency_sweep(db: &SystemDb, keep: Duration, most: i64) -> Result<u64, sqlx::Error> {
    let mut tx = db.begin().await?;
    let done = sqlx::query!(
        "DELETE FROM job_idempotency WHERE (principal, client_id, key) IN (
           SELECT i.principal, i.client_id, i.key FROM job_idempotency i
            WHERE i.created_at < now() - make_interval(secs => $1)
            ORDER BY i.created_at LIMIT $2 FOR UPDATE SKIP LOCKED)",
        seconds(keep),
        most
    )
    .execute(&mut *tx)
    .await?;
    tx.commit().await?;
    Ok(done.rows_affected())
}
