//! The contract of every provider adapter: a request in, a stream of events out.
//!
//! Owns the trait and the events. Must not know any wire format, and must not retry.

use std::fmt;

use futures::{
    FutureExt,
    future::{BoxFuture, ready},
    stream::BoxStream,
};
use hg_types::{Provider, Usd};
use serde::{Deserialize, Serialize};
use tokio_util::sync::CancellationToken;

use crate::{error::Error, request::Request};

/// What an adapter yields: events in order, at most one error, and nothing after an error or
/// [`Event::Finished`]. Dropping it closes the upstream call.
pub type EventStream = BoxStream<'static, Result<Event, Error>>;

/// One provider. Object safe, cheap to share, never retrying.
pub trait Adapter: fmt::Debug + Send + Sync {
    /// Which provider answers.
    fn provider(&self) -> Provider;

    /// Sends the request. The outer error is a call that was refused or never got through; what
    /// fails after the provider accepted it arrives in the stream. A cancelled token stops the
    /// upstream call and yields [`Error::Cancelled`].
    fn stream(&self, request: Request, cancel: CancellationToken) -> BoxFuture<'_, Result<EventStream, Error>>;

    /// Asks whether the provider takes the key, by a call that costs nothing and ends soon. A provider without such a call
    /// leaves this as it is.
    fn check_key(&self) -> BoxFuture<'_, KeyCheck> {
        ready(KeyCheck::Unknown).boxed()
    }
}

/// What a provider says to a key.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum KeyCheck {
    /// It takes it.
    Accepted,
    /// It doesn't.
    Refused,
    /// It gave no answer that says.
    Unknown,
}

/// What happens during an answer. Keep-alives aren't events.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Event {
    /// The provider began. Comes once, before any text.
    Started {
        /// The provider's id of this generation, for its support and its cost look-up.
        generation_id: Option<String>,
        /// The model that really answers, which may be a dated snapshot of the one asked for.
        model: String,
    },
    /// The next piece of the text, never empty.
    Delta(String),
    /// The answer is over. Comes once, last.
    Finished {
        /// Why it ended.
        finish_reason: FinishReason,
        /// The provider's own count; an interrupted or careless provider sends none.
        usage: Option<Usage>,
        /// What the provider says it charged, where it says so.
        provider_cost: Option<Usd>,
    },
}

/// Why an answer ended. A reason that we don't know never fails a response.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum FinishReason {
    /// The model was done.
    Stop,
    /// The token limit cut it off.
    Length,
    /// A content filter cut it off.
    ContentFilter,
    /// The model declined to answer.
    Refusal,
    /// Something else, in the provider's words; empty when it named none.
    Other(String),
}

/// Tokens of one call, in one meaning for all providers; adapters convert.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Usage {
    /// All input tokens, those read from and written to a cache included.
    pub input_tokens: u64,
    /// The part of `input_tokens` that was read from a cache.
    pub cached_input_tokens: u64,
    /// The part of `input_tokens` that was written to a cache, where that has its own price.
    pub cache_write_tokens: u64,
    /// All output tokens, reasoning included.
    pub output_tokens: u64,
    /// The part of `output_tokens` that was spent on reasoning.
    pub reasoning_tokens: u64,
}
