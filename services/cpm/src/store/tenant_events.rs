//! Events of all jobs of some clients, in the order in which their transactions may be read: (xid, id), below the oldest
//! transaction that is still under way.

use chrono::{DateTime, Utc};
use hg_common::db::TenantTx;
use serde_json::Value;
use uuid::Uuid;

/// How far events can be read.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Horizon {
    /// Every transaction below it is over: what it committed is visible, and nothing more will come.
    pub settled: u64,
    /// No transaction from here on has begun.
    pub begun: u64,
    /// Up to here events of these clients were deleted; 0 for none.
    pub floor: u64,
}

/// One event of some job.
#[derive(Clone, Debug, PartialEq)]
pub struct TenantEvent {
    /// The transaction that committed it.
    pub xid: u64,
    /// Its place in that transaction.
    pub id: i64,
    /// Of which job.
    pub job_id: Uuid,
    /// Of which client.
    pub client_id: Uuid,
    /// Its number in its job.
    pub seq: i32,
    /// What kind it is.
    pub kind: String,
    /// What it says.
    pub data: Value,
    /// When its transaction began.
    pub at: DateTime<Utc>,
}

/// How far events of these clients can be read now, and by every later statement of the transaction.
///
/// # Errors
/// When the database fails.
pub async fn events_horizon(tx: &mut TenantTx, clients: &[Uuid]) -> Result<Horizon, sqlx::Error> {
    let row = sqlx::query!(
        r#"SELECT pg_snapshot_xmin(pg_current_snapshot())::text AS "settled!", pg_snapshot_xmax(pg_current_snapshot())::text AS "begun!",
                  (SELECT max(f.xid)::text FROM job_event_floors f WHERE f.client_id = ANY ($1)) AS floor"#,
        clients
    )
    .fetch_one(&mut **tx)
    .await?;
    let floor = row.floor.as_deref().map(number).transpose()?.unwrap_or_default();
    Ok(Horizon { settled: number(&row.settled)?, begun: number(&row.begun)?, floor })
}

/// Which events.
#[derive(Clone, Copy, Debug)]
pub struct Between {
    /// After this transaction and place in it.
    pub after: (u64, i64),
    /// Below this transaction, which must not be above the horizon.
    pub below: u64,
}

/// The events of these clients and types, oldest first, at most `limit`.
///
/// # Errors
/// When the database fails.
pub async fn tenant_events(
    tx: &mut TenantTx,
    clients: &[Uuid],
    types: &[String],
    between: Between,
    limit: i64,
) -> Result<Vec<TenantEvent>, sqlx::Error> {
    let rows = sqlx::query!(
        r#"SELECT xid::text AS "xid!", id AS "id!", job_id, client_id, seq, type AS kind, data, created_at
             FROM job_events
            WHERE client_id = ANY ($1) AND type = ANY ($2)
              AND (xid, id) > ($3::text::xid8, $4) AND xid < $5::text::xid8
            ORDER BY xid, id LIMIT $6"#,
        clients,
        types,
        between.after.0.to_string(),
        between.after.1,
        between.below.to_string(),
        limit
    )
    .fetch_all(&mut **tx)
    .await?;
    rows.into_iter()
        .map(|row| {
            Ok(TenantEvent {
                xid: number(&row.xid)?,
                id: row.id,
                job_id: row.job_id,
                client_id: row.client_id,
                seq: row.seq,
                kind: row.kind,
                data: row.data,
                at: row.created_at,
            })
        })
        .collect()
}

fn number(xid: &str) -> Result<u64, sqlx::Error> {
    xid.parse().map_err(|error| sqlx::Error::Decode(Box::new(error)))
}
