//! `DELETE /clients/{client}/invitations/{invitation}`.

use axum::extract::State;
use hg_common::{
    auth::Caller,
    http::{ApiError, ErrorBody, Path},
};
use hg_types::InvitationId;
use http::StatusCode;
use uuid::Uuid;

use super::{changeable, unchanged};
use crate::{
    api::{database, seen_client},
    domain::access::{Action, permit},
    state::AppState,
    store::invitation::invitation_revoke,
};

/// Takes an invitation back: its link ends.
#[utoipa::path(
    delete, path = "/clients/{client}/invitations/{invitation}", tag = "invitations",
    params(("client" = String, Path, description = "The client's id or slug"), ("invitation" = Uuid, Path, description = "The invitation")),
    responses(
        (status = 204),
        (status = 403, description = "The caller is no admin, or it is to a role above theirs", body = ErrorBody),
        (status = 404, body = ErrorBody),
        (status = 409, description = "`invitation_accepted`, `invitation_revoked`", body = ErrorBody),
    )
)]
pub(crate) async fn revoke_invitation(
    State(state): State<AppState>,
    Caller(principal): Caller,
    Path((client, invitation)): Path<(String, Uuid)>,
) -> Result<StatusCode, ApiError> {
    let mut tx = state.db.tenant(principal.scope()).await?;
    let seen = seen_client(&mut tx, &client).await?;
    permit(Action::Invite, seen.held)?;
    let invitation = changeable(&mut tx, seen.client.id, InvitationId(invitation), seen.held).await?;
    if !invitation_revoke(&mut tx, seen.client.id, invitation.id).await.map_err(database)? {
        return Err(unchanged(&invitation));
    }
    tx.commit().await?;
    Ok(StatusCode::NO_CONTENT)
}
