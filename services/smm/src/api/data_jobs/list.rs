//! `GET /data-jobs`.

use axum::extract::State;
use hg_common::{
    auth::Caller,
    http::{ApiError, ErrorBody, Json, Page, PageQuery, Query},
};
use hg_contracts::smm::{DataJob, ListDataJobs};

use crate::{
    api::person,
    state::AppState,
    store::data_job::{DataJobFilter, data_job_list},
};

/// Data jobs of the clients that the caller administers and of the caller, the latest first; without their parts.
#[utoipa::path(
    get, path = "/data-jobs", tag = "data", params(ListDataJobs),
    responses((status = 200, body = Page<DataJob>), (status = 422, body = ErrorBody))
)]
pub(crate) async fn list_data_jobs(
    State(state): State<AppState>,
    Caller(principal): Caller,
    Query(query): Query<ListDataJobs>,
) -> Result<Json<Page<DataJob>>, ApiError> {
    person(&principal)?;
    let limit = query.limit.map(|limit| limit.to_string());
    let request = PageQuery { cursor: query.cursor.clone(), limit, ..PageQuery::default() }.resolve()?;
    let filter = DataJobFilter { id: None, client: query.client_id, kind: query.kind, before: request.cursor()? };
    let mut tx = state.db.tenant(principal.scope()).await?;
    let rows = data_job_list(&mut tx, filter, request.fetch_limit()).await?;
    tx.commit().await?;
    Ok(Json(Page::from_rows(rows, &request, |job| job.id.uuid())?))
}
