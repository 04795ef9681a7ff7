//! Strategies: what their fields may be, what is built in, and what a new client begins with.

mod built_in;
mod check;
mod fields;
mod new_client;
mod stored;

pub use built_in::built_in;
pub use check::{CheckedStrategy, check};
pub use fields::STRATEGY_FIELDS;
pub use new_client::FOR_NEW_CLIENT;
pub use stored::{from_stored, to_stored};
