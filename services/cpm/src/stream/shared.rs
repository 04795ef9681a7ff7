//! What the watchers of one job in this process share: what was said of it, and the text that is at hand.
//!
//! Signals only: what happened is in Postgres and in the job's Redis stream.

use std::{
    collections::VecDeque,
    sync::{Arc, Mutex, PoisonError},
};

use tokio::sync::watch;

use super::Delta;

/// Entries of text that are kept at hand: a watcher that is further behind reads them from Redis.
const AT_HAND: usize = 64;

/// What was said of a job so far.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct Said {
    /// Anything, counted.
    pub(super) all: u64,
    /// The newest event.
    pub(super) seq: i32,
    /// The newest event that may be the job's last.
    pub(super) end: i32,
    /// How often something may have been missed.
    pub(super) missed: u64,
}

/// What one of a job's watchers read last, and others at the same place needn't.
#[derive(Debug)]
pub(super) struct LastRead {
    /// How much had been said of the job.
    pub(super) said: u64,
    /// After which entry it was read.
    pub(super) after: String,
    pub(super) deltas: Arc<[Delta]>,
}

/// An entry of the live text, and the one that it follows.
#[derive(Debug)]
struct Link {
    after: String,
    delta: Delta,
}

#[derive(Debug, Default)]
pub(super) struct Shared {
    pub(super) said: watch::Sender<Said>,
    pub(super) last_read: tokio::sync::Mutex<Option<LastRead>>,
    /// What a worker of this very process wrote, each entry following the one before.
    written: Mutex<VecDeque<Link>>,
}

impl Shared {
    /// There is more text.
    pub(super) fn tell_text(&self) {
        self.said.send_modify(|said| said.all += 1);
    }

    /// There is an event. One that was told of before, by a worker here or by Redis, wakes nobody again.
    pub(super) fn tell_event(&self, seq: i32, may_be_last: bool) {
        self.said.send_if_modified(|said| {
            if seq <= said.seq {
                return false;
            }
            said.all += 1;
            said.seq = seq;
            if may_be_last {
                said.end = seq;
            }
            true
        });
    }

    /// Something may have been missed.
    pub(super) fn tell_missed(&self) {
        self.said.send_modify(|said| {
            said.all += 1;
            said.missed += 1;
        });
    }

    /// Text that a worker here has written; `after` is the entry that it follows, where that is known.
    pub(super) fn write(&self, after: Option<&str>, delta: &Delta) {
        let mut written = self.written.lock().unwrap_or_else(PoisonError::into_inner);
        match after {
            Some(after) => {
                if written.back().is_some_and(|last| last.delta.id != after) {
                    written.clear();
                }
                if written.len() == AT_HAND {
                    written.pop_front();
                }
                written.push_back(Link { after: after.to_owned(), delta: delta.clone() });
            }
            None => written.clear(),
        }
        drop(written);
        self.tell_text();
    }

    /// The text after an entry, where all of it was written here.
    pub(super) fn written_after(&self, after: &str) -> Option<Arc<[Delta]>> {
        let written = self.written.lock().unwrap_or_else(PoisonError::into_inner);
        let first = written.iter().position(|link| link.after == after)?;
        Some(written.iter().skip(first).map(|link| link.delta.clone()).collect())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::stream::Piece;

    fn delta(id: &str) -> Delta {
        Delta { id: id.into(), attempt: 1, piece: Piece::Text { offset: 0, text: id.into() }, progress: None }
    }

    fn ids(shared: &Shared, after: &str) -> Option<Vec<String>> {
        shared.written_after(after).map(|deltas| deltas.iter().map(|delta| delta.id.clone()).collect())
    }

    #[test]
    fn text_is_at_hand_as_long_as_nothing_is_missing() {
        let shared = Shared::default();
        assert_eq!(ids(&shared, "-"), None);
        shared.write(Some("-"), &delta("1-0"));
        shared.write(Some("1-0"), &delta("2-0"));
        assert_eq!(ids(&shared, "-").unwrap(), ["1-0", "2-0"]);
        assert_eq!(ids(&shared, "1-0").unwrap(), ["2-0"]);
        assert_eq!(ids(&shared, "2-0"), None);
        // Nobody knows what stands before it.
        shared.write(None, &delta("5-0"));
        assert_eq!(ids(&shared, "-"), None);
        shared.write(Some("5-0"), &delta("6-0"));
        assert_eq!(ids(&shared, "5-0").unwrap(), ["6-0"]);
        // Something came in between.
        shared.write(Some("7-0"), &delta("8-0"));
        assert_eq!((ids(&shared, "5-0"), ids(&shared, "7-0").unwrap()), (None, vec!["8-0".to_owned()]));
    }

    #[test]
    fn what_is_at_hand_is_bounded() {
        let shared = Shared::default();
        for number in 0..200 {
            shared.write(Some(&format!("{number}-0")), &delta(&format!("{}-0", number + 1)));
        }
        assert_eq!(ids(&shared, "0-0"), None);
        assert_eq!(ids(&shared, "136-0").unwrap().len(), AT_HAND);
    }

    #[test]
    fn an_event_is_told_of_once() {
        let shared = Shared::default();
        let mut said = shared.said.subscribe();
        shared.tell_event(3, false);
        assert!(said.has_changed().unwrap());
        said.borrow_and_update();
        shared.tell_event(3, false);
        shared.tell_event(2, true);
        assert!(!said.has_changed().unwrap());
        shared.tell_event(4, true);
        let said = *said.borrow_and_update();
        assert_eq!((said.seq, said.end), (4, 4));
    }
}
