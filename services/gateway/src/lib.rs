//! The gateway: the web interface, the public `/api/*`, sessions.
//!
//! | module | owns | must never |
//! |---|---|---|
//! | [`config`] | the service's variables | be read after the start |
//! | [`state`] | what a handler is given | decide anything |
//! | `routes` | the table of paths with their access rules | hold a handler |
//! | [`session`] | who is signed in: login, logout, cookies, the guard's authentication | know a resource |
//! | [`csrf`] | whether a change was asked for by our own pages | let a check be skipped |
//! | [`api`] | `/api/*`: extract, one call of a service, envelope | hold rules: the services do |
//! | [`pages`] | server-rendered pages and fragments | touch the database |
//! | `domain` | rules of accounts: addresses, attempts, passwords | know axum or SQL |
//! | `store` | SQL on `auth.*` and `profiles` | know axum |
//!
//! It owns the tables `auth.users`, `auth.sessions`, `auth.reset_tokens` and `profiles`; everything else is asked of the services
//! through their typed clients, on the signed-in user's behalf.

pub mod api;
mod bare_page;
pub mod config;
pub mod csrf;
pub mod data_jobs;
mod domain;
mod dress;
mod missing_assets;
mod openapi;
pub mod pages;
pub mod peer_error;
mod rate_limit;
mod routes;
mod security_headers;
pub mod session;
mod start;
pub mod state;
mod store;

pub use config::Config;
pub use start::{App, INFO, StartError, build, run};
pub use state::AppState;

/// Every path of the gateway with its rule, but the standard ones. Documentation is checked against it.
#[must_use]
pub fn route_table() -> hg_common::http::RouteTable {
    routes::routes(&hg_common::http::HealthChecks::builder(INFO).build()).table().clone()
}
