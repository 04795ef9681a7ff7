//! Jobs: lists, one job, its events; stopping it and trying it again; edits of its text, and verdicts about it.

pub mod approval;
pub mod cancel;
pub mod content;
pub mod events;
pub mod list;
pub mod overview;
pub mod retry;
pub mod show;
