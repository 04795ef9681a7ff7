//! A stream of frames as an answer.

use std::time::Duration;

use axum::response::{
    IntoResponse, Response,
    sse::{KeepAlive, Sse},
};
use http::{HeaderName, header::CACHE_CONTROL};
use tokio::sync::mpsc;
use tokio_stream::wrappers::ReceiverStream;

use crate::live::Frame;

const KEEP_ALIVE: Duration = Duration::from_secs(15);

/// Frames as server-sent events, with a comment every 15 seconds of silence.
pub(super) fn event_stream(frames: mpsc::Receiver<Frame>) -> Response {
    let stream =
        Sse::new(ReceiverStream::new(frames)).keep_alive(KeepAlive::new().interval(KEEP_ALIVE).text("keep-alive"));
    // Proxies that gather answers before they pass them on would make live text pointless.
    let unbuffered = [(CACHE_CONTROL, "no-store"), (HeaderName::from_static("x-accel-buffering"), "no")];
    (unbuffered, stream).into_response()
}
