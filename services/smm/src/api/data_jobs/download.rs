//! `GET /data-jobs/{job}/download`.

use axum::{
    body::Body,
    extract::State,
    response::{IntoResponse, Response},
};
use bytes::Bytes;
use hg_common::{
    auth::{Caller, Principal},
    http::{ApiError, ErrorBody, Path},
};
use hg_types::{DataJobId, JobStatus};
use http::{StatusCode, header};
use uuid::Uuid;

use super::seen_job;
use crate::{
    api::person,
    state::AppState,
    store::data_job::{data_job_chunk, data_job_note_download},
};

/// The file of an export. That it was taken is on record.
#[utoipa::path(
    get, path = "/data-jobs/{job}/download", tag = "data", params(("job" = Uuid, Path, description = "Its id")),
    responses(
        (status = 200, content_type = "application/zip", body = Vec<u8>),
        (status = 404, body = ErrorBody),
        (status = 409, description = "`export_not_ready`; `no_export`: this job has no file", body = ErrorBody),
        (status = 410, description = "`export_expired`", body = ErrorBody),
    )
)]
pub(crate) async fn download_export(
    State(state): State<AppState>,
    Caller(principal): Caller,
    Path(job): Path<Uuid>,
) -> Result<Response, ApiError> {
    person(&principal)?;
    let mut tx = state.db.tenant(principal.scope()).await?;
    let job = seen_job(&mut tx, job.into()).await?;
    if !job.kind.is_export() {
        return Err(ApiError::conflict("no_export", "this data job has no file"));
    }
    match job.status {
        JobStatus::Completed => {}
        JobStatus::Pending | JobStatus::InProgress => {
            return Err(ApiError::conflict("export_not_ready", "the export isn't ready yet"));
        }
        JobStatus::Failed | JobStatus::Cancelled => {
            return Err(ApiError::conflict("export_not_ready", "the export was not finished: ask for another"));
        }
    }
    let Some(file) = job.file.as_ref().filter(|file| !file.expired) else {
        return Err(ApiError::new(StatusCode::GONE, "export_expired", "the export has expired: ask for another"));
    };
    data_job_note_download(&mut tx, &job).await?;
    tx.commit().await?;
    let name = format!("hg-content-export-{}.zip", job.created_at.format("%Y-%m-%d-%H%M%S"));
    let headers = [
        (header::CONTENT_TYPE, "application/zip".to_owned()),
        (header::CONTENT_LENGTH, file.bytes.to_string()),
        (header::CONTENT_DISPOSITION, format!("attachment; filename=\"{name}\"")),
        (header::CACHE_CONTROL, "no-store".to_owned()),
    ];
    Ok((headers, Body::from_stream(chunks(state, principal, job.id))).into_response())
}

/// Chunk by chunk, each in a transaction of its own: no connection is held while the caller reads, and whoever loses the
/// right to see it gets no more.
fn chunks(
    state: AppState,
    principal: Principal,
    job: DataJobId,
) -> impl futures::Stream<Item = Result<Bytes, sqlx::Error>> {
    futures::stream::try_unfold(0, move |seq| {
        let (db, scope) = (state.db.clone(), principal.scope());
        async move {
            let mut tx = db.tenant(scope).await?;
            let chunk = data_job_chunk(&mut tx, job, seq).await?;
            tx.commit().await?;
            Ok(chunk.map(|bytes| (Bytes::from(bytes), seq + 1)))
        }
    })
}
