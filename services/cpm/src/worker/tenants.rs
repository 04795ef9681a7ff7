//! Whose a figure is, for the metrics of single clients: as many clients as an operator allows have series of their own, in
//! the order in which they come; all others go together, so that ten thousand clients don't make a million series.

use std::{
    collections::HashMap,
    sync::{Mutex, PoisonError},
};

use hg_types::ClientId;
use metrics::SharedString;

/// Who has no series of its own.
const OTHERS: &str = "other";

/// The clients with series of their own.
#[derive(Debug)]
pub(super) struct Tenants {
    most: usize,
    known: Mutex<HashMap<ClientId, SharedString>>,
}

impl Tenants {
    pub(super) fn new(most: usize) -> Self {
        Self { most, known: Mutex::default() }
    }

    /// The value of the label `client`.
    pub(super) fn label(&self, client: ClientId) -> SharedString {
        let mut known = self.known.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(label) = known.get(&client) {
            return label.clone();
        }
        if known.len() >= self.most {
            return SharedString::const_str(OTHERS);
        }
        let label = SharedString::from(client.to_string());
        known.insert(client, label.clone());
        label
    }
}

#[cfg(test)]
mod tests {
    use uuid::Uuid;

    use super::*;

    #[test]
    fn only_so_many_clients_have_series_of_their_own() {
        let tenants = Tenants::new(2);
        let [first, second, third] = [1, 2, 3].map(|number| ClientId(Uuid::from_u128(number)));
        assert_eq!(tenants.label(first).as_ref(), first.to_string());
        assert_eq!(tenants.label(second).as_ref(), second.to_string());
        assert_eq!(tenants.label(third).as_ref(), OTHERS);
        assert_eq!(tenants.label(first).as_ref(), first.to_string(), "who has one keeps it");
        assert_eq!(Tenants::new(0).label(first).as_ref(), OTHERS);
    }
}
