//! `POST /clients/{client}/strategies`.

use axum::extract::State;
use hg_common::{
    auth::Caller,
    http::{ApiError, ErrorBody, Json, Path},
};
use hg_contracts::smm::{SaveStrategy, Strategy};
use http::StatusCode;

use super::checked;
use crate::{
    api::{database, seen_client, versions::nothing_before},
    domain::access::{Action, permit},
    state::AppState,
    store::strategy::{SavedStrategy, strategy_create, strategy_fetch},
};

/// Makes a client's strategy for a content type.
#[utoipa::path(
    post, path = "/clients/{client}/strategies", tag = "strategies", request_body = SaveStrategy,
    params(("client" = String, Path, description = "The client's id or slug")),
    responses(
        (status = 201, body = Strategy),
        (status = 403, description = "The caller is no member of the client", body = ErrorBody),
        (status = 404, body = ErrorBody),
        (status = 409, description = "`strategy_exists`", body = ErrorBody),
        (status = 422, body = ErrorBody),
    )
)]
pub(crate) async fn create_strategy(
    State(state): State<AppState>,
    Caller(principal): Caller,
    Path(client): Path<String>,
    Json(save): Json<SaveStrategy>,
) -> Result<(StatusCode, Json<Strategy>), ApiError> {
    let (name, configuration) = checked(&save)?;
    nothing_before(save.version)?;
    let mut tx = state.db.tenant(principal.scope()).await?;
    let seen = seen_client(&mut tx, &client).await?;
    permit(Action::SaveStrategy, seen.held)?;
    let saved =
        SavedStrategy { name: &name, configuration: &configuration, note: save.note.as_deref(), by: principal.user() };
    let id = strategy_create(&mut tx, seen.client.id, save.content_type, &saved).await.map_err(database)?;
    let made = strategy_fetch(&mut tx, id).await?.ok_or_else(|| ApiError::not_found("strategy"))?;
    tx.commit().await?;
    state.effective.forget();
    Ok((StatusCode::CREATED, Json(made.strategy)))
}
