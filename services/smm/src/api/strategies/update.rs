//! `PUT /strategies/{strategy}`.

use axum::extract::State;
use hg_common::{
    auth::Caller,
    http::{ApiError, ErrorBody, Json, Path},
};
use hg_contracts::smm::{SaveStrategy, Strategy};
use hg_types::Role;
use uuid::Uuid;

use super::checked;
use crate::{
    api::database,
    domain::access::require,
    state::AppState,
    store::strategy::{SavedStrategy, strategy_fetch, strategy_update},
};

/// Saves a new version of a strategy. The earlier versions stay.
#[utoipa::path(
    put, path = "/strategies/{strategy}", tag = "strategies", request_body = SaveStrategy,
    params(("strategy" = Uuid, Path, description = "Its id")),
    responses(
        (status = 200, body = Strategy),
        (status = 403, description = "The caller is no member of its client", body = ErrorBody),
        (status = 404, body = ErrorBody),
        (status = 422, body = ErrorBody),
    )
)]
pub(crate) async fn update_strategy(
    State(state): State<AppState>,
    Caller(principal): Caller,
    Path(strategy): Path<Uuid>,
    Json(save): Json<SaveStrategy>,
) -> Result<Json<Strategy>, ApiError> {
    let (name, configuration) = checked(&save)?;
    let mut tx = state.db.tenant(principal.scope()).await?;
    let seen = strategy_fetch(&mut tx, strategy.into()).await?.ok_or_else(|| ApiError::not_found("strategy"))?;
    require(seen.held, Role::Member, "changing a strategy", "on its client")?;
    if save.content_type != seen.strategy.content_type {
        return Err(ApiError::field(
            "content_type",
            format!("is fixed: this strategy is for {}", seen.strategy.content_type),
        ));
    }
    let saved =
        SavedStrategy { name: &name, configuration: &configuration, note: save.note.as_deref(), by: principal.user() };
    if !strategy_update(&mut tx, seen.strategy.id, &saved).await.map_err(database)? {
        return Err(ApiError::not_found("strategy"));
    }
    let changed = strategy_fetch(&mut tx, seen.strategy.id).await?.ok_or_else(|| ApiError::not_found("strategy"))?;
    tx.commit().await?;
    state.effective.forget();
    Ok(Json(changed.strategy))
}
