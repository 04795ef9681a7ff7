//! `POST /data-jobs/{job}/cancel`.

use axum::extract::State;
use hg_common::{
    auth::Caller,
    http::{ApiError, ErrorBody, Json, Path},
};
use hg_contracts::smm::DataJob;
use uuid::Uuid;

use super::seen_job;
use crate::{
    api::{database, person},
    state::AppState,
    store::data_job::data_job_cancel,
};

/// Ends an export or a retention before its time. What has ended stays as it is.
#[utoipa::path(
    post, path = "/data-jobs/{job}/cancel", tag = "data", params(("job" = Uuid, Path, description = "Its id")),
    responses(
        (status = 200, body = DataJob),
        (status = 404, body = ErrorBody),
        (status = 409, description = "`erasure_goes_on`", body = ErrorBody),
    )
)]
pub(crate) async fn cancel_data_job(
    State(state): State<AppState>,
    Caller(principal): Caller,
    Path(job): Path<Uuid>,
) -> Result<Json<DataJob>, ApiError> {
    person(&principal)?;
    let mut tx = state.db.tenant(principal.scope()).await?;
    data_job_cancel(&mut tx, job.into()).await.map_err(database)?;
    let job = seen_job(&mut tx, job.into()).await?;
    tx.commit().await?;
    Ok(Json(job))
}
