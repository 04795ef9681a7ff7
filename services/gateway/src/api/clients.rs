//! `/api/clients`: the hierarchy, as far as the caller sees it. Asked of SMM.

use axum::extract::State;
use hg_common::http::{ApiError, Json, PageQuery, Path, Query};
use hg_contracts::smm::{
    Archived, Client, CreateClient, DeleteClient, Hierarchy, HierarchyQuery, ListClients, UpdateClient,
};
use hg_types::ClientType;
use http::StatusCode;
use serde::Deserialize;
use utoipa::IntoParams;

use super::{
    at_client::AtClient,
    client_id,
    envelope::{Failure, Nothing, Success},
    paging::listed,
};
use crate::{session::CurrentUser, state::AppState};

/// Which clients to list.
#[derive(Debug, Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub(crate) struct ClientsQuery {
    /// Part of the name or slug.
    q: Option<String>,
    /// Only this level.
    #[serde(rename = "type")]
    #[param(rename = "type")]
    client_type: Option<ClientType>,
    /// Only what stands directly below this client (id or slug).
    parent_id: Option<String>,
    /// What to do with archived clients: `include` (where it is left out), `exclude`, `only`.
    #[param(inline)]
    archived: Option<Archived>,
    #[serde(flatten)]
    #[param(ignore)]
    page: PageQuery,
}

/// The clients that the caller sees, by name.
#[utoipa::path(
    get, path = "/api/clients", tag = "clients", params(ClientsQuery, PageQuery),
    responses((status = 200, body = Success<Vec<Client>>), (status = 422, body = Failure))
)]
pub(crate) async fn list(
    State(state): State<AppState>,
    user: CurrentUser,
    Query(query): Query<ClientsQuery>,
) -> Result<Success<Vec<Client>>, ApiError> {
    let principal = user.principal();
    let parent_id = match &query.parent_id {
        Some(parent) => Some(client_id(&state, &principal, parent).await?),
        None => None,
    };
    let filter = ListClients {
        q: query.q,
        client_type: query.client_type,
        parent_id,
        archived: query.archived,
        ..ListClients::default()
    };
    let (smm, principal) = (&state.smm, &principal);
    listed(&query.page, |cursor, limit| {
        let filter = ListClients { cursor, limit: Some(limit), ..filter.clone() };
        async move { smm.list_clients(principal, &filter).await }
    })
    .await
}

/// Makes a client below one that the caller manages.
#[utoipa::path(
    post, path = "/api/clients", tag = "clients",
    responses((status = 201, body = Success<Client>), (status = 404, body = Failure), (status = 422, body = Failure))
)]
pub(crate) async fn create(
    State(state): State<AppState>,
    user: CurrentUser,
    Json(new): Json<CreateClient>,
) -> Result<(StatusCode, Success<Client>), ApiError> {
    Success::created(state.smm.create_client(&user.principal(), &new).await)
}

/// One client, by id or slug.
#[utoipa::path(
    get, path = "/api/clients/{id}", tag = "clients", params(("id" = String, Path, description = "Id or slug")),
    responses((status = 200, body = Success<Client>), (status = 404, body = Failure))
)]
pub(crate) async fn fetch(
    State(state): State<AppState>,
    user: CurrentUser,
    Path(id): Path<String>,
) -> Result<Success<Client>, ApiError> {
    Success::of(state.smm.get_client(&user.principal(), &id).await)
}

/// Changes a client; what is left out stays.
#[utoipa::path(
    put, path = "/api/clients/{id}", tag = "clients", params(("id" = String, Path, description = "Id or slug")),
    responses((status = 200, body = Success<Client>), (status = 404, body = Failure), (status = 422, body = Failure))
)]
pub(crate) async fn update(
    AtClient { state, principal, id }: AtClient,
    Json(change): Json<UpdateClient>,
) -> Result<Success<Client>, ApiError> {
    Success::of(state.smm.update_client(&principal, id, &change).await)
}

/// Deletes an empty client; with the confirmation of `GET /api/clients/{id}/deletion` one that isn't, with all that
/// belongs to it.
#[utoipa::path(
    delete, path = "/api/clients/{id}", tag = "clients",
    params(("id" = String, Path, description = "Id or slug"), DeleteClient),
    responses((status = 200, body = Success<Nothing>), (status = 404, body = Failure), (status = 409, body = Failure))
)]
pub(crate) async fn delete(
    AtClient { state, principal, id }: AtClient,
    Query(query): Query<DeleteClient>,
) -> Result<Success<Nothing>, ApiError> {
    let deleted = match query.confirmation.as_deref().filter(|text| !text.is_empty()) {
        Some(confirmation) => state.smm.delete_client_whole(&principal, id, confirmation).await,
        None => state.smm.delete_client(&principal, id).await,
    };
    Success::of(deleted.map(|()| Nothing))
}

/// What is above and below a client.
#[utoipa::path(
    get, path = "/api/clients/{id}/hierarchy", tag = "clients",
    params(("id" = String, Path, description = "Id or slug"), HierarchyQuery),
    responses((status = 200, body = Success<Hierarchy>), (status = 404, body = Failure), (status = 422, body = Failure))
)]
pub(crate) async fn hierarchy(
    AtClient { state, principal, id }: AtClient,
    Query(query): Query<HierarchyQuery>,
) -> Result<Success<Hierarchy>, ApiError> {
    Success::of(state.smm.hierarchy(&principal, id, &query).await)
}
