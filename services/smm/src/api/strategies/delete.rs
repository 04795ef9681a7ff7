//! `DELETE /strategies/{strategy}`.

use axum::extract::State;
use hg_common::{
    auth::Caller,
    http::{ApiError, ErrorBody, Path},
};
use http::StatusCode;
use uuid::Uuid;

use crate::{
    api::database,
    domain::access::{Action, permit},
    state::AppState,
    store::strategy::{strategy_delete, strategy_fetch},
};

/// Deletes a strategy: from then on, what it said is inherited. Its versions stay: jobs name them, and one can be restored.
#[utoipa::path(
    delete, path = "/strategies/{strategy}", tag = "strategies",
    params(("strategy" = Uuid, Path, description = "Its id")),
    responses(
        (status = 204),
        (status = 403, description = "The caller is no member of its client", body = ErrorBody),
        (status = 404, body = ErrorBody),
    )
)]
pub(crate) async fn delete_strategy(
    State(state): State<AppState>,
    Caller(principal): Caller,
    Path(strategy): Path<Uuid>,
) -> Result<StatusCode, ApiError> {
    let mut tx = state.db.tenant(principal.scope()).await?;
    let seen = strategy_fetch(&mut tx, strategy.into()).await?.ok_or_else(|| ApiError::not_found("strategy"))?;
    permit(Action::DeleteStrategy, seen.held)?;
    if !strategy_delete(&mut tx, seen.strategy.id).await.map_err(database)? {
        return Err(ApiError::not_found("strategy"));
    }
    tx.commit().await?;
    state.effective.forget();
    Ok(StatusCode::NO_CONTENT)
}
