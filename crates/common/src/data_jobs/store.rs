//! All SQL on the tables of data jobs that a runner needs. Looked at by tests in `services/smm/tests/it/data_jobs.rs`.

use std::time::Duration;

use hg_types::DataJobKind;
use serde_json::Value;
use sqlx::FromRow;
use uuid::Uuid;

use super::work::Key;
use crate::db::SystemTx;

/// A claimed part with its job.
#[derive(Debug, FromRow)]
pub(super) struct ClaimedRow {
    pub(super) job_id: Uuid,
    pub(super) step: String,
    pub(super) attempt: i32,
    pub(super) place: Option<Value>,
    pub(super) kind: String,
    pub(super) client_id: Option<Uuid>,
    pub(super) user_id: Option<Uuid>,
    pub(super) requested_by: Option<Uuid>,
    pub(super) clients: Vec<Uuid>,
    pub(super) parameters: Value,
}

/// Takes the next open part of a service whose phase has come and that nobody holds; the attempt's number is the fencing token.
pub(super) async fn part_claim(
    tx: &mut SystemTx,
    service: &str,
    by: &str,
    lease: Duration,
) -> Result<Option<ClaimedRow>, sqlx::Error> {
    let mut claimed: Option<ClaimedRow> = sqlx::query_as(
        "WITH next AS (
           SELECT p.job_id, p.step
             FROM data_job_parts p JOIN data_jobs j ON j.id = p.job_id AND j.status IN ('pending', 'in_progress')
            WHERE p.service = $1 AND p.status IN ('pending', 'in_progress') AND p.available_at <= now()
              AND (p.lease_until IS NULL OR p.lease_until <= now())
              AND NOT EXISTS (SELECT FROM data_job_parts e
                               WHERE e.job_id = p.job_id AND e.phase < p.phase AND e.status <> 'completed')
            ORDER BY p.available_at, p.job_id
            LIMIT 1 FOR UPDATE OF p SKIP LOCKED)
         UPDATE data_job_parts p
            SET status = 'in_progress', attempt = p.attempt + 1, lease_until = now() + make_interval(secs => $3),
                leased_by = $2, started_at = coalesce(p.started_at, now())
           FROM next, data_jobs j
          WHERE p.job_id = next.job_id AND p.service = $1 AND p.step = next.step AND j.id = p.job_id
        RETURNING p.job_id, p.step, p.attempt, p.place, j.kind::text, j.client_id, j.user_id, j.requested_by, j.clients, j.parameters",
    )
    .bind(service)
    .bind(by)
    .bind(lease.as_secs_f64())
    .fetch_optional(&mut **tx)
    .await?;
    if let Some(row) = &mut claimed {
        row.clients = job_begin(tx, row.job_id).await?;
    }
    Ok(claimed)
}

/// Begins a job, if nobody has; gives the clients that it is about. Those of an export are the ones that stand there when it
/// begins, not when it was asked for: it may have waited for long.
async fn job_begin(tx: &mut SystemTx, job: Uuid) -> Result<Vec<Uuid>, sqlx::Error> {
    sqlx::query(
        "UPDATE data_jobs j
            SET status = 'in_progress', started_at = now(),
                clients = CASE WHEN j.kind = 'client_export' AND (j.parameters ->> 'below')::boolean THEN (
                  WITH RECURSIVE below AS (
                    SELECT c.id, 0 AS depth FROM clients c WHERE c.id = j.client_id
                    UNION ALL
                    SELECT c.id, below.depth + 1 FROM below JOIN clients c ON c.parent_id = below.id
                  ) SELECT coalesce(array_agg(id ORDER BY depth, id), j.clients) FROM below
                ) ELSE j.clients END
          WHERE j.id = $1 AND j.status = 'pending'",
    )
    .bind(job)
    .execute(&mut **tx)
    .await?;
    sqlx::query_scalar("SELECT clients FROM data_jobs WHERE id = $1").bind(job).fetch_one(&mut **tx).await
}

/// Those of these clients that stand below another now, or are it.
pub(super) async fn clients_below(
    db: &mut sqlx::PgConnection,
    top: Uuid,
    clients: &[Uuid],
) -> Result<Vec<Uuid>, sqlx::Error> {
    sqlx::query_scalar(
        "WITH RECURSIVE up AS (
           SELECT c.id AS client, c.id, c.parent_id FROM clients c WHERE c.id = ANY ($2)
           UNION ALL
           SELECT up.client, c.id, c.parent_id FROM up JOIN clients c ON c.id = up.parent_id WHERE up.id <> $1
         ) SELECT client FROM up WHERE id = $1 ORDER BY client",
    )
    .bind(top)
    .bind(clients)
    .fetch_all(db)
    .await
}

/// When a job was begun.
pub(super) async fn job_started(
    db: &mut sqlx::PgConnection,
    job: Uuid,
) -> Result<Option<chrono::DateTime<chrono::Utc>>, sqlx::Error> {
    sqlx::query_scalar("SELECT started_at FROM data_jobs WHERE id = $1").bind(job).fetch_one(db).await
}

/// Locks the part for this attempt until the transaction ends and renews its lease; says whether it is still this attempt's,
/// and the job goes on.
pub(super) async fn part_fence(tx: &mut SystemTx, key: &Key, lease: Duration) -> Result<bool, sqlx::Error> {
    let done = sqlx::query(
        "UPDATE data_job_parts p SET lease_until = now() + make_interval(secs => $5)
           FROM data_jobs j
          WHERE p.job_id = $1 AND p.service = $2 AND p.step = $3 AND p.attempt = $4 AND p.status = 'in_progress'
            AND j.id = p.job_id AND j.status = 'in_progress'",
    )
    .bind(key.job.uuid())
    .bind(key.service.as_str())
    .bind(&key.step)
    .bind(key.attempt)
    .bind(lease.as_secs_f64())
    .execute(&mut **tx)
    .await?;
    Ok(done.rows_affected() == 1)
}

/// Notes how far a part is; whoever gets on has not failed.
pub(super) async fn part_save(
    tx: &mut SystemTx,
    key: &Key,
    place: &Value,
    more_done: i64,
    total: Option<i64>,
) -> Result<(), sqlx::Error> {
    sqlx::query(
        "UPDATE data_job_parts
            SET place = $4, done = done + $5, total = greatest(coalesce($6, total), done + $5), failures = 0
          WHERE job_id = $1 AND service = $2 AND step = $3",
    )
    .bind(key.job.uuid())
    .bind(key.service.as_str())
    .bind(&key.step)
    .bind(place)
    .bind(more_done)
    .bind(total)
    .execute(&mut **tx)
    .await?;
    Ok(())
}

/// Ends a part, and its job with the last one. An export's file is kept for a while from then on.
pub(super) async fn part_complete(tx: &mut SystemTx, key: &Key, keep: Duration) -> Result<bool, sqlx::Error> {
    sqlx::query(
        "UPDATE data_job_parts
            SET status = 'completed', finished_at = now(), lease_until = NULL, total = coalesce(total, done), place = NULL
          WHERE job_id = $1 AND service = $2 AND step = $3",
    )
    .bind(key.job.uuid())
    .bind(key.service.as_str())
    .bind(&key.step)
    .execute(&mut **tx)
    .await?;
    // One after the other: the later of two last parts sees the other one's end. NO KEY: a part that was written twice in a
    // transaction has its foreign key checked, which holds the job's key shared; two who wanted more would wait for each other.
    sqlx::query("SELECT FROM data_jobs WHERE id = $1 FOR NO KEY UPDATE")
        .bind(key.job.uuid())
        .execute(&mut **tx)
        .await?;
    let done = sqlx::query(
        "UPDATE data_jobs j
            SET status = 'completed', finished_at = now(),
                expires_at = CASE WHEN j.kind IN ('client_export', 'person_export') THEN now() + make_interval(secs => $2) END
          WHERE j.id = $1 AND j.status = 'in_progress'
            AND NOT EXISTS (SELECT FROM data_job_parts p WHERE p.job_id = j.id AND p.status <> 'completed')",
    )
    .bind(key.job.uuid())
    .bind(keep.as_secs_f64())
    .execute(&mut **tx)
    .await?;
    Ok(done.rows_affected() == 1)
}

/// Lets go of a part: it is for whoever comes after the delay. Counts a failure where there was one.
pub(super) async fn part_release(
    tx: &mut SystemTx,
    key: &Key,
    delay: Duration,
    failure: Option<&str>,
) -> Result<i32, sqlx::Error> {
    let failures: Option<i32> = sqlx::query_scalar(
        "UPDATE data_job_parts
            SET status = 'pending', lease_until = NULL, available_at = now() + make_interval(secs => $5),
                note = coalesce($6, note), failures = failures + CASE WHEN $6 IS NULL THEN 0 ELSE 1 END
          WHERE job_id = $1 AND service = $2 AND step = $3 AND attempt = $4 AND status = 'in_progress'
        RETURNING failures",
    )
    .bind(key.job.uuid())
    .bind(key.service.as_str())
    .bind(&key.step)
    .bind(key.attempt)
    .bind(delay.as_secs_f64())
    .bind(failure)
    .fetch_optional(&mut **tx)
    .await?;
    Ok(failures.unwrap_or(0))
}

/// Gives a part up, and its job with it.
pub(super) async fn part_fail(tx: &mut SystemTx, key: &Key, why: &str) -> Result<(), sqlx::Error> {
    let failed = sqlx::query(
        "UPDATE data_job_parts SET status = 'failed', finished_at = now(), lease_until = NULL, note = $5
          WHERE job_id = $1 AND service = $2 AND step = $3 AND attempt = $4",
    )
    .bind(key.job.uuid())
    .bind(key.service.as_str())
    .bind(&key.step)
    .bind(key.attempt)
    .bind(why)
    .execute(&mut **tx)
    .await?;
    if failed.rows_affected() == 1 {
        sqlx::query(
            "UPDATE data_jobs SET status = 'failed', finished_at = now(), error = $2 WHERE id = $1 AND status = 'in_progress'",
        )
        .bind(key.job.uuid())
        .bind(format!("{} {}: {why}", key.service.as_str(), key.step))
        .execute(&mut **tx)
        .await?;
    }
    Ok(())
}

/// The number of the next chunk of a file.
pub(super) async fn chunk_next(tx: &mut SystemTx, key: &Key, path: &str) -> Result<i32, sqlx::Error> {
    sqlx::query_scalar("SELECT coalesce(max(seq) + 1, 0) FROM data_export_chunks WHERE job_id = $1 AND path = $2")
        .bind(key.job.uuid())
        .bind(path)
        .fetch_one(&mut **tx)
        .await
}

/// Writes chunks; one that is there already stays.
pub(super) async fn chunks_put(
    tx: &mut SystemTx,
    key: &Key,
    subject: (Option<Uuid>, Option<Uuid>),
    chunks: &[(&str, i32, &[u8])],
) -> Result<(), sqlx::Error> {
    let paths: Vec<&str> = chunks.iter().map(|chunk| chunk.0).collect();
    let seqs: Vec<i32> = chunks.iter().map(|chunk| chunk.1).collect();
    let bytes: Vec<&[u8]> = chunks.iter().map(|chunk| chunk.2).collect();
    sqlx::query(
        "INSERT INTO data_export_chunks (job_id, path, seq, client_id, user_id, bytes)
         SELECT $1, given.path, given.seq, $2, $3, given.bytes
           FROM unnest($4::text[], $5::int[], $6::bytea[]) AS given (path, seq, bytes)
         ON CONFLICT DO NOTHING",
    )
    .bind(key.job.uuid())
    .bind(subject.0)
    .bind(subject.1)
    .bind(paths)
    .bind(seqs)
    .bind(bytes)
    .execute(&mut **tx)
    .await?;
    Ok(())
}

/// The kind that a row names.
pub(super) fn kind_of(row: &ClaimedRow) -> Result<DataJobKind, sqlx::Error> {
    crate::db::parsed(&row.kind)
}

/// Says when a part that was let go may be taken again.
pub(super) async fn part_delay(tx: &mut SystemTx, key: &Key, delay: Duration) -> Result<(), sqlx::Error> {
    sqlx::query(
        "UPDATE data_job_parts SET available_at = now() + make_interval(secs => $4)
          WHERE job_id = $1 AND service = $2 AND step = $3 AND status = 'pending'",
    )
    .bind(key.job.uuid())
    .bind(key.service.as_str())
    .bind(&key.step)
    .bind(delay.as_secs_f64())
    .execute(&mut **tx)
    .await?;
    Ok(())
}
