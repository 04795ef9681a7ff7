//! Tells API keys with each answer how many requests they have left: `RateLimit-Limit`, `-Remaining`, `-Reset`
//! (draft-ietf-httpapi-ratelimit-headers-06).
//!
//! It must not count: the throttle does, deep inside, and notes here what it found. Where nobody counted, nothing is said.

use std::cell::Cell;

use axum::{extract::Request, middleware::Next, response::Response};
use hg_common::redis::rate_limit::Decision;
use http::{HeaderName, HeaderValue};

const LIMIT: HeaderName = HeaderName::from_static("ratelimit-limit");
const REMAINING: HeaderName = HeaderName::from_static("ratelimit-remaining");
const RESET: HeaderName = HeaderName::from_static("ratelimit-reset");

#[derive(Clone, Copy)]
struct Standing {
    limit: u32,
    remaining: u32,
    reset_seconds: u64,
}

tokio::task_local! {
    static STANDING: Cell<Option<Standing>>;
}

/// Notes where the caller of this request stands.
pub(super) fn note(limit: u32, decision: &Decision) {
    let reset = decision.reset_after;
    let reset_seconds = reset.as_secs() + u64::from(reset.subsec_nanos() > 0);
    let standing = Standing { limit, remaining: decision.remaining, reset_seconds };
    // Absent only where no answer is made.
    let _ = STANDING.try_with(|noted| noted.set(Some(standing)));
}

/// The layer around the guard.
pub async fn add(request: Request, next: Next) -> Response {
    let answered = async {
        let response = next.run(request).await;
        (response, STANDING.with(Cell::get))
    };
    let (mut response, standing) = STANDING.scope(Cell::new(None), answered).await;
    if let Some(Standing { limit, remaining, reset_seconds }) = standing {
        let headers = response.headers_mut();
        headers.insert(LIMIT, HeaderValue::from(limit));
        headers.insert(REMAINING, HeaderValue::from(remaining));
        headers.insert(RESET, HeaderValue::from(reset_seconds));
    }
    response
}
