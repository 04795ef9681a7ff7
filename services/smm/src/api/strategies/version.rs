//! `GET /strategies/{strategy}/versions/{version}`.

use axum::extract::State;
use hg_common::{
    auth::Caller,
    http::{ApiError, ErrorBody, Json, Path},
};
use hg_contracts::smm::StrategyVersion;
use uuid::Uuid;

use crate::{
    domain::strategy::from_stored,
    state::AppState,
    store::{strategy::strategy_fetch, strategy_version::strategy_version_fetch},
};

/// One strategy as it was saved once.
#[utoipa::path(
    get, path = "/strategies/{strategy}/versions/{version}", tag = "strategies",
    params(("strategy" = Uuid, Path, description = "Its id"), ("version" = i32, Path, description = "Counts from 1")),
    responses((status = 200, body = StrategyVersion), (status = 404, body = ErrorBody))
)]
pub(crate) async fn get_strategy_version(
    State(state): State<AppState>,
    Caller(principal): Caller,
    Path((strategy, version)): Path<(Uuid, i32)>,
) -> Result<Json<StrategyVersion>, ApiError> {
    let mut tx = state.db.tenant(principal.scope()).await?;
    let seen = strategy_fetch(&mut tx, strategy.into()).await?.ok_or_else(|| ApiError::not_found("strategy"))?;
    let found = strategy_version_fetch(&mut tx, seen.strategy.id, version).await?;
    let found = found.ok_or_else(|| ApiError::not_found("version"))?;
    tx.commit().await?;
    Ok(Json(StrategyVersion {
        strategy_id: seen.strategy.id,
        name: found.name.unwrap_or_default(),
        configuration: from_stored(found.fields),
        info: found.info,
    }))
}
