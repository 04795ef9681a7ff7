//! `DELETE /clients/{client}/api-keys/{api_key}`.

use axum::extract::State;
use hg_common::{
    auth::Caller,
    http::{ApiError, ErrorBody, Json, Path},
};
use hg_contracts::cpm::ApiKeyInfo;
use hg_types::ApiKeyId;
use uuid::Uuid;

use super::{administered, as_it_is};
use crate::{
    api::caller::person,
    state::AppState,
    store::api_keys::{api_key_hold, api_key_revoke},
};

/// Ends a key with all its secrets, for good. No replica takes a job from it from this moment on, and none answers it for more
/// than a second. Jobs that it asked for go on. Ending it again changes nothing.
#[utoipa::path(
    delete, path = "/clients/{client}/api-keys/{api_key}", tag = "api keys",
    params(("client" = String, Path, description = "The client's id or slug"), ("api_key" = Uuid, Path, description = "The key")),
    responses(
        (status = 200, body = ApiKeyInfo),
        (status = 401, body = ErrorBody),
        (status = 403, description = "The caller is no admin of the client, or no person", body = ErrorBody),
        (status = 404, body = ErrorBody),
    )
)]
pub async fn api_key_end(
    State(state): State<AppState>,
    Caller(principal): Caller,
    Path((client, key)): Path<(String, Uuid)>,
) -> Result<Json<ApiKeyInfo>, ApiError> {
    let id = ApiKeyId(key);
    let mut tx = state.db.tenant(principal.scope()).await?;
    let seen = administered(&mut tx, &client).await?;
    let me = person(&principal)?;
    api_key_hold(&mut tx, seen.id, id).await?.ok_or_else(|| ApiError::not_found("API key"))?;
    api_key_revoke(&mut tx, seen.id, id, me).await?;
    let key = as_it_is(&mut tx, seen.id, id).await?;
    tx.commit().await?;
    state.known_keys.forget();
    tracing::info!(api_key = %id, client = %seen.id, "an API key was revoked");
    Ok(Json(key))
}
