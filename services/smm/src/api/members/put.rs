//! `PUT /clients/{client}/members`.

use axum::extract::State;
use hg_common::{
    auth::Caller,
    http::{ApiError, ErrorBody, Json, Path},
};
use hg_contracts::smm::{Member, PutMember};

use super::{Whom, give_role};
use crate::{
    api::{database, seen_client},
    domain::{
        access::{Action, permit},
        membership::check_email,
    },
    state::AppState,
    store::member::member_account,
};

/// Makes the owner of an account a member of the client, or changes the role. Whoever has no account is invited.
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
    let email = check_email(&member.email)?;
    let mut tx = state.db.tenant(principal.scope()).await?;
    let seen = seen_client(&mut tx, &client).await?;
    permit(Action::ChangeMembers, seen.held)?;
    let user = member_account(&mut tx, &email)
        .await?
        .ok_or_else(|| ApiError::field("email", "no account has this address: send an invitation"))?;
    let put = give_role(&mut tx, &seen, user, member.role, Whom::Anybody).await?;
    tx.commit().await.map_err(database)?;
    state.effective.forget();
    Ok(Json(put))
}
