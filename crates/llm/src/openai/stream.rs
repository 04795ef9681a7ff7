//! Chunks to events.
//!
//! What compatible servers do, and what this does about it: usage comes in a chunk without choices, on
//! the last chunk, or on every chunk (the last one counts, nothing is added up), in Groq's own field or
//! in the usual one; errors come as an object after a 200; `[DONE]` may be missing after a finish
//! reason; a stream that ends with neither is broken, whatever its text looks like.

use futures::StreamExt;
use hg_types::Usd;

use super::{
    profile::Profile,
    response::{self, Context},
    text::Text,
    wire::{Chunk, WireError, WireUsage},
};
use crate::{
    adapter::{Event, EventStream, FinishReason, Usage},
    clean,
    error::Error,
    secret::Secret,
    sse::Frame,
    transport::{Decode, Flow, Out},
};

pub(super) struct Decoder {
    profile: &'static Profile,
    model: String,
    key: Secret,
    generation_id: Option<String>,
    started: bool,
    has_text: bool,
    refused: bool,
    finish: Option<FinishReason>,
    usage: Option<Usage>,
    cost: Option<Usd>,
}

impl Decoder {
    pub(super) fn new(profile: &'static Profile, model: String, key: Secret, generation_id: Option<String>) -> Self {
        Self {
            profile,
            model,
            key,
            generation_id,
            started: false,
            has_text: false,
            refused: false,
            finish: None,
            usage: None,
            cost: None,
        }
    }

    /// The events of an answer that came as one JSON document.
    pub(super) fn whole(mut self, text: &str) -> EventStream {
        let mut out = Out::new();
        if self.chunk(text, &mut out) == Flow::More {
            self.complete(&mut out);
        }
        futures::stream::iter(out.into_iter().filter_map(|item| item.map(clean::event).transpose())).boxed()
    }

    fn chunk(&mut self, json: &str, out: &mut Out) -> Flow {
        let chunk: Chunk<'_> = match serde_json::from_str(json) {
            Ok(chunk) => chunk,
            Err(source) => {
                return fail(out, Error::Malformed { what: "a chat completion chunk", source: Some(source) });
            }
        };
        if let Some(error) = &chunk.error {
            return fail(out, self.error(error));
        }
        self.start(&chunk, out);
        if let Some(XGroqError) = groq_error(&chunk) {
            return fail(out, self.error(&WireError::default()));
        }
        let groq = chunk.x_groq.as_ref().and_then(|own| own.usage.as_ref());
        if let Some(usage) = chunk.usage.as_ref().or(groq) {
            self.count(usage);
        }
        // One answer is asked for; a second choice would be another text.
        let Some(choice) = chunk.choices.as_ref().and_then(|choices| choices.first()) else {
            return Flow::More;
        };
        if let Some(error) = &choice.error {
            return fail(out, self.error(error));
        }
        if let Some(delta) = choice.delta.as_ref().or(choice.message.as_ref()) {
            self.refused |= delta.refusal.as_ref().is_some_and(|words| !words.0.is_empty());
            if let Some(text) = delta.text() {
                self.has_text = true;
                out.push_back(Ok(Event::Delta(text)));
            }
        }
        match choice.finish_reason.as_ref().map(|reason| &*reason.0) {
            None | Some("") => {}
            Some("error") => return fail(out, self.error(&WireError::default())),
            Some(reason) => self.finish = Some(finish_reason(reason)),
        }
        Flow::More
    }

    fn start(&mut self, chunk: &Chunk<'_>, out: &mut Out) {
        if std::mem::replace(&mut self.started, true) {
            return;
        }
        let groq = chunk.x_groq.as_ref().and_then(|own| own.id.as_ref());
        let said =
            |text: &Option<Text<'_>>| text.as_ref().filter(|text| !text.0.is_empty()).map(|text| text.0.to_string());
        let id = self.generation_id.take().or_else(|| said(&chunk.id));
        let model = said(&chunk.model);
        out.push_back(Ok(Event::Started {
            generation_id: id.or_else(|| groq.cloned()),
            model: model.unwrap_or_else(|| self.model.clone()),
        }));
    }

    fn count(&mut self, wire: &WireUsage) {
        self.usage = Some(wire.usage());
        if self.profile.reports_cost
            && let Some(cost) = wire.cost()
        {
            self.cost = Some(cost);
        }
    }

    fn error(&self, error: &WireError) -> Error {
        let context = Context { provider: self.profile.provider, model: &self.model, key: &self.key };
        response::in_stream(&context, error)
    }

    /// The provider said that the answer is over.
    fn complete(&mut self, out: &mut Out) {
        let reason = match self.finish.take() {
            _ if self.refused => FinishReason::Refusal,
            Some(reason) => reason,
            None if self.has_text => FinishReason::Other(String::new()),
            None => {
                fail(out, Error::BrokenStream { source: None });
                return;
            }
        };
        out.push_back(Ok(Event::Finished {
            finish_reason: reason,
            usage: self.usage.take(),
            provider_cost: self.cost.take(),
        }));
    }
}

impl Decode for Decoder {
    fn frame(&mut self, frame: &Frame, out: &mut Out) -> Flow {
        match frame.data.trim() {
            "" => Flow::More,
            "[DONE]" => {
                self.complete(out);
                Flow::Over
            }
            json => self.chunk(json, out),
        }
    }

    fn end(&mut self, rest: Option<Frame>, error: Option<Error>, out: &mut Out) {
        if let Some(rest) = rest.filter(|_| error.is_none()) {
            let mut last = Out::new();
            match self.frame(&rest, &mut last) {
                // Half an event is no malformed event: the stream broke.
                Flow::Over if last.iter().any(|item| matches!(item, Err(Error::Malformed { .. }))) => {}
                Flow::Over => return out.extend(last),
                Flow::More => out.extend(last),
            }
        }
        match error {
            Some(error @ Error::Cancelled) => {
                fail(out, error);
            }
            // Only the usage can be missing now, and the caller can estimate that.
            _ if self.finish.is_some() => self.complete(out),
            Some(error) => {
                fail(out, error);
            }
            None => {
                fail(out, Error::BrokenStream { source: None });
            }
        }
    }
}

fn fail(out: &mut Out, error: Error) -> Flow {
    out.push_back(Err(error));
    Flow::Over
}

/// Groq reports a failure in the middle of a stream in its own field.
struct XGroqError;

fn groq_error(chunk: &Chunk<'_>) -> Option<XGroqError> {
    let error = chunk.x_groq.as_ref()?.error.as_ref()?;
    (!error.is_null()).then_some(XGroqError)
}

fn finish_reason(reason: &str) -> FinishReason {
    match reason {
        "stop" | "end_turn" | "eos" => FinishReason::Stop,
        "length" | "max_tokens" => FinishReason::Length,
        "content_filter" => FinishReason::ContentFilter,
        "refusal" => FinishReason::Refusal,
        other => FinishReason::Other(other.to_owned()),
    }
}

#[cfg(test)]
#[path = "stream_tests.rs"]
mod tests;
