//! How many connections each caller keeps open in this process at once, each client, and all together.
//!
//! Each costs a task, a buffer and a look at the database every few seconds: nobody may open them without end. A client has as
//! many API keys as its people like to make, so what its keys open is counted for the client, too.

use std::{
    collections::HashMap,
    sync::{Arc, Mutex, PoisonError},
};

use hg_common::auth::Principal;

#[derive(Debug, Default)]
struct Counts {
    of: HashMap<String, usize>,
    all: usize,
}

/// Places for connections of one kind. Clones share them.
#[derive(Clone, Debug)]
pub struct Seats {
    /// For one person, or one key.
    each: usize,
    /// For all keys of a client.
    client: usize,
    all: usize,
    counts: Arc<Mutex<Counts>>,
}

impl Seats {
    /// For watchers of a job: more than anybody has on a screen. Each takes about 30 KiB.
    #[must_use]
    pub fn of_watchers() -> Self {
        Self::new(100, 500, 5_000)
    }

    /// For those who listen to all events of a tenant: one each for more services than a tenant has.
    #[must_use]
    pub fn of_listeners() -> Self {
        Self::new(20, 20, 1_000)
    }

    /// For requests that wait for a job's end: so many together, of which nobody takes more than a fifth, and the keys of a client
    /// together no more than two.
    #[must_use]
    pub fn of_waiters(all: usize) -> Self {
        Self::new(all.div_ceil(5), (all * 2).div_ceil(5), all)
    }

    fn new(each: usize, client: usize, all: usize) -> Self {
        Self { each, client, all, counts: Arc::default() }
    }

    /// One more connection of this caller, as long as the seat is kept; `None` where it has enough, or all have.
    #[must_use]
    pub fn enter(&self, principal: &Principal) -> Option<Seat> {
        let counted = self.counted(principal);
        let mut counts = self.counts.lock().unwrap_or_else(PoisonError::into_inner);
        let is_full = |(name, most): &(String, usize)| counts.of.get(name).is_some_and(|count| count >= most);
        if counts.all >= self.all || counted.iter().any(is_full) {
            return None;
        }
        counts.all += 1;
        let names: Vec<String> = counted.into_iter().map(|(name, _)| name).collect();
        for name in &names {
            *counts.of.entry(name.clone()).or_default() += 1;
        }
        Some(Seat { counts: Arc::clone(&self.counts), names })
    }

    /// Under which names a caller is counted, and how many each may have.
    fn counted(&self, principal: &Principal) -> Vec<(String, usize)> {
        let own = (principal.name(), self.each);
        match principal {
            Principal::Key { client, .. } | Principal::Service { client, .. } => {
                vec![own, (format!("client:{client}"), self.client)]
            }
            Principal::User(_) => vec![own],
        }
    }
}

/// A connection's place. Dropping it makes room for another.
#[derive(Debug)]
pub struct Seat {
    counts: Arc<Mutex<Counts>>,
    names: Vec<String>,
}

impl Drop for Seat {
    fn drop(&mut self) {
        let mut counts = self.counts.lock().unwrap_or_else(PoisonError::into_inner);
        counts.all -= 1;
        for name in &self.names {
            if let Some(count) = counts.of.get_mut(name) {
                *count -= 1;
                if *count == 0 {
                    counts.of.remove(name);
                }
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use hg_types::{ClientId, UserId};
    use uuid::Uuid;

    use super::*;

    fn person(number: u128) -> Principal {
        Principal::User(UserId(Uuid::from_u128(number)))
    }

    fn key(number: u128, client: u128) -> Principal {
        let client = ClientId(Uuid::from_u128(client));
        Principal::Key { id: Uuid::from_u128(number).into(), client, scopes: Default::default() }
    }

    fn all_of(seats: &Seats, principal: &Principal) -> Vec<Seat> {
        std::iter::from_fn(|| seats.enter(principal)).collect()
    }

    #[test]
    fn everybody_has_so_many_seats_and_all_have() {
        let seats = Seats::new(3, 4, 5);
        let mut mine = all_of(&seats, &person(1));
        let theirs = all_of(&seats, &person(2));
        assert_eq!((mine.len(), theirs.len()), (3, 2));
        assert!(seats.enter(&person(3)).is_none(), "the house is full");
        mine.pop();
        assert!(seats.enter(&person(3)).is_some());
        drop((mine, theirs));
        let counts = seats.counts.lock().unwrap();
        assert!(counts.of.is_empty() && counts.all == 0);
    }

    #[test]
    fn a_client_has_so_many_seats_whatever_number_of_keys() {
        let seats = Seats::new(3, 4, 10);
        let mut taken: Vec<Vec<Seat>> = (1..=5).map(|number| all_of(&seats, &key(number, 7))).collect();
        assert_eq!(taken.iter().map(Vec::len).collect::<Vec<_>>(), [3, 1, 0, 0, 0]);
        assert_eq!(all_of(&seats, &key(6, 8)).len(), 3, "another client's key has its own");
        taken.remove(0);
        assert_eq!(all_of(&seats, &key(4, 7)).len(), 3);
        drop(taken);
        assert!(seats.counts.lock().unwrap().of.is_empty());
    }
}
