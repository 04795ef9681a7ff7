//! `/api/clients/{id}/members`: who belongs to a client, and as what. Asked of SMM.

use hg_common::http::{ApiError, Json, PageQuery, Query};
use hg_contracts::smm::{ChangeMember, ListMembers, Member, PutMember};
use hg_types::UserId;

use super::{
    at_client::{AtClient, Below},
    envelope::{Failure, Nothing, Success},
    paging::listed,
};

/// The members of this very client, the strongest first.
#[utoipa::path(
    get, path = "/api/clients/{id}/members", tag = "people",
    params(("id" = String, Path, description = "Id or slug"), PageQuery),
    responses((status = 200, body = Success<Vec<Member>>), (status = 404, body = Failure), (status = 422, body = Failure))
)]
pub(crate) async fn list(
    AtClient { state, principal, id }: AtClient,
    Query(query): Query<PageQuery>,
) -> Result<Success<Vec<Member>>, ApiError> {
    let (smm, principal) = (&state.smm, &principal);
    listed(&query, |cursor, limit| async move {
        smm.list_members(principal, id, &ListMembers { cursor, limit: Some(limit), ..ListMembers::default() }).await
    })
    .await
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
    AtClient { state, principal, id }: AtClient,
    Json(member): Json<PutMember>,
) -> Result<Success<Member>, ApiError> {
    Success::of(state.smm.put_member(&principal, id, &member).await)
}

/// Changes the role of a member of this very client.
#[utoipa::path(
    put, path = "/api/clients/{id}/members/{user}", tag = "people",
    params(("id" = String, Path, description = "Id or slug"), ("user" = UserId, Path)),
    responses((status = 200, body = Success<Member>), (status = 404, body = Failure), (status = 409, body = Failure))
)]
pub(crate) async fn change(
    AtClient { state, principal, id }: AtClient,
    Below(member): Below<UserId>,
    Json(change): Json<ChangeMember>,
) -> Result<Success<Member>, ApiError> {
    Success::of(state.smm.change_member(&principal, id, member, &change).await)
}

/// Ends a membership of this very client.
#[utoipa::path(
    delete, path = "/api/clients/{id}/members/{user}", tag = "people",
    params(("id" = String, Path, description = "Id or slug"), ("user" = UserId, Path)),
    responses((status = 200, body = Success<Nothing>), (status = 404, body = Failure), (status = 409, body = Failure))
)]
pub(crate) async fn remove(
    AtClient { state, principal, id }: AtClient,
    Below(member): Below<UserId>,
) -> Result<Success<Nothing>, ApiError> {
    Success::of(state.smm.remove_member(&principal, id, member).await.map(|()| Nothing))
}

/// Ends the caller's own membership of this very client.
#[utoipa::path(
    post, path = "/api/clients/{id}/leave", tag = "people", params(("id" = String, Path, description = "Id or slug")),
    responses((status = 200, body = Success<Nothing>), (status = 404, body = Failure), (status = 409, body = Failure))
)]
pub(crate) async fn leave(AtClient { state, principal, id }: AtClient) -> Result<Success<Nothing>, ApiError> {
    Success::of(state.smm.leave_client(&principal, id).await.map(|()| Nothing))
}
