//! What callers and watchers have to tell.

use std::{
    collections::BTreeMap,
    sync::{Mutex, PoisonError},
};

use hg_types::JobId;

/// An answer that a job was accepted.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Accepted {
    pub(crate) number: u64,
    pub(crate) job: JobId,
}

/// What a watcher saw.
#[derive(Clone, Debug)]
pub(crate) struct Watched {
    pub(crate) job: JobId,
    /// The last stored event that it saw.
    pub(crate) last: i32,
    /// Whether it saw the job's end.
    pub(crate) ended: bool,
    /// How often it went on at another replica.
    pub(crate) resumed: u32,
    /// Gaps, repeats, and whatever else should not be.
    pub(crate) complaints: Vec<String>,
}

/// Everything that was told.
#[derive(Clone, Debug, Default)]
pub(crate) struct Told {
    pub(crate) accepted: Vec<Accepted>,
    /// Answers of 402.
    pub(crate) refused: u64,
    /// Accepted jobs that somebody asked to stop.
    pub(crate) cancellations: u64,
    /// Requests that were sent again, by why.
    pub(crate) again: BTreeMap<String, u64>,
    /// Requests that were given up, or answered as none should be.
    pub(crate) failed: Vec<String>,
    pub(crate) watched: Vec<Watched>,
    /// Watchers that began.
    pub(crate) watchers: usize,
}

/// Where it is written down.
#[derive(Debug, Default)]
pub(super) struct Telling(Mutex<Told>);

impl Telling {
    pub(super) fn write(&self, write: impl FnOnce(&mut Told)) {
        write(&mut self.0.lock().unwrap_or_else(PoisonError::into_inner));
    }

    pub(super) fn take(&self) -> Told {
        std::mem::take(&mut self.0.lock().unwrap_or_else(PoisonError::into_inner))
    }
}
