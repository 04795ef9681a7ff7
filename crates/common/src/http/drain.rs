//! The time between being asked to end and not being reachable any more.
//!
//! Whoever sends traffic (a proxy, another service) learns with a delay that a process ends. Until then it is served as
//! before, but told to go elsewhere: `/health` says `draining` with 503, and each answer closes its connection.
//! It must not know when that time is over.

use axum::extract::{Request, State};
use axum::middleware::{Next, from_fn_with_state};
use axum::response::{IntoResponse, Response};
use axum::{Json, Router};
use http::header::{CACHE_CONTROL, CONNECTION};
use http::{HeaderValue, StatusCode};

use super::server::ShutdownToken;

/// Where proxies ask whether they should send traffic.
const READINESS: [&str; 2] = ["/health", "/api/health"];

/// Adds what is said once `shutdown` is cancelled.
pub(super) fn draining(router: Router, shutdown: ShutdownToken) -> Router {
    router.layer(from_fn_with_state(shutdown, drain))
}

async fn drain(State(shutdown): State<ShutdownToken>, request: Request, next: Next) -> Response {
    let mut response = if shutdown.is_cancelled() && READINESS.contains(&request.uri().path()) {
        let body = Json(serde_json::json!({ "status": "draining" }));
        (StatusCode::SERVICE_UNAVAILABLE, [(CACHE_CONTROL, "no-store")], body).into_response()
    } else {
        next.run(request).await
    };
    if shutdown.is_cancelled() {
        response.headers_mut().insert(CONNECTION, HeaderValue::from_static("close"));
    }
    response
}
