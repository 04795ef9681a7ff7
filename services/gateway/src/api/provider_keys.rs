//! `/api/clients/{id}/provider-keys`: a client's own keys at providers. Asked of CPM, which seals them. A key goes in and never
//! comes out.

use hg_common::http::{ApiError, Json, PageQuery, Query};
use hg_contracts::cpm::{ListProviderKeys, ProviderKeyInfo, StoreProviderKey, UpdateProviderKey};
use http::StatusCode;
use uuid::Uuid;

use super::{
    at_client::{AtClient, Below},
    envelope::{Failure, Nothing, Success},
    paging::listed,
};

/// A client's provider keys, the newest first. For its members.
#[utoipa::path(
    get, path = "/api/clients/{id}/provider-keys", tag = "keys",
    params(("id" = String, Path, description = "Id or slug"), PageQuery),
    responses((status = 200, body = Success<Vec<ProviderKeyInfo>>), (status = 404, body = Failure), (status = 422, body = Failure))
)]
pub(crate) async fn list(
    AtClient { state, principal, id }: AtClient,
    Query(query): Query<PageQuery>,
) -> Result<Success<Vec<ProviderKeyInfo>>, ApiError> {
    let (cpm, principal) = (&state.cpm, &principal);
    listed(&query, |cursor, limit| async move {
        cpm.list_provider_keys(principal, id, &ListProviderKeys { cursor, limit: Some(limit) }).await
    })
    .await
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
    AtClient { state, principal, id }: AtClient,
    Json(wanted): Json<StoreProviderKey>,
) -> Result<(StatusCode, Success<ProviderKeyInfo>), ApiError> {
    Success::created(state.cpm.store_provider_key(&principal, id, &wanted).await)
}

/// Renames a provider key, disables or enables it.
#[utoipa::path(
    patch, path = "/api/clients/{id}/provider-keys/{provider_key}", tag = "keys",
    params(("id" = String, Path, description = "Id or slug"), ("provider_key" = Uuid, Path)),
    responses((status = 200, body = Success<ProviderKeyInfo>), (status = 404, body = Failure), (status = 422, body = Failure))
)]
pub(crate) async fn update(
    AtClient { state, principal, id }: AtClient,
    Below(key): Below<Uuid>,
    Json(change): Json<UpdateProviderKey>,
) -> Result<Success<ProviderKeyInfo>, ApiError> {
    Success::of(state.cpm.update_provider_key(&principal, id, key, &change).await)
}

/// Asks the provider whether it takes a key.
#[utoipa::path(
    post, path = "/api/clients/{id}/provider-keys/{provider_key}/test", tag = "keys",
    params(("id" = String, Path, description = "Id or slug"), ("provider_key" = Uuid, Path)),
    responses((status = 200, body = Success<ProviderKeyInfo>), (status = 404, body = Failure), (status = 409, body = Failure))
)]
pub(crate) async fn test(
    AtClient { state, principal, id }: AtClient,
    Below(key): Below<Uuid>,
) -> Result<Success<ProviderKeyInfo>, ApiError> {
    Success::of(state.cpm.test_provider_key(&principal, id, key).await)
}

/// Deletes a provider key for good.
#[utoipa::path(
    delete, path = "/api/clients/{id}/provider-keys/{provider_key}", tag = "keys",
    params(("id" = String, Path, description = "Id or slug"), ("provider_key" = Uuid, Path)),
    responses((status = 200, body = Success<Nothing>), (status = 404, body = Failure))
)]
pub(crate) async fn delete(
    AtClient { state, principal, id }: AtClient,
    Below(key): Below<Uuid>,
) -> Result<Success<Nothing>, ApiError> {
    Success::of(state.cpm.delete_provider_key(&principal, id, key).await.map(|()| Nothing))
}
