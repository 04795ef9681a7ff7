//! What integration tests stand on: a database of their own behind PgBouncer, a queue prefix of their own, tenants,
//! identities, servers on free ports, and waiting for conditions instead of sleeping.
//!
//! ```no_run
//! # async fn example() {
//! use hg_testkit::{Identity, Tenants, TestDb};
//!
//! let db = TestDb::new().await;             // cloned from a template, dropped at the end
//! let tenants = Tenants::plant(&db).await;  // two agencies, their customers, people with every role
//! let identity = Identity::new();           // internal keys of all four services
//! # }
//! ```
//!
//! `cargo hg test` starts the servers once and says where they are; a plain `cargo test -p …` starts a private
//! stack for its process.
#![expect(clippy::missing_panics_doc, reason = "a test kit fails by panicking")]
#![expect(clippy::unwrap_used, reason = "a test kit fails by panicking")]

mod api;
mod db;
mod forged;
mod identity;
mod look_ups;
mod server;
mod servers;
mod service;
mod tenants;
mod wait;

pub use api::{Answer, Api};
pub use db::TestDb;
pub use forged::{Forgery, Signature};
pub use identity::Identity;
pub use look_ups::assert_reads_are_marked;
pub use server::TestServer;
pub use servers::{chromium, redis_prefix, redis_url, servers};
pub use service::{TestService, variables};
pub use tenants::{People, Tenants};
pub use wait::{PATIENCE, until, until_some};
