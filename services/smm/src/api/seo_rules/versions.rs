//! `GET /seo-rules/{rules}/versions`.

use axum::extract::State;
use hg_common::{
    auth::Caller,
    http::{ApiError, ErrorBody, Json, Page, Path, Query},
};
use hg_contracts::smm::{ListVersions, VersionSummary};
use uuid::Uuid;

use crate::{
    api::versions::{page, summaries},
    state::AppState,
    store::{seo_rules::seo_rules_fetch, seo_rules_version::seo_rules_version_list},
};

/// SEO rules' versions, the newest first, each with who saved it, why, and which fields it changed.
#[utoipa::path(
    get, path = "/seo-rules/{rules}/versions", tag = "seo rules",
    params(("rules" = Uuid, Path, description = "Their id"), ListVersions),
    responses((status = 200, body = Page<VersionSummary>), (status = 404, body = ErrorBody), (status = 422, body = ErrorBody))
)]
pub(crate) async fn list_seo_rules_versions(
    State(state): State<AppState>,
    Caller(principal): Caller,
    Path(rules): Path<Uuid>,
    Query(query): Query<ListVersions>,
) -> Result<Json<Page<VersionSummary>>, ApiError> {
    let request = page(&query)?;
    let before = request.cursor()?;
    let mut tx = state.db.tenant(principal.scope()).await?;
    let seen = seo_rules_fetch(&mut tx, rules.into()).await?.ok_or_else(|| ApiError::not_found("SEO rules"))?;
    let rows = seo_rules_version_list(&mut tx, seen.rules.id, before, request.fetch_limit()).await?;
    tx.commit().await?;
    Ok(Json(summaries(&rows, &request)?))
}
