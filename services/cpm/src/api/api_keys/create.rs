//! `POST /clients/{client}/api-keys`.

use axum::extract::State;
use hg_common::{
    auth::Caller,
    http::{ApiError, ErrorBody, Json, Path},
};
use hg_contracts::cpm::{CreateApiKey, NewApiKey};
use http::StatusCode;

use super::{administered, as_it_is, bounds, secret};
use crate::{
    api::{caller::person, error::text_refused},
    domain::keys::{MOST_API_KEYS, new_api_key},
    state::AppState,
    store::api_keys::{api_key_create, api_keys_alive},
};

/// Makes a key for a trusted service. Its secret is in this answer and nowhere else, ever.
#[utoipa::path(
    post, path = "/clients/{client}/api-keys", tag = "api keys", request_body = CreateApiKey,
    params(("client" = String, Path, description = "The client's id or slug")),
    responses(
        (status = 201, body = NewApiKey),
        (status = 401, body = ErrorBody),
        (status = 403, description = "The caller is no admin of the client, or no person", body = ErrorBody),
        (status = 404, body = ErrorBody),
        (status = 409, description = "`too_many_api_keys`, `client_archived`, `client_erased`", body = ErrorBody),
        (status = 422, description = "One entry per field that can't be accepted", body = ErrorBody),
    )
)]
pub async fn api_key_make(
    State(state): State<AppState>,
    Caller(principal): Caller,
    Path(client): Path<String>,
    Json(wanted): Json<CreateApiKey>,
) -> Result<(StatusCode, Json<NewApiKey>), ApiError> {
    let mut tx = state.db.tenant(principal.scope()).await?;
    let seen = administered(&mut tx, &client).await?;
    let me = person(&principal)?;
    let wanted = new_api_key(&wanted, &bounds(&state))?;
    if seen.is_archived {
        return Err(ApiError::conflict("client_archived", "the client is archived: its keys open nothing"));
    }
    if api_keys_alive(&mut tx, seen.id).await? >= MOST_API_KEYS {
        let message = format!("the client has {MOST_API_KEYS} living API keys, which is the most: revoke one first");
        return Err(ApiError::conflict("too_many_api_keys", message));
    }
    let (key, stored) = secret();
    let id = api_key_create(&mut tx, seen.id, &wanted, &stored, me).await.map_err(text_refused)?;
    let api_key = as_it_is(&mut tx, seen.id, id).await?;
    tx.commit().await?;
    tracing::info!(api_key = %id, client = %seen.id, "an API key was made");
    Ok((StatusCode::CREATED, Json(NewApiKey { secret: key.reveal().to_owned(), api_key })))
}
