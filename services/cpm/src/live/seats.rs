//! How many connections each caller keeps open in this process at once, each client, and all together.
//!
//! Each costs a task, a buffer and a look at the database every few seconds: nobody may open them without end. A client has as
//! many API keys and people as it likes, so what they open is counted for the client, too: for a key its own, for a person the one
//! whose job it is about.

use std::{
    collections::HashMap,
    sync::{Arc, Mutex, MutexGuard, PoisonError},
};

use hg_common::auth::Principal;
use hg_types::id::ClientRef;

#[derive(Debug, Default)]
struct Counts {
    of: HashMap<String, usize>,
    all: usize,
}

impl Counts {
    /// Counts one more under a name, which is noted, unless there are so many already.
    fn add(&mut self, names: &mut Vec<String>, name: String, most: usize) -> bool {
        let count = self.of.entry(name.clone()).or_default();
        if *count >= most {
            return false;
        }
        *count += 1;
        names.push(name);
        true
    }
}

/// Places for connections of one kind. Clones share them.
#[derive(Clone, Debug)]
pub struct Seats {
    /// For one person, or one key.
    each: usize,
    /// For all keys of a client, and all who are busy with its jobs.
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

    /// For requests that wait for a job's end: so many together, of which nobody takes more than a fifth, and nobody for one client
    /// more than two.
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
        let mut counts = self.lock();
        if counts.all >= self.all {
            return None;
        }
        let mut names = Vec::with_capacity(2);
        let is_in = counts.add(&mut names, principal.name(), self.each)
            && own_client(principal).is_none_or(|client| counts.add(&mut names, name_of(&client), self.client));
        counts.all += 1;
        drop(counts);
        let seat = Seat { seats: self.clone(), names, about: own_client(principal) };
        is_in.then_some(seat)
    }

    /// As [`Self::enter`], about a job of this client's.
    #[must_use]
    pub fn enter_about(&self, principal: &Principal, client: &ClientRef) -> Option<Seat> {
        self.enter(principal)?.about(client)
    }

    fn lock(&self) -> MutexGuard<'_, Counts> {
        self.counts.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// The client that a caller is counted for whatever it does. What a key does for clients below its own is its own client's.
fn own_client(principal: &Principal) -> Option<ClientRef> {
    match principal {
        Principal::Key { client, .. } | Principal::Service { client, .. } => Some(ClientRef::Id(*client)),
        Principal::User(_) => None,
    }
}

fn name_of(client: &ClientRef) -> String {
    format!("client:{client}")
}

/// A connection's place. Dropping it makes room for another.
#[derive(Debug)]
pub struct Seat {
    seats: Seats,
    names: Vec<String>,
    about: Option<ClientRef>,
}

impl Seat {
    /// Counts a person's place for the client whose job it is about, as that of a key is for the key's. `None` where that client
    /// has enough; the place is free again then.
    #[must_use]
    pub fn about(mut self, client: &ClientRef) -> Option<Self> {
        if self.about.is_none() {
            let is_in = self.seats.lock().add(&mut self.names, name_of(client), self.seats.client);
            self.about = Some(client.clone());
            return is_in.then_some(self);
        }
        Some(self)
    }
}

impl Drop for Seat {
    fn drop(&mut self) {
        let mut counts = self.seats.lock();
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

    #[test]
    fn a_clients_people_and_keys_have_so_many_seats_together_and_others_have_theirs() {
        let (seats, ours, theirs) = (Seats::new(3, 4, 12), ClientRef::parse("pasco"), ClientRef::parse("other"));
        let busy = |number, client: &ClientRef| -> Vec<Seat> {
            std::iter::from_fn(|| seats.enter_about(&person(number), client)).collect()
        };
        let mut taken: Vec<Vec<Seat>> = (1..=5).map(|number| busy(number, &ours)).collect();
        assert_eq!(taken.iter().map(Vec::len).collect::<Vec<_>>(), [3, 1, 0, 0, 0], "five people don't take the house");
        assert_eq!(busy(5, &theirs).len(), 3, "whoever is turned away for one client isn't for another");
        taken.remove(0);
        assert_eq!(busy(4, &ours).len(), 3);
        let id = ClientRef::Id(ClientId(Uuid::from_u128(7)));
        let keys = all_of(&seats, &key(1, 7));
        let people: Vec<Vec<Seat>> = (1..=2).map(|number| busy(number, &id)).collect();
        assert_eq!((keys.len(), people.iter().map(Vec::len).sum::<usize>()), (3, 1));
        drop((taken, keys, people));
        let counts = seats.lock();
        assert!(counts.of.is_empty() && counts.all == 0);
    }
}
