//! `POST /clients/{client}/api-keys/{api_key}/rotate`.

use axum::extract::State;
use hg_common::{
    auth::Caller,
    http::{ApiError, ErrorBody, Json, Path},
};
use hg_contracts::cpm::{NewApiKey, RotateApiKey};
use hg_types::ApiKeyId;
use uuid::Uuid;

use super::{administered, as_it_is, living, not_the_operators, secret};
use crate::{
    api::{caller::person, error::text_refused},
    domain::keys::overlap,
    state::AppState,
    store::api_keys::api_key_rotate,
};

/// Gives a key a new secret; the key itself, its scopes, limits and jobs stay. The old secret goes on for `overlap_seconds`, so
/// that the service can change over; 0 ends it at once, and with it one that was still going on from an earlier rotation.
#[utoipa::path(
    post, path = "/clients/{client}/api-keys/{api_key}/rotate", tag = "api keys", request_body = RotateApiKey,
    params(("client" = String, Path, description = "The client's id or slug"), ("api_key" = Uuid, Path, description = "The key")),
    responses(
        (status = 200, body = NewApiKey),
        (status = 401, body = ErrorBody),
        (status = 403, description = "The caller is no admin of the client, or no person", body = ErrorBody),
        (status = 404, body = ErrorBody),
        (status = 409, description = "`rotation_under_way`, `api_key_revoked`, `api_key_expired`, `managed_by_environment`, `client_erased`", body = ErrorBody),
        (status = 422, body = ErrorBody),
    )
)]
pub async fn api_key_renew(
    State(state): State<AppState>,
    Caller(principal): Caller,
    Path((client, key)): Path<(String, Uuid)>,
    Json(wanted): Json<RotateApiKey>,
) -> Result<Json<NewApiKey>, ApiError> {
    let id = ApiKeyId(key);
    let mut tx = state.db.tenant(principal.scope()).await?;
    let seen = administered(&mut tx, &client).await?;
    let me = person(&principal)?;
    let overlap = overlap(wanted.overlap_seconds)?;
    let before = living(&mut tx, seen.id, id).await?;
    not_the_operators(&before)?;
    if let Some(old) = before.old_secret.filter(|_| overlap > 0) {
        // A second click must not end what the service still uses.
        let message = format!(
            "an old secret ({}…) goes on until {}: wait, or rotate with overlap_seconds 0, which ends both",
            old.prefix,
            old.expires_at.format("%Y-%m-%d %H:%M UTC")
        );
        return Err(ApiError::conflict("rotation_under_way", message));
    }
    let (key, stored) = secret();
    api_key_rotate(&mut tx, seen.id, id, &stored, overlap, me).await.map_err(text_refused)?;
    let api_key = as_it_is(&mut tx, seen.id, id).await?;
    tx.commit().await?;
    state.known_keys.forget();
    tracing::info!(api_key = %id, client = %seen.id, overlap, "an API key has a new secret");
    Ok(Json(NewApiKey { secret: key.reveal().to_owned(), api_key }))
}
