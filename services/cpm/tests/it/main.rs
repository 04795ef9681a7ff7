//! The service at its boundary: requests in, answers and rows out, through PgBouncer, with Redis. Outside `worker` no worker runs: what one
//! would do, a test does itself.
#![expect(clippy::unwrap_used, reason = "a test fails by panicking")]

mod support;

mod accept;
mod analytics;
mod api_keys;
mod bad_input;
mod batches;
mod budget_race;
mod budgets;
mod combine;
mod content;
mod events;
mod health;
mod idempotency;
mod jobs;
mod keys;
mod ledger_verify;
mod prices;
mod provider_keys;
mod retry;
mod routes;
mod start;
mod stop;
mod usage;
mod worker;
