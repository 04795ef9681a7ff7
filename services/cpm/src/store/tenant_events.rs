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
    /// In which life of the database these numbers count: another after a restore.
    pub epoch: u32,
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

/// What a read came to.
#[derive(Clone, Debug, PartialEq)]
pub struct Chunk {
    /// Oldest first.
    pub events: Vec<TenantEvent>,
    /// Up to here events of these clients were deleted, in the very snapshot in which these were read: what was deleted before it
    /// is missing in `events`, what is deleted later isn't.
    pub floor: u64,
}

/// How far events of these clients can be read now, and by every later statement of the transaction.
///
/// # Errors
/// When the database fails.
pub async fn events_horizon(tx: &mut TenantTx, clients: &[Uuid]) -> Result<Horizon, sqlx::Error> {
    let row = sqlx::query!(
        r#"SELECT pg_snapshot_xmin(pg_current_snapshot())::text AS "settled!", pg_snapshot_xmax(pg_current_snapshot())::text AS "begun!",
                  (SELECT max(f.xid)::text FROM job_event_floors f WHERE f.client_id = ANY ($1)) AS floor,
                  app.events_epoch() AS "epoch!""#,
        clients
    )
    .fetch_one(&mut **tx)
    .await?;
    let floor = row.floor.as_deref().map(number).transpose()?.unwrap_or_default();
    let epoch = row.epoch.cast_unsigned();
    Ok(Horizon { settled: number(&row.settled)?, begun: number(&row.begun)?, floor, epoch })
}

/// Which events.
#[derive(Clone, Copy, Debug)]
pub struct Between {
    /// After this transaction and place in it.
    pub after: (u64, i64),
    /// Below this transaction, which must not be above the horizon.
    pub below: u64,
}

/// The events of these clients and types, oldest first, at most `limit`. One statement, so that nothing is deleted between the events
/// and the floor.
///
/// # Errors
/// When the database fails.
pub async fn tenant_events(
    tx: &mut TenantTx,
    clients: &[Uuid],
    types: &[String],
    between: Between,
    limit: i64,
) -> Result<Chunk, sqlx::Error> {
    let rows = sqlx::query!(
        r#"SELECT f.floor, e.xid::text AS "xid?", e.id AS "id?", e.job_id AS "job_id?", e.client_id AS "client_id?", e.seq AS "seq?",
                  e.type AS "kind?", e.data AS "data?", e.created_at AS "created_at?"
             FROM (SELECT max(f.xid)::text AS floor FROM job_event_floors f WHERE f.client_id = ANY ($1)) f
             LEFT JOIN (SELECT xid, id, job_id, client_id, seq, type, data, created_at
                          FROM job_events
                         WHERE client_id = ANY ($1) AND type = ANY ($2)
                           AND (xid, id) > ($3::text::xid8, $4) AND xid < $5::text::xid8
                         ORDER BY xid, id LIMIT $6) e ON true
            ORDER BY e.xid, e.id"#,
        clients,
        types,
        between.after.0.to_string(),
        between.after.1,
        between.below.to_string(),
        limit
    )
    .fetch_all(&mut **tx)
    .await?;
    let mut chunk = Chunk { events: Vec::with_capacity(rows.len()), floor: 0 };
    for row in rows {
        chunk.floor = row.floor.as_deref().map(number).transpose()?.unwrap_or_default();
        // Without events there is one row, of the floor alone.
        let (Some(xid), Some(id), Some(job_id), Some(client_id)) = (row.xid, row.id, row.job_id, row.client_id) else {
            continue;
        };
        let (Some(seq), Some(kind), Some(data), Some(at)) = (row.seq, row.kind, row.data, row.created_at) else {
            continue;
        };
        chunk.events.push(TenantEvent { xid: number(&xid)?, id, job_id, client_id, seq, kind, data, at });
    }
    Ok(chunk)
}

fn number(xid: &str) -> Result<u64, sqlx::Error> {
    xid.parse().map_err(|error| sqlx::Error::Decode(Box::new(error)))
}
