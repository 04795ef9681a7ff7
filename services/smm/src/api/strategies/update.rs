//! `PUT /strategies/{strategy}`.

use axum::extract::State;
use hg_common::{
    auth::Caller,
    http::{ApiError, ErrorBody, Json, Path},
};
use hg_contracts::smm::{SaveStrategy, Strategy};
use uuid::Uuid;

use super::{checked, write};
use crate::{
    domain::access::{Action, permit},
    state::AppState,
    store::{
        strategy::{SavedStrategy, strategy_fetch},
        version::Basis,
    },
};

/// Saves a new version of a strategy. The earlier versions stay.
#[utoipa::path(
    put, path = "/strategies/{strategy}", tag = "strategies", request_body = SaveStrategy,
    params(("strategy" = Uuid, Path, description = "Its id")),
    responses(
        (status = 200, body = Strategy),
        (status = 403, description = "The caller is no member of its client", body = ErrorBody),
        (status = 404, body = ErrorBody),
        (status = 409, description = "`version_conflict`: somebody was quicker; `strategy_deleted`", body = ErrorBody),
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
    permit(Action::SaveStrategy, seen.held)?;
    if save.content_type != seen.strategy.content_type {
        return Err(ApiError::field(
            "content_type",
            format!("is fixed: this strategy is for {}", seen.strategy.content_type),
        ));
    }
    let saved =
        SavedStrategy { name: &name, configuration: &configuration, note: save.note.as_deref(), by: principal.user() };
    let basis = Basis { expected: save.version, restored_from: None };
    let changed = write(&mut tx, seen.strategy.id, &saved, basis).await?;
    tx.commit().await?;
    state.effective.forget();
    Ok(Json(changed))
}
