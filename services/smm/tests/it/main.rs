//! The strategy service at its boundary: requests in, answers and rows out, on a database of each test's own, through
//! PgBouncer, as the application role.
#![expect(clippy::unwrap_used, reason = "a test fails by panicking")]

mod clients;
mod effective;
mod harness;
mod members;
mod process;
mod refusals;
mod strategies;
