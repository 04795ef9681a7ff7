//! `GET /strategies/{strategy}/versions`.

use axum::extract::State;
use hg_common::{
    auth::Caller,
    http::{ApiError, ErrorBody, Json, Page, Path, Query},
};
use hg_contracts::smm::{ListVersions, VersionSummary};
use uuid::Uuid;

use crate::{
    api::versions::{page, summaries},
    state::AppState,
    store::{strategy::strategy_fetch, strategy_version::strategy_version_list},
};

/// A strategy's versions, the newest first, each with who saved it, why, and which fields it changed.
#[utoipa::path(
    get, path = "/strategies/{strategy}/versions", tag = "strategies",
    params(("strategy" = Uuid, Path, description = "Its id"), ListVersions),
    responses((status = 200, body = Page<VersionSummary>), (status = 404, body = ErrorBody), (status = 422, body = ErrorBody))
)]
pub(crate) async fn list_strategy_versions(
    State(state): State<AppState>,
    Caller(principal): Caller,
    Path(strategy): Path<Uuid>,
    Query(query): Query<ListVersions>,
) -> Result<Json<Page<VersionSummary>>, ApiError> {
    let request = page(&query)?;
    let before = request.cursor()?;
    let mut tx = state.db.tenant(principal.scope()).await?;
    let seen = strategy_fetch(&mut tx, strategy.into()).await?.ok_or_else(|| ApiError::not_found("strategy"))?;
    let rows = strategy_version_list(&mut tx, seen.strategy.id, before, request.fetch_limit()).await?;
    tx.commit().await?;
    Ok(Json(summaries(&rows, &request)?))
}
