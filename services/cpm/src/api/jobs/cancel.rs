//! `DELETE /jobs/{id}`: stops a job.

use axum::extract::State;
use hg_common::{
    auth::{ApiScope, Caller},
    http::{ApiError, ErrorBody, Json, Path},
};
use hg_contracts::cpm::JobStatusView;
use hg_types::JobId;

use crate::{
    api::caller::with_scope,
    state::AppState,
    store::{
        cancel::{Cancelled, job_cancel},
        jobs::job_status_fetch,
    },
    worker::events::announce,
};

/// Stops a job.
///
/// One that waits ends at once and its reservation is released. One that runs is told, stops its provider call and ends as
/// `cancelled` a moment later; what the call has cost until then is kept on record. Asking twice is the same as once.
#[utoipa::path(
    delete,
    path = "/jobs/{id}",
    tag = "jobs",
    params(("id" = JobId, Path, description = "The job.", example = "01938b7e-4c00-7d3a-9a51-2f7d7c3c5a11")),
    responses(
        (status = 200, body = JobStatusView, example = json!({
            "job_id": "01938b7e-4c00-7d3a-9a51-2f7d7c3c5a11", "status": "cancelled", "stage": null, "result": null, "error": null})),
        (status = 401, body = ErrorBody), (status = 403, body = ErrorBody), (status = 404, body = ErrorBody),
        (status = 409, description = "It has ended otherwise (`job_ended`).", body = ErrorBody),
        (status = 429, body = ErrorBody)
    )
)]
pub async fn job_cancel_asked(
    State(state): State<AppState>,
    caller: Caller,
    Path(id): Path<JobId>,
) -> Result<Json<JobStatusView>, ApiError> {
    let principal = with_scope(caller, ApiScope::JobsWrite)?;
    let mut tx = state.db.tenant(principal.scope()).await?;
    let outcome = job_cancel(&mut tx, id).await?.ok_or_else(|| ApiError::not_found("job"))?;
    match &outcome {
        Cancelled::Forbidden => return Err(ApiError::forbidden("the role on this client may not stop its jobs")),
        Cancelled::TooLate(status) => {
            return Err(ApiError::conflict("job_ended", format!("the job has ended: {}", status.as_str())));
        }
        Cancelled::Ended { .. } | Cancelled::Asked | Cancelled::Already => {}
    }
    let status = job_status_fetch(&mut tx, id).await?.ok_or_else(|| ApiError::not_found("job"))?;
    tx.commit().await?;
    // What follows only makes it quicker: the answer doesn't wait for it.
    tokio::spawn(async move {
        match outcome {
            Cancelled::Ended { client, event } => {
                state.queue.remove(id, client).await;
                announce(&state.redis, event).await;
            }
            Cancelled::Asked => state.queue.notify_cancel(id).await,
            Cancelled::Already | Cancelled::TooLate(_) | Cancelled::Forbidden => {}
        }
    });
    Ok(Json(status))
}
