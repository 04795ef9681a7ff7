//! `GET /jobs/{id}` and `GET /jobs/{id}/status`: one job.

use axum::extract::State;
use hg_common::{
    auth::{ApiScope, Caller},
    http::{ApiError, ErrorBody, Json, Path},
};
use hg_contracts::cpm::{JobDetail, JobStatusView};
use hg_types::JobId;

use crate::{
    api::caller::with_scope,
    state::AppState,
    store::jobs::{job_fetch, job_status_fetch},
};

/// A job with its result, prompt, calls and costs.
#[utoipa::path(
    get,
    path = "/jobs/{id}",
    tag = "jobs",
    params(("id" = JobId, Path, description = "The job.", example = "01938b7e-4c00-7d3a-9a51-2f7d7c3c5a11")),
    responses(
        (status = 200, body = JobDetail),
        (status = 401, body = ErrorBody), (status = 403, body = ErrorBody), (status = 404, body = ErrorBody),
        (status = 429, body = ErrorBody)
    )
)]
pub async fn job_show(
    State(state): State<AppState>,
    caller: Caller,
    Path(id): Path<JobId>,
) -> Result<Json<JobDetail>, ApiError> {
    let principal = with_scope(caller, ApiScope::JobsRead)?;
    let mut tx = state.db.tenant(principal.scope()).await?;
    let job = job_fetch(&mut tx, id).await?.ok_or_else(|| ApiError::not_found("job"))?;
    tx.commit().await?;
    Ok(Json(job))
}

/// Where a job stands, and its result once it has one.
#[utoipa::path(
    get,
    path = "/jobs/{id}/status",
    tag = "jobs",
    params(("id" = JobId, Path, description = "The job.", example = "01938b7e-4c00-7d3a-9a51-2f7d7c3c5a11")),
    responses(
        (status = 200, body = JobStatusView, example = json!({
            "job_id": "01938b7e-4c00-7d3a-9a51-2f7d7c3c5a11", "status": "in_progress", "stage": "writing", "result": null, "error": null})),
        (status = 401, body = ErrorBody), (status = 403, body = ErrorBody), (status = 404, body = ErrorBody),
        (status = 429, body = ErrorBody)
    )
)]
pub async fn job_status(
    State(state): State<AppState>,
    caller: Caller,
    Path(id): Path<JobId>,
) -> Result<Json<JobStatusView>, ApiError> {
    let principal = with_scope(caller, ApiScope::JobsRead)?;
    let mut tx = state.db.tenant(principal.scope()).await?;
    let status = job_status_fetch(&mut tx, id).await?.ok_or_else(|| ApiError::not_found("job"))?;
    tx.commit().await?;
    Ok(Json(status))
}
