//! The gateway from outside: requests in, answers and rows out. Postgres behind PgBouncer and Redis are real; the other services
//! are stand-ins that answer what a test tells them and remember what they were asked.

#![expect(clippy::unwrap_used, reason = "a test fails by panicking")]

mod api;
mod audit;
mod browser;
mod csrf;
mod errors;
mod events;
mod harness;
mod headers;
mod login;
mod pages;
mod reset;
mod routes;
mod session;
mod stand_in;
