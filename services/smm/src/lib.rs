//! Strategy management: the hierarchy of clients, who belongs to them, and the strategies that decide how their
//! content sounds.
//!
//! It owns the tables `clients`, `client_users`, `invitations`, `strategies`, `strategy_versions`, `seo_rules`,
//! `seo_rule_versions`, `client_retention`, `data_jobs`, `data_job_parts` and `data_export_chunks`, reads and seals the audit
//! log, which all services write by triggers, and reaches others only through functions of the schema. What a caller sees is decided by
//! row-level security; what a caller may change is decided in [`domain::access`] and, should that ever be wrong, by
//! row-level security again.

mod api;
pub mod config;
pub mod data_jobs;
pub mod domain;
mod routes;
pub mod sealing;
mod start;
mod state;
mod store;
mod sweep;

pub use config::Config;
pub use start::{INFO, StartError, build, run};
pub use state::AppState;
