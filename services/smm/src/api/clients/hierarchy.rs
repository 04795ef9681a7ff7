//! `GET /clients/{client}/hierarchy`.

use axum::extract::State;
use hg_common::{
    auth::Caller,
    http::{ApiError, ErrorBody, Json, Path, Query},
};
use hg_contracts::smm::{Hierarchy, HierarchyQuery};

use crate::{
    api::seen_client,
    state::AppState,
    store::hierarchy::{ancestor_list, descendant_list},
};

/// The largest hierarchy that one answer holds: each client comes with its facts.
const MOST_DESCENDANTS: usize = 1_000;
/// Deeper than any hierarchy is.
const MOST_LEVELS: u32 = 10;

/// A client with all that the caller sees above and below it; at most 1,000 descendants, the nearest first. Whether there
/// are more, `has_more` says: `GET /client-tree` has them all.
#[utoipa::path(
    get, path = "/clients/{client}/hierarchy", tag = "clients",
    params(("client" = String, Path, description = "Its id or slug"), HierarchyQuery),
    responses((status = 200, body = Hierarchy), (status = 404, body = ErrorBody), (status = 422, body = ErrorBody))
)]
pub(crate) async fn get_hierarchy(
    State(state): State<AppState>,
    Caller(principal): Caller,
    Path(client): Path<String>,
    Query(query): Query<HierarchyQuery>,
) -> Result<Json<Hierarchy>, ApiError> {
    let levels = query.depth.unwrap_or(MOST_LEVELS);
    if levels > MOST_LEVELS {
        return Err(ApiError::field("depth", "must be a number from 0 to 10"));
    }
    let mut tx = state.db.tenant(principal.scope()).await?;
    let client = seen_client(&mut tx, &client).await?.client;
    let ancestors = ancestor_list(&mut tx, client.id).await?;
    let mut below = match levels {
        0 => Vec::new(),
        levels => descendant_list(&mut tx, client.id, levels, MOST_DESCENDANTS + 1).await?,
    };
    tx.commit().await?;
    let has_more = below.len() > MOST_DESCENDANTS;
    below.truncate(MOST_DESCENDANTS);
    let parent = ancestors.last().filter(|nearest| Some(nearest.id) == client.parent_id).cloned();
    let children = below.iter().filter(|descendant| descendant.depth == 1).map(|child| child.client.clone()).collect();
    let descendants = below.into_iter().map(|descendant| descendant.client).collect();
    Ok(Json(Hierarchy { client, parent, ancestors, children, descendants, has_more }))
}
