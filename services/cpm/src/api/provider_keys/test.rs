//! `POST /clients/{client}/provider-keys/{provider_key}/test`.

use axum::extract::State;
use hg_common::{
    auth::Caller,
    http::{ApiError, ErrorBody, Json, Path, error_chain},
};
use hg_contracts::cpm::{ProviderKeyInfo, ProviderKeyVerdict};
use hg_llm::{KeyCheck, Secret};
use uuid::Uuid;

use super::{administered, keyring, place, provider_named};
use crate::{
    api::caller::person,
    state::AppState,
    store::{
        provider_key_care::{provider_key_show, provider_key_tested},
        provider_keys::{SealedProviderKey, provider_key_fetch},
    },
};

/// Tries per minute and client: each asks somebody else's service.
const TRIES: u32 = 10;

/// Asks the provider whether it takes the key, by a call that costs nothing, for at most ten seconds. `unknown`: it gave no
/// answer that says.
#[utoipa::path(
    post, path = "/clients/{client}/provider-keys/{provider_key}/test", tag = "provider keys",
    params(("client" = String, Path, description = "The client's id or slug"), ("provider_key" = Uuid, Path, description = "The key")),
    responses(
        (status = 200, description = "The key with the verdict", body = ProviderKeyInfo),
        (status = 401, body = ErrorBody),
        (status = 403, description = "The caller is no admin of the client, or no person", body = ErrorBody),
        (status = 404, body = ErrorBody),
        (status = 409, description = "`provider_key_disabled`, `provider_key_unusable`, `unknown_provider`", body = ErrorBody),
        (status = 429, body = ErrorBody),
        (status = 503, description = "`secrets_not_configured`", body = ErrorBody),
    )
)]
pub async fn provider_key_try(
    State(state): State<AppState>,
    Caller(principal): Caller,
    Path((client, id)): Path<(String, Uuid)>,
) -> Result<Json<ProviderKeyInfo>, ApiError> {
    let mut tx = state.db.tenant(principal.scope()).await?;
    let seen = administered(&mut tx, &client).await?;
    person(&principal)?;
    provider_key_show(&mut tx, seen.id, id).await?.ok_or_else(|| ApiError::not_found("provider key"))?;
    let sealed = provider_key_fetch(&mut tx, seen.id, id).await?;
    // No connection is held while somebody else is asked.
    tx.commit().await?;
    let sealed =
        sealed.ok_or_else(|| ApiError::conflict("provider_key_disabled", "the key is disabled: enable it first"))?;
    if let Some(wait) = state.throttle.over(&format!("provider-key:{}", seen.id), TRIES).await {
        return Err(ApiError::too_many_requests(wait));
    }
    let verdict = ask(&state, &sealed).await?;

    let mut tx = state.db.tenant(principal.scope()).await?;
    provider_key_tested(&mut tx, seen.id, id, verdict).await?;
    let key = provider_key_show(&mut tx, seen.id, id).await?;
    tx.commit().await?;
    key.map(Json).ok_or_else(|| ApiError::not_found("provider key"))
}

async fn ask(state: &AppState, sealed: &SealedProviderKey) -> Result<ProviderKeyVerdict, ApiError> {
    let context = place(sealed.id, sealed.client_id.into(), sealed.user_id.map(Into::into), &sealed.provider);
    let unusable =
        || ApiError::conflict("provider_key_unusable", "the stored key can't be opened any more: store it again");
    let opened = keyring(state)?.open(&context, &sealed.sealed).map_err(|error| {
        tracing::error!(key = %sealed.id, error = %error_chain(&error), "a stored provider key doesn't open");
        unusable()
    })?;
    let key = String::from_utf8(opened).map(Secret::new).map_err(|_| unusable())?;
    let provider = provider_named(&sealed.provider)?;
    let adapter = state
        .catalogue
        .registry()
        .adapter_with_key(provider, &key)
        .map_err(|error| ApiError::conflict("provider_key_unusable", error.to_string()))?;
    Ok(match adapter.check_key().await {
        KeyCheck::Accepted => ProviderKeyVerdict::Accepted,
        KeyCheck::Refused => ProviderKeyVerdict::Refused,
        KeyCheck::Unknown => ProviderKeyVerdict::Unknown,
    })
}
