//! `/api/clients/{id}/invitations`, `/api/invitations/*`: one-use links by which somebody becomes a member. Asked of SMM.
//!
//! A link's secret travels in bodies only: addresses are logged by whatever stands in between.

use axum::extract::State;
use hg_common::http::{ApiError, ClientAddress, Json, PageQuery, Path, Query};
use hg_contracts::smm::{
    AcceptedInvitation, Invitation, InvitationPreview, InvitationState, InvitationToken, Invite, ListInvitations,
    SentInvitation,
};
use hg_types::InvitationId;
use http::StatusCode;
use serde::Deserialize;
use utoipa::IntoParams;

use super::{
    client_id,
    envelope::{Failure, Nothing, Success},
    paging::page_of,
};
use crate::{peer_error::peer_error, session::CurrentUser, state::AppState};

/// Which invitations to list.
#[derive(Debug, Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub(crate) struct InvitationsQuery {
    /// Only those in this state.
    #[param(inline)]
    state: Option<InvitationState>,
    #[serde(flatten)]
    #[param(ignore)]
    page: PageQuery,
}

/// A client's invitations, the latest first.
#[utoipa::path(
    get, path = "/api/clients/{id}/invitations", tag = "people",
    params(("id" = String, Path, description = "Id or slug"), InvitationsQuery, PageQuery),
    responses((status = 200, body = Success<Vec<Invitation>>), (status = 404, body = Failure), (status = 422, body = Failure))
)]
pub(crate) async fn list(
    State(state): State<AppState>,
    user: CurrentUser,
    Path(id): Path<String>,
    Query(query): Query<InvitationsQuery>,
) -> Result<Success<Vec<Invitation>>, ApiError> {
    let principal = user.principal();
    let id = client_id(&state, &principal, &id).await?;
    let (smm, principal, wanted) = (&state.smm, &principal, query.state);
    let (page, place) = page_of(&query.page, |cursor, limit| async move {
        smm.list_invitations(principal, id, &ListInvitations { state: wanted, cursor, limit: Some(limit) }).await
    })
    .await?;
    Ok(Success::list(page, place))
}

/// Invites somebody. The answer has the secret of the link, `<PUBLIC_URL>/invitations/<token>`, this once.
#[utoipa::path(
    post, path = "/api/clients/{id}/invitations", tag = "people", params(("id" = String, Path, description = "Id or slug")),
    responses(
        (status = 201, body = Success<SentInvitation>), (status = 404, body = Failure), (status = 409, body = Failure),
        (status = 422, body = Failure)
    )
)]
pub(crate) async fn create(
    State(state): State<AppState>,
    user: CurrentUser,
    Path(id): Path<String>,
    Json(invite): Json<Invite>,
) -> Result<(StatusCode, Success<SentInvitation>), ApiError> {
    let principal = user.principal();
    let id = client_id(&state, &principal, &id).await?;
    let sent = state.smm.invite(&principal, id, &invite).await.map_err(peer_error)?;
    Ok((StatusCode::CREATED, Success::new(sent)))
}

/// Makes a new link for an invitation and ends the old one.
#[utoipa::path(
    post, path = "/api/clients/{id}/invitations/{invitation}/resend", tag = "people",
    params(("id" = String, Path, description = "Id or slug"), ("invitation" = InvitationId, Path)),
    responses((status = 200, body = Success<SentInvitation>), (status = 404, body = Failure), (status = 409, body = Failure))
)]
pub(crate) async fn resend(
    State(state): State<AppState>,
    user: CurrentUser,
    Path((id, invitation)): Path<(String, InvitationId)>,
) -> Result<Success<SentInvitation>, ApiError> {
    let principal = user.principal();
    let id = client_id(&state, &principal, &id).await?;
    state.smm.resend_invitation(&principal, id, invitation).await.map(Success::new).map_err(peer_error)
}

/// Takes an invitation back.
#[utoipa::path(
    delete, path = "/api/clients/{id}/invitations/{invitation}", tag = "people",
    params(("id" = String, Path, description = "Id or slug"), ("invitation" = InvitationId, Path)),
    responses((status = 200, body = Success<Nothing>), (status = 404, body = Failure), (status = 409, body = Failure))
)]
pub(crate) async fn revoke(
    State(state): State<AppState>,
    user: CurrentUser,
    Path((id, invitation)): Path<(String, InvitationId)>,
) -> Result<Success<Nothing>, ApiError> {
    let principal = user.principal();
    let id = client_id(&state, &principal, &id).await?;
    let revoked = state.smm.revoke_invitation(&principal, id, invitation).await;
    revoked.map(|()| Success::new(Nothing)).map_err(peer_error)
}

/// What a link offers. Spends nothing.
#[utoipa::path(
    post, path = "/api/invitations/preview", tag = "people",
    responses((status = 200, body = Success<InvitationPreview>), (status = 404, body = Failure))
)]
pub(crate) async fn preview(
    State(state): State<AppState>,
    user: CurrentUser,
    address: ClientAddress,
    Json(token): Json<InvitationToken>,
) -> Result<Success<InvitationPreview>, ApiError> {
    state.attempts.invitation(address).await?;
    state.smm.invitation_preview(&user.principal(), &token).await.map(Success::new).map_err(peer_error)
}

/// Accepts an invitation as the signed-in person, whose address it must name.
#[utoipa::path(
    post, path = "/api/invitations/accept", tag = "people",
    responses((status = 200, body = Success<AcceptedInvitation>), (status = 404, body = Failure), (status = 409, body = Failure))
)]
pub(crate) async fn accept(
    State(state): State<AppState>,
    user: CurrentUser,
    address: ClientAddress,
    Json(token): Json<InvitationToken>,
) -> Result<Success<AcceptedInvitation>, ApiError> {
    state.attempts.invitation(address).await?;
    state.smm.accept_invitation(&user.principal(), &token).await.map(Success::new).map_err(peer_error)
}
