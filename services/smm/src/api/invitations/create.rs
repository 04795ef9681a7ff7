//! `POST /clients/{client}/invitations`.

use axum::extract::State;
use hg_common::{
    auth::Caller,
    http::{ApiError, ErrorBody, Json, Path},
};
use hg_contracts::smm::{Invite, SentInvitation};
use hg_types::Role;
use http::StatusCode;

use crate::{
    api::{database, person, seen_client},
    domain::{
        access::{Action, permit},
        invitation::Link,
        membership::{Change, check, check_email},
    },
    state::AppState,
    store::{
        invitation::{invitation_create, invitation_fetch},
        member::member_list,
    },
};

/// Invites somebody to a client, whether they have an account or not. The answer's `token` is shown this once; it holds for
/// seven days, and for as long as the caller could still give the role.
#[utoipa::path(
    post, path = "/clients/{client}/invitations", tag = "invitations", request_body = Invite,
    params(("client" = String, Path, description = "The client's id or slug")),
    responses(
        (status = 201, body = SentInvitation),
        (status = 403, description = "The caller is no admin, or would give more than they have", body = ErrorBody),
        (status = 404, body = ErrorBody),
        (status = 409, description = "`already_invited`, `already_member`", body = ErrorBody),
        (status = 422, body = ErrorBody),
    )
)]
pub(crate) async fn create_invitation(
    State(state): State<AppState>,
    Caller(principal): Caller,
    Path(client): Path<String>,
    Json(invite): Json<Invite>,
) -> Result<(StatusCode, Json<SentInvitation>), ApiError> {
    let email = check_email(&invite.email)?;
    let mut tx = state.db.tenant(principal.scope()).await?;
    let seen = seen_client(&mut tx, &client).await?;
    permit(Action::Invite, seen.held)?;
    let me = person(&principal)?;
    let held = seen.held.unwrap_or(Role::Viewer);
    check(Change { held, before: None, after: Some(invite.role), owners: 0 })?;
    if member_list(&mut tx, seen.client.id).await?.iter().any(|member| member.email == email) {
        return Err(ApiError::conflict("already_member", "this person is a member: change the role instead"));
    }
    let (link, token) = Link::make();
    let id = invitation_create(&mut tx, seen.client.id, &email, invite.role, me, &link).await.map_err(database)?;
    let made = invitation_fetch(&mut tx, seen.client.id, id).await?;
    tx.commit().await?;
    let invitation = made.ok_or_else(|| ApiError::not_found("invitation"))?;
    Ok((StatusCode::CREATED, Json(SentInvitation { invitation, token })))
}
