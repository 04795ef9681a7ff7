//! `GET /clients/{client}/invitations`.

use axum::extract::State;
use hg_common::{
    auth::Caller,
    http::{ApiError, ErrorBody, Json, Page, PageQuery, Path, Query},
};
use hg_contracts::smm::{Invitation, ListInvitations};

use crate::{
    api::seen_client,
    domain::access::{Action, permit},
    state::AppState,
    store::invitation::{InvitationFilter, invitation_list},
};

/// The invitations of this very client, the latest first.
#[utoipa::path(
    get, path = "/clients/{client}/invitations", tag = "invitations",
    params(("client" = String, Path, description = "The client's id or slug"), ListInvitations),
    responses(
        (status = 200, body = Page<Invitation>),
        (status = 403, description = "The caller is no admin", body = ErrorBody),
        (status = 404, body = ErrorBody),
        (status = 422, body = ErrorBody),
    )
)]
pub(crate) async fn list_invitations(
    State(state): State<AppState>,
    Caller(principal): Caller,
    Path(client): Path<String>,
    Query(query): Query<ListInvitations>,
) -> Result<Json<Page<Invitation>>, ApiError> {
    let limit = query.limit.map(|limit| limit.to_string());
    let request = PageQuery { cursor: query.cursor.clone(), limit, ..PageQuery::default() }.resolve()?;
    let filter = InvitationFilter { state: query.state, before: request.cursor()?, ..InvitationFilter::default() };
    let mut tx = state.db.tenant(principal.scope()).await?;
    let seen = seen_client(&mut tx, &client).await?;
    permit(Action::Invite, seen.held)?;
    let rows = invitation_list(&mut tx, seen.client.id, &filter, request.fetch_limit()).await?;
    tx.commit().await?;
    Ok(Json(Page::from_rows(rows, &request, |invitation| invitation.id.uuid())?))
}
