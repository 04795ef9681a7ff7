//! `/api/content/generate`, `/api/content/estimate`. Asked of CPM.

use axum::{
    extract::State,
    response::{IntoResponse, Response},
};
use hg_common::http::{ApiError, Json};
use hg_contracts::cpm::{Estimate, GenerateRequest, GenerateResponse, Waited};
use http::{HeaderMap, StatusCode};

use super::{
    envelope::{Failure, Success},
    jobs::relay,
};
use crate::{peer_error::peer_error, session::CurrentUser, state::AppState};

/// Asks for content. `wait` and `stream` in the body are as in CPM: the finished job (or 202), and the job's events.
#[utoipa::path(
    post, path = "/api/content/generate", tag = "content",
    params(("Idempotency-Key" = Option<String>, Header, description = "Makes a repeat harmless")),
    responses(
        (status = 200, body = Success<GenerateResponse>),
        (status = 202, description = "`wait`: accepted, and not ended in time.", body = Success<GenerateResponse>), (status = 402, body = Failure), (status = 404, body = Failure),
        (status = 422, body = Failure), (status = 503, body = Failure)
    )
)]
pub(crate) async fn generate(
    State(state): State<AppState>,
    user: CurrentUser,
    headers: HeaderMap,
    Json(request): Json<GenerateRequest>,
) -> Result<Response, ApiError> {
    if request.stream == Some(true) {
        let key = may_ask(&user, &headers, &request)?;
        let events = state.cpm.generate_and_stream(&user.principal(), key, &request).await.map_err(peer_error)?;
        return Ok(relay(&state, events));
    }
    if request.wait.is_some_and(|seconds| seconds > 0) {
        let key = may_ask(&user, &headers, &request)?;
        return Ok(match state.cpm.generate_and_wait(&user.principal(), key, &request).await.map_err(peer_error)? {
            Waited::Ended(job) => Success::new(*job).into_response(),
            Waited::Accepted(accepted) => (StatusCode::ACCEPTED, Success::new(accepted)).into_response(),
        });
    }
    accept(&state, &user, &headers, &request).await.map(|accepted| Success::new(accepted).into_response())
}

/// What it would cost.
#[utoipa::path(
    post, path = "/api/content/estimate", tag = "content",
    responses((status = 200, body = Success<Estimate>), (status = 404, body = Failure), (status = 422, body = Failure))
)]
pub(crate) async fn estimate(
    State(state): State<AppState>,
    user: CurrentUser,
    Json(request): Json<GenerateRequest>,
) -> Result<Success<Estimate>, ApiError> {
    Success::of(state.cpm.estimate(&user.principal(), &request).await)
}

/// Passes a request on, with the caller's own idempotency key.
///
/// # Errors
/// When CPM is away or refuses.
pub(super) async fn accept(
    state: &AppState,
    user: &CurrentUser,
    headers: &HeaderMap,
    request: &GenerateRequest,
) -> Result<GenerateResponse, ApiError> {
    if request.stream == Some(true) || request.wait.is_some_and(|seconds| seconds > 0) {
        return Err(ApiError::field("wait", "wait and stream are for POST /api/content/generate"));
    }
    let key = may_ask(user, headers, request)?;
    state.cpm.generate(&user.principal(), key, request).await.map_err(peer_error)
}

/// The caller's idempotency key, where the request is the caller's own.
fn may_ask<'a>(
    user: &CurrentUser,
    headers: &'a HeaderMap,
    request: &GenerateRequest,
) -> Result<Option<&'a str>, ApiError> {
    // A trusted service names its user; a person is who the session says.
    if request.user_id.is_some_and(|id| id != user.id) {
        return Err(ApiError::field("user_id", "is the signed-in user: leave it out"));
    }
    match headers.get("idempotency-key").map(|value| value.to_str()) {
        None => Ok(None),
        Some(Ok(key)) => Ok(Some(key)),
        Some(Err(error)) => Err(ApiError::bad_request("Idempotency-Key must be printable ASCII").with_source(error)),
    }
}
