//! The whole system as real processes. `HG_E2E_FULL=1` runs the crash test at its full size.
//!
//! | module | shows |
//! |---|---|
//! | [`path`] | a job's way from request to text, and what it does when a service on that way is away |
//! | [`providers`] | the same article in three wire formats; the ledger against the provider's own books |
//! | [`crash`] | SIGKILL, a wiped Redis and a restarted pooler under load: nothing lost, nothing charged twice |
//! | [`chaos`] | the fault suite in short, and that it finds a lie |
//! | [`bad_input`], [`faults`] | what is refused, and how; what happens while Redis or Postgres is away |
//! | [`strategy`] | what an agency decides shows in the next prompt of its customers, on every replica |
//! | [`data_jobs`] | export and erasure of a client and of a person, by all services |
//! | [`authorization`] | every route × everybody who might ask |
//! | [`routes`] | no route without a rule, nobody in without a credential |
//! | [`browser`] | a person in a browser: log in, generate, watch, read |
#![expect(clippy::print_stderr, reason = "after a failure, logs are shown")]
#![expect(clippy::unwrap_used, reason = "a test fails by panicking")]

mod authorization;
mod bad_input;
mod browser;
mod chaos;
mod crash;
mod data_jobs;
mod faults;
mod path;
mod providers;
mod routes;
mod strategy;
mod system;
