//! `PATCH /clients/{client}/provider-keys/{provider_key}`.

use axum::extract::State;
use hg_common::{
    auth::Caller,
    http::{ApiError, ErrorBody, Json, Path},
};
use hg_contracts::cpm::{ProviderKeyInfo, UpdateProviderKey};
use uuid::Uuid;

use super::administered;
use crate::{
    api::caller::person,
    domain::keys::renamed_provider_key,
    state::AppState,
    store::provider_key_care::{provider_key_show, provider_key_update},
};

/// Renames a provider key, disables or enables it. Jobs that name a disabled key are refused, and those that wait with it end
/// with `provider_key_unusable`.
#[utoipa::path(
    patch, path = "/clients/{client}/provider-keys/{provider_key}", tag = "provider keys", request_body = UpdateProviderKey,
    params(("client" = String, Path, description = "The client's id or slug"), ("provider_key" = Uuid, Path, description = "The key")),
    responses(
        (status = 200, body = ProviderKeyInfo),
        (status = 401, body = ErrorBody),
        (status = 403, description = "The caller is no admin of the client, or no person", body = ErrorBody),
        (status = 404, body = ErrorBody),
        (status = 422, body = ErrorBody),
    )
)]
pub async fn provider_key_change(
    State(state): State<AppState>,
    Caller(principal): Caller,
    Path((client, id)): Path<(String, Uuid)>,
    Json(change): Json<UpdateProviderKey>,
) -> Result<Json<ProviderKeyInfo>, ApiError> {
    let mut tx = state.db.tenant(principal.scope()).await?;
    let seen = administered(&mut tx, &client).await?;
    person(&principal)?;
    let name = change.name.as_deref().map(renamed_provider_key).transpose()?;
    provider_key_update(&mut tx, seen.id, id, name.as_deref(), change.state).await?;
    let key = provider_key_show(&mut tx, seen.id, id).await?;
    tx.commit().await?;
    key.map(Json).ok_or_else(|| ApiError::not_found("provider key"))
}
