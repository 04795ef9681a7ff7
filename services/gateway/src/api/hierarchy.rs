//! `/api/client-tree`, and what moves, archives, restores a client or says what deleting it would take along. Asked of SMM.

use axum::extract::State;
use hg_common::http::{ApiError, Json, Path, Query};
use hg_contracts::smm::{Client, ClientTree, Deletion, MoveClient, TreeQuery};

use super::{
    client_id,
    envelope::{Failure, Success},
};
use crate::{peer_error::peer_error, session::CurrentUser, state::AppState};

/// The tree that the caller sees, with counts; flat, each client followed by what stands below it.
#[utoipa::path(
    get, path = "/api/client-tree", tag = "clients", params(TreeQuery),
    responses((status = 200, body = Success<ClientTree>), (status = 404, body = Failure), (status = 422, body = Failure))
)]
pub(crate) async fn tree(
    State(state): State<AppState>,
    user: CurrentUser,
    Query(query): Query<TreeQuery>,
) -> Result<Success<ClientTree>, ApiError> {
    state.smm.client_tree(&user.principal(), &query).await.map(Success::new).map_err(peer_error)
}

/// Puts a client, with everything below it, below another.
#[utoipa::path(
    post, path = "/api/clients/{id}/move", tag = "clients", params(("id" = String, Path, description = "Id or slug")),
    responses(
        (status = 200, body = Success<Client>), (status = 404, body = Failure), (status = 409, body = Failure),
        (status = 422, body = Failure)
    )
)]
pub(crate) async fn relocate(
    State(state): State<AppState>,
    user: CurrentUser,
    Path(id): Path<String>,
    Json(to): Json<MoveClient>,
) -> Result<Success<Client>, ApiError> {
    let principal = user.principal();
    let id = client_id(&state, &principal, &id).await?;
    state.smm.move_client(&principal, id, &to).await.map(Success::new).map_err(peer_error)
}

/// Archives a client and everything below it: no new jobs, no API keys.
#[utoipa::path(
    post, path = "/api/clients/{id}/archive", tag = "clients", params(("id" = String, Path, description = "Id or slug")),
    responses((status = 200, body = Success<Client>), (status = 404, body = Failure), (status = 409, body = Failure))
)]
pub(crate) async fn archive(
    State(state): State<AppState>,
    user: CurrentUser,
    Path(id): Path<String>,
) -> Result<Success<Client>, ApiError> {
    let principal = user.principal();
    let id = client_id(&state, &principal, &id).await?;
    state.smm.archive_client(&principal, id).await.map(Success::new).map_err(peer_error)
}

/// Brings a client back, with what was archived along with it.
#[utoipa::path(
    post, path = "/api/clients/{id}/restore", tag = "clients", params(("id" = String, Path, description = "Id or slug")),
    responses((status = 200, body = Success<Client>), (status = 404, body = Failure), (status = 409, body = Failure))
)]
pub(crate) async fn restore(
    State(state): State<AppState>,
    user: CurrentUser,
    Path(id): Path<String>,
) -> Result<Success<Client>, ApiError> {
    let principal = user.principal();
    let id = client_id(&state, &principal, &id).await?;
    state.smm.restore_client(&principal, id).await.map(Success::new).map_err(peer_error)
}

/// What deleting a client would take along, and the confirmation that deleting it needs.
#[utoipa::path(
    get, path = "/api/clients/{id}/deletion", tag = "clients", params(("id" = String, Path, description = "Id or slug")),
    responses((status = 200, body = Success<Deletion>), (status = 404, body = Failure))
)]
pub(crate) async fn deletion(
    State(state): State<AppState>,
    user: CurrentUser,
    Path(id): Path<String>,
) -> Result<Success<Deletion>, ApiError> {
    let principal = user.principal();
    let id = client_id(&state, &principal, &id).await?;
    state.smm.client_deletion(&principal, id).await.map(Success::new).map_err(peer_error)
}
