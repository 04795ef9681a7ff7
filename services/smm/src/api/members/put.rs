//! `PUT /clients/{client}/members`.

use axum::extract::State;
use hg_common::{
    auth::Caller,
    http::{ApiError, ErrorBody, Json, Path},
};
use hg_contracts::smm::{Member, PutMember};
use hg_types::Role;

use super::standing;
use crate::{
    api::{database, seen_client},
    domain::{
        access::require,
        membership::{Change, check},
    },
    state::AppState,
    store::member::{member_account, member_list, member_put, member_roles_lock},
};

/// Makes the owner of an account a member of the client, or changes the role.
#[utoipa::path(
    put, path = "/clients/{client}/members", tag = "members", request_body = PutMember,
    params(("client" = String, Path, description = "The client's id or slug")),
    responses(
        (status = 200, body = Member),
        (status = 403, description = "The caller is no admin, or would give more than they have", body = ErrorBody),
        (status = 404, body = ErrorBody),
        (status = 409, description = "`last_owner`", body = ErrorBody),
        (status = 422, body = ErrorBody),
    )
)]
pub(crate) async fn put_member(
    State(state): State<AppState>,
    Caller(principal): Caller,
    Path(client): Path<String>,
    Json(member): Json<PutMember>,
) -> Result<Json<Member>, ApiError> {
    let email = member.email.trim().to_lowercase();
    if email.len() > 254 || !email.contains('@') || email.contains('\0') {
        return Err(ApiError::field("email", "must be an e-mail address"));
    }
    let mut tx = state.db.tenant(principal.scope()).await?;
    let seen = seen_client(&mut tx, &client).await?;
    require(seen.held, Role::Admin, "changing memberships", "on the client")?;
    let held = seen.held.unwrap_or(Role::Viewer);
    let user = member_account(&mut tx, &email)
        .await?
        .ok_or_else(|| ApiError::field("email", "no account has this address"))?;
    let roles = member_roles_lock(&mut tx, seen.client.id).await?;
    let (before, owners) = standing(&roles, user);
    check(Change { held, before, after: Some(member.role), owners })?;
    member_put(&mut tx, seen.client.id, user, member.role).await.map_err(database)?;
    let members = member_list(&mut tx, seen.client.id).await?;
    tx.commit().await?;
    state.effective.forget();
    let put = members.into_iter().find(|member| member.user_id == user);
    put.map(Json).ok_or_else(|| ApiError::not_found("member"))
}
