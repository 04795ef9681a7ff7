//! How many connections each caller keeps open in this process at once, and all together.
//!
//! Each costs a task, a buffer and a look at the database every few seconds: nobody may open them without end.

use std::{
    collections::HashMap,
    sync::{Arc, Mutex, PoisonError},
};

#[derive(Debug, Default)]
struct Counts {
    of: HashMap<String, usize>,
    all: usize,
}

/// Places for connections of one kind. Clones share them.
#[derive(Clone, Debug)]
pub struct Seats {
    each: usize,
    all: usize,
    counts: Arc<Mutex<Counts>>,
}

impl Seats {
    /// So many for each caller, and so many for all together.
    #[must_use]
    pub fn new(each: usize, all: usize) -> Self {
        Self { each, all, counts: Arc::default() }
    }

    /// For watchers of a job: more than anybody has on a screen. Each takes about 30 KiB.
    #[must_use]
    pub fn of_watchers() -> Self {
        Self::new(100, 5_000)
    }

    /// For those who listen to all events of a tenant: one each for more services than a tenant has.
    #[must_use]
    pub fn of_listeners() -> Self {
        Self::new(20, 1_000)
    }

    /// For requests that wait for a job's end: so many together, of which nobody takes more than a fifth.
    #[must_use]
    pub fn of_waiters(all: usize) -> Self {
        Self::new(all.div_ceil(5), all)
    }

    /// One more connection of this caller, as long as the seat is kept; `None` where it has enough, or all have.
    #[must_use]
    pub fn enter(&self, caller: String) -> Option<Seat> {
        let mut counts = self.counts.lock().unwrap_or_else(PoisonError::into_inner);
        if counts.all >= self.all {
            return None;
        }
        let count = counts.of.entry(caller.clone()).or_default();
        if *count >= self.each {
            return None;
        }
        *count += 1;
        counts.all += 1;
        Some(Seat { counts: Arc::clone(&self.counts), caller })
    }
}

/// A connection's place. Dropping it makes room for another.
#[derive(Debug)]
pub struct Seat {
    counts: Arc<Mutex<Counts>>,
    caller: String,
}

impl Drop for Seat {
    fn drop(&mut self) {
        let mut counts = self.counts.lock().unwrap_or_else(PoisonError::into_inner);
        counts.all -= 1;
        if let Some(count) = counts.of.get_mut(&self.caller) {
            *count -= 1;
            if *count == 0 {
                counts.of.remove(&self.caller);
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn everybody_has_so_many_seats_and_all_have() {
        let seats = Seats::new(3, 5);
        let mut mine: Vec<Seat> = std::iter::from_fn(|| seats.enter("user:1".into())).collect();
        let theirs: Vec<Seat> = std::iter::from_fn(|| seats.enter("user:2".into())).collect();
        assert_eq!((mine.len(), theirs.len()), (3, 2));
        assert!(seats.enter("user:3".into()).is_none(), "the house is full");
        mine.pop();
        assert!(seats.enter("user:3".into()).is_some());
        drop((mine, theirs));
        let counts = seats.counts.lock().unwrap();
        assert!(counts.of.is_empty() && counts.all == 0);
    }
}
