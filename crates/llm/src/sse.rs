//! Server-sent events, read from bytes as they come.
//!
//! Own code rather than `eventsource-stream`: that crate decodes each chunk as UTF-8 before it looks
//! for lines and has no bound on a line's length. Follows the WHATWG rules: `\n`, `\r` and `\r\n` end
//! a line, a leading byte-order mark and lines that begin with a colon are skipped, several `data`
//! lines are joined. Bytes are decoded per complete line, so a chunk may end inside a character.

use memchr::memchr2;

/// One dispatched event.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Frame {
    /// The `event` field; empty when there was none.
    pub event: String,
    /// The `data` lines, joined by line feeds.
    pub data: String,
}

/// A line or an event is longer than anything a provider sends.
#[derive(Clone, Copy, Debug, thiserror::Error, PartialEq, Eq)]
#[error("an event is longer than {MAX_EVENT_BYTES} bytes")]
pub struct TooLong;

/// The most that one event may hold. Text deltas are a few hundred bytes; this is for errors that
/// quote a request.
pub const MAX_EVENT_BYTES: usize = 1024 * 1024;

/// The parser's state between two chunks.
#[derive(Debug, Default)]
pub struct Parser {
    /// The beginning of a line whose end hasn't come yet.
    line: Vec<u8>,
    frame: Frame,
    has_data: bool,
    began: bool,
    after_return: bool,
}

impl Parser {
    /// A parser at the start of a stream.
    #[must_use]
    pub fn new() -> Self {
        Self::default()
    }

    /// Takes the next chunk and appends the events that it completes.
    ///
    /// # Errors
    /// When an event outgrows [`MAX_EVENT_BYTES`]; the parser is of no use then.
    pub fn push(&mut self, chunk: &[u8], out: &mut Vec<Frame>) -> Result<(), TooLong> {
        let mut rest = chunk;
        while let Some(first) = rest.first() {
            if std::mem::take(&mut self.after_return) && *first == b'\n' {
                rest = &rest[1..];
                continue;
            }
            let end = memchr2(b'\r', b'\n', rest);
            let part = &rest[..end.unwrap_or(rest.len())];
            if self.line.len() + part.len() + self.frame.data.len() > MAX_EVENT_BYTES {
                return Err(TooLong);
            }
            let Some(end) = end else {
                self.line.extend_from_slice(part);
                return Ok(());
            };
            // Most lines are whole in their chunk, and are read where they stand.
            if self.line.is_empty() {
                self.end_line(part, out);
            } else {
                self.line.extend_from_slice(part);
                let mut line = std::mem::take(&mut self.line);
                self.end_line(&line, out);
                line.clear();
                self.line = line;
            }
            self.after_return = rest[end] == b'\r';
            rest = &rest[end + 1..];
        }
        Ok(())
    }

    /// What is left at the end of the stream. The rules say to drop it, but servers forget the last
    /// blank line; it may also be half an event.
    #[must_use]
    pub fn finish(mut self) -> Option<Frame> {
        let mut out = Vec::new();
        let line = std::mem::take(&mut self.line);
        if !line.is_empty() {
            self.end_line(&line, &mut out);
        }
        self.dispatch(&mut out);
        out.pop()
    }

    fn end_line(&mut self, mut line: &[u8], out: &mut Vec<Frame>) {
        if !std::mem::replace(&mut self.began, true) {
            line = line.strip_prefix(b"\xef\xbb\xbf").unwrap_or(line);
        }
        if line.is_empty() {
            self.dispatch(out);
            return;
        }
        let text = String::from_utf8_lossy(line);
        let (field, value) = text.split_once(':').unwrap_or((&text, ""));
        let value = value.strip_prefix(' ').unwrap_or(value);
        match field {
            "data" => {
                if self.has_data {
                    self.frame.data.push('\n');
                }
                self.frame.data.push_str(value);
                self.has_data = true;
            }
            "event" => value.clone_into(&mut self.frame.event),
            // An empty field is a comment; `id` and `retry` mean nothing here.
            _ => {}
        }
    }

    fn dispatch(&mut self, out: &mut Vec<Frame>) {
        let frame = std::mem::take(&mut self.frame);
        if std::mem::take(&mut self.has_data) {
            out.push(frame);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const STREAM: &str = "\u{feff}: OPENROUTER PROCESSING\n\ndata: {\"text\":\"Grüße 🌍\"}\r\n\r\nevent: error\rdata:one\rdata: two\r\rid: 7\nretry: 10\n\ndata\n\ndata: [DONE]\n\n";

    fn expected() -> Vec<Frame> {
        let frame = |event: &str, data: &str| Frame { event: event.into(), data: data.into() };
        vec![frame("", "{\"text\":\"Grüße 🌍\"}"), frame("error", "one\ntwo"), frame("", ""), frame("", "[DONE]")]
    }

    fn parse<'a>(chunks: impl IntoIterator<Item = &'a [u8]>) -> Vec<Frame> {
        let (mut parser, mut out) = (Parser::new(), Vec::new());
        for chunk in chunks {
            parser.push(chunk, &mut out).unwrap();
        }
        out.extend(parser.finish());
        out
    }

    #[test]
    fn cares_for_no_chunk_boundary() {
        let bytes = STREAM.as_bytes();
        assert_eq!(parse([bytes]), expected());
        for size in 1..bytes.len() {
            assert_eq!(parse(bytes.chunks(size)), expected(), "chunks of {size}");
        }
        for first in 0..bytes.len() {
            for second in first..bytes.len() {
                let cut = [&bytes[..first], &bytes[first..second], &bytes[second..]];
                assert_eq!(parse(cut), expected(), "cut at {first} and {second}");
            }
        }
    }

    #[test]
    fn gives_the_last_event_without_its_blank_line() {
        assert_eq!(parse([b"data: a\n\ndata: [DONE]".as_slice()]).last().unwrap().data, "[DONE]");
        assert_eq!(parse([b"data: a\n\n".as_slice()]).len(), 1);
        assert!(parse([b": ping\n\n: ping\n\n".as_slice()]).is_empty());
    }

    #[test]
    fn bounds_a_line_and_an_event() {
        let (mut parser, mut out) = (Parser::new(), Vec::new());
        let long = vec![b'x'; MAX_EVENT_BYTES + 1];
        assert_eq!(parser.push(&long, &mut out), Err(TooLong));
        let mut parser = Parser::new();
        let line = [b"data: ".as_slice(), &[b'y'; 1000], b"\n"].concat();
        assert!((0..2000).any(|_| parser.push(&line, &mut out).is_err()));
    }

    #[test]
    fn survives_bytes_that_are_not_text() {
        assert_eq!(parse([b"data: a\xff\xfeb\n\n".as_slice()])[0].data, "a\u{fffd}\u{fffd}b");
    }
}
