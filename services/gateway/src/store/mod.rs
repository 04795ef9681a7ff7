//! SQL on accounts and sessions: plain functions on a transaction that knows its scope.

pub(crate) mod invitation;
pub(crate) mod session;
pub(crate) mod user;
