//! `GET /seo-rules/{rules}/versions/{version}`.

use axum::extract::State;
use hg_common::{
    auth::Caller,
    http::{ApiError, ErrorBody, Json, Path},
};
use hg_contracts::smm::SeoRulesVersion;
use uuid::Uuid;

use crate::{
    domain::strategy::from_stored,
    state::AppState,
    store::{seo_rules::seo_rules_fetch, seo_rules_version::seo_rules_version_fetch},
};

/// One set of SEO rules as it was saved once.
#[utoipa::path(
    get, path = "/seo-rules/{rules}/versions/{version}", tag = "seo rules",
    params(("rules" = Uuid, Path, description = "Their id"), ("version" = i32, Path, description = "Counts from 1")),
    responses((status = 200, body = SeoRulesVersion), (status = 404, body = ErrorBody))
)]
pub(crate) async fn get_seo_rules_version(
    State(state): State<AppState>,
    Caller(principal): Caller,
    Path((rules, version)): Path<(Uuid, i32)>,
) -> Result<Json<SeoRulesVersion>, ApiError> {
    let mut tx = state.db.tenant(principal.scope()).await?;
    let seen = seo_rules_fetch(&mut tx, rules.into()).await?.ok_or_else(|| ApiError::not_found("SEO rules"))?;
    let found = seo_rules_version_fetch(&mut tx, seen.rules.id, version).await?;
    let found = found.ok_or_else(|| ApiError::not_found("version"))?;
    tx.commit().await?;
    Ok(Json(SeoRulesVersion { seo_rules_id: seen.rules.id, rules: from_stored(found.fields), info: found.info }))
}
