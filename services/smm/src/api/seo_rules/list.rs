//! `GET /clients/{client}/seo-rules`.

use axum::extract::State;
use hg_common::{
    auth::Caller,
    http::{ApiError, ErrorBody, Json, Page, Path, Query},
};
use hg_contracts::smm::{ListStrategies, SeoRules};

use crate::{
    api::{
        seen_client,
        versions::{MOST, which},
    },
    state::AppState,
    store::seo_rules::seo_rules_list,
};

/// A client's own SEO rules, without what it inherits.
#[utoipa::path(
    get, path = "/clients/{client}/seo-rules", tag = "seo rules",
    params(("client" = String, Path, description = "The client's id or slug"), ListStrategies),
    responses((status = 200, body = Page<SeoRules>), (status = 404, body = ErrorBody), (status = 422, body = ErrorBody))
)]
pub(crate) async fn list_seo_rules(
    State(state): State<AppState>,
    Caller(principal): Caller,
    Path(client): Path<String>,
    Query(query): Query<ListStrategies>,
) -> Result<Json<Page<SeoRules>>, ApiError> {
    let mut tx = state.db.tenant(principal.scope()).await?;
    let client = seen_client(&mut tx, &client).await?.client;
    let rules = seo_rules_list(&mut tx, client.id, which(&query), MOST).await?;
    tx.commit().await?;
    Ok(Json(Page::complete(rules)))
}
