//! `POST /clients/{client}/leave`.

use axum::extract::State;
use hg_common::{
    auth::Caller,
    http::{ApiError, ErrorBody, Path},
};
use hg_types::Role;
use http::StatusCode;

use super::standing;
use crate::{
    api::{database, person, seen_client},
    domain::{
        access::{Action, permit},
        membership::{Change, check},
    },
    state::AppState,
    store::member::{member_leave, member_roles_lock},
};

/// Ends the caller's own membership of this very client. A role that comes from above stays.
#[utoipa::path(
    post, path = "/clients/{client}/leave", tag = "members",
    params(("client" = String, Path, description = "The client's id or slug")),
    responses(
        (status = 204),
        (status = 404, body = ErrorBody),
        (status = 409, description = "`last_owner`, `role_from_above`", body = ErrorBody),
    )
)]
pub(crate) async fn leave_client(
    State(state): State<AppState>,
    Caller(principal): Caller,
    Path(client): Path<String>,
) -> Result<StatusCode, ApiError> {
    let me = person(&principal)?;
    let mut tx = state.db.tenant(principal.scope()).await?;
    let seen = seen_client(&mut tx, &client).await?;
    permit(Action::Leave, seen.held)?;
    let roles = member_roles_lock(&mut tx, seen.client.id).await?;
    let (before, owners) = standing(&roles, me);
    if before.is_none() {
        let message = "your role comes from a client above this one: leave that one";
        return Err(ApiError::conflict("role_from_above", message));
    }
    check(Change { held: seen.held.unwrap_or(Role::Viewer), before, after: None, owners })?;
    if !member_leave(&mut tx, seen.client.id).await.map_err(database)? {
        return Err(ApiError::not_found("member"));
    }
    // Two owners who leave at the same moment: the second learns it here.
    tx.commit().await.map_err(database)?;
    state.effective.forget();
    Ok(StatusCode::NO_CONTENT)
}
