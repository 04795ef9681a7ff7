//! The service at its boundary: requests in, answers and rows out, through PgBouncer, with Redis. Outside `worker` no worker runs: what one
//! would do, a test does itself.
#![expect(clippy::unwrap_used, reason = "a test fails by panicking")]

mod replicas;
mod sse;
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
mod known_keys;
mod ledger_verify;
mod lists;
mod prices;
mod provider_keys;
mod retry;
mod rolling;
mod routes;
mod start;
mod stop;
mod streaming;
mod tenant_events;
mod usage;
mod waiting;
mod worker;
