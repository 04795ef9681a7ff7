//! `GET /data-jobs/{job}`.

use axum::extract::State;
use hg_common::{
    auth::Caller,
    http::{ApiError, ErrorBody, Json, Path},
};
use hg_contracts::smm::DataJob;
use uuid::Uuid;

use super::seen_job;
use crate::{api::person, state::AppState};

/// A data job with its parts, and how far each is.
#[utoipa::path(
    get, path = "/data-jobs/{job}", tag = "data", params(("job" = Uuid, Path, description = "Its id")),
    responses((status = 200, body = DataJob), (status = 403, description = "No person", body = ErrorBody), (status = 404, body = ErrorBody))
)]
pub(crate) async fn get_data_job(
    State(state): State<AppState>,
    Caller(principal): Caller,
    Path(job): Path<Uuid>,
) -> Result<Json<DataJob>, ApiError> {
    person(&principal)?;
    let mut tx = state.db.tenant(principal.scope()).await?;
    let job = seen_job(&mut tx, job.into()).await?;
    tx.commit().await?;
    Ok(Json(job))
}
