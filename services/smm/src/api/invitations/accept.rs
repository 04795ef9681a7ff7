//! `POST /invitations/accept`.

use axum::extract::State;
use hg_common::{
    auth::Caller,
    db::{detail, sql_state},
    http::{ApiError, ErrorBody, Json},
};
use hg_contracts::smm::{AcceptedInvitation, InvitationState, InvitationToken};

use super::open;
use crate::{
    api::{database, person},
    domain::invitation::{Link, state_named},
    state::AppState,
    store::invitation::invitation_accept as accept,
};

/// Accepts an invitation as the signed-in person, whose address it must name. A stronger role that is there already stays.
#[utoipa::path(
    post, path = "/invitations/accept", tag = "invitations", request_body = InvitationToken,
    responses(
        (status = 200, body = AcceptedInvitation),
        (status = 403, description = "`invitation_for_another`", body = ErrorBody),
        (status = 404, description = "The link stands for nothing", body = ErrorBody),
        (status = 409, description = "`invitation_accepted`, `invitation_revoked`, `invitation_expired`", body = ErrorBody),
    )
)]
pub(crate) async fn accept_invitation(
    State(state): State<AppState>,
    Caller(principal): Caller,
    Json(token): Json<InvitationToken>,
) -> Result<Json<AcceptedInvitation>, ApiError> {
    person(&principal)?;
    let mut tx = state.db.tenant(principal.scope()).await?;
    let accepted = accept(&mut tx, &Link::of_secret(&token.token)).await.map_err(refused)?;
    tx.commit().await?;
    state.effective.forget();
    Ok(Json(accepted))
}

/// What `app.invitation_accept` raises.
fn refused(error: sqlx::Error) -> ApiError {
    match sql_state(&error).as_deref() {
        Some("HG404") => ApiError::not_found("invitation").with_source(error),
        Some("HG403") => ApiError::forbidden("the invitation is for another address: sign in with that one")
            .with_code("invitation_for_another")
            .with_source(error),
        Some("HG409") => {
            let state = detail(&error).and_then(|code| state_named(code.trim_start_matches("invitation_")));
            match open(state.unwrap_or(InvitationState::Revoked)) {
                Err(ended) => ended.with_source(error),
                Ok(()) => error.into(),
            }
        }
        _ => database(error),
    }
}
