//! SQL, and nothing else: functions on a tenant transaction, named by the noun first.

pub(crate) mod audit;
pub(crate) mod client;
pub(crate) mod data_job;
pub(crate) mod deletion;
pub(crate) mod hierarchy;
pub(crate) mod invitation;
pub(crate) mod invitation_sweep;
pub(crate) mod member;
pub(crate) mod person;
pub(crate) mod retention;
pub(crate) mod seo_rules;
pub(crate) mod strategies;
pub(crate) mod strategy_chain;
pub(crate) mod versioned;
