//! `GET /seo-rules/{rules}/compare`.

use axum::extract::State;
use hg_common::{
    auth::Caller,
    http::{ApiError, ErrorBody, Json, Path, Query},
};
use hg_contracts::smm::{CompareVersions, Comparison};
use uuid::Uuid;

use crate::{
    api::versions::{comparison, no_version},
    state::AppState,
    store::{seo_rules::seo_rules_fetch, seo_rules_version::seo_rules_version_fetch},
};

/// Two versions of SEO rules, field by field.
#[utoipa::path(
    get, path = "/seo-rules/{rules}/compare", tag = "seo rules",
    params(("rules" = Uuid, Path, description = "Their id"), CompareVersions),
    responses((status = 200, body = Comparison), (status = 404, body = ErrorBody), (status = 422, body = ErrorBody))
)]
pub(crate) async fn compare_seo_rules(
    State(state): State<AppState>,
    Caller(principal): Caller,
    Path(rules): Path<Uuid>,
    Query(versions): Query<CompareVersions>,
) -> Result<Json<Comparison>, ApiError> {
    let mut tx = state.db.tenant(principal.scope()).await?;
    let seen = seo_rules_fetch(&mut tx, rules.into()).await?.ok_or_else(|| ApiError::not_found("SEO rules"))?.rules;
    let to = versions.to.unwrap_or(seen.version);
    let older = seo_rules_version_fetch(&mut tx, seen.id, versions.from).await?;
    let older = older.ok_or_else(|| no_version("from", versions.from))?;
    let newer = seo_rules_version_fetch(&mut tx, seen.id, to).await?.ok_or_else(|| no_version("to", to))?;
    tx.commit().await?;
    Ok(Json(comparison(&older, &newer)))
}
