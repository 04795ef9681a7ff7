//! The audit log's side outside of the database: where a change comes from ([`Origin`]), and the seals by which an
//! altered, removed or swapped entry is found ([`seal_some`], [`verify`]).
//!
//! Entries are appended by triggers (`migrations/0012_audit.sql`), in the transaction of the change. Nothing here appends
//! one, and nothing here knows HTTP.

mod entry;
mod fault;
mod heads;
mod keys;
mod origin;
mod seal;
mod verify;

pub use entry::NO_CLIENT;
pub use fault::{Fault, Findings};
pub use heads::{Head, MalformedHead, heads, parse_heads};
pub use keys::AuditKeys;
pub(crate) use origin::text as origin_text;
pub use origin::{Actor, Origin, current_origin, with_origin};
pub use seal::{Sealed, renew_heads, seal_some};
pub use verify::{verify, verify_here};
