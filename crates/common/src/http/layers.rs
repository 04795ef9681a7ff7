//! What every answer passes on its way out: request id, span and log line, metrics, panics made opaque, compression,
//! `nosniff`.
//!
//! It must not know any route.

use std::any::Any;
use std::sync::Arc;
use std::time::Instant;

use axum::extract::{DefaultBodyLimit, MatchedPath, Request};
use axum::middleware::{self, Next};
use axum::response::{IntoResponse, Response};
use axum::{Extension, Router};
use http::header::X_CONTENT_TYPE_OPTIONS;
use http::{HeaderValue, Method};
use metrics::Label;
use tower::ServiceBuilder;
use tower_http::catch_panic::CatchPanicLayer;
use tower_http::compression::CompressionLayer;
use tower_http::set_header::SetResponseHeaderLayer;
use tracing::Instrument;

use super::error::ApiError;
use super::extract::BodyLimit;
use super::linger::lingering;
use super::request_id::{RequestId, X_REQUEST_ID, with_request_id};

/// Puts the common layers around everything that `router` has by now, its fallbacks included.
pub(super) fn common(router: Router, body_limit: usize) -> Router {
    // One stack, and not a layer of the router each: those would be boxed one in the other, and every request clones all boxes.
    router.layer(
        ServiceBuilder::new()
            .layer(middleware::from_fn(observe))
            .layer(SetResponseHeaderLayer::overriding(X_CONTENT_TYPE_OPTIONS, HeaderValue::from_static("nosniff")))
            // The default predicate leaves event streams, images and tiny answers alone.
            .layer(CompressionLayer::new())
            .layer(CatchPanicLayer::custom(panicked))
            // So that whoever sends more is told how much more would be.
            .layer(Extension(BodyLimit(body_limit)))
            .layer(DefaultBodyLimit::max(body_limit)),
    )
}

/// The message of a panic. Taken by value because that is how the layer gives it.
#[expect(clippy::needless_pass_by_value, reason = "the signature is the layer's")]
fn panicked(payload: Box<dyn Any + Send + 'static>) -> Response {
    let text = payload
        .downcast_ref::<String>()
        .map(String::as_str)
        .or_else(|| payload.downcast_ref::<&str>().copied())
        .unwrap_or("no message");
    ApiError::internal(format!("a handler panicked: {text}")).into_response()
}

async fn observe(mut request: Request, next: Next) -> Response {
    let id = RequestId::from_headers(request.headers()).unwrap_or_else(RequestId::random);
    request.headers_mut().insert(X_REQUEST_ID, id.header_value());
    request.extensions_mut().insert(id.clone());
    let method = method_label(request.method());
    // Never the path itself: it may hold a token, and it would make as many time series as there are ids.
    let route = request.extensions().get::<MatchedPath>().map_or("unmatched", MatchedPath::as_str);
    let route: Arc<str> = route.into();
    let span = tracing::info_span!("request", request_id = %id, method, route = &*route);

    let started = Instant::now();
    let mut response = with_request_id(id.clone(), next.run(lingering(request))).instrument(span.clone()).await;
    let elapsed = started.elapsed();

    let status = response.status().as_u16();
    let labels = vec![
        Label::new("method", method),
        Label::new("path", Arc::clone(&route)),
        Label::new("status", Arc::<str>::from(response.status().as_str())),
    ];
    metrics::counter!("http_requests_total", labels.clone()).increment(1);
    metrics::histogram!("http_request_duration_seconds", labels).record(elapsed.as_secs_f64());
    let latency_ms = u64::try_from(elapsed.as_millis()).unwrap_or(u64::MAX);
    span.in_scope(|| match &*route {
        // Asked for every few seconds by machines.
        "/health" | "/health/live" | "/metrics" if status < 500 => tracing::debug!(status, latency_ms, "request"),
        _ => tracing::info!(status, latency_ms, "request"),
    });
    response.headers_mut().insert(X_REQUEST_ID, id.header_value());
    response
}

/// The method as a label: a caller may invent methods, but not time series.
fn method_label(method: &Method) -> &'static str {
    match *method {
        Method::GET => "GET",
        Method::HEAD => "HEAD",
        Method::POST => "POST",
        Method::PUT => "PUT",
        Method::PATCH => "PATCH",
        Method::DELETE => "DELETE",
        Method::OPTIONS => "OPTIONS",
        _ => "OTHER",
    }
}
