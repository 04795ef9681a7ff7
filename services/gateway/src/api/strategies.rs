//! `/api/clients/{id}/strategies`, `/api/strategies/{id}`: how a client's content shall sound. Asked of SMM.

use axum::extract::State;
use hg_common::http::{ApiError, Json, Path, Query};
use hg_contracts::smm::{
    DeleteVersioned, EffectiveStrategy, EffectiveStrategyQuery, ListStrategies, SaveStrategy, Strategy,
};
use hg_types::StrategyId;
use http::StatusCode;

use super::{
    at_client::AtClient,
    envelope::{Failure, Nothing, Place, Success},
};
use crate::{peer_error::peer_error, session::CurrentUser, state::AppState};

/// A client's own strategies: at most one per content type in force, on demand also deleted ones.
#[utoipa::path(
    get, path = "/api/clients/{id}/strategies", tag = "strategies",
    params(("id" = String, Path, description = "Id or slug"), ListStrategies),
    responses((status = 200, body = Success<Vec<Strategy>>), (status = 404, body = Failure))
)]
pub(crate) async fn list(
    AtClient { state, principal, id }: AtClient,
    Query(query): Query<ListStrategies>,
) -> Result<Success<Vec<Strategy>>, ApiError> {
    let page = state.smm.list_strategies(&principal, id, &query).await.map_err(peer_error)?;
    let page_size = u32::try_from(page.data.len()).unwrap_or(u32::MAX);
    Ok(Success::list(page, Place { page: Some(1), page_size }))
}

/// Makes a client's strategy for a content type.
#[utoipa::path(
    post, path = "/api/clients/{id}/strategies", tag = "strategies", params(("id" = String, Path, description = "Id or slug")),
    responses((status = 201, body = Success<Strategy>), (status = 409, body = Failure), (status = 422, body = Failure))
)]
pub(crate) async fn create(
    AtClient { state, principal, id }: AtClient,
    Json(new): Json<SaveStrategy>,
) -> Result<(StatusCode, Success<Strategy>), ApiError> {
    Success::created(state.smm.create_strategy(&principal, id, &new).await)
}

/// What holds for a client: its own values, else its agency's, else the root's, else built in.
#[utoipa::path(
    get, path = "/api/clients/{id}/effective-strategy", tag = "strategies",
    params(("id" = String, Path, description = "Id or slug"), EffectiveStrategyQuery),
    responses((status = 200, body = Success<EffectiveStrategy>), (status = 404, body = Failure))
)]
pub(crate) async fn effective(
    AtClient { state, principal, id }: AtClient,
    Query(query): Query<EffectiveStrategyQuery>,
) -> Result<Success<EffectiveStrategy>, ApiError> {
    Success::of(state.smm.effective_strategy_with(&principal, id, &query).await)
}

/// One strategy.
#[utoipa::path(
    get, path = "/api/strategies/{id}", tag = "strategies", params(("id" = StrategyId, Path)),
    responses((status = 200, body = Success<Strategy>), (status = 404, body = Failure))
)]
pub(crate) async fn fetch(
    State(state): State<AppState>,
    user: CurrentUser,
    Path(id): Path<StrategyId>,
) -> Result<Success<Strategy>, ApiError> {
    Success::of(state.smm.get_strategy(&user.principal(), id).await)
}

/// Saves a new version of a strategy.
#[utoipa::path(
    put, path = "/api/strategies/{id}", tag = "strategies", params(("id" = StrategyId, Path)),
    responses((status = 200, body = Success<Strategy>), (status = 404, body = Failure), (status = 422, body = Failure))
)]
pub(crate) async fn update(
    State(state): State<AppState>,
    user: CurrentUser,
    Path(id): Path<StrategyId>,
    Json(change): Json<SaveStrategy>,
) -> Result<Success<Strategy>, ApiError> {
    Success::of(state.smm.update_strategy(&user.principal(), id, &change).await)
}

/// Deletes a strategy: what it said is inherited from then on.
#[utoipa::path(
    delete, path = "/api/strategies/{id}", tag = "strategies", params(("id" = StrategyId, Path), DeleteVersioned),
    responses((status = 200, body = Success<Nothing>), (status = 404, body = Failure), (status = 409, body = Failure))
)]
pub(crate) async fn delete(
    State(state): State<AppState>,
    user: CurrentUser,
    Path(id): Path<StrategyId>,
    Query(known): Query<DeleteVersioned>,
) -> Result<Success<Nothing>, ApiError> {
    Success::of(state.smm.delete_strategy(&user.principal(), id, &known).await.map(|()| Nothing))
}
