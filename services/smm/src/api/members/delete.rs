//! `DELETE /clients/{client}/members/{user}`.

use axum::extract::State;
use hg_common::{
    auth::Caller,
    http::{ApiError, ErrorBody, Path},
};
use hg_types::{Role, UserId};
use http::StatusCode;
use uuid::Uuid;

use super::standing;
use crate::{
    api::{database, seen_client},
    domain::{
        access::{Action, permit},
        membership::{Change, check},
    },
    state::AppState,
    store::member::{member_delete, member_roles_lock},
};

/// Ends a membership of this very client.
#[utoipa::path(
    delete, path = "/clients/{client}/members/{user}", tag = "members",
    params(("client" = String, Path, description = "The client's id or slug"), ("user" = Uuid, Path, description = "The member")),
    responses(
        (status = 204),
        (status = 403, description = "The caller is no admin, or the member is above them", body = ErrorBody),
        (status = 404, body = ErrorBody),
        (status = 409, description = "`last_owner`", body = ErrorBody),
    )
)]
pub(crate) async fn delete_member(
    State(state): State<AppState>,
    Caller(principal): Caller,
    Path((client, user)): Path<(String, Uuid)>,
) -> Result<StatusCode, ApiError> {
    let user = UserId(user);
    let mut tx = state.db.tenant(principal.scope()).await?;
    let seen = seen_client(&mut tx, &client).await?;
    permit(Action::ChangeMembers, seen.held)?;
    let roles = member_roles_lock(&mut tx, seen.client.id).await?;
    let (before, owners) = standing(&roles, user);
    if before.is_none() {
        return Err(ApiError::not_found("member"));
    }
    check(Change { held: seen.held.unwrap_or(Role::Viewer), before, after: None, owners })?;
    if !member_delete(&mut tx, seen.client.id, user).await.map_err(database)? {
        return Err(ApiError::not_found("member"));
    }
    tx.commit().await.map_err(database)?;
    state.effective.forget();
    Ok(StatusCode::NO_CONTENT)
}
