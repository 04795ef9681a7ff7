//! The last word of a stream whose process ends: come back, and to another replica.

use std::time::Duration;

use axum::response::sse;

/// When everybody may be back: soon, but not all at once.
const SOONEST_MS: u64 = 200;
const SPREAD_MS: u64 = 1_300;

/// A frame without an event: when to come back, for browsers, and why, for people.
pub fn farewell() -> sse::Event {
    let pause = SOONEST_MS + rand::random_range(0..SPREAD_MS);
    sse::Event::default()
        .retry(Duration::from_millis(pause))
        .comment("the server restarts: come back with Last-Event-ID")
}
