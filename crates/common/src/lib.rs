//! What all four services share, and nothing that only one of them needs.
//!
//! | module | owns | must never |
//! |---|---|---|
//! | [`allocator`] | which allocator a program has | configure it |
//! | [`audit`] | where changes come from; sealing and proving the audit log | append an entry: triggers do |
//! | [`auth`] | internal tokens, API keys, passwords, the principal | decide what a caller may see |
//! | [`data_jobs`] | who does which part of an export, an erasure, a retention: claims, leases, progress | read or write a service's tables |
//! | [`db`] | transactions that know their scope, migrations, the pooler probe | hold SQL of a service |
//! | [`config`] | reading the process environment, naming every problem at once | be read after the start |
//! | [`telemetry`] | logs and metrics of the process | carry business meaning |
//! | [`http`] | errors, extractors, routes with access rules, server, health, pages of lists | know a resource |
//! | [`http_client`] | the one way to a client for internal calls | talk to addresses that users choose |
//! | [`interrupted`] | the end of a command that somebody stops | be a service's shutdown |
//! | [`ledger`] | proving the accounts | change them, or use what keeps them |
//! | [`redis`] | the pool, key prefix, rate limits | hold what must survive a wiped Redis |
//! | [`service`] | the start that services have in common | decide anything about a request |
//! | [`crypto`] | sealing secrets, digests, random tokens | store anything |
//! | [`time`] | the clock that logic is given | sleep |
//! | [`tls`] | the process-wide TLS provider | verify less than the default |

pub mod allocator;
pub mod audit;
pub mod auth;
pub mod config;
pub mod crypto;
pub mod data_jobs;
pub mod db;
pub mod http;
pub mod http_client;
mod interrupt;
pub mod ledger;
pub mod recent;
pub mod redis;
pub mod service;
pub mod telemetry;
pub mod time;
pub mod tls;

pub use interrupt::interrupted;
