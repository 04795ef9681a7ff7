//! Server-sent events out of a body that comes in pieces.

use anyhow::{Context as _, Result};
use bytes::{Bytes, BytesMut};
use http_body_util::BodyExt as _;
use hyper::body::Incoming;

/// One event.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Event {
    /// Its id; empty where it has none.
    pub id: String,
    /// Its type.
    pub kind: String,
    /// Its data.
    pub data: String,
}

/// Events as they arrive.
pub struct Events {
    body: Incoming,
    parser: Parser,
}

impl Events {
    /// Of a body that just began.
    #[must_use]
    pub fn new(body: Incoming) -> Self {
        Self { body, parser: Parser::default() }
    }

    /// The next event; none at the end of the stream.
    ///
    /// # Errors
    /// The connection broke.
    pub async fn next(&mut self) -> Result<Option<Event>> {
        loop {
            if let Some(event) = self.parser.take() {
                return Ok(Some(event));
            }
            let Some(frame) = self.body.frame().await else { return Ok(None) };
            if let Ok(bytes) = frame.context("the event stream broke off")?.into_data() {
                self.parser.push(&bytes);
            }
        }
    }
}

#[derive(Default)]
struct Parser(BytesMut);

impl Parser {
    fn push(&mut self, bytes: &Bytes) {
        self.0.extend_from_slice(bytes);
    }

    /// Takes a whole event, if there is one. Comments (keep-alives) are none.
    fn take(&mut self) -> Option<Event> {
        loop {
            let end = self.0.windows(2).position(|pair| pair == b"\n\n")?;
            let block = self.0.split_to(end + 2);
            let text = String::from_utf8_lossy(&block);
            let mut event = Event::default();
            for line in text.lines() {
                let Some((name, value)) = line.split_once(':') else { continue };
                let value = value.strip_prefix(' ').unwrap_or(value);
                match name {
                    "id" => event.id = value.to_owned(),
                    "event" => event.kind = value.to_owned(),
                    "data" => event.data.push_str(value),
                    _ => {}
                }
            }
            if event != Event::default() {
                return Some(event);
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn events_come_whole_whatever_the_pieces() {
        let text = b": keep-alive\n\nid: 7.1-0.3\nevent: delta\ndata: {\"a\":1}\n\nevent: completed\ndata: {}\n\n";
        for size in [1, 3, 1000] {
            let mut parser = Parser::default();
            let mut events = Vec::new();
            for piece in text.chunks(size) {
                parser.push(&Bytes::from_static(b"").slice(..0));
                parser.push(&Bytes::copy_from_slice(piece));
                events.extend(std::iter::from_fn(|| parser.take()));
            }
            let kinds: Vec<_> = events.iter().map(|event| event.kind.as_str()).collect();
            assert_eq!(kinds, ["delta", "completed"]);
            assert_eq!((events[0].id.as_str(), events[0].data.as_str()), ("7.1-0.3", "{\"a\":1}"));
        }
    }
}
