//! `GET /jobs/overview`: counts and sums of the running month.

use axum::extract::State;
use hg_common::{
    auth::{ApiScope, Caller},
    http::{ApiError, ErrorBody, Json, Query},
};
use hg_contracts::cpm::{JobsOverview, OverviewQuery};

use super::list::clients_of;
use crate::{api::caller::with_scope, state::AppState, store::overview::jobs_overview};

/// How many jobs there are in each state this month, what was spent, how good the results were.
#[utoipa::path(
    get,
    path = "/jobs/overview",
    tag = "jobs",
    params(OverviewQuery),
    responses(
        (status = 200, body = JobsOverview, example = json!({
            "by_status": {"completed": 41, "in_progress": 2}, "spent_today_usd": "0.120450000", "spent_month_usd": "2.004100000", "mean_quality": 87.4})),
        (status = 401, body = ErrorBody), (status = 403, body = ErrorBody), (status = 404, body = ErrorBody),
        (status = 429, body = ErrorBody)
    )
)]
pub async fn jobs_overview_show(
    State(state): State<AppState>,
    caller: Caller,
    Query(query): Query<OverviewQuery>,
) -> Result<Json<JobsOverview>, ApiError> {
    let principal = with_scope(caller, ApiScope::JobsRead)?;
    let mut tx = state.db.tenant(principal.scope()).await?;
    let clients = clients_of(&mut tx, query.client_id.as_deref()).await?;
    let overview = jobs_overview(&mut tx, &clients).await?;
    tx.commit().await?;
    Ok(Json(overview))
}
