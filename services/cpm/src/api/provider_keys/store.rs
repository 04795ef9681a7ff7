//! `POST /clients/{client}/provider-keys`.

use axum::extract::State;
use hg_common::{
    auth::Caller,
    http::{ApiError, ErrorBody, Json, Path},
};
use hg_contracts::cpm::{ProviderKeyInfo, StoreProviderKey};
use http::StatusCode;

use super::{administered, keyring, place};
use crate::{
    api::{caller::person, error::text_refused},
    domain::keys::{MOST_PROVIDER_KEYS, new_provider_key},
    state::AppState,
    store::provider_key_care::{provider_key_id, provider_key_show, provider_key_store, provider_keys_count},
};

/// Stores a key of the client's own at a provider. It is sealed before it reaches the database, and never shown again: only its
/// last characters are. Jobs use it by naming its id as `provider_key_id`.
#[utoipa::path(
    post, path = "/clients/{client}/provider-keys", tag = "provider keys", request_body = StoreProviderKey,
    params(("client" = String, Path, description = "The client's id or slug")),
    responses(
        (status = 201, body = ProviderKeyInfo),
        (status = 401, body = ErrorBody),
        (status = 403, description = "The caller is no admin of the client, or no person", body = ErrorBody),
        (status = 404, body = ErrorBody),
        (status = 409, description = "`too_many_provider_keys`, `client_archived`, `client_erased`", body = ErrorBody),
        (status = 422, description = "One entry per field that can't be accepted", body = ErrorBody),
        (status = 503, description = "`secrets_not_configured`", body = ErrorBody),
    )
)]
pub async fn provider_key_put(
    State(state): State<AppState>,
    Caller(principal): Caller,
    Path(client): Path<String>,
    Json(wanted): Json<StoreProviderKey>,
) -> Result<(StatusCode, Json<ProviderKeyInfo>), ApiError> {
    let mut tx = state.db.tenant(principal.scope()).await?;
    let seen = administered(&mut tx, &client).await?;
    let me = person(&principal)?;
    let key = new_provider_key(&wanted, me)?;
    let keyring = keyring(&state)?;
    if seen.is_archived {
        return Err(ApiError::conflict("client_archived", "the client is archived: it makes no content"));
    }
    if provider_keys_count(&mut tx, seen.id).await? >= MOST_PROVIDER_KEYS {
        let message = format!("the client has {MOST_PROVIDER_KEYS} provider keys, which is the most: delete one first");
        return Err(ApiError::conflict("too_many_provider_keys", message));
    }
    let id = provider_key_id(&mut tx).await?;
    let context = place(id, seen.id, key.user, key.provider.as_str());
    let sealed = keyring.seal(&context, wanted.key.trim().as_bytes()).map_err(ApiError::internal)?;
    provider_key_store(&mut tx, seen.id, id, &key, &sealed, me).await.map_err(text_refused)?;
    let stored = provider_key_show(&mut tx, seen.id, id).await?;
    tx.commit().await?;
    Ok((StatusCode::CREATED, Json(stored.ok_or_else(|| ApiError::not_found("provider key"))?)))
}
