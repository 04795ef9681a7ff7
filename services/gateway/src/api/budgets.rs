//! `/api/clients/{id}/{budget,budget/cap,budgets,usage,costs}`: limits of money, and what was used and paid. Asked of CPM.
//!
//! Everything is about the client and what is below it: CPM's own addresses for trusted services take the client as a parameter.

use hg_common::http::{ApiError, Json, PageQuery, Query};
use hg_contracts::cpm::{ClientBudget, Costs, ListBudgets, SetLimits, Usage, UsageQuery};
use serde::Deserialize;
use utoipa::IntoParams;

use super::{
    at_client::AtClient,
    envelope::{Failure, Success},
    paging::listed,
};

/// Which budgets to list.
#[derive(Debug, Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub(crate) struct BudgetsQuery {
    /// `true`: only clients of which a running budget has reached 80 % of its limit.
    warned: Option<bool>,
    #[serde(flatten)]
    #[param(ignore)]
    page: PageQuery,
}

/// A client's budgets of the running day and month, and what binds it from above.
#[utoipa::path(
    get, path = "/api/clients/{id}/budget", tag = "money", params(("id" = String, Path, description = "Id or slug")),
    responses((status = 200, body = Success<ClientBudget>), (status = 404, body = Failure))
)]
pub(crate) async fn budget(AtClient { state, principal, id }: AtClient) -> Result<Success<ClientBudget>, ApiError> {
    Success::of(state.cpm.client_budget(&principal, &id.to_string()).await)
}

/// Sets the client's own limits, in force at once. For its admins; a limit above it holds all the same.
#[utoipa::path(
    put, path = "/api/clients/{id}/budget", tag = "money", params(("id" = String, Path, description = "Id or slug")),
    responses(
        (status = 200, body = Success<ClientBudget>), (status = 403, body = Failure), (status = 404, body = Failure),
        (status = 422, body = Failure)
    )
)]
pub(crate) async fn set_limits(
    AtClient { state, principal, id }: AtClient,
    Json(limits): Json<SetLimits>,
) -> Result<Success<ClientBudget>, ApiError> {
    Success::of(state.cpm.set_limits(&principal, &id.to_string(), &limits).await)
}

/// Sets the client's limits from above, which its own people can't raise. For the admins of what stands above it.
#[utoipa::path(
    put, path = "/api/clients/{id}/budget/cap", tag = "money", params(("id" = String, Path, description = "Id or slug")),
    responses(
        (status = 200, body = Success<ClientBudget>), (status = 403, body = Failure), (status = 404, body = Failure),
        (status = 422, body = Failure)
    )
)]
pub(crate) async fn set_cap(
    AtClient { state, principal, id }: AtClient,
    Json(limits): Json<SetLimits>,
) -> Result<Success<ClientBudget>, ApiError> {
    Success::of(state.cpm.set_cap(&principal, &id.to_string(), &limits).await)
}

/// The budgets of the client and of what is below it, in the order of their ids.
#[utoipa::path(
    get, path = "/api/clients/{id}/budgets", tag = "money",
    params(("id" = String, Path, description = "Id or slug"), BudgetsQuery, PageQuery),
    responses((status = 200, body = Success<Vec<ClientBudget>>), (status = 404, body = Failure), (status = 422, body = Failure))
)]
pub(crate) async fn budgets(
    AtClient { state, principal, id }: AtClient,
    Query(query): Query<BudgetsQuery>,
) -> Result<Success<Vec<ClientBudget>>, ApiError> {
    let (cpm, principal, warned) = (&state.cpm, &principal, query.warned);
    listed(&query.page, |cursor, limit| async move {
        let wanted = ListBudgets { client_id: Some(id.to_string()), warned, cursor, limit: Some(limit) };
        cpm.budgets(principal, &wanted).await
    })
    .await
}

/// Of which days usage or costs are asked, and by what to tell them apart.
#[derive(Debug, Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub(crate) struct FiguresQuery {
    /// The first day (UTC), as `2026-11-01`; left out: the first of the month of `to`.
    from: Option<chrono::NaiveDate>,
    /// The last day; left out: today. At most 366 days.
    to: Option<chrono::NaiveDate>,
    /// Any of `client`, `provider`, `model`, `content_type`, `day`, with commas between; left out: one row for all.
    group_by: Option<String>,
    /// 1–1,000 rows, 100 by default; what is left off is summed up in `others`.
    #[param(minimum = 1, maximum = 1000)]
    limit: Option<u32>,
}

impl FiguresQuery {
    fn of(self, client: hg_types::ClientId) -> UsageQuery {
        let Self { from, to, group_by, limit } = self;
        UsageQuery { client_id: Some(client.to_string()), from, to, group_by, limit }
    }
}

/// Tokens, calls and results of the ended jobs of the client and what is below it.
#[utoipa::path(
    get, path = "/api/clients/{id}/usage", tag = "money",
    params(("id" = String, Path, description = "Id or slug"), FiguresQuery),
    responses((status = 200, body = Success<Usage>), (status = 404, body = Failure), (status = 422, body = Failure))
)]
pub(crate) async fn usage(
    AtClient { state, principal, id }: AtClient,
    Query(query): Query<FiguresQuery>,
) -> Result<Success<Usage>, ApiError> {
    Success::of(state.cpm.usage(&principal, &query.of(id)).await)
}

/// What the ended jobs of the client and what is below it cost.
#[utoipa::path(
    get, path = "/api/clients/{id}/costs", tag = "money",
    params(("id" = String, Path, description = "Id or slug"), FiguresQuery),
    responses((status = 200, body = Success<Costs>), (status = 404, body = Failure), (status = 422, body = Failure))
)]
pub(crate) async fn costs(
    AtClient { state, principal, id }: AtClient,
    Query(query): Query<FiguresQuery>,
) -> Result<Success<Costs>, ApiError> {
    Success::of(state.cpm.costs(&principal, &query.of(id)).await)
}
