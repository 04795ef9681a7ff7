//! The rules: which variables a template is offered, what a template may do, how one is chosen and judged. No SQL, no axum.

pub mod context;
pub mod defaults;
pub mod engine;
pub mod inputs;
pub mod place;
pub mod sandbox;
pub mod template;
pub mod tokens;
pub mod variables;
pub mod verdict;
