//! `/api/jobs`: what was asked for and what became of it. Asked of CPM.

use std::time::Duration;

use axum::{
    body::{Body, Bytes},
    extract::State,
    response::{IntoResponse, Response},
};
use futures::{
    Stream, StreamExt as _,
    stream::{self, BoxStream},
};
use hg_common::http::{ApiError, Json, Path, Query};
use hg_contracts::{
    client::ClientError,
    cpm::{GenerateRequest, GenerateResponse, JobDetail, JobStatusView, JobSummary, ListJobs},
};
use hg_types::{JobId, JobStatus};
use http::{HeaderMap, HeaderName, StatusCode, header};
use serde::Deserialize;
use utoipa::ToSchema;

use super::{
    content,
    envelope::{Failure, Place, Success},
};
use crate::{peer_error::peer_error, session::CurrentUser, state::AppState};

/// CPM's own default.
const PAGE_SIZE: u32 = 20;
/// CPM says every 15 seconds that it is still there. After three such silences, it isn't.
const SILENCE: Duration = Duration::from_secs(45);

/// The jobs that the caller sees, newest first.
#[utoipa::path(
    get, path = "/api/jobs", tag = "jobs", params(ListJobs),
    responses((status = 200, body = Success<Vec<JobSummary>>), (status = 422, body = Failure))
)]
pub(crate) async fn list(
    State(state): State<AppState>,
    user: CurrentUser,
    Query(query): Query<ListJobs>,
) -> Result<Success<Vec<JobSummary>>, ApiError> {
    let page = state.cpm.list_jobs(&user.principal(), &query).await.map_err(peer_error)?;
    let place = Place {
        page: query.cursor.is_none().then(|| query.page.unwrap_or(1)),
        page_size: query.limit.or(query.page_size).unwrap_or(PAGE_SIZE),
    };
    Ok(Success::list(page, place))
}

/// Asks for content; the same as `POST /api/content/generate`.
#[utoipa::path(
    post, path = "/api/jobs", tag = "jobs",
    params(("Idempotency-Key" = Option<String>, Header, description = "Makes a repeat harmless")),
    responses((status = 201, body = Success<GenerateResponse>), (status = 402, body = Failure), (status = 422, body = Failure))
)]
pub(crate) async fn create(
    State(state): State<AppState>,
    user: CurrentUser,
    headers: HeaderMap,
    Json(request): Json<GenerateRequest>,
) -> Result<(StatusCode, Success<GenerateResponse>), ApiError> {
    let accepted = content::accept(&state, &user, &headers, &request).await?;
    Ok((StatusCode::CREATED, Success::new(accepted)))
}

/// One job with everything that is known about it.
#[utoipa::path(
    get, path = "/api/jobs/{id}", tag = "jobs", params(("id" = JobId, Path)),
    responses((status = 200, body = Success<JobDetail>), (status = 404, body = Failure))
)]
pub(crate) async fn fetch(
    State(state): State<AppState>,
    user: CurrentUser,
    Path(id): Path<JobId>,
) -> Result<Success<JobDetail>, ApiError> {
    Success::of(state.cpm.get_job(&user.principal(), id).await)
}

/// The one change that a job takes.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct UpdateJob {
    /// `cancelled`.
    status: JobStatus,
}

/// Cancels a job, as the reference does it.
#[utoipa::path(
    put, path = "/api/jobs/{id}", tag = "jobs", params(("id" = JobId, Path)),
    responses((status = 200, body = Success<JobStatusView>), (status = 409, body = Failure), (status = 422, body = Failure))
)]
pub(crate) async fn update(
    State(state): State<AppState>,
    user: CurrentUser,
    Path(id): Path<JobId>,
    Json(UpdateJob { status }): Json<UpdateJob>,
) -> Result<Success<JobStatusView>, ApiError> {
    if status != JobStatus::Cancelled {
        return Err(ApiError::field("status", "a job's status can only be set to cancelled"));
    }
    Success::of(state.cpm.cancel_job(&user.principal(), id).await)
}

/// Cancels a job.
#[utoipa::path(
    delete, path = "/api/jobs/{id}", tag = "jobs", params(("id" = JobId, Path)),
    responses((status = 200, body = Success<JobStatusView>), (status = 404, body = Failure), (status = 409, body = Failure))
)]
pub(crate) async fn cancel(
    State(state): State<AppState>,
    user: CurrentUser,
    Path(id): Path<JobId>,
) -> Result<Success<JobStatusView>, ApiError> {
    Success::of(state.cpm.cancel_job(&user.principal(), id).await)
}

/// Where a job stands, in short.
#[utoipa::path(
    get, path = "/api/jobs/{id}/status", tag = "jobs", params(("id" = JobId, Path)),
    responses((status = 200, body = Success<JobStatusView>), (status = 404, body = Failure))
)]
pub(crate) async fn status(
    State(state): State<AppState>,
    user: CurrentUser,
    Path(id): Path<JobId>,
) -> Result<Success<JobStatusView>, ApiError> {
    let job = state.cpm.get_job(&user.principal(), id).await.map_err(peer_error)?;
    Ok(Success::new(JobStatusView {
        job_id: id,
        status: job.summary.status,
        stage: job.summary.stage,
        result: job.result,
        error: job.summary.error_message,
    }))
}

/// A job's events as they happen, as CPM sends them. Ends with the job, with its watcher, and with this process.
#[utoipa::path(
    get, path = "/api/jobs/{id}/events", tag = "jobs",
    params(("id" = JobId, Path), ("Last-Event-ID" = Option<String>, Header, description = "Go on after this event")),
    responses(
        (status = 200, content_type = "text/event-stream", body = String),
        (status = 204, description = "The job has ended, and everything was seen."),
        (status = 404, body = Failure)
    )
)]
pub(crate) async fn events(
    State(state): State<AppState>,
    user: CurrentUser,
    Path(id): Path<JobId>,
    headers: HeaderMap,
) -> Result<Response, ApiError> {
    let last = headers.get("last-event-id").and_then(|value| value.to_str().ok());
    let Some(events) = state.cpm.job_events(&user.principal(), id, last).await.map_err(peer_error)? else {
        // A browser comes back for ever after a stream that ends; this tells it to stop.
        return Ok(StatusCode::NO_CONTENT.into_response());
    };
    Ok(relay(&state, events))
}

/// A job's events as they come from CPM.
pub(super) fn relay(state: &AppState, events: BoxStream<'static, Result<Bytes, ClientError>>) -> Response {
    // The browser reconnects after a broken stream and says where it was. When it goes, the body is dropped, and the call with it.
    let events = events.inspect(|part| {
        if let Err(error) = part {
            tracing::debug!(error = %hg_common::http::error_chain(error), "an event stream broke off");
        }
    });
    let until_shutdown = until_silent(events, SILENCE).take_until(state.shutdown.clone().cancelled_owned());
    let headers = [
        (header::CONTENT_TYPE, "text/event-stream"),
        (header::CACHE_CONTROL, "no-store"),
        // For nginx and its like, which would gather events otherwise.
        (HeaderName::from_static("x-accel-buffering"), "no"),
    ];
    (headers, Body::from_stream(until_shutdown)).into_response()
}

/// The stream until nothing comes for so long: a connection may be dead without anybody saying so.
fn until_silent<S: Stream + Send + 'static>(events: S, patience: Duration) -> impl Stream<Item = S::Item> + Send {
    stream::unfold(Box::pin(events), move |mut events| async move {
        match tokio::time::timeout(patience, events.next()).await {
            Ok(part) => part.map(|part| (part, events)),
            Err(_) => {
                tracing::debug!("an event stream fell silent");
                None
            }
        }
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn a_stream_that_falls_silent_ends() {
        let silent = stream::iter([1, 2]).chain(stream::pending());
        let parts = until_silent(silent, Duration::from_millis(20)).collect::<Vec<_>>();
        let parts = tokio::time::timeout(hg_testkit::PATIENCE, parts).await.expect("it goes on");
        assert_eq!(parts, [1, 2]);
    }
}
