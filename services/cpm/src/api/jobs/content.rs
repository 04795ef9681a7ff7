//! `PUT /jobs/{id}/content` and `/jobs/{id}/versions…`: people edit what was generated. Each edit is a version of its own,
//! checked by the rules that the job keeps; what was generated stays.

use axum::extract::State;
use hg_common::{
    auth::{ApiScope, Caller, Principal},
    db::TenantTx,
    http::{ApiError, ErrorBody, FieldErrors, Json, Page, PageQuery, Path, Query, check_note, constraint_name},
};
use hg_contracts::{
    cpm::{ContentVersion, ContentVersionInfo, EditContent, JobResult, RestoreContent},
    smm::ListVersions,
};
use hg_types::{JobId, JobStatus};

use crate::{
    api::{caller::with_scope, error::text_refused},
    domain::{checking, content},
    state::AppState,
    store::content::{
        Made, NewVersion, content_version_create, content_version_fetch, content_version_list, made_fetch, made_hold,
    },
};

/// Saves an edited text as a new version, and checks it anew.
#[utoipa::path(
    put,
    path = "/jobs/{id}/content",
    tag = "jobs",
    params(("id" = JobId, Path, description = "The job.")),
    request_body = EditContent,
    responses(
        (status = 200, body = ContentVersion),
        (status = 401, body = ErrorBody),
        (status = 403, description = "The caller is no member of its client", body = ErrorBody),
        (status = 404, body = ErrorBody),
        (status = 409, description = "`version_conflict`: somebody was quicker; `job_without_text`; `client_archived`; `too_many_versions`", body = ErrorBody),
        (status = 413, body = ErrorBody), (status = 422, body = ErrorBody), (status = 429, body = ErrorBody)
    )
)]
pub async fn job_content_edit(
    State(state): State<AppState>,
    caller: Caller,
    Path(id): Path<JobId>,
    Json(edit): Json<EditContent>,
) -> Result<Json<ContentVersion>, ApiError> {
    let principal = with_scope(caller, ApiScope::JobsWrite)?;
    content::check_edit(&edit)?;
    let mut tx = state.db.tenant(principal.scope()).await?;
    let (made, generated) = editable(&mut tx, id).await?;
    let saved = save(&mut tx, &made, &generated, &edit, None, &principal).await?;
    tx.commit().await?;
    Ok(Json(saved))
}

/// Saves an earlier version as a new one; version 0 is what was generated.
#[utoipa::path(
    post,
    path = "/jobs/{id}/versions/{version}/restore",
    tag = "jobs",
    params(("id" = JobId, Path, description = "The job."), ("version" = i32, Path, description = "The one to bring back")),
    request_body = RestoreContent,
    responses(
        (status = 200, body = ContentVersion),
        (status = 401, body = ErrorBody),
        (status = 403, description = "The caller is no member of its client", body = ErrorBody),
        (status = 404, body = ErrorBody),
        (status = 409, description = "`version_conflict`: somebody was quicker; `job_without_text`; `client_archived`; `too_many_versions`", body = ErrorBody),
        (status = 422, body = ErrorBody), (status = 429, body = ErrorBody)
    )
)]
pub async fn job_content_restore(
    State(state): State<AppState>,
    caller: Caller,
    Path((id, version)): Path<(JobId, i32)>,
    Json(how): Json<RestoreContent>,
) -> Result<Json<ContentVersion>, ApiError> {
    let principal = with_scope(caller, ApiScope::JobsWrite)?;
    let mut errors = FieldErrors::new();
    check_note(&mut errors, how.note.as_deref());
    errors.into_result()?;
    let mut tx = state.db.tenant(principal.scope()).await?;
    let (made, generated) = editable(&mut tx, id).await?;
    let found = version_of(&mut tx, &made, version).await?;
    let edit = content::bringing_back(&found.result, how.version, how.note);
    let saved = save(&mut tx, &made, &generated, &edit, Some(version), &principal).await?;
    tx.commit().await?;
    Ok(Json(saved))
}

/// The versions of a job's text, newest first; the generated one is the last.
#[utoipa::path(
    get,
    path = "/jobs/{id}/versions",
    tag = "jobs",
    params(("id" = JobId, Path, description = "The job."), ListVersions),
    responses(
        (status = 200, body = Page<ContentVersionInfo>),
        (status = 401, body = ErrorBody), (status = 403, body = ErrorBody), (status = 404, body = ErrorBody),
        (status = 409, description = "`job_without_text`", body = ErrorBody),
        (status = 422, body = ErrorBody), (status = 429, body = ErrorBody)
    )
)]
pub async fn job_content_versions(
    State(state): State<AppState>,
    caller: Caller,
    Path(id): Path<JobId>,
    Query(query): Query<ListVersions>,
) -> Result<Json<Page<ContentVersionInfo>>, ApiError> {
    let principal = with_scope(caller, ApiScope::JobsRead)?;
    let limit = query.limit.map(|limit| limit.to_string());
    let page = PageQuery { cursor: query.cursor, limit, ..PageQuery::default() }.resolve()?;
    let before = page.cursor()?;
    let mut tx = state.db.tenant(principal.scope()).await?;
    let (made, _) = with_text(&mut tx, id).await?;
    let rows = content_version_list(&mut tx, &made, before, page.fetch_limit()).await?;
    tx.commit().await?;
    Ok(Json(Page::from_rows(rows, &page, |row| row.version)?))
}

/// One version of a job's text; 0 is what was generated.
#[utoipa::path(
    get,
    path = "/jobs/{id}/versions/{version}",
    tag = "jobs",
    params(("id" = JobId, Path, description = "The job."), ("version" = i32, Path, description = "Counts from 0")),
    responses(
        (status = 200, body = ContentVersion),
        (status = 401, body = ErrorBody), (status = 403, body = ErrorBody), (status = 404, body = ErrorBody),
        (status = 409, description = "`job_without_text`", body = ErrorBody),
        (status = 429, body = ErrorBody)
    )
)]
pub async fn job_content_version(
    State(state): State<AppState>,
    caller: Caller,
    Path((id, version)): Path<(JobId, i32)>,
) -> Result<Json<ContentVersion>, ApiError> {
    let principal = with_scope(caller, ApiScope::JobsRead)?;
    let mut tx = state.db.tenant(principal.scope()).await?;
    let (made, _) = with_text(&mut tx, id).await?;
    let found = version_of(&mut tx, &made, version).await?;
    tx.commit().await?;
    Ok(Json(found))
}

/// A job that the caller sees, with its generated text.
pub(super) async fn with_text(tx: &mut TenantTx, id: JobId) -> Result<(Made, JobResult), ApiError> {
    let made = made_fetch(tx, id).await?.ok_or_else(|| ApiError::not_found("job"))?;
    match made.result.clone().filter(|_| made.status == JobStatus::Completed) {
        Some(generated) => Ok((made, generated)),
        None => Err(ApiError::conflict("job_without_text", "the job has made no text: only completed jobs have")),
    }
}

/// The same, where the caller may change it; the job can't be deleted until the transaction ends.
pub(super) async fn editable(tx: &mut TenantTx, id: JobId) -> Result<(Made, JobResult), ApiError> {
    let (made, generated) = with_text(tx, id).await?;
    if !made.may_write {
        return Err(ApiError::forbidden("editing and judging texts needs the role member on the client"));
    }
    if !made_hold(tx, &made).await? {
        return Err(ApiError::not_found("job"));
    }
    Ok((made, generated))
}

/// Somebody was quicker.
pub(super) fn conflict(newest: i32, based_on: i32) -> ApiError {
    let message = format!("version {newest} is the newest; yours is based on version {based_on}");
    ApiError::conflict("version_conflict", message)
}

/// A text isn't worked on for ever, and what is kept of one has a bound.
pub(super) fn full(code: &'static str, what: &str) -> ApiError {
    ApiError::conflict(code, format!("the text has {} {what}, and takes no more", content::MOST_VERSIONS))
}

async fn version_of(tx: &mut TenantTx, made: &Made, version: i32) -> Result<ContentVersion, ApiError> {
    content_version_fetch(tx, made, version).await?.ok_or_else(|| ApiError::not_found("version"))
}

/// Judges an edit by the job's rules and saves it as the next version.
async fn save(
    tx: &mut TenantTx,
    made: &Made,
    generated: &JobResult,
    edit: &EditContent,
    restored_from: Option<i32>,
    principal: &Principal,
) -> Result<ContentVersion, ApiError> {
    if edit.version != made.newest {
        return Err(conflict(made.newest, edit.version));
    }
    if made.newest >= content::MOST_VERSIONS {
        return Err(full("too_many_versions", "versions"));
    }
    let before = version_of(tx, made, edit.version).await?.result;
    let text = content::edited(made.content_type, &before, edit);
    if text.markdown.is_empty() {
        return Err(ApiError::field("content", "has a title, and nothing below it"));
    }
    let report = checking::report(made.content_type, &made.parameters, made.rules.clone(), &text);
    let result = checking::result(&text, &report);
    let number = made.newest + 1;
    let new = NewVersion {
        number,
        result: &result,
        score: report.score,
        changed: content::changed(generated, &result),
        restored_from,
        note: edit.note.as_deref(),
        by: principal.user(),
    };
    content_version_create(tx, made, &new).await.map_err(|error| match constraint_name(&error) {
        Some("content_versions_pkey") => conflict(number, edit.version).with_source(error),
        _ => text_refused(error),
    })?;
    let mut saved = version_of(tx, made, number).await?;
    saved.info.is_current = true;
    Ok(saved)
}
