//! `/budgets` and `/clients/{client}/budget`: how budgets stand, and limits from both sides.

use axum::extract::State;
use hg_common::{
    auth::{ApiScope, Caller},
    db::{TenantTx, sql_state},
    http::{ApiError, ErrorBody, FieldErrors, Json, Page, PageQuery, Path, Query},
};
use hg_contracts::cpm::{ClientBudget, ListBudgets, SetLimits};
use hg_types::{Usd, id::ClientRef};
use uuid::Uuid;

use crate::{
    api::{caller::with_scope, jobs::list::clients_of},
    domain::access::{Action, permit},
    state::AppState,
    store::budgets::{Side, Standing, Which, budget_list, budgets_above, client_standing, limits_put},
};

/// More than the table's column holds is no limit that anybody means.
const MOST: Usd = Usd::from_nanos(999_999_999_000_000_000);

/// The clients that the caller sees, with their budgets of the running day and month, in the order of their ids.
#[utoipa::path(
    get,
    path = "/budgets",
    tag = "money",
    params(ListBudgets),
    responses(
        (status = 200, body = Page<ClientBudget>),
        (status = 401, body = ErrorBody), (status = 403, body = ErrorBody), (status = 404, body = ErrorBody), (status = 422, body = ErrorBody),
        (status = 429, body = ErrorBody)
    )
)]
pub async fn budgets_list(
    State(state): State<AppState>,
    caller: Caller,
    Query(query): Query<ListBudgets>,
) -> Result<Json<Page<ClientBudget>>, ApiError> {
    let principal = with_scope(caller, ApiScope::UsageRead)?;
    let page = PageQuery {
        cursor: query.cursor.clone(),
        limit: query.limit.map(|limit| limit.to_string()),
        ..PageQuery::default()
    };
    let page = page.resolve()?;
    let after = page.cursor::<Uuid>()?;
    let which = if query.warned == Some(true) { Which::Warned } else { Which::All };
    let mut tx = state.db.tenant(principal.scope()).await?;
    let clients = clients_of(&mut tx, query.client_id.as_deref()).await?;
    let rows = budget_list(&mut tx, &clients, which, after, page.fetch_limit()).await?;
    tx.commit().await?;
    Ok(Json(Page::from_rows(rows, &page, |budget| budget.client_id.uuid())?))
}

/// A client's budgets of the running day and month, and the limits above it that bind it, too. Of those, whoever doesn't see their
/// holder learns that they are there, when they start anew and whether they are used up; not how much they are.
#[utoipa::path(
    get,
    path = "/clients/{client}/budget",
    tag = "money",
    params(("client" = String, Path, description = "Its id or slug.")),
    responses(
        (status = 200, body = ClientBudget),
        (status = 401, body = ErrorBody), (status = 403, body = ErrorBody), (status = 404, body = ErrorBody), (status = 429, body = ErrorBody)
    )
)]
pub async fn client_budget_show(
    State(state): State<AppState>,
    caller: Caller,
    Path(client): Path<String>,
) -> Result<Json<ClientBudget>, ApiError> {
    let principal = with_scope(caller, ApiScope::UsageRead)?;
    let mut tx = state.db.tenant(principal.scope()).await?;
    let standing = standing(&mut tx, &client).await?;
    let budget = shown(&mut tx, &standing).await?;
    tx.commit().await?;
    Ok(Json(budget))
}

/// Sets a client's own limits, in force at once. Its admins may; they hold beside the cap and the limits above, whatever they
/// say. Below what is spent and reserved already, nothing more is reserved until the next period, or until what is held and
/// not used has been given back.
#[utoipa::path(
    put,
    path = "/clients/{client}/budget",
    tag = "money",
    params(("client" = String, Path, description = "Its id or slug.")),
    request_body(content = SetLimits, example = json!({"daily_usd": "5.00", "monthly_usd": null})),
    responses(
        (status = 200, body = ClientBudget),
        (status = 401, body = ErrorBody),
        (status = 403, description = "The caller is no admin of the client", body = ErrorBody),
        (status = 404, body = ErrorBody), (status = 422, body = ErrorBody), (status = 429, body = ErrorBody)
    )
)]
pub async fn client_limits_set(
    State(state): State<AppState>,
    caller: Caller,
    Path(client): Path<String>,
    Json(limits): Json<SetLimits>,
) -> Result<Json<ClientBudget>, ApiError> {
    set(&state, caller, &client, Side::Own, &limits).await
}

/// Sets a client's limits from above, in force at once. Admins of what stands above it may; its own people can't raise them.
#[utoipa::path(
    put,
    path = "/clients/{client}/budget/cap",
    tag = "money",
    params(("client" = String, Path, description = "Its id or slug.")),
    request_body(content = SetLimits, example = json!({"daily_usd": "20.00", "monthly_usd": "300.00"})),
    responses(
        (status = 200, body = ClientBudget),
        (status = 401, body = ErrorBody),
        (status = 403, description = "The caller is no admin of what stands above the client", body = ErrorBody),
        (status = 404, body = ErrorBody), (status = 422, body = ErrorBody), (status = 429, body = ErrorBody)
    )
)]
pub async fn client_cap_set(
    State(state): State<AppState>,
    caller: Caller,
    Path(client): Path<String>,
    Json(limits): Json<SetLimits>,
) -> Result<Json<ClientBudget>, ApiError> {
    set(&state, caller, &client, Side::Cap, &limits).await
}

async fn set(
    state: &AppState,
    caller: Caller,
    client: &str,
    side: Side,
    limits: &SetLimits,
) -> Result<Json<ClientBudget>, ApiError> {
    let Caller(principal) = caller;
    let mut tx = state.db.tenant(principal.scope()).await?;
    let standing = standing(&mut tx, client).await?;
    match side {
        Side::Own => permit(Action::SetLimits, standing.role)?,
        Side::Cap => permit(Action::CapLimits, standing.role_above)?,
    }
    check(limits)?;
    limits_put(&mut tx, standing.client, side, limits).await.map_err(refused)?;
    let budget = shown(&mut tx, &standing).await?;
    tx.commit().await?;
    Ok(Json(budget))
}

async fn standing(tx: &mut TenantTx, client: &str) -> Result<Standing, ApiError> {
    client_standing(tx, &ClientRef::parse(client)).await?.ok_or_else(|| ApiError::not_found("client"))
}

async fn shown(tx: &mut TenantTx, standing: &Standing) -> Result<ClientBudget, ApiError> {
    let budget = budget_list(tx, &[standing.client], Which::All, None, 1).await?.pop();
    let mut budget = budget.ok_or_else(|| ApiError::not_found("client"))?;
    budget.above = budgets_above(tx, standing.client).await?;
    Ok(budget)
}

fn check(limits: &SetLimits) -> Result<(), ApiError> {
    let mut errors = FieldErrors::new();
    for (field, limit) in [("daily_usd", limits.daily_usd), ("monthly_usd", limits.monthly_usd)] {
        let fits = limit.is_none_or(|limit| (Usd::ZERO..=MOST).contains(&limit));
        errors.check(fits, field, "must be from 0 to 999999999 US dollars, or null");
    }
    errors.into_result()
}

/// The role was taken away in the very moment in which it was used.
fn refused(error: sqlx::Error) -> ApiError {
    match sql_state(&error).as_deref() {
        Some("HG403" | "42501") => ApiError::forbidden("the role may not set this limit").with_source(error),
        _ => error.into(),
    }
}
