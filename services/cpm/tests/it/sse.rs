//! Reading server-sent events, as a browser or a service would.

use std::time::Duration;

use futures::{StreamExt, stream::BoxStream};
use hg_testkit::Api;
use hg_types::JobId;
use http::Method;
use serde_json::Value;

/// A frame: an event, or a word about the connection.
#[derive(Debug, Default, PartialEq)]
pub(crate) struct Seen {
    pub(crate) id: Option<String>,
    /// Empty for a frame without an event.
    pub(crate) event: String,
    pub(crate) data: Value,
    pub(crate) retry: Option<u64>,
}

/// A stream that is being read.
pub(crate) struct Watching {
    bytes: BoxStream<'static, Option<String>>,
    buffer: String,
}

impl Watching {
    /// A job's events.
    pub(crate) async fn start(api: &Api, job: JobId, last: Option<&str>) -> Self {
        Self::at(api, &format!("/jobs/{job}/events"), last).await
    }

    /// Any stream that is asked for with GET.
    pub(crate) async fn at(api: &Api, path: &str, last: Option<&str>) -> Self {
        let mut call = api.start(Method::GET, path).timeout(Duration::from_secs(120));
        if let Some(last) = last {
            call = call.header("last-event-id", last);
        }
        Self::of(call.send().await.unwrap())
    }

    /// The stream that is an answer.
    pub(crate) fn of(answer: reqwest::Response) -> Self {
        assert_eq!(answer.status().as_u16(), 200);
        assert_eq!(answer.headers()["content-type"], "text/event-stream");
        // A connection that breaks is the end of a stream like any other.
        let bytes = answer.bytes_stream().map(|chunk| Some(String::from_utf8(chunk.ok()?.to_vec()).unwrap())).boxed();
        Self { bytes, buffer: String::new() }
    }

    /// The next frame, comments left out; `None` at the end.
    pub(crate) async fn frame(&mut self) -> Option<Seen> {
        loop {
            if let Some((block, rest)) = self.buffer.split_once("\n\n") {
                let (block, rest) = (block.to_owned(), rest.to_owned());
                self.buffer = rest;
                let mut seen = Seen::default();
                for line in block.lines() {
                    match line.split_once(": ") {
                        Some(("id", id)) => seen.id = Some(id.to_owned()),
                        Some(("event", event)) => event.clone_into(&mut seen.event),
                        Some(("data", data)) => seen.data = serde_json::from_str(data).unwrap(),
                        Some(("retry", retry)) => seen.retry = Some(retry.parse().unwrap()),
                        _ => {}
                    }
                }
                if seen != Seen::default() {
                    return Some(seen);
                }
                continue;
            }
            let chunk =
                tokio::time::timeout(Duration::from_secs(30), self.bytes.next()).await.expect("something comes")??;
            self.buffer.push_str(&chunk);
        }
    }

    /// The next event; `None` at the end.
    pub(crate) async fn next(&mut self) -> Option<Seen> {
        loop {
            let seen = self.frame().await?;
            if !seen.event.is_empty() {
                return Some(seen);
            }
        }
    }

    pub(crate) async fn expect(&mut self, event: &str) -> Seen {
        let seen = self.next().await.unwrap_or_else(|| panic!("the stream ended before {event}"));
        assert_eq!(seen.event, event, "{seen:?}");
        seen
    }

    pub(crate) async fn rest(mut self) -> Vec<Seen> {
        let mut all = Vec::new();
        while let Some(seen) = self.next().await {
            all.push(seen);
        }
        all
    }
}
