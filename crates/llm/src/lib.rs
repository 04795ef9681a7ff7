//! Language-model providers behind one small trait, and what their tokens cost.
//!
//! This crate turns a [`Request`] into a stream of [`Event`]s and knows prices. It knows nothing of
//! jobs, budgets, databases or queues, and it never retries: one place retries, and that is the
//! caller. Each wire format is a folder (`openai`, `sample`): wire types, request, response, stream.
//!
//! To call a model: build a [`Registry`] from configuration, take an [`Adapter`] from it, and drive it
//! with [`collect`](collect()), which gives a [`Completion`] or a [`Failure`] holding what arrived.
//!
//! To add a provider: write its folder, then add one line to the table in [`registry`].

pub mod adapter;
mod clean;
pub mod collect;
pub mod error;
pub mod openai;
pub mod prices;
pub mod registry;
pub mod request;
pub mod retry_after;
pub mod sample;
pub mod secret;
pub mod sse;
pub mod timeouts;
mod transport;

pub use adapter::{Adapter, Event, EventStream, FinishReason, KeyCheck, Usage};
pub use collect::{Completion, Cost, CostKnown, Failure, Partial, Timings, collect};
pub use error::{Error, Phase};
pub use prices::{ModelPrice, PriceTable, estimate_tokens, token_bound};
pub use registry::{NotConfigured, ProviderConfig, Registry, RegistryConfig};
pub use request::{MaxTokensField, Message, Request, Speaker};
pub use sample::SampleConfig;
pub use secret::Secret;
pub use timeouts::Timeouts;
