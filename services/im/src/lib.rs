//! Instructions: prompt templates and the prompts that are made from them.
//!
//! It owns the tables `prompt_templates` and `prompt_template_versions`, and reads or writes no others. The same
//! inputs give the same prompt, and every prompt names the template and version that it came from. Templates run in a
//! sandbox ([`domain::sandbox`]); what users write is data for them, never a template.

mod api;
pub mod config;
pub mod data_jobs;
pub mod domain;
mod routes;
mod start;
mod state;
mod store;

pub use config::Config;
pub use start::{INFO, StartError, build, run};
pub use state::AppState;
