//! `POST /invitations/preview`.

use axum::extract::State;
use hg_common::{
    auth::Caller,
    http::{ApiError, ErrorBody, Json},
};
use hg_contracts::smm::{InvitationPreview, InvitationToken};

use crate::{api::person, domain::invitation::Link, state::AppState, store::invitation::invitation_preview as preview};

/// What an invitation's link offers. Spends nothing; a POST all the same, so that the secret is in no address.
#[utoipa::path(
    post, path = "/invitations/preview", tag = "invitations", request_body = InvitationToken,
    responses(
        (status = 200, body = InvitationPreview),
        (status = 403, description = "For a person alone", body = ErrorBody),
        (status = 404, description = "The link stands for nothing", body = ErrorBody),
    )
)]
pub(crate) async fn preview_invitation(
    State(state): State<AppState>,
    Caller(principal): Caller,
    Json(token): Json<InvitationToken>,
) -> Result<Json<InvitationPreview>, ApiError> {
    person(&principal)?;
    let mut tx = state.db.tenant(principal.scope()).await?;
    let offered = preview(&mut tx, &Link::of_secret(&token.token)).await?;
    tx.commit().await?;
    offered.map(Json).ok_or_else(|| ApiError::not_found("invitation"))
}
