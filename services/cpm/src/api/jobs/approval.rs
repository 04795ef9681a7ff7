//! `/jobs/{id}/approval`: people approve or reject what was made, or take that back.

use axum::extract::State;
use hg_common::{
    auth::{ApiScope, Caller},
    http::{ApiError, ErrorBody, FieldErrors, Json, Page, PageQuery, Path, Query, check_note},
};
use hg_contracts::cpm::{Approval, GiveVerdict, ListVerdicts, Verdict};
use hg_types::JobId;

use super::content::{conflict, editable, full, with_text};
use crate::{
    api::{caller::with_scope, error::text_refused},
    domain::content::MOST_VERSIONS,
    state::AppState,
    store::approvals::{NewApproval, approval_count, approval_create, approval_last, approval_list},
};

/// Approves or rejects the newest version of a job's text, or takes back what was said before.
#[utoipa::path(
    post,
    path = "/jobs/{id}/approval",
    tag = "jobs",
    params(("id" = JobId, Path, description = "The job.")),
    request_body = GiveVerdict,
    responses(
        (status = 200, body = Approval),
        (status = 401, body = ErrorBody),
        (status = 403, description = "The caller is no member of its client", body = ErrorBody),
        (status = 404, body = ErrorBody),
        (status = 409, description = "`version_conflict`: the text was edited meanwhile; `job_without_text`; `nothing_to_withdraw`; `client_archived`; `too_many_verdicts`", body = ErrorBody),
        (status = 422, body = ErrorBody), (status = 429, body = ErrorBody)
    )
)]
pub async fn job_approval_give(
    State(state): State<AppState>,
    caller: Caller,
    Path(id): Path<JobId>,
    Json(given): Json<GiveVerdict>,
) -> Result<Json<Approval>, ApiError> {
    let principal = with_scope(caller, ApiScope::JobsWrite)?;
    let mut errors = FieldErrors::new();
    check_note(&mut errors, given.note.as_deref());
    errors.into_result()?;
    let mut tx = state.db.tenant(principal.scope()).await?;
    let (made, _) = editable(&mut tx, id).await?;
    let version = given.version.unwrap_or(made.newest);
    if version != made.newest {
        return Err(conflict(made.newest, version));
    }
    let before = approval_last(&mut tx, id, made.newest).await?;
    if given.verdict == Verdict::Withdrawn && before.is_none_or(|it| it.verdict == Verdict::Withdrawn) {
        return Err(ApiError::conflict("nothing_to_withdraw", "nobody has approved or rejected this text"));
    }
    if approval_count(&mut tx, id).await? >= i64::from(MOST_VERSIONS) {
        return Err(full("too_many_verdicts", "verdicts"));
    }
    let new = NewApproval { verdict: given.verdict, version, note: given.note.as_deref(), by: principal.user() };
    approval_create(&mut tx, &made, &new).await.map_err(text_refused)?;
    let kept = approval_last(&mut tx, id, made.newest).await?.ok_or_else(|| ApiError::not_found("job"))?;
    tx.commit().await?;
    Ok(Json(kept))
}

/// The verdicts about a job's text, the newest first: that one holds.
#[utoipa::path(
    get,
    path = "/jobs/{id}/approval",
    tag = "jobs",
    params(("id" = JobId, Path, description = "The job."), ListVerdicts),
    responses(
        (status = 200, body = Page<Approval>),
        (status = 401, body = ErrorBody), (status = 403, body = ErrorBody), (status = 404, body = ErrorBody),
        (status = 409, description = "`job_without_text`", body = ErrorBody),
        (status = 422, body = ErrorBody), (status = 429, body = ErrorBody)
    )
)]
pub async fn job_approvals(
    State(state): State<AppState>,
    caller: Caller,
    Path(id): Path<JobId>,
    Query(query): Query<ListVerdicts>,
) -> Result<Json<Page<Approval>>, ApiError> {
    let principal = with_scope(caller, ApiScope::JobsRead)?;
    let limit = query.limit.map(|limit| limit.to_string());
    let request = PageQuery { cursor: query.cursor, limit, ..PageQuery::default() }.resolve()?;
    let before = request.cursor()?;
    let mut tx = state.db.tenant(principal.scope()).await?;
    let (made, _) = with_text(&mut tx, id).await?;
    let rows = approval_list(&mut tx, id, made.newest, before, request.fetch_limit()).await?;
    tx.commit().await?;
    let page = Page::from_rows(rows, &request, |(id, _)| *id)?;
    let data = page.data.into_iter().map(|(_, approval)| approval).collect();
    Ok(Json(Page { data, pagination: page.pagination }))
}
