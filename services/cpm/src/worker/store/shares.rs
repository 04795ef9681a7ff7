//! Who gets more or less of the workers than everybody, and whose queues are the longest.

use std::time::Duration;

use hg_common::db::SystemDb;
use hg_types::ClientId;

use crate::queue::Share;

/// Clients with a share of their own, and those below them that have none. At most this many: the rest get what everybody gets.
pub(in crate::worker) const MOST_SHARES: i64 = 20_000;

/// The jobs of one client that wait.
#[derive(Clone, Copy, Debug)]
pub(in crate::worker) struct Waiting {
    pub(in crate::worker) client: ClientId,
    pub(in crate::worker) jobs: i64,
    /// How long the oldest has lived.
    pub(in crate::worker) oldest: Duration,
}

/// All shares, resolved: each client's own, else that of the nearest client above with one.
pub(in crate::worker) async fn shares_all(db: &SystemDb) -> Result<Vec<Share>, sqlx::Error> {
    let mut tx = db.begin().await?;
    let rows = sqlx::query!(
        r#"WITH RECURSIVE share AS (
             SELECT s.client_id, s.weight, s.concurrency FROM client_shares s
              UNION ALL
             SELECT c.id, above.weight, above.concurrency
               FROM share above JOIN clients c ON c.parent_id = above.client_id
              WHERE NOT EXISTS (SELECT FROM client_shares own WHERE own.client_id = c.id)
           )
           SELECT client_id AS "client_id!", weight AS "weight!", concurrency FROM share LIMIT $1"#,
        MOST_SHARES
    )
    .fetch_all(&mut *tx)
    .await?;
    tx.commit().await?;
    let shares = rows.into_iter().map(|row| Share {
        client: row.client_id.into(),
        weight: row.weight,
        concurrency: row.concurrency,
    });
    Ok(shares.collect())
}

/// The clients with the most waiting jobs.
pub(in crate::worker) async fn longest_queues(db: &SystemDb, most: i64) -> Result<Vec<Waiting>, sqlx::Error> {
    let mut tx = db.begin().await?;
    let rows = sqlx::query!(
        r#"SELECT client_id, count(*) AS "jobs!", extract(epoch FROM now() - min(accepted_at))::float8 AS "oldest!"
             FROM job_runs WHERE status = 'pending' GROUP BY client_id ORDER BY count(*) DESC, client_id LIMIT $1"#,
        most
    )
    .fetch_all(&mut *tx)
    .await?;
    tx.commit().await?;
    let waiting = rows.into_iter().map(|row| Waiting {
        client: row.client_id.into(),
        jobs: row.jobs,
        oldest: Duration::try_from_secs_f64(row.oldest.max(0.0)).unwrap_or_default(),
    });
    Ok(waiting.collect())
}
