//! `/api/clients/{id}/api-keys`: keys by which trusted services call content production. Asked of CPM.
//!
//! A secret is in the one answer that makes it, and is not kept here.

use hg_common::http::{ApiError, Json, PageQuery, Query};
use hg_contracts::cpm::{ApiKeyInfo, ApiKeyState, CreateApiKey, ListApiKeys, NewApiKey, RotateApiKey, UpdateApiKey};
use hg_types::ApiKeyId;
use http::StatusCode;
use serde::Deserialize;
use utoipa::IntoParams;

use super::{
    at_client::{AtClient, Below},
    envelope::{Failure, Success},
    paging::listed,
};

/// Which keys to list.
#[derive(Debug, Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub(crate) struct ApiKeysQuery {
    /// Only those in this state.
    #[param(inline)]
    state: Option<ApiKeyState>,
    #[serde(flatten)]
    #[param(ignore)]
    page: PageQuery,
}

/// A client's API keys, the newest first, without their secrets. For its admins.
#[utoipa::path(
    get, path = "/api/clients/{id}/api-keys", tag = "keys",
    params(("id" = String, Path, description = "Id or slug"), ApiKeysQuery, PageQuery),
    responses((status = 200, body = Success<Vec<ApiKeyInfo>>), (status = 404, body = Failure), (status = 422, body = Failure))
)]
pub(crate) async fn list(
    AtClient { state, principal, id }: AtClient,
    Query(query): Query<ApiKeysQuery>,
) -> Result<Success<Vec<ApiKeyInfo>>, ApiError> {
    let (cpm, principal, wanted) = (&state.cpm, &principal, query.state);
    listed(&query.page, |cursor, limit| async move {
        cpm.list_api_keys(principal, id, &ListApiKeys { state: wanted, cursor, limit: Some(limit) }).await
    })
    .await
}

/// Makes an API key. The answer has its secret, this once.
#[utoipa::path(
    post, path = "/api/clients/{id}/api-keys", tag = "keys", params(("id" = String, Path, description = "Id or slug")),
    responses(
        (status = 201, body = Success<NewApiKey>), (status = 404, body = Failure), (status = 409, body = Failure),
        (status = 422, body = Failure)
    )
)]
pub(crate) async fn create(
    AtClient { state, principal, id }: AtClient,
    Json(wanted): Json<CreateApiKey>,
) -> Result<(StatusCode, Success<NewApiKey>), ApiError> {
    Success::created(state.cpm.create_api_key(&principal, id, &wanted).await)
}

/// One API key, without its secret.
#[utoipa::path(
    get, path = "/api/clients/{id}/api-keys/{api_key}", tag = "keys",
    params(("id" = String, Path, description = "Id or slug"), ("api_key" = ApiKeyId, Path)),
    responses((status = 200, body = Success<ApiKeyInfo>), (status = 404, body = Failure))
)]
pub(crate) async fn fetch(
    AtClient { state, principal, id }: AtClient,
    Below(key): Below<ApiKeyId>,
) -> Result<Success<ApiKeyInfo>, ApiError> {
    Success::of(state.cpm.get_api_key(&principal, id, key).await)
}

/// Changes an API key: what is left out stays, `null` takes an end or a limit away.
#[utoipa::path(
    patch, path = "/api/clients/{id}/api-keys/{api_key}", tag = "keys",
    params(("id" = String, Path, description = "Id or slug"), ("api_key" = ApiKeyId, Path)),
    responses(
        (status = 200, body = Success<ApiKeyInfo>), (status = 404, body = Failure), (status = 409, body = Failure),
        (status = 422, body = Failure)
    )
)]
pub(crate) async fn update(
    AtClient { state, principal, id }: AtClient,
    Below(key): Below<ApiKeyId>,
    Json(change): Json<UpdateApiKey>,
) -> Result<Success<ApiKeyInfo>, ApiError> {
    Success::of(state.cpm.update_api_key(&principal, id, key, &change).await)
}

/// Gives an API key a new secret, this once in the answer. The old one goes on for `overlap_seconds`.
#[utoipa::path(
    post, path = "/api/clients/{id}/api-keys/{api_key}/rotate", tag = "keys",
    params(("id" = String, Path, description = "Id or slug"), ("api_key" = ApiKeyId, Path)),
    responses(
        (status = 200, body = Success<NewApiKey>), (status = 404, body = Failure), (status = 409, body = Failure),
        (status = 422, body = Failure)
    )
)]
pub(crate) async fn rotate(
    AtClient { state, principal, id }: AtClient,
    Below(key): Below<ApiKeyId>,
    Json(wanted): Json<RotateApiKey>,
) -> Result<Success<NewApiKey>, ApiError> {
    Success::of(state.cpm.rotate_api_key(&principal, id, key, &wanted).await)
}

/// Ends an API key with all its secrets, for good.
#[utoipa::path(
    delete, path = "/api/clients/{id}/api-keys/{api_key}", tag = "keys",
    params(("id" = String, Path, description = "Id or slug"), ("api_key" = ApiKeyId, Path)),
    responses((status = 200, body = Success<ApiKeyInfo>), (status = 404, body = Failure))
)]
pub(crate) async fn revoke(
    AtClient { state, principal, id }: AtClient,
    Below(key): Below<ApiKeyId>,
) -> Result<Success<ApiKeyInfo>, ApiError> {
    Success::of(state.cpm.revoke_api_key(&principal, id, key).await)
}
