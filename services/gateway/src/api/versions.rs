//! `/api/strategies/{id}/versions` and its neighbours: what was saved when by whom, what differs, going back, what came of
//! it; and the guide for forms. Asked of SMM, figures of CPM.

use axum::extract::State;
use hg_common::http::{ApiError, Json, PageQuery, Path, Query};
use hg_contracts::{
    cpm::{StrategyAnalytics, StrategyFiguresQuery},
    smm::{
        CompareVersions, Comparison, ListVersions, RestoreVersion, Strategy, StrategyGuide, StrategyGuideQuery,
        StrategyVersion, VersionSummary,
    },
};
use hg_types::StrategyId;

use super::{
    envelope::{Failure, Success},
    paging::listed,
};
use crate::{session::CurrentUser, state::AppState};

/// Fields, bounds, suggestions and built-in values of a content type, for forms.
#[utoipa::path(
    get, path = "/api/strategy-guide", tag = "strategies", params(StrategyGuideQuery),
    responses((status = 200, body = Success<StrategyGuide>), (status = 422, body = Failure))
)]
pub(crate) async fn guide(
    State(state): State<AppState>,
    user: CurrentUser,
    Query(query): Query<StrategyGuideQuery>,
) -> Result<Success<StrategyGuide>, ApiError> {
    Success::of(state.smm.strategy_guide(&user.principal(), query).await)
}

/// A strategy's versions, newest first.
#[utoipa::path(
    get, path = "/api/strategies/{id}/versions", tag = "strategies", params(("id" = StrategyId, Path), PageQuery),
    responses((status = 200, body = Success<Vec<VersionSummary>>), (status = 404, body = Failure), (status = 422, body = Failure))
)]
pub(crate) async fn list(
    State(state): State<AppState>,
    user: CurrentUser,
    Path(id): Path<StrategyId>,
    Query(query): Query<PageQuery>,
) -> Result<Success<Vec<VersionSummary>>, ApiError> {
    let (smm, principal) = (&state.smm, &user.principal());
    listed(&query, |cursor, limit| async move {
        smm.strategy_versions(principal, id, &ListVersions { cursor, limit: Some(limit) }).await
    })
    .await
}

/// One version as it was saved.
#[utoipa::path(
    get, path = "/api/strategies/{id}/versions/{version}", tag = "strategies",
    params(("id" = StrategyId, Path), ("version" = i32, Path)),
    responses((status = 200, body = Success<StrategyVersion>), (status = 404, body = Failure))
)]
pub(crate) async fn fetch(
    State(state): State<AppState>,
    user: CurrentUser,
    Path((id, version)): Path<(StrategyId, i32)>,
) -> Result<Success<StrategyVersion>, ApiError> {
    Success::of(state.smm.strategy_version(&user.principal(), id, version).await)
}

/// Two versions, field by field.
#[utoipa::path(
    get, path = "/api/strategies/{id}/compare", tag = "strategies", params(("id" = StrategyId, Path), CompareVersions),
    responses((status = 200, body = Success<Comparison>), (status = 404, body = Failure), (status = 422, body = Failure))
)]
pub(crate) async fn compare(
    State(state): State<AppState>,
    user: CurrentUser,
    Path(id): Path<StrategyId>,
    Query(versions): Query<CompareVersions>,
) -> Result<Success<Comparison>, ApiError> {
    Success::of(state.smm.compare_strategy(&user.principal(), id, versions).await)
}

/// Saves an earlier version as a new one.
#[utoipa::path(
    post, path = "/api/strategies/{id}/versions/{version}/restore", tag = "strategies",
    params(("id" = StrategyId, Path), ("version" = i32, Path)),
    responses(
        (status = 200, body = Success<Strategy>), (status = 404, body = Failure), (status = 409, body = Failure),
        (status = 422, body = Failure)
    )
)]
pub(crate) async fn restore(
    State(state): State<AppState>,
    user: CurrentUser,
    Path((id, version)): Path<(StrategyId, i32)>,
    Json(how): Json<RestoreVersion>,
) -> Result<Success<Strategy>, ApiError> {
    Success::of(state.smm.restore_strategy(&user.principal(), id, version, &how).await)
}

/// What came of a strategy, version by version: jobs, success, quality, edits, approvals, cost.
#[utoipa::path(
    get, path = "/api/analytics/strategies/{id}", tag = "strategies",
    params(("id" = StrategyId, Path), StrategyFiguresQuery),
    responses((status = 200, body = Success<StrategyAnalytics>), (status = 404, body = Failure), (status = 422, body = Failure))
)]
pub(crate) async fn analytics(
    State(state): State<AppState>,
    user: CurrentUser,
    Path(id): Path<StrategyId>,
    Query(query): Query<StrategyFiguresQuery>,
) -> Result<Success<StrategyAnalytics>, ApiError> {
    Success::of(state.cpm.strategy_analytics(&user.principal(), id, &query).await)
}
