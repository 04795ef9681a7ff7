//! `GET /strategies/{strategy}/compare`.

use axum::extract::State;
use hg_common::{
    auth::Caller,
    http::{ApiError, ErrorBody, Json, Path, Query},
};
use hg_contracts::smm::{CompareVersions, Comparison};
use uuid::Uuid;

use crate::{
    api::versions::{comparison, no_version},
    state::AppState,
    store::{strategy::strategy_fetch, strategy_version::strategy_version_fetch},
};

/// Two versions of a strategy, field by field.
#[utoipa::path(
    get, path = "/strategies/{strategy}/compare", tag = "strategies",
    params(("strategy" = Uuid, Path, description = "Its id"), CompareVersions),
    responses((status = 200, body = Comparison), (status = 404, body = ErrorBody), (status = 422, body = ErrorBody))
)]
pub(crate) async fn compare_strategy(
    State(state): State<AppState>,
    Caller(principal): Caller,
    Path(strategy): Path<Uuid>,
    Query(versions): Query<CompareVersions>,
) -> Result<Json<Comparison>, ApiError> {
    let mut tx = state.db.tenant(principal.scope()).await?;
    let seen = strategy_fetch(&mut tx, strategy.into()).await?.ok_or_else(|| ApiError::not_found("strategy"))?.strategy;
    let to = versions.to.unwrap_or(seen.version);
    let older = strategy_version_fetch(&mut tx, seen.id, versions.from).await?;
    let older = older.ok_or_else(|| no_version("from", versions.from))?;
    let newer = strategy_version_fetch(&mut tx, seen.id, to).await?.ok_or_else(|| no_version("to", to))?;
    tx.commit().await?;
    Ok(Json(comparison(&older, &newer)))
}
