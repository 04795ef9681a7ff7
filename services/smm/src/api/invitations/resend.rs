//! `POST /clients/{client}/invitations/{invitation}/resend`.

use axum::extract::State;
use hg_common::{
    auth::Caller,
    http::{ApiError, ErrorBody, Json, Path},
};
use hg_contracts::smm::SentInvitation;
use hg_types::InvitationId;
use uuid::Uuid;

use super::{changeable, unchanged};
use crate::{
    api::{database, person, seen_client},
    domain::{
        access::{Action, permit},
        invitation::Link,
    },
    state::AppState,
    store::invitation::{invitation_fetch, invitation_renew},
};

/// Gives an invitation a new link, in the caller's name, and seven days anew. The old link ends.
#[utoipa::path(
    post, path = "/clients/{client}/invitations/{invitation}/resend", tag = "invitations",
    params(("client" = String, Path, description = "The client's id or slug"), ("invitation" = Uuid, Path, description = "The invitation")),
    responses(
        (status = 200, body = SentInvitation),
        (status = 403, description = "The caller is no admin, or it is to a role above theirs", body = ErrorBody),
        (status = 404, body = ErrorBody),
        (status = 409, description = "`invitation_accepted`, `invitation_revoked`", body = ErrorBody),
    )
)]
pub(crate) async fn resend_invitation(
    State(state): State<AppState>,
    Caller(principal): Caller,
    Path((client, invitation)): Path<(String, Uuid)>,
) -> Result<Json<SentInvitation>, ApiError> {
    let id = InvitationId(invitation);
    let mut tx = state.db.tenant(principal.scope()).await?;
    let seen = seen_client(&mut tx, &client).await?;
    permit(Action::Invite, seen.held)?;
    let me = person(&principal)?;
    let invitation = changeable(&mut tx, seen.client.id, id, seen.held).await?;
    let (link, token) = Link::make();
    if !invitation_renew(&mut tx, seen.client.id, invitation.id, me, &link).await.map_err(database)? {
        return Err(unchanged(&invitation));
    }
    let renewed = invitation_fetch(&mut tx, seen.client.id, id).await?;
    tx.commit().await?;
    let invitation = renewed.ok_or_else(|| ApiError::not_found("invitation"))?;
    Ok(Json(SentInvitation { invitation, token }))
}
