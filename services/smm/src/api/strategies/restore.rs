//! `POST /strategies/{strategy}/versions/{version}/restore`.

use axum::extract::State;
use hg_common::{
    auth::Caller,
    http::{ApiError, ErrorBody, FieldErrors, Json, Path},
};
use hg_contracts::smm::{RestoreVersion, Strategy};
use uuid::Uuid;

use crate::{
    api::{strategies::write, versions::check_note},
    domain::{
        access::{Action, permit},
        strategy::{check, from_stored, to_stored},
    },
    state::AppState,
    store::{
        strategy::{SavedStrategy, strategy_fetch},
        strategy_version::strategy_version_fetch,
        version::Basis,
    },
};

/// Saves an earlier version of a strategy as a new one. What was deleted is in force again.
#[utoipa::path(
    post, path = "/strategies/{strategy}/versions/{version}/restore", tag = "strategies", request_body = RestoreVersion,
    params(("strategy" = Uuid, Path, description = "Its id"), ("version" = i32, Path, description = "The one to bring back")),
    responses(
        (status = 200, body = Strategy),
        (status = 403, description = "The caller is no member of its client", body = ErrorBody),
        (status = 404, body = ErrorBody),
        (status = 409, description = "`version_conflict`, or another one is in force by now", body = ErrorBody),
        (status = 422, description = "It breaks a rule that has come since", body = ErrorBody),
    )
)]
pub(crate) async fn restore_strategy(
    State(state): State<AppState>,
    Caller(principal): Caller,
    Path((strategy, version)): Path<(Uuid, i32)>,
    Json(how): Json<RestoreVersion>,
) -> Result<Json<Strategy>, ApiError> {
    let mut errors = FieldErrors::new();
    check_note(&mut errors, how.note.as_deref());
    errors.into_result()?;
    let mut tx = state.db.tenant(principal.scope()).await?;
    let seen = strategy_fetch(&mut tx, strategy.into()).await?.ok_or_else(|| ApiError::not_found("strategy"))?;
    permit(Action::SaveStrategy, seen.held)?;
    let found = strategy_version_fetch(&mut tx, seen.strategy.id, version).await?;
    let found = found.ok_or_else(|| ApiError::not_found("version"))?;
    // The rules may have become stricter since it was saved.
    let configuration = check(seen.strategy.content_type, from_stored(found.fields))?;
    let configuration = to_stored(configuration.fields());
    let name = found.name.unwrap_or(seen.strategy.name);
    let saved =
        SavedStrategy { name: &name, configuration: &configuration, note: how.note.as_deref(), by: principal.user() };
    let basis = Basis { expected: how.version, restored_from: Some(version) };
    let restored = write(&mut tx, seen.strategy.id, &saved, basis).await?;
    tx.commit().await?;
    state.effective.forget();
    Ok(Json(restored))
}
