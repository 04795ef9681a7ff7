//! `GET /clients/{client}/members`.

use axum::extract::State;
use hg_common::{
    auth::Caller,
    http::{ApiError, ErrorBody, Json, Page, PageQuery, Path, Query},
};
use hg_contracts::smm::{ListMembers, Member};
use hg_types::Role;

use crate::{
    api::{person, seen_client},
    domain::access::{Action, permit},
    state::AppState,
    store::member::member_page,
};

/// The members of this very client, the strongest first. Whoever is a member further up is not among them.
#[utoipa::path(
    get, path = "/clients/{client}/members", tag = "members",
    params(("client" = String, Path, description = "The client's id or slug"), ListMembers),
    responses((status = 200, body = Page<Member>), (status = 404, body = ErrorBody), (status = 422, body = ErrorBody))
)]
pub(crate) async fn list_members(
    State(state): State<AppState>,
    Caller(principal): Caller,
    Path(client): Path<String>,
    Query(query): Query<ListMembers>,
) -> Result<Json<Page<Member>>, ApiError> {
    let limit = query.limit.map(|limit| limit.to_string());
    let request = PageQuery { cursor: query.cursor.clone(), limit, ..PageQuery::default() }.resolve()?;
    let after: Option<(Role, String)> = request.cursor()?;
    let mut tx = state.db.tenant(principal.scope()).await?;
    let seen = seen_client(&mut tx, &client).await?;
    // Names and addresses are for people: a service that works for the client has no use for them.
    person(&principal)?;
    permit(Action::SeeMembers, seen.held)?;
    let rows = member_page(&mut tx, seen.client.id, query.user_id, after.as_ref(), request.fetch_limit()).await?;
    tx.commit().await?;
    Ok(Json(Page::from_rows(rows, &request, |member| (member.role, member.email.clone()))?))
}
