//! `GET /analytics/strategies/{strategy}`.
//!
//! It is here and not with the strategies, because jobs are: what the strategy service knew of them would be a second truth.

use axum::extract::State;
use chrono::Duration;
use hg_common::{
    auth::{ApiScope, Caller},
    http::{ApiError, ErrorBody, Json, Path, Query},
};
use hg_contracts::cpm::{StrategyAnalytics, StrategyFiguresQuery};
use uuid::Uuid;

use crate::{
    api::{caller::with_scope, jobs::list::clients_of},
    state::AppState,
    store::strategy_analytics::strategy_figures,
};

const DAYS: u16 = 90;
const MOST_DAYS: u16 = 366;

/// What came of a strategy, version by version: jobs, success, quality, cost. Only jobs that the caller sees are counted, so a
/// strategy of somebody else has no figures.
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
    let principal = with_scope(caller, ApiScope::JobsRead)?;
    let days = query.days.unwrap_or(DAYS);
    if !(1..=MOST_DAYS).contains(&days) {
        return Err(ApiError::field("days", format!("must be from 1 to {MOST_DAYS}")));
    }
    let since = state.clock.now() - Duration::days(days.into());
    let mut tx = state.db.tenant(principal.scope()).await?;
    let clients = clients_of(&mut tx, query.client_id.as_deref()).await?;
    let versions = strategy_figures(&mut tx, strategy.into(), &clients, since).await?;
    tx.commit().await?;
    Ok(Json(StrategyAnalytics { strategy_id: strategy.into(), since, versions }))
}
