//! `/api/jobs/{id}/{content,versions,approval}`: what people make of a generated text, and what they think of it. Asked of CPM.

use axum::extract::State;
use hg_common::http::{ApiError, Json, PageQuery, Path, Query};
use hg_contracts::{
    cpm::{Approval, ContentVersion, ContentVersionInfo, EditContent, GiveVerdict, ListVerdicts, RestoreContent},
    smm::ListVersions,
};
use hg_types::JobId;

use super::{
    envelope::{Failure, Success},
    paging::listed,
};
use crate::{session::CurrentUser, state::AppState};

/// Saves an edited text as a new version, and checks it anew. What was generated stays.
#[utoipa::path(
    put, path = "/api/jobs/{id}/content", tag = "jobs", params(("id" = JobId, Path)),
    responses(
        (status = 200, body = Success<ContentVersion>), (status = 403, body = Failure), (status = 404, body = Failure),
        (status = 409, body = Failure), (status = 422, body = Failure)
    )
)]
pub(crate) async fn edit(
    State(state): State<AppState>,
    user: CurrentUser,
    Path(id): Path<JobId>,
    Json(edit): Json<EditContent>,
) -> Result<Success<ContentVersion>, ApiError> {
    Success::of(state.cpm.edit_content(&user.principal(), id, &edit).await)
}

/// The versions of a job's text, newest first; the generated one is the last.
#[utoipa::path(
    get, path = "/api/jobs/{id}/versions", tag = "jobs", params(("id" = JobId, Path), PageQuery),
    responses(
        (status = 200, body = Success<Vec<ContentVersionInfo>>), (status = 404, body = Failure), (status = 409, body = Failure),
        (status = 422, body = Failure)
    )
)]
pub(crate) async fn versions(
    State(state): State<AppState>,
    user: CurrentUser,
    Path(id): Path<JobId>,
    Query(query): Query<PageQuery>,
) -> Result<Success<Vec<ContentVersionInfo>>, ApiError> {
    let (cpm, principal) = (&state.cpm, &user.principal());
    listed(&query, |cursor, limit| async move {
        cpm.content_versions(principal, id, &ListVersions { cursor, limit: Some(limit) }).await
    })
    .await
}

/// One version of a job's text; 0 is what was generated.
#[utoipa::path(
    get, path = "/api/jobs/{id}/versions/{version}", tag = "jobs", params(("id" = JobId, Path), ("version" = i32, Path)),
    responses((status = 200, body = Success<ContentVersion>), (status = 404, body = Failure), (status = 409, body = Failure))
)]
pub(crate) async fn version(
    State(state): State<AppState>,
    user: CurrentUser,
    Path((id, version)): Path<(JobId, i32)>,
) -> Result<Success<ContentVersion>, ApiError> {
    Success::of(state.cpm.content_version(&user.principal(), id, version).await)
}

/// Saves an earlier version as a new one.
#[utoipa::path(
    post, path = "/api/jobs/{id}/versions/{version}/restore", tag = "jobs",
    params(("id" = JobId, Path), ("version" = i32, Path)),
    responses(
        (status = 200, body = Success<ContentVersion>), (status = 403, body = Failure), (status = 404, body = Failure),
        (status = 409, body = Failure), (status = 422, body = Failure)
    )
)]
pub(crate) async fn restore(
    State(state): State<AppState>,
    user: CurrentUser,
    Path((id, version)): Path<(JobId, i32)>,
    Json(how): Json<RestoreContent>,
) -> Result<Success<ContentVersion>, ApiError> {
    Success::of(state.cpm.restore_content(&user.principal(), id, version, &how).await)
}

/// The verdicts about a job's text, the newest first: that one holds.
#[utoipa::path(
    get, path = "/api/jobs/{id}/approval", tag = "jobs", params(("id" = JobId, Path), PageQuery),
    responses(
        (status = 200, body = Success<Vec<Approval>>), (status = 404, body = Failure), (status = 409, body = Failure),
        (status = 422, body = Failure)
    )
)]
pub(crate) async fn verdicts(
    State(state): State<AppState>,
    user: CurrentUser,
    Path(id): Path<JobId>,
    Query(query): Query<PageQuery>,
) -> Result<Success<Vec<Approval>>, ApiError> {
    let (cpm, principal) = (&state.cpm, &user.principal());
    listed(&query, |cursor, limit| async move {
        cpm.verdicts(principal, id, &ListVerdicts { cursor, limit: Some(limit) }).await
    })
    .await
}

/// Approves or rejects the newest version of a job's text, or takes back what was said before.
#[utoipa::path(
    post, path = "/api/jobs/{id}/approval", tag = "jobs", params(("id" = JobId, Path)),
    responses(
        (status = 200, body = Success<Approval>), (status = 403, body = Failure), (status = 404, body = Failure),
        (status = 409, body = Failure), (status = 422, body = Failure)
    )
)]
pub(crate) async fn judge(
    State(state): State<AppState>,
    user: CurrentUser,
    Path(id): Path<JobId>,
    Json(given): Json<GiveVerdict>,
) -> Result<Success<Approval>, ApiError> {
    Success::of(state.cpm.give_verdict(&user.principal(), id, &given).await)
}
