//! Handlers: extract, one call into domain or store, map. Rules and SQL are elsewhere.

pub mod analytics;
pub mod caller;
pub mod error;
pub mod estimate;
mod event_stream;
pub mod events;
pub mod generate;
pub mod jobs;
pub mod key_guard;
pub mod keys;
pub mod providers;
pub mod throttle;
