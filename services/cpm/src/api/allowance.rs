//! What each API key may that was shown here of late: its own number of requests, and whether it has other limits.
//!
//! A hint that is renewed with every request. It must not decide about jobs or money: the database does.

use std::{
    collections::HashMap,
    sync::{Arc, Mutex, PoisonError},
};

use hg_types::ApiKeyId;

use crate::store::api_key_lookup::FoundKey;

const MOST: usize = 10_000;

#[derive(Clone, Copy, Debug)]
struct Allowance {
    requests_per_minute: Option<u32>,
    is_limited: bool,
}

/// Allowances by key. Clones share them.
#[derive(Clone, Debug, Default)]
pub struct Allowances(Arc<Mutex<HashMap<ApiKeyId, Allowance>>>);

impl Allowances {
    /// Takes what was found. A key with nothing of its own needs no note.
    pub fn learn(&self, found: &FoundKey) {
        let Some(id) = found.principal.api_key() else { return };
        let FoundKey { requests_per_minute, is_limited, .. } = *found;
        let mut known = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        if requests_per_minute.is_none() && !is_limited {
            known.remove(&id);
            return;
        }
        if known.len() >= MOST && !known.contains_key(&id) {
            // Whoever is still there is noted again with the next request.
            known.clear();
        }
        known.insert(id, Allowance { requests_per_minute, is_limited });
    }

    /// The key's own number of requests per minute.
    #[must_use]
    pub fn requests_per_minute(&self, key: ApiKeyId) -> Option<u32> {
        self.of(key)?.requests_per_minute
    }

    /// Whether the key has a limit of jobs or money.
    #[must_use]
    pub fn is_limited(&self, key: ApiKeyId) -> bool {
        self.of(key).is_some_and(|allowance| allowance.is_limited)
    }

    fn of(&self, key: ApiKeyId) -> Option<Allowance> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).get(&key).copied()
    }
}
