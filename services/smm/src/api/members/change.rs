//! `PUT /clients/{client}/members/{user}`.

use axum::extract::State;
use hg_common::{
    auth::Caller,
    http::{ApiError, ErrorBody, Json, Path},
};
use hg_contracts::smm::{ChangeMember, Member};
use hg_types::UserId;
use uuid::Uuid;

use super::{Whom, give_role};
use crate::{
    api::{database, seen_client},
    domain::access::{Action, permit},
    state::AppState,
};

/// Changes the role of a member of this very client.
#[utoipa::path(
    put, path = "/clients/{client}/members/{user}", tag = "members", request_body = ChangeMember,
    params(("client" = String, Path, description = "The client's id or slug"), ("user" = Uuid, Path, description = "The member")),
    responses(
        (status = 200, body = Member),
        (status = 403, description = "The caller is no admin, would give more than they have, or the member is above them", body = ErrorBody),
        (status = 404, body = ErrorBody),
        (status = 409, description = "`last_owner`", body = ErrorBody),
        (status = 422, body = ErrorBody),
    )
)]
pub(crate) async fn change_member(
    State(state): State<AppState>,
    Caller(principal): Caller,
    Path((client, user)): Path<(String, Uuid)>,
    Json(change): Json<ChangeMember>,
) -> Result<Json<Member>, ApiError> {
    let mut tx = state.db.tenant(principal.scope()).await?;
    let seen = seen_client(&mut tx, &client).await?;
    permit(Action::ChangeMembers, seen.held)?;
    let changed = give_role(&mut tx, &seen, UserId(user), change.role, Whom::Members).await?;
    tx.commit().await.map_err(database)?;
    state.effective.forget();
    Ok(Json(changed))
}
