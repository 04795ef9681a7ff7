//! Data jobs as a caller sees them: asked for, listed, looked at, ended, downloaded.

use chrono::{DateTime, Utc};
use hg_common::{
    data_jobs::{ARCHIVE, plan},
    db::{TenantTx, parsed},
};
use hg_contracts::smm::{DataJob, DataJobPart, ExportFile};
use hg_types::{ClientId, DataJobId, DataJobKind, UserId};
use serde_json::json;
use uuid::Uuid;

struct DataJobRow {
    id: Uuid,
    kind: String,
    client_id: Option<Uuid>,
    user_id: Option<Uuid>,
    clients: i32,
    requested_by: Option<Uuid>,
    status: String,
    error: Option<String>,
    file_bytes: Option<i64>,
    file_sha256: Option<String>,
    expires_at: Option<DateTime<Utc>>,
    expired: bool,
    created_at: DateTime<Utc>,
    started_at: Option<DateTime<Utc>>,
    finished_at: Option<DateTime<Utc>>,
}

impl DataJobRow {
    fn into_job(self) -> Result<DataJob, sqlx::Error> {
        let file = match (self.file_bytes, self.file_sha256, self.expires_at) {
            (Some(bytes), Some(sha256), Some(expires_at)) => {
                Some(ExportFile { bytes: bytes.unsigned_abs(), sha256, expires_at, expired: self.expired })
            }
            _ => None,
        };
        Ok(DataJob {
            id: self.id.into(),
            kind: parsed(&self.kind)?,
            client_id: self.client_id.map(ClientId),
            user_id: self.user_id.map(UserId),
            clients: self.clients.unsigned_abs(),
            requested_by: self.requested_by.map(UserId),
            status: parsed(&self.status)?,
            error: self.error,
            file,
            created_at: self.created_at,
            started_at: self.started_at,
            finished_at: self.finished_at,
            parts: Vec::new(),
        })
    }
}

/// What a data job is about, and how much of it.
#[derive(Clone, Copy, Debug)]
pub(crate) enum About {
    /// A client alone.
    Client(ClientId),
    /// A client and everything below it.
    Tree(ClientId),
    /// A person.
    Person(UserId),
}

/// Makes a data job with its parts in the caller's name. The function checks once more whether the caller may.
pub(crate) async fn data_job_request(
    tx: &mut TenantTx,
    kind: DataJobKind,
    about: About,
) -> Result<DataJobId, sqlx::Error> {
    let (client, person, below) = match about {
        About::Client(client) => (Some(client.uuid()), None, false),
        About::Tree(client) => (Some(client.uuid()), None, true),
        About::Person(person) => (None, Some(person.uuid()), false),
    };
    let id = sqlx::query_scalar!(
        r#"SELECT app.data_job_request($1::text::data_job_kind, $2, $3, $4, $5, $6) AS "id!""#,
        kind.as_str(),
        client,
        person,
        below,
        // Of whom an export is made is decided once more when it begins.
        json!({"below": below}),
        json!(plan(kind)),
    )
    .fetch_one(&mut **tx)
    .await?;
    Ok(id.into())
}

/// Which data jobs.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct DataJobFilter {
    pub(crate) id: Option<DataJobId>,
    pub(crate) client: Option<ClientId>,
    pub(crate) kind: Option<DataJobKind>,
    /// The last one of the page before.
    pub(crate) before: Option<Uuid>,
}

/// The data jobs that the scope sees, the latest first.
pub(crate) async fn data_job_list(
    tx: &mut TenantTx,
    filter: DataJobFilter,
    limit: i64,
) -> Result<Vec<DataJob>, sqlx::Error> {
    sqlx::query_as!(
        DataJobRow,
        r#"SELECT id, kind::text AS "kind!", client_id, user_id, cardinality(clients) AS "clients!", requested_by,
                  status::text AS "status!", error, file_bytes, encode(file_sha256, 'hex') AS file_sha256, expires_at,
                  coalesce(expires_at <= now(), false) AS "expired!", created_at, started_at, finished_at
             FROM data_jobs
            WHERE ($1::uuid IS NULL OR id = $1) AND ($2::uuid IS NULL OR client_id = $2)
              AND ($3::text IS NULL OR kind::text = $3) AND ($4::uuid IS NULL OR id < $4)
            ORDER BY id DESC LIMIT $5"#,
        filter.id.map(DataJobId::uuid),
        filter.client.map(ClientId::uuid),
        filter.kind.map(DataJobKind::as_str),
        filter.before,
        limit
    )
    .fetch_all(&mut **tx)
    .await?
    .into_iter()
    .map(DataJobRow::into_job)
    .collect()
}

/// One data job with its parts, if the scope sees it.
pub(crate) async fn data_job_fetch(tx: &mut TenantTx, id: DataJobId) -> Result<Option<DataJob>, sqlx::Error> {
    let filter = DataJobFilter { id: Some(id), ..DataJobFilter::default() };
    let Some(mut job) = data_job_list(tx, filter, 1).await?.pop() else { return Ok(None) };
    let rows = sqlx::query!(
        r#"SELECT service, step, phase, status::text AS "status!", done, total, note
             FROM data_job_parts WHERE job_id = $1 ORDER BY phase, service, step"#,
        id.uuid()
    )
    .fetch_all(&mut **tx)
    .await?;
    for row in rows {
        job.parts.push(DataJobPart {
            service: row.service,
            step: row.step,
            phase: u32::from(row.phase.unsigned_abs()),
            status: parsed(&row.status)?,
            done: row.done.unsigned_abs(),
            total: row.total.map(i64::unsigned_abs),
            note: row.note,
        });
    }
    Ok(Some(job))
}

/// The erasure that runs for a client or a person.
pub(crate) async fn data_job_running(
    tx: &mut TenantTx,
    kind: DataJobKind,
    about: About,
) -> Result<Option<DataJobId>, sqlx::Error> {
    let (client, person) = match about {
        About::Client(client) | About::Tree(client) => (Some(client.uuid()), None),
        About::Person(person) => (None, Some(person.uuid())),
    };
    let id = sqlx::query_scalar!(
        "SELECT id FROM data_jobs
          WHERE kind::text = $1 AND status IN ('pending', 'in_progress') AND (client_id = $2 OR user_id = $3)",
        kind.as_str(),
        client,
        person
    )
    .fetch_optional(&mut **tx)
    .await?;
    Ok(id.map(DataJobId))
}

/// Ends an export or a retention before its time.
pub(crate) async fn data_job_cancel(tx: &mut TenantTx, id: DataJobId) -> Result<(), sqlx::Error> {
    sqlx::query_scalar!("SELECT app.data_job_cancel($1)::text", id.uuid()).fetch_one(&mut **tx).await?;
    Ok(())
}

/// One chunk of an export's ZIP, if the scope sees it and it is still there.
pub(crate) async fn data_job_chunk(tx: &mut TenantTx, id: DataJobId, seq: i32) -> Result<Option<Vec<u8>>, sqlx::Error> {
    sqlx::query_scalar!(
        "SELECT bytes FROM data_export_chunks WHERE job_id = $1 AND path = $2 AND seq = $3",
        id.uuid(),
        ARCHIVE,
        seq
    )
    .fetch_optional(&mut **tx)
    .await
}

/// Notes that an export was taken away.
pub(crate) async fn data_job_note_download(tx: &mut TenantTx, job: &DataJob) -> Result<(), sqlx::Error> {
    sqlx::query_scalar!(
        "SELECT app.audit_event($1, 'export.downloaded', 'data_job', $2, $3)",
        job.client_id.map(ClientId::uuid),
        job.id.uuid(),
        json!({"of_person": job.user_id})
    )
    .fetch_one(&mut **tx)
    .await?;
    Ok(())
}
