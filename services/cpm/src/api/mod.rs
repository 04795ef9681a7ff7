//! Handlers: extract, one call into domain or store, map. Rules and SQL are elsewhere.

pub mod allowance;
pub mod analytics;
pub mod api_keys;
pub mod budgets;
pub mod caller;
pub mod error;
pub mod estimate;
mod event_stream;
pub mod events;
pub mod generate;
pub mod jobs;
pub mod key_guard;
pub mod keys;
pub mod provider_keys;
pub mod providers;
pub mod rate_headers;
pub mod throttle;
pub mod usage;
