//! `GET /clients/{client}/strategies`.

use axum::extract::State;
use hg_common::{
    auth::Caller,
    http::{ApiError, ErrorBody, Json, Page, Path, Query},
};
use hg_contracts::smm::{ListStrategies, Strategy};

use crate::{
    api::{
        seen_client,
        versions::{MOST, which},
    },
    state::AppState,
    store::strategy::strategy_list,
};

/// A client's own strategies, without what it inherits.
#[utoipa::path(
    get, path = "/clients/{client}/strategies", tag = "strategies",
    params(("client" = String, Path, description = "The client's id or slug"), ListStrategies),
    responses((status = 200, body = Page<Strategy>), (status = 404, body = ErrorBody), (status = 422, body = ErrorBody))
)]
pub(crate) async fn list_strategies(
    State(state): State<AppState>,
    Caller(principal): Caller,
    Path(client): Path<String>,
    Query(query): Query<ListStrategies>,
) -> Result<Json<Page<Strategy>>, ApiError> {
    let mut tx = state.db.tenant(principal.scope()).await?;
    let client = seen_client(&mut tx, &client).await?.client;
    let strategies = strategy_list(&mut tx, client.id, which(&query), MOST).await?;
    tx.commit().await?;
    Ok(Json(Page::complete(strategies)))
}
