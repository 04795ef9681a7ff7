//! `/api/clients/{id}/seo-rules`, `/api/seo-rules/{id}` and their versions: from where to where SEO checks are content.
//! Asked of SMM, figures of CPM.

use axum::extract::State;
use hg_common::http::{ApiError, Json, PageQuery, Path, Query};
use hg_contracts::{
    cpm::{SeoRulesAnalytics, StrategyFiguresQuery},
    smm::{
        CompareVersions, Comparison, DeleteVersioned, ListStrategies, ListVersions, RestoreVersion, SaveSeoRules,
        SeoRules, SeoRulesVersion, VersionSummary,
    },
};
use hg_types::SeoRulesId;
use http::StatusCode;

use super::{
    at_client::AtClient,
    envelope::{Failure, Nothing, Place, Success},
    paging::listed,
};
use crate::{peer_error::peer_error, session::CurrentUser, state::AppState};

/// A client's own SEO rules: at most one per content type in force.
#[utoipa::path(
    get, path = "/api/clients/{id}/seo-rules", tag = "seo-rules",
    params(("id" = String, Path, description = "Id or slug"), ListStrategies),
    responses((status = 200, body = Success<Vec<SeoRules>>), (status = 404, body = Failure))
)]
pub(crate) async fn list(
    AtClient { state, principal, id }: AtClient,
    Query(query): Query<ListStrategies>,
) -> Result<Success<Vec<SeoRules>>, ApiError> {
    let page = state.smm.list_seo_rules(&principal, id, &query).await.map_err(peer_error)?;
    let page_size = u32::try_from(page.data.len()).unwrap_or(u32::MAX);
    Ok(Success::list(page, Place { page: Some(1), page_size }))
}

/// Makes a client's SEO rules for a content type.
#[utoipa::path(
    post, path = "/api/clients/{id}/seo-rules", tag = "seo-rules", params(("id" = String, Path, description = "Id or slug")),
    responses(
        (status = 201, body = Success<SeoRules>), (status = 404, body = Failure), (status = 409, body = Failure),
        (status = 422, body = Failure)
    )
)]
pub(crate) async fn create(
    AtClient { state, principal, id }: AtClient,
    Json(new): Json<SaveSeoRules>,
) -> Result<(StatusCode, Success<SeoRules>), ApiError> {
    Success::created(state.smm.create_seo_rules(&principal, id, &new).await)
}

/// One client's SEO rules for one content type.
#[utoipa::path(
    get, path = "/api/seo-rules/{id}", tag = "seo-rules", params(("id" = SeoRulesId, Path)),
    responses((status = 200, body = Success<SeoRules>), (status = 404, body = Failure))
)]
pub(crate) async fn fetch(
    State(state): State<AppState>,
    user: CurrentUser,
    Path(id): Path<SeoRulesId>,
) -> Result<Success<SeoRules>, ApiError> {
    Success::of(state.smm.get_seo_rules(&user.principal(), id).await)
}

/// Saves a new version of SEO rules.
#[utoipa::path(
    put, path = "/api/seo-rules/{id}", tag = "seo-rules", params(("id" = SeoRulesId, Path)),
    responses(
        (status = 200, body = Success<SeoRules>), (status = 404, body = Failure), (status = 409, body = Failure),
        (status = 422, body = Failure)
    )
)]
pub(crate) async fn update(
    State(state): State<AppState>,
    user: CurrentUser,
    Path(id): Path<SeoRulesId>,
    Json(change): Json<SaveSeoRules>,
) -> Result<Success<SeoRules>, ApiError> {
    Success::of(state.smm.update_seo_rules(&user.principal(), id, &change).await)
}

/// Deletes SEO rules: what they said is inherited from then on.
#[utoipa::path(
    delete, path = "/api/seo-rules/{id}", tag = "seo-rules", params(("id" = SeoRulesId, Path), DeleteVersioned),
    responses((status = 200, body = Success<Nothing>), (status = 404, body = Failure), (status = 409, body = Failure))
)]
pub(crate) async fn delete(
    State(state): State<AppState>,
    user: CurrentUser,
    Path(id): Path<SeoRulesId>,
    Query(known): Query<DeleteVersioned>,
) -> Result<Success<Nothing>, ApiError> {
    Success::of(state.smm.delete_seo_rules(&user.principal(), id, &known).await.map(|()| Nothing))
}

/// The versions of SEO rules, newest first.
#[utoipa::path(
    get, path = "/api/seo-rules/{id}/versions", tag = "seo-rules", params(("id" = SeoRulesId, Path), PageQuery),
    responses((status = 200, body = Success<Vec<VersionSummary>>), (status = 404, body = Failure), (status = 422, body = Failure))
)]
pub(crate) async fn versions(
    State(state): State<AppState>,
    user: CurrentUser,
    Path(id): Path<SeoRulesId>,
    Query(query): Query<PageQuery>,
) -> Result<Success<Vec<VersionSummary>>, ApiError> {
    let (smm, principal) = (&state.smm, &user.principal());
    listed(&query, |cursor, limit| async move {
        smm.seo_rules_versions(principal, id, &ListVersions { cursor, limit: Some(limit) }).await
    })
    .await
}

/// One version as it was saved.
#[utoipa::path(
    get, path = "/api/seo-rules/{id}/versions/{version}", tag = "seo-rules",
    params(("id" = SeoRulesId, Path), ("version" = i32, Path)),
    responses((status = 200, body = Success<SeoRulesVersion>), (status = 404, body = Failure))
)]
pub(crate) async fn version(
    State(state): State<AppState>,
    user: CurrentUser,
    Path((id, version)): Path<(SeoRulesId, i32)>,
) -> Result<Success<SeoRulesVersion>, ApiError> {
    Success::of(state.smm.seo_rules_version(&user.principal(), id, version).await)
}

/// Two versions, field by field.
#[utoipa::path(
    get, path = "/api/seo-rules/{id}/compare", tag = "seo-rules", params(("id" = SeoRulesId, Path), CompareVersions),
    responses((status = 200, body = Success<Comparison>), (status = 404, body = Failure), (status = 422, body = Failure))
)]
pub(crate) async fn compare(
    State(state): State<AppState>,
    user: CurrentUser,
    Path(id): Path<SeoRulesId>,
    Query(versions): Query<CompareVersions>,
) -> Result<Success<Comparison>, ApiError> {
    Success::of(state.smm.compare_seo_rules(&user.principal(), id, versions).await)
}

/// Saves an earlier version as a new one.
#[utoipa::path(
    post, path = "/api/seo-rules/{id}/versions/{version}/restore", tag = "seo-rules",
    params(("id" = SeoRulesId, Path), ("version" = i32, Path)),
    responses(
        (status = 200, body = Success<SeoRules>), (status = 404, body = Failure), (status = 409, body = Failure),
        (status = 422, body = Failure)
    )
)]
pub(crate) async fn restore(
    State(state): State<AppState>,
    user: CurrentUser,
    Path((id, version)): Path<(SeoRulesId, i32)>,
    Json(how): Json<RestoreVersion>,
) -> Result<Success<SeoRules>, ApiError> {
    Success::of(state.smm.restore_seo_rules(&user.principal(), id, version, &how).await)
}

/// What came of SEO rules, version by version: jobs, success, quality, edits, approvals, cost.
#[utoipa::path(
    get, path = "/api/analytics/seo-rules/{id}", tag = "seo-rules",
    params(("id" = SeoRulesId, Path), StrategyFiguresQuery),
    responses((status = 200, body = Success<SeoRulesAnalytics>), (status = 404, body = Failure), (status = 422, body = Failure))
)]
pub(crate) async fn analytics(
    State(state): State<AppState>,
    user: CurrentUser,
    Path(id): Path<SeoRulesId>,
    Query(query): Query<StrategyFiguresQuery>,
) -> Result<Success<SeoRulesAnalytics>, ApiError> {
    Success::of(state.cpm.seo_rules_analytics(&user.principal(), id, &query).await)
}
