//! `GET /client-tree`.

use axum::extract::State;
use hg_common::{
    auth::Caller,
    http::{ApiError, ErrorBody, Json, Query},
};
use hg_contracts::smm::{Archived, ClientTree, TreeQuery};

use crate::{
    api::seen_client,
    domain::tree::{ShowArchived, TreeShape, tree_of},
    state::AppState,
    store::hierarchy::tree_rows,
};

/// There are three levels; a number that nobody needs to know is easier to ask for.
const MOST_LEVELS: u32 = 10;

/// Everything that the caller sees, or one client and what is below it, as a tree with counts.
#[utoipa::path(
    get, path = "/client-tree", tag = "clients", params(TreeQuery),
    responses((status = 200, body = ClientTree), (status = 404, body = ErrorBody), (status = 422, body = ErrorBody))
)]
pub(crate) async fn get_client_tree(
    State(state): State<AppState>,
    Caller(principal): Caller,
    Query(query): Query<TreeQuery>,
) -> Result<Json<ClientTree>, ApiError> {
    let levels = query.depth.unwrap_or(MOST_LEVELS);
    if !(1..=MOST_LEVELS).contains(&levels) {
        return Err(ApiError::field("depth", "must be a number from 1 to 10"));
    }
    let archived = match query.archived.unwrap_or_default() {
        Archived::Include => ShowArchived::Yes,
        Archived::Exclude => ShowArchived::No,
        Archived::Only => return Err(ApiError::field("archived", "must be include or exclude")),
    };
    let mut tx = state.db.tenant(principal.scope()).await?;
    let top = match query.below.as_deref() {
        Some(reference) => Some(seen_client(&mut tx, reference).await?.client.id),
        None => None,
    };
    let rows = tree_rows(&mut tx, top).await?;
    tx.commit().await?;
    Ok(Json(tree_of(rows, TreeShape { levels, archived })))
}
