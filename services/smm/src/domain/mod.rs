//! The rules: what a client, a membership and a strategy may be, and what follows from them. No SQL, no axum.

pub mod access;
pub mod audit_file;
pub mod client;
pub mod deletion;
pub mod effective;
pub mod erasure;
pub mod fields;
pub mod invitation;
pub mod membership;
pub mod retention;
pub mod seo_rules;
pub mod strategy;
pub mod tree;
pub mod versions;
