//! `DELETE /clients/{client}/provider-keys/{provider_key}`.

use axum::extract::State;
use hg_common::{
    auth::Caller,
    http::{ApiError, ErrorBody, Path},
};
use http::StatusCode;
use uuid::Uuid;

use super::administered;
use crate::{api::caller::person, state::AppState, store::provider_key_care::provider_key_delete};

/// Deletes a provider key, sealed as it is, for good. Jobs that wait with it end with `provider_key_unusable`.
#[utoipa::path(
    delete, path = "/clients/{client}/provider-keys/{provider_key}", tag = "provider keys",
    params(("client" = String, Path, description = "The client's id or slug"), ("provider_key" = Uuid, Path, description = "The key")),
    responses(
        (status = 204),
        (status = 401, body = ErrorBody),
        (status = 403, description = "The caller is no admin of the client, or no person", body = ErrorBody),
        (status = 404, body = ErrorBody),
    )
)]
pub async fn provider_key_remove(
    State(state): State<AppState>,
    Caller(principal): Caller,
    Path((client, id)): Path<(String, Uuid)>,
) -> Result<StatusCode, ApiError> {
    let mut tx = state.db.tenant(principal.scope()).await?;
    let seen = administered(&mut tx, &client).await?;
    person(&principal)?;
    let was_there = provider_key_delete(&mut tx, seen.id, id).await?;
    tx.commit().await?;
    if was_there { Ok(StatusCode::NO_CONTENT) } else { Err(ApiError::not_found("provider key")) }
}
