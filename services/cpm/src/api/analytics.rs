//! `GET /analytics/strategies/{strategy}` and `GET /analytics/seo-rules/{rules}`.
//!
//! They are here and not with the strategies, because jobs are: what the strategy service knew of them would be a second truth.

use axum::extract::State;
use chrono::{DateTime, Duration, Utc};
use hg_common::{
    auth::{ApiScope, Caller},
    http::{ApiError, ErrorBody, Json, Path, Query},
};
use hg_contracts::cpm::{SeoRulesAnalytics, StrategyAnalytics, StrategyFigures, StrategyFiguresQuery};
use uuid::Uuid;

use crate::{
    api::{caller::with_scope, jobs::list::clients_of},
    state::AppState,
    store::strategy_analytics::source_figures,
};

const DAYS: u16 = 90;
const MOST_DAYS: u16 = 366;

/// What came of a strategy, version by version: jobs, success, quality, cost, edits, verdicts. Only jobs that the caller sees
/// are counted, so a strategy of somebody else has no figures.
#[utoipa::path(
    get,
    path = "/analytics/strategies/{strategy}",
    tag = "jobs",
    params(("strategy" = Uuid, Path, description = "Its id"), StrategyFiguresQuery),
    responses(
        (status = 200, body = StrategyAnalytics),
        (status = 401, body = ErrorBody), (status = 403, body = ErrorBody), (status = 404, body = ErrorBody), (status = 422, body = ErrorBody),
        (status = 429, body = ErrorBody)
    )
)]
pub async fn strategy_analytics_show(
    State(state): State<AppState>,
    caller: Caller,
    Path(strategy): Path<Uuid>,
    Query(query): Query<StrategyFiguresQuery>,
) -> Result<Json<StrategyAnalytics>, ApiError> {
    let (since, versions) = figures(&state, caller, strategy, &query).await?;
    Ok(Json(StrategyAnalytics { strategy_id: strategy.into(), since, versions }))
}

/// The same of SEO rules. Jobs from before their rules' versions were kept don't count.
#[utoipa::path(
    get,
    path = "/analytics/seo-rules/{rules}",
    tag = "jobs",
    params(("rules" = Uuid, Path, description = "Their id"), StrategyFiguresQuery),
    responses(
        (status = 200, body = SeoRulesAnalytics),
        (status = 401, body = ErrorBody), (status = 403, body = ErrorBody), (status = 404, body = ErrorBody), (status = 422, body = ErrorBody),
        (status = 429, body = ErrorBody)
    )
)]
pub async fn seo_rules_analytics_show(
    State(state): State<AppState>,
    caller: Caller,
    Path(rules): Path<Uuid>,
    Query(query): Query<StrategyFiguresQuery>,
) -> Result<Json<SeoRulesAnalytics>, ApiError> {
    let (since, versions) = figures(&state, caller, rules, &query).await?;
    Ok(Json(SeoRulesAnalytics { seo_rules_id: rules.into(), since, versions }))
}

async fn figures(
    state: &AppState,
    caller: Caller,
    source: Uuid,
    query: &StrategyFiguresQuery,
) -> Result<(DateTime<Utc>, Vec<StrategyFigures>), ApiError> {
    let principal = with_scope(caller, ApiScope::JobsRead)?;
    let days = query.days.unwrap_or(DAYS);
    if !(1..=MOST_DAYS).contains(&days) {
        return Err(ApiError::field("days", format!("must be from 1 to {MOST_DAYS}")));
    }
    let since = state.clock.now() - Duration::days(days.into());
    let mut tx = state.db.tenant(principal.scope()).await?;
    let clients = clients_of(&mut tx, query.client_id.as_deref()).await?;
    let versions = source_figures(&mut tx, source, &clients, since).await?;
    tx.commit().await?;
    Ok((since, versions))
}
