//! The strategy service at its boundary: requests in, answers and rows out, on a database of each test's own, through
//! PgBouncer, as the application role.
#![expect(clippy::unwrap_used, reason = "a test fails by panicking")]

mod audit;
mod clients;
mod data_jobs;
mod deletion;
mod effective;
mod harness;
mod hierarchy;
mod invitations;
mod many;
mod members;
mod process;
mod refusals;
mod seo_rules;
mod strategies;
mod strategy_versions;
mod typed_client;
