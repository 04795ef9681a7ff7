//! The instructions service at its boundary: requests in, answers and rows out, on a database of each test's own, through
//! PgBouncer, as the application role.
#![expect(clippy::unwrap_used, reason = "a test fails by panicking")]

mod audit;
mod harness;
mod prompts;
mod refusals;
mod templates;
