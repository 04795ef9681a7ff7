//! `GET /usage` and `GET /costs`: what ended jobs used, and what that cost, by client, provider, model, kind and day.

use axum::extract::State;
use chrono::{Datelike as _, NaiveDate};
use hg_common::{
    auth::{ApiScope, Caller},
    http::{ApiError, ErrorBody, FieldErrors, Json, Query},
};
use hg_contracts::cpm::{
    CostFigures, CostRow, Costs, CostsByKnowledge, OtherCosts, OtherUsage, SpentByHeading, Usage, UsageFigures,
    UsageQuery, UsageRow,
};

use crate::{
    api::{caller::with_scope, jobs::list::clients_of},
    state::AppState,
    store::usage::{Asked, Figures, usage_figures},
};

const DIMS: [&str; 5] = ["client", "provider", "model", "content_type", "day"];
const MOST_DAYS: i64 = 366;
const ROWS: u32 = 100;
const MOST_ROWS: u32 = 1_000;

/// Tokens, calls and results of the jobs that have ended, by the day on which they were accepted.
#[utoipa::path(
    get,
    path = "/usage",
    tag = "money",
    params(UsageQuery),
    responses(
        (status = 200, body = Usage),
        (status = 401, body = ErrorBody), (status = 403, body = ErrorBody), (status = 404, body = ErrorBody), (status = 422, body = ErrorBody),
        (status = 429, body = ErrorBody)
    )
)]
pub async fn usage_show(
    State(state): State<AppState>,
    caller: Caller,
    Query(query): Query<UsageQuery>,
) -> Result<Json<Usage>, ApiError> {
    let (asked, rows) = figures(&state, caller, &query).await?;
    let totals = rows.iter().fold(UsageFigures::default(), |sum, row| add_usage(sum, row.usage));
    let (mut data, mut others) = (Vec::with_capacity(rows.len()), None);
    for row in rows {
        match row.others {
            Some(rows) => others = Some(OtherUsage { rows, figures: row.usage }),
            None => data.push(UsageRow { group: row.group, figures: row.usage }),
        }
    }
    Ok(Json(Usage { from: asked.from, to: asked.to, totals, data, others }))
}

/// What the jobs that have ended cost, by the day on which they were accepted: by heading, and by how it is known. A client's sums are those of its budgets.
#[utoipa::path(
    get,
    path = "/costs",
    tag = "money",
    params(UsageQuery),
    responses(
        (status = 200, body = Costs),
        (status = 401, body = ErrorBody), (status = 403, body = ErrorBody), (status = 404, body = ErrorBody), (status = 422, body = ErrorBody),
        (status = 429, body = ErrorBody)
    )
)]
pub async fn costs_show(
    State(state): State<AppState>,
    caller: Caller,
    Query(query): Query<UsageQuery>,
) -> Result<Json<Costs>, ApiError> {
    let (asked, rows) = figures(&state, caller, &query).await?;
    let totals = rows.iter().fold(CostFigures::default(), |sum, row| add_costs(sum, row.costs));
    let (mut data, mut others) = (Vec::with_capacity(rows.len()), None);
    for row in rows {
        match row.others {
            Some(rows) => others = Some(OtherCosts { rows, figures: row.costs }),
            None => data.push(CostRow { group: row.group, figures: row.costs }),
        }
    }
    Ok(Json(Costs { from: asked.from, to: asked.to, totals, data, others }))
}

async fn figures(state: &AppState, caller: Caller, query: &UsageQuery) -> Result<(Asked, Vec<Figures>), ApiError> {
    let principal = with_scope(caller, ApiScope::UsageRead)?;
    let mut asked = understood(query, state.clock.now().date_naive())?;
    let mut tx = state.db.tenant(principal.scope()).await?;
    asked.clients = clients_of(&mut tx, query.client_id.as_deref()).await?;
    let rows = usage_figures(&mut tx, &asked).await?;
    tx.commit().await?;
    Ok((asked, rows))
}

fn understood(query: &UsageQuery, today: NaiveDate) -> Result<Asked, ApiError> {
    let mut errors = FieldErrors::new();
    let to = query.to.unwrap_or(today);
    let from = query.from.unwrap_or_else(|| to.with_day(1).unwrap_or(to));
    errors.check(from <= to, "from", "must not be after `to`");
    errors.check((to - from).num_days() < MOST_DAYS, "from", format!("must be at most {MOST_DAYS} days before `to`"));
    // Postgres knows fewer years than chrono.
    let known = 2000..=9999;
    errors.check(known.contains(&from.year()), "from", "must be a day from 2000 to 9999");
    errors.check(known.contains(&to.year()), "to", "must be a day from 2000 to 9999");
    let dims: Vec<String> = query
        .group_by
        .as_deref()
        .unwrap_or_default()
        .split(',')
        .map(str::trim)
        .filter(|dim| !dim.is_empty())
        .map(str::to_owned)
        .collect();
    let fine = dims.iter().all(|dim| DIMS.contains(&dim.as_str()));
    errors.check(fine, "group_by", format!("must be any of {}, with commas between", DIMS.join(", ")));
    let limit = query.limit.unwrap_or(ROWS);
    errors.check((1..=MOST_ROWS).contains(&limit), "limit", format!("must be 1 to {MOST_ROWS}"));
    errors.into_result()?;
    let most = i32::try_from(limit).unwrap_or(i32::MAX);
    Ok(Asked { clients: Vec::new(), from, to, dims, most })
}

const fn add_usage(a: UsageFigures, b: UsageFigures) -> UsageFigures {
    UsageFigures {
        results: a.results.saturating_add(b.results),
        calls: a.calls.saturating_add(b.calls),
        input_tokens: a.input_tokens.saturating_add(b.input_tokens),
        cached_tokens: a.cached_tokens.saturating_add(b.cached_tokens),
        cache_write_tokens: a.cache_write_tokens.saturating_add(b.cache_write_tokens),
        output_tokens: a.output_tokens.saturating_add(b.output_tokens),
        reasoning_tokens: a.reasoning_tokens.saturating_add(b.reasoning_tokens),
    }
}

fn add_costs(a: CostFigures, b: CostFigures) -> CostFigures {
    CostFigures {
        total_usd: a.total_usd + b.total_usd,
        by_heading: SpentByHeading {
            charged_usd: a.by_heading.charged_usd + b.by_heading.charged_usd,
            failed_usd: a.by_heading.failed_usd + b.by_heading.failed_usd,
            cancelled_usd: a.by_heading.cancelled_usd + b.by_heading.cancelled_usd,
            unknown_usd: a.by_heading.unknown_usd + b.by_heading.unknown_usd,
        },
        by_knowledge: CostsByKnowledge {
            reported_usd: a.by_knowledge.reported_usd + b.by_knowledge.reported_usd,
            computed_usd: a.by_knowledge.computed_usd + b.by_knowledge.computed_usd,
            estimated_usd: a.by_knowledge.estimated_usd + b.by_knowledge.estimated_usd,
            unknown_usd: a.by_knowledge.unknown_usd + b.by_knowledge.unknown_usd,
        },
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn fields(query: &UsageQuery) -> Vec<String> {
        let refused = understood(query, "2026-11-21".parse().unwrap()).unwrap_err();
        refused.details().iter().map(|detail| detail.field.clone()).collect()
    }

    #[test]
    fn the_running_month_where_nobody_says() {
        let asked = understood(&UsageQuery::default(), "2026-11-21".parse().unwrap()).unwrap();
        assert_eq!(
            (asked.from.to_string(), asked.to.to_string(), asked.most),
            ("2026-11-01".into(), "2026-11-21".into(), 100)
        );
        let by = UsageQuery { group_by: Some("day, client".into()), ..UsageQuery::default() };
        assert_eq!(understood(&by, "2026-11-21".parse().unwrap()).unwrap().dims, ["day", "client"]);
    }

    #[test]
    fn everything_is_bounded() {
        let day = |text: &str| Some(text.parse().unwrap());
        let of = |from, to| UsageQuery { from, to, ..UsageQuery::default() };
        assert!(understood(&of(day("2025-11-21"), day("2026-11-21")), NaiveDate::MIN).is_ok());
        assert_eq!(fields(&of(day("2025-11-20"), day("2026-11-21"))), ["from"]);
        assert_eq!(fields(&of(day("2026-11-22"), None)), ["from"]);
        assert_eq!(fields(&UsageQuery { group_by: Some("job".into()), ..UsageQuery::default() }), ["group_by"]);
        assert_eq!(fields(&UsageQuery { limit: Some(1_001), ..UsageQuery::default() }), ["limit"]);
        assert_eq!(fields(&UsageQuery { limit: Some(0), ..UsageQuery::default() }), ["limit"]);
    }
}
