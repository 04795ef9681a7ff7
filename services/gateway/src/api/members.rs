//! `/api/clients/{id}/members`: who belongs to a client, and as what. Asked of SMM.

use axum::extract::State;
use hg_common::http::{ApiError, Json, PageQuery, Path, Query};
use hg_contracts::smm::{ChangeMember, ListMembers, Member, PutMember};
use hg_types::UserId;

use super::{
    client_id,
    envelope::{Failure, Nothing, Success},
    paging::page_of,
};
use crate::{peer_error::peer_error, session::CurrentUser, state::AppState};

/// The members of this very client, the strongest first.
#[utoipa::path(
    get, path = "/api/clients/{id}/members", tag = "people",
    params(("id" = String, Path, description = "Id or slug"), PageQuery),
    responses((status = 200, body = Success<Vec<Member>>), (status = 404, body = Failure), (status = 422, body = Failure))
)]
pub(crate) async fn list(
    State(state): State<AppState>,
    user: CurrentUser,
    Path(id): Path<String>,
    Query(query): Query<PageQuery>,
) -> Result<Success<Vec<Member>>, ApiError> {
    let principal = user.principal();
    let id = client_id(&state, &principal, &id).await?;
    let (smm, principal) = (&state.smm, &principal);
    let (page, place) = page_of(&query, |cursor, limit| async move {
        smm.list_members(principal, id, &ListMembers { cursor, limit: Some(limit), ..ListMembers::default() }).await
    })
    .await?;
    Ok(Success::list(page, place))
}

/// Makes the owner of an account a member, or changes the role. Whoever has no account is invited.
#[utoipa::path(
    put, path = "/api/clients/{id}/members", tag = "people", params(("id" = String, Path, description = "Id or slug")),
    responses(
        (status = 200, body = Success<Member>), (status = 404, body = Failure), (status = 409, body = Failure),
        (status = 422, body = Failure)
    )
)]
pub(crate) async fn put(
    State(state): State<AppState>,
    user: CurrentUser,
    Path(id): Path<String>,
    Json(member): Json<PutMember>,
) -> Result<Success<Member>, ApiError> {
    let principal = user.principal();
    let id = client_id(&state, &principal, &id).await?;
    state.smm.put_member(&principal, id, &member).await.map(Success::new).map_err(peer_error)
}

/// Changes the role of a member of this very client.
#[utoipa::path(
    put, path = "/api/clients/{id}/members/{user}", tag = "people",
    params(("id" = String, Path, description = "Id or slug"), ("user" = UserId, Path)),
    responses((status = 200, body = Success<Member>), (status = 404, body = Failure), (status = 409, body = Failure))
)]
pub(crate) async fn change(
    State(state): State<AppState>,
    user: CurrentUser,
    Path((id, member)): Path<(String, UserId)>,
    Json(change): Json<ChangeMember>,
) -> Result<Success<Member>, ApiError> {
    let principal = user.principal();
    let id = client_id(&state, &principal, &id).await?;
    state.smm.change_member(&principal, id, member, &change).await.map(Success::new).map_err(peer_error)
}

/// Ends a membership of this very client.
#[utoipa::path(
    delete, path = "/api/clients/{id}/members/{user}", tag = "people",
    params(("id" = String, Path, description = "Id or slug"), ("user" = UserId, Path)),
    responses((status = 200, body = Success<Nothing>), (status = 404, body = Failure), (status = 409, body = Failure))
)]
pub(crate) async fn remove(
    State(state): State<AppState>,
    user: CurrentUser,
    Path((id, member)): Path<(String, UserId)>,
) -> Result<Success<Nothing>, ApiError> {
    let principal = user.principal();
    let id = client_id(&state, &principal, &id).await?;
    state.smm.remove_member(&principal, id, member).await.map(|()| Success::new(Nothing)).map_err(peer_error)
}

/// Ends the caller's own membership of this very client.
#[utoipa::path(
    post, path = "/api/clients/{id}/leave", tag = "people", params(("id" = String, Path, description = "Id or slug")),
    responses((status = 200, body = Success<Nothing>), (status = 404, body = Failure), (status = 409, body = Failure))
)]
pub(crate) async fn leave(
    State(state): State<AppState>,
    user: CurrentUser,
    Path(id): Path<String>,
) -> Result<Success<Nothing>, ApiError> {
    let principal = user.principal();
    let id = client_id(&state, &principal, &id).await?;
    state.smm.leave_client(&principal, id).await.map(|()| Success::new(Nothing)).map_err(peer_error)
}
