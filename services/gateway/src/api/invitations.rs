//! `/api/clients/{id}/invitations`, `/api/invitations/*`: one-use links by which somebody becomes a member. Asked of SMM.
//!
//! A link's secret travels in bodies only: addresses are logged by whatever stands in between.

use axum::extract::State;
use hg_common::http::{ApiError, ClientAddress, Json, PageQuery, Query};
use hg_contracts::smm::{
    AcceptedInvitation, Invitation, InvitationPreview, InvitationState, InvitationToken, Invite, ListInvitations,
    SentInvitation,
};
use hg_types::InvitationId;
use http::StatusCode;
use serde::Deserialize;
use utoipa::IntoParams;

use super::{
    at_client::{AtClient, Below},
    envelope::{Failure, Nothing, Success},
    paging::listed,
};
use crate::{session::CurrentUser, state::AppState};

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
    AtClient { state, principal, id }: AtClient,
    Query(query): Query<InvitationsQuery>,
) -> Result<Success<Vec<Invitation>>, ApiError> {
    let (smm, principal, wanted) = (&state.smm, &principal, query.state);
    listed(&query.page, |cursor, limit| async move {
        smm.list_invitations(principal, id, &ListInvitations { state: wanted, cursor, limit: Some(limit) }).await
    })
    .await
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
    AtClient { state, principal, id }: AtClient,
    Json(invite): Json<Invite>,
) -> Result<(StatusCode, Success<SentInvitation>), ApiError> {
    Success::created(state.smm.invite(&principal, id, &invite).await)
}

/// Makes a new link for an invitation and ends the old one.
#[utoipa::path(
    post, path = "/api/clients/{id}/invitations/{invitation}/resend", tag = "people",
    params(("id" = String, Path, description = "Id or slug"), ("invitation" = InvitationId, Path)),
    responses((status = 200, body = Success<SentInvitation>), (status = 404, body = Failure), (status = 409, body = Failure))
)]
pub(crate) async fn resend(
    AtClient { state, principal, id }: AtClient,
    Below(invitation): Below<InvitationId>,
) -> Result<Success<SentInvitation>, ApiError> {
    Success::of(state.smm.resend_invitation(&principal, id, invitation).await)
}

/// Takes an invitation back.
#[utoipa::path(
    delete, path = "/api/clients/{id}/invitations/{invitation}", tag = "people",
    params(("id" = String, Path, description = "Id or slug"), ("invitation" = InvitationId, Path)),
    responses((status = 200, body = Success<Nothing>), (status = 404, body = Failure), (status = 409, body = Failure))
)]
pub(crate) async fn revoke(
    AtClient { state, principal, id }: AtClient,
    Below(invitation): Below<InvitationId>,
) -> Result<Success<Nothing>, ApiError> {
    let revoked = state.smm.revoke_invitation(&principal, id, invitation).await;
    Success::of(revoked.map(|()| Nothing))
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
    Success::of(state.smm.invitation_preview(&user.principal(), &token).await)
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
    Success::of(state.smm.accept_invitation(&user.principal(), &token).await)
}
