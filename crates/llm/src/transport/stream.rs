//! Bytes to events: drives a decoder with the frames of a body, as a stream that is pulled.
//!
//! Nothing is spawned and nothing is buffered beyond one chunk: whoever reads slowly slows the
//! provider down, and dropping the stream closes the call.

use std::collections::VecDeque;

use bytes::Bytes;
use futures::{Stream, StreamExt};

use crate::{
    adapter::{Event, EventStream},
    clean,
    error::Error,
    sse::{Frame, Parser},
    transport::Guard,
};

/// Where a decoder puts what it found.
pub(crate) type Out = VecDeque<Result<Event, Error>>;

/// Whether there is more to come.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Flow {
    /// Yes.
    More,
    /// The answer is over, well or not; the rest of the body isn't read.
    Over,
}

/// One wire format's reading of frames.
pub(crate) trait Decode: Send + 'static {
    /// Takes one whole frame.
    fn frame(&mut self, frame: &Frame, out: &mut Out) -> Flow;

    /// The body ended, with an error or simply so; `rest` is what was left of an unfinished frame.
    fn end(&mut self, rest: Option<Frame>, error: Option<Error>, out: &mut Out);
}

struct State<B, D> {
    body: B,
    parser: Parser,
    decoder: D,
    guard: Guard,
    /// Of the chunk that is being read; empty in between.
    frames: Vec<Frame>,
    out: Out,
    over: bool,
}

/// The events of a body.
pub(crate) fn decoded<B, D>(body: B, decoder: D, guard: Guard) -> EventStream
where
    B: Stream<Item = Result<Bytes, Error>> + Send + Unpin + 'static,
    D: Decode,
{
    let state = State { body, parser: Parser::new(), decoder, guard, frames: Vec::new(), out: Out::new(), over: false };
    futures::stream::unfold(state, |mut state| async move {
        loop {
            if let Some(item) = state.out.pop_front() {
                let Some(item) = item.map(clean::event).transpose() else { continue };
                // Nothing may follow an error.
                if item.is_err() {
                    state.over = true;
                    state.out.clear();
                }
                return Some((item, state));
            }
            if state.over {
                return None;
            }
            state.step().await;
        }
    })
    .boxed()
}

impl<B, D> State<B, D>
where
    B: Stream<Item = Result<Bytes, Error>> + Send + Unpin,
    D: Decode,
{
    async fn step(&mut self) {
        let error = match self.guard.run(self.body.next()).await {
            Ok(Some(Ok(chunk))) => {
                let pushed = self.parser.push(&chunk, &mut self.frames);
                if !self.frames.is_empty() {
                    self.guard.progressed();
                }
                for frame in self.frames.drain(..) {
                    if self.decoder.frame(&frame, &mut self.out) == Flow::Over {
                        self.over = true;
                        return;
                    }
                }
                match pushed {
                    Ok(()) => return,
                    Err(_) => Some(Error::Malformed { what: "an event of reasonable length", source: None }),
                }
            }
            Ok(Some(Err(error))) | Err(error) => Some(error),
            Ok(None) => None,
        };
        self.over = true;
        let rest = std::mem::take(&mut self.parser).finish();
        self.decoder.end(rest, error, &mut self.out);
    }
}
