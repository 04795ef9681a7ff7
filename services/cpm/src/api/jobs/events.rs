//! `GET /jobs/{id}/events`: watching a job, as server-sent events.

use std::time::Duration;

use axum::{
    extract::State,
    response::{IntoResponse, Response},
};
use hg_common::{
    auth::{ApiScope, Caller},
    http::{ApiError, ErrorBody, Path},
};
use hg_types::{JobId, id::ClientRef};
use http::{HeaderMap, StatusCode};

use crate::{
    api::{caller::with_scope, event_stream::event_stream},
    live::{Beginning, Position, Watcher},
    state::AppState,
    store::events::{events_after, job_head},
};

/// When a caller who watches too many jobs may ask again.
const FULL: Duration = Duration::from_secs(10);

/// A job's events as they happen, until its end.
///
/// `status` {status, stage, attempt, at, and the `reason` where it waits again}; `delta` {offset, text}: live text, `offset` bytes after its beginning; `reset` {reason}: forget the
/// text so far; `progress` {stage, elapsed_ms, output_tokens, cost_usd}: about every second while text is written; and at the end one of `completed` {title, score, cost_usd}, `failed`
/// {code, message}, `cancelled` {}. `Last-Event-ID` resumes. 204 where there is nothing more to tell.
#[utoipa::path(
    get,
    path = "/jobs/{id}/events",
    tag = "jobs",
    params(
        ("id" = JobId, Path, description = "The job.", example = "01938b7e-4c00-7d3a-9a51-2f7d7c3c5a11"),
        ("Last-Event-ID" = Option<String>, Header, description = "The id of the last event that was seen.", example = "7.1732180000000-0.420"),
    ),
    responses(
        (status = 200, content_type = "text/event-stream", body = String,
            example = "id: 1\nevent: status\ndata: {\"status\":\"pending\",\"stage\":\"queued\",\"attempt\":0,\"at\":\"2026-11-21T09:29:00.000Z\"}\n\n"),
        (status = 204, description = "The job has ended, and everything was seen."),
        (status = 401, body = ErrorBody), (status = 403, body = ErrorBody), (status = 404, body = ErrorBody),
        (status = 429, description = "Too many requests, or the caller watches 100 jobs already, or a client's callers together 500.", body = ErrorBody)
    )
)]
pub async fn job_events(
    State(state): State<AppState>,
    caller: Caller,
    Path(id): Path<JobId>,
    headers: HeaderMap,
) -> Result<Response, ApiError> {
    let principal = with_scope(caller, ApiScope::JobsRead)?;
    let seat = state.watching.enter(&principal).ok_or_else(|| ApiError::too_many_requests(FULL))?;
    let position =
        headers.get("last-event-id").and_then(|id| id.to_str().ok()).map(Position::parse).unwrap_or_default();
    let keys = state.keys.from_now();
    // First of all: what happens from here on is not missed.
    let watch = state.hub.subscribe(id);
    let mut tx = state.db.tenant(principal.scope()).await?;
    let head = job_head(&mut tx, id).await?.ok_or_else(|| ApiError::not_found("job"))?;
    let seat = seat.about(&ClientRef::Id(head.client_id)).ok_or_else(|| ApiError::too_many_requests(FULL))?;
    // A browser comes back for ever after a stream that ends; 204 tells it to stop.
    if head.status.is_terminal() && events_after(&mut tx, id, head.client_id, position.seq, 1).await?.is_empty() {
        return Ok(StatusCode::NO_CONTENT.into_response());
    }
    tx.commit().await?;
    let watcher = Watcher {
        db: state.db.clone(),
        keys,
        principal,
        job: id,
        client: head.client_id,
        position,
        shutdown: state.shutdown.clone(),
    };
    Ok(event_stream(watcher.spawn(watch, seat, Beginning::Replay, None)))
}
