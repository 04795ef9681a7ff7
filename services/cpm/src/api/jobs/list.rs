//! `GET /jobs`: jobs, newest first.

use axum::extract::State;
use hg_common::{
    auth::{ApiScope, Caller},
    db::TenantTx,
    http::{ApiError, ErrorBody, FieldErrors, Json, MAX_COUNTED, Page, PageQuery, PageRequest, Query},
};
use hg_contracts::cpm::{JobSummary, ListJobs};
use hg_types::{Provider, id::ClientRef};
use uuid::Uuid;

use crate::{
    api::caller::with_scope,
    state::AppState,
    store::{
        clients::{client_subtree, clients_visible},
        job_list::{JobFilter, Slice, job_count, job_list},
    },
};

/// Jobs that the caller can see, newest first. `status=failed` lists the dead letters.
#[utoipa::path(
    get,
    path = "/jobs",
    tag = "jobs",
    params(ListJobs),
    responses(
        (status = 200, body = Page<JobSummary>),
        (status = 401, body = ErrorBody), (status = 403, body = ErrorBody), (status = 404, body = ErrorBody), (status = 422, body = ErrorBody),
        (status = 429, body = ErrorBody)
    )
)]
pub async fn jobs_list(
    State(state): State<AppState>,
    caller: Caller,
    Query(query): Query<ListJobs>,
) -> Result<Json<Page<JobSummary>>, ApiError> {
    let principal = with_scope(caller, ApiScope::JobsRead)?;
    let page = page_request(&query)?;
    let before = page.cursor::<Uuid>()?;
    let mut filter = filter_of(&query)?;
    let mut tx = state.db.tenant(principal.scope()).await?;
    filter.clients = clients_of(&mut tx, query.client_id.as_deref()).await?;
    let slice = Slice { before, offset: i64::from(page.offset), limit: page.fetch_limit() };
    let rows = job_list(&mut tx, &filter, slice).await?;
    // One more than is counted tells whether there are more.
    let most = i64::try_from(MAX_COUNTED + 1).unwrap_or(i64::MAX);
    let counted = job_count(&mut tx, &filter, most).await?;
    tx.commit().await?;
    let page = Page::from_rows(rows, &page, |job| job.id.uuid())?;
    Ok(Json(page.with_total(u64::try_from(counted).unwrap_or_default())))
}

/// The clients that a query is about: one and what is below it, or all that the caller sees.
pub(crate) async fn clients_of(tx: &mut TenantTx, client: Option<&str>) -> Result<Vec<Uuid>, ApiError> {
    match client.filter(|client| !client.is_empty()) {
        None => Ok(clients_visible(tx).await?),
        Some(client) => {
            client_subtree(tx, &ClientRef::parse(client)).await?.ok_or_else(|| ApiError::not_found("client"))
        }
    }
}

fn page_request(query: &ListJobs) -> Result<PageRequest, ApiError> {
    let text = |number: Option<u32>| number.map(|number| number.to_string());
    let page = PageQuery {
        cursor: query.cursor.clone(),
        limit: text(query.limit),
        page: text(query.page),
        page_size: text(query.page_size),
    };
    page.resolve()
}

fn filter_of(query: &ListJobs) -> Result<JobFilter, ApiError> {
    let mut errors = FieldErrors::new();
    let provider = match query.llm_provider.as_deref().filter(|name| !name.is_empty()).map(str::parse::<Provider>) {
        Some(Ok(provider)) => Some(provider),
        Some(Err(error)) => {
            errors.push("llm_provider", error.to_string());
            None
        }
        None => None,
    };
    let topic = query.q.as_deref().map(str::trim).filter(|text| !text.is_empty());
    errors.check(topic.is_none_or(|text| text.chars().count() <= 200), "q", "must have at most 200 characters");
    errors.check(topic.is_none_or(|text| !text.contains('\0')), "q", "must not have control characters");
    errors.into_result()?;
    Ok(JobFilter {
        clients: Vec::new(),
        status: query.status,
        content_type: query.content_type,
        provider,
        topic: topic.map(str::to_owned),
    })
}
