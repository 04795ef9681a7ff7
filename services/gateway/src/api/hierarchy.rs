//! `/api/client-tree`, and what moves, archives, restores a client or says what deleting it would take along. Asked of SMM.

use axum::extract::State;
use hg_common::http::{ApiError, Json, Query};
use hg_contracts::smm::{Client, ClientTree, Deletion, MoveClient, TreeQuery};

use super::{
    at_client::AtClient,
    envelope::{Failure, Success},
};
use crate::{session::CurrentUser, state::AppState};

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
    Success::of(state.smm.client_tree(&user.principal(), &query).await)
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
    AtClient { state, principal, id }: AtClient,
    Json(to): Json<MoveClient>,
) -> Result<Success<Client>, ApiError> {
    Success::of(state.smm.move_client(&principal, id, &to).await)
}

/// Archives a client and everything below it: no new jobs, no API keys.
#[utoipa::path(
    post, path = "/api/clients/{id}/archive", tag = "clients", params(("id" = String, Path, description = "Id or slug")),
    responses((status = 200, body = Success<Client>), (status = 404, body = Failure), (status = 409, body = Failure))
)]
pub(crate) async fn archive(AtClient { state, principal, id }: AtClient) -> Result<Success<Client>, ApiError> {
    Success::of(state.smm.archive_client(&principal, id).await)
}

/// Brings a client back, with what was archived along with it.
#[utoipa::path(
    post, path = "/api/clients/{id}/restore", tag = "clients", params(("id" = String, Path, description = "Id or slug")),
    responses((status = 200, body = Success<Client>), (status = 404, body = Failure), (status = 409, body = Failure))
)]
pub(crate) async fn restore(AtClient { state, principal, id }: AtClient) -> Result<Success<Client>, ApiError> {
    Success::of(state.smm.restore_client(&principal, id).await)
}

/// What deleting a client would take along, and the confirmation that deleting it needs.
#[utoipa::path(
    get, path = "/api/clients/{id}/deletion", tag = "clients", params(("id" = String, Path, description = "Id or slug")),
    responses((status = 200, body = Success<Deletion>), (status = 404, body = Failure))
)]
pub(crate) async fn deletion(AtClient { state, principal, id }: AtClient) -> Result<Success<Deletion>, ApiError> {
    Success::of(state.smm.client_deletion(&principal, id).await)
}
