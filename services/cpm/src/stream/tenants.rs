//! Who in this process listens to all events of which clients, and is woken by them.
//!
//! A hint and nothing else: it knows no event, and who is woken reads what the database shows them.

use std::{
    collections::{HashMap, HashSet},
    sync::{Arc, Mutex, PoisonError},
};

use hg_types::ClientId;
use tokio::sync::Notify;

#[derive(Debug)]
struct Listener {
    clients: HashSet<ClientId>,
    wake: Arc<Notify>,
}

#[derive(Debug, Default)]
struct Registry {
    next: u64,
    listeners: HashMap<u64, Listener>,
}

/// All who listen.
#[derive(Clone, Debug, Default)]
pub(super) struct Tenants(Arc<Mutex<Registry>>);

impl Tenants {
    pub(super) fn listen(&self) -> Listening {
        let wake = Arc::new(Notify::new());
        let mut registry = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let number = registry.next;
        registry.next += 1;
        registry.listeners.insert(number, Listener { clients: HashSet::new(), wake: Arc::clone(&wake) });
        Listening { number, wake, tenants: self.clone() }
    }

    /// Something happened to a job of this client.
    pub(super) fn tell(&self, client: ClientId) {
        for listener in self.0.lock().unwrap_or_else(PoisonError::into_inner).listeners.values() {
            if listener.clients.contains(&client) {
                listener.wake.notify_one();
            }
        }
    }

    /// Something may have been missed.
    pub(super) fn tell_all(&self) {
        for listener in self.0.lock().unwrap_or_else(PoisonError::into_inner).listeners.values() {
            listener.wake.notify_one();
        }
    }
}

/// One listener. It hears nothing until it says of which clients.
#[derive(Debug)]
pub struct Listening {
    number: u64,
    wake: Arc<Notify>,
    tenants: Tenants,
}

impl Listening {
    /// From now on to these clients.
    pub fn to(&self, clients: HashSet<ClientId>) {
        let mut registry = self.tenants.0.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(listener) = registry.listeners.get_mut(&self.number) {
            listener.clients = clients;
        }
    }

    /// Waits until something happened, or has since the last call.
    pub async fn woken(&self) {
        self.wake.notified().await;
    }
}

impl Drop for Listening {
    fn drop(&mut self) {
        self.tenants.0.lock().unwrap_or_else(PoisonError::into_inner).listeners.remove(&self.number);
    }
}

#[cfg(test)]
mod tests {
    use futures::FutureExt;
    use uuid::Uuid;

    use super::*;

    #[test]
    fn one_hears_of_ones_own() {
        let [mine, theirs] = [1, 2].map(|n| ClientId(Uuid::from_u128(n)));
        let tenants = Tenants::default();
        let listening = tenants.listen();
        tenants.tell(mine);
        assert!(listening.woken().now_or_never().is_none(), "nothing was asked for yet");
        listening.to(HashSet::from([mine]));
        tenants.tell(theirs);
        assert!(listening.woken().now_or_never().is_none());
        tenants.tell(mine);
        tenants.tell(mine);
        assert!(listening.woken().now_or_never().is_some());
        assert!(listening.woken().now_or_never().is_none(), "signals coalesce");
        tenants.tell_all();
        assert!(listening.woken().now_or_never().is_some());
        drop(listening);
        assert!(tenants.0.lock().unwrap().listeners.is_empty());
    }
}
