//! Exports, erasures and retention as jobs with parts: who does which part, under which lease, how far it is.
//!
//! | module | owns |
//! |---|---|
//! | [`plan`] | which parts each kind of job has, and in which order |
//! | [`work`] | one claimed part: its batches, its place, the files that it writes |
//! | [`dump`] | rows of tables as lines of files |
//! | [`runner`] | claiming, retries, the end of parts and jobs |
//!
//! Each service implements [`Parts`] for its own tables; nothing here reads or writes them. Every batch is one transaction
//! that first locks its part with the attempt's number: whoever has lost the lease, or whose job was cancelled, changes
//! nothing any more. What a batch did and how far it came is committed together, so a part goes on where it was killed.

pub mod dump;
pub mod plan;
pub mod runner;
mod store;
pub mod work;

pub use dump::{By, Dump, dump};
pub use plan::{PartSpec, plan};
pub use runner::{Parts, Runner, Settings};
pub use work::{ARCHIVE, Batch, CHUNK, Outcome, PartError, Subject, Work};
