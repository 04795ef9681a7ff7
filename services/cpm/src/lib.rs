//! Content production: jobs, queue, providers, costs, budgets, API keys.
//!
//! | module | owns | must never |
//! |---|---|---|
//! | [`config`] | the service's variables | be read after the start |
//! | [`state`] | what a handler is given | decide anything |
//! | `routes` | the table of paths with their access rules | hold a handler |
//! | [`api`] | handlers: extract, one domain or store call, map | hold rules or SQL |
//! | [`domain`] | rules: what a request means, which provider, what it may cost | know axum or SQL |
//! | [`store`] | SQL, on a transaction that knows its scope | know axum |
//! | [`combine`] | one transaction for the work of one moment | change what comes of an item |
//! | [`data_jobs`] | this service's parts of exports, erasures, retention | touch what was charged |
//! | [`live`] | a job's events, and a tenant's, for many watchers | be the truth: that is `job_events` |
//! | [`ledger`] | reserving, topping up, settling | be bypassed |
//! | [`prices`] | a fetched list of prices, shared by replicas | change what a job was reserved at |
//! | [`queue`] | the Redis index of waiting jobs | be needed for a promise |
//! | [`worker`] | claiming and running jobs, and what keeps them honest | serve a request |
//! | [`stream`] | live text in Redis | outlive its hour |
//! | `steady` | tasks that outlive a panic | hide one |

pub mod api;
pub mod combine;
pub mod config;
pub mod data_jobs;
pub mod domain;
pub mod ledger;
pub mod live;
pub mod prices;
pub mod queue;
mod routes;
mod start;
pub mod state;
mod steady;
pub mod store;
pub mod stream;
pub mod worker;

pub use config::Config;
pub use start::{Cpm, INFO, StartError, build, run};
pub use state::AppState;

/// Every path of this service with its rule, but the standard ones. Documentation is checked against it.
#[must_use]
pub fn route_table() -> hg_common::http::RouteTable {
    routes::routes().table().clone()
}
