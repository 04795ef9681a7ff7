//! `/api/clients/{id}/provider-keys`: a client's own keys at providers. Asked of CPM, which seals them. A key goes in and never
//! comes out.

use axum::extract::State;
use hg_common::http::{ApiError, Json, PageQuery, Path, Query};
use hg_contracts::cpm::{ListProviderKeys, ProviderKeyInfo, StoreProviderKey, UpdateProviderKey};
use http::StatusCode;
use uuid::Uuid;

use super::{
    client_id,
    envelope::{Failure, Nothing, Success},
    paging::page_of,
};
use crate::{peer_error::peer_error, session::CurrentUser, state::AppState};

/// A client's provider keys, the newest first. For its members.
#[utoipa::path(
    get, path = "/api/clients/{id}/provider-keys", tag = "keys",
    params(("id" = String, Path, description = "Id or slug"), PageQuery),
    responses((status = 200, body = Success<Vec<ProviderKeyInfo>>), (status = 404, body = Failure), (status = 422, body = Failure))
)]
pub(crate) async fn list(
    State(state): State<AppState>,
    user: CurrentUser,
    Path(id): Path<String>,
    Query(query): Query<PageQuery>,
) -> Result<Success<Vec<ProviderKeyInfo>>, ApiError> {
    let principal = user.principal();
    let id = client_id(&state, &principal, &id).await?;
    let (cpm, principal) = (&state.cpm, &principal);
    let (page, place) = page_of(&query, |cursor, limit| async move {
        cpm.list_provider_keys(principal, id, &ListProviderKeys { cursor, limit: Some(limit) }).await
    })
    .await?;
    Ok(Success::list(page, place))
}

/// Stores a provider key. For the client's admins.
#[utoipa::path(
    post, path = "/api/clients/{id}/provider-keys", tag = "keys", params(("id" = String, Path, description = "Id or slug")),
    responses(
        (status = 201, body = Success<ProviderKeyInfo>), (status = 404, body = Failure), (status = 409, body = Failure),
        (status = 422, body = Failure)
    )
)]
pub(crate) async fn store(
    State(state): State<AppState>,
    user: CurrentUser,
    Path(id): Path<String>,
    Json(wanted): Json<StoreProviderKey>,
) -> Result<(StatusCode, Success<ProviderKeyInfo>), ApiError> {
    let principal = user.principal();
    let id = client_id(&state, &principal, &id).await?;
    let stored = state.cpm.store_provider_key(&principal, id, &wanted).await.map_err(peer_error)?;
    Ok((StatusCode::CREATED, Success::new(stored)))
}

/// Renames a provider key, disables or enables it.
#[utoipa::path(
    patch, path = "/api/clients/{id}/provider-keys/{provider_key}", tag = "keys",
    params(("id" = String, Path, description = "Id or slug"), ("provider_key" = Uuid, Path)),
    responses((status = 200, body = Success<ProviderKeyInfo>), (status = 404, body = Failure), (status = 422, body = Failure))
)]
pub(crate) async fn update(
    State(state): State<AppState>,
    user: CurrentUser,
    Path((id, key)): Path<(String, Uuid)>,
    Json(change): Json<UpdateProviderKey>,
) -> Result<Success<ProviderKeyInfo>, ApiError> {
    let principal = user.principal();
    let id = client_id(&state, &principal, &id).await?;
    state.cpm.update_provider_key(&principal, id, key, &change).await.map(Success::new).map_err(peer_error)
}

/// Asks the provider whether it takes a key.
#[utoipa::path(
    post, path = "/api/clients/{id}/provider-keys/{provider_key}/test", tag = "keys",
    params(("id" = String, Path, description = "Id or slug"), ("provider_key" = Uuid, Path)),
    responses((status = 200, body = Success<ProviderKeyInfo>), (status = 404, body = Failure), (status = 409, body = Failure))
)]
pub(crate) async fn test(
    State(state): State<AppState>,
    user: CurrentUser,
    Path((id, key)): Path<(String, Uuid)>,
) -> Result<Success<ProviderKeyInfo>, ApiError> {
    let principal = user.principal();
    let id = client_id(&state, &principal, &id).await?;
    state.cpm.test_provider_key(&principal, id, key).await.map(Success::new).map_err(peer_error)
}

/// Deletes a provider key for good.
#[utoipa::path(
    delete, path = "/api/clients/{id}/provider-keys/{provider_key}", tag = "keys",
    params(("id" = String, Path, description = "Id or slug"), ("provider_key" = Uuid, Path)),
    responses((status = 200, body = Success<Nothing>), (status = 404, body = Failure))
)]
pub(crate) async fn delete(
    State(state): State<AppState>,
    user: CurrentUser,
    Path((id, key)): Path<(String, Uuid)>,
) -> Result<Success<Nothing>, ApiError> {
    let principal = user.principal();
    let id = client_id(&state, &principal, &id).await?;
    state.cpm.delete_provider_key(&principal, id, key).await.map(|()| Success::new(Nothing)).map_err(peer_error)
}
