//! Rules: what a request means, which provider and model serve it, what it may cost at most.
//!
//! No axum, no SQL, no clock: what comes in is judged, what goes out is a value.

pub mod access;
pub mod checking;
pub mod content;
pub mod estimate;
pub mod keys;
pub mod provider_choice;
pub mod request;
