//! API keys as the guard looks them up.
//!
//! A key that was found is remembered until a key or a client changes, which holds everywhere within a second; a revoked one makes
//! no job even then, and when a secret ends is judged at each use. A wrong key is never remembered: there is no end of those, and
//! [`WrongKeys`] bounds how many are tried.

use std::{
    collections::HashMap,
    sync::{Arc, Mutex, PoisonError},
    time::Duration,
};

use hg_common::{
    auth::{ApiKeys, Principal},
    db::Db,
    http::ApiError,
    recent::{BELIEVED, Epochs, Recent, Topic},
};
use tokio::time::Instant;

use super::{allowance::Allowances, key_guard::WrongKeys};
use crate::store::api_key_lookup::{FoundKey, api_key_lookup};

/// What is let in with a remembered key was found valid no longer ago than this.
pub(crate) const REMEMBERED: Duration = BELIEVED;
/// A look-up notes the key's use, once a minute: it must come often enough.
const LIFETIME: Duration = Duration::from_secs(30);
/// How long a key that was found may be looked up from an address that has tried too many wrong ones.
const TRIED: Duration = Duration::from_secs(3600);
const MOST: usize = 10_000;

/// Keys that were found, by the SHA-256 of their secret. Whatever changes a key forgets them.
pub type KnownKeys = Recent<[u8; 32], FoundKey>;

/// Knows no key yet.
#[must_use]
pub fn known_keys(db: &Db) -> KnownKeys {
    KnownKeys::new(Epochs::of(db.clone(), Topic::ApiKeys), LIFETIME, |_| size_of::<FoundKey>())
}

/// Looks keys up in the database.
#[derive(Clone, Debug)]
pub struct StoredApiKeys {
    db: Db,
    known: KnownKeys,
    /// When each was last looked up and found.
    right: Arc<Mutex<HashMap<[u8; 32], Instant>>>,
    wrong: WrongKeys,
    allowances: Allowances,
}

impl StoredApiKeys {
    /// The keys in this database. What each may is noted in `allowances`.
    #[must_use]
    pub fn new(db: Db, known: KnownKeys, wrong: WrongKeys, allowances: Allowances) -> Self {
        Self { db, known, right: Arc::default(), wrong, allowances }
    }

    /// Whether the key was right not long ago.
    fn was_right(&self, hash: &[u8; 32]) -> bool {
        let right = self.right.lock().unwrap_or_else(PoisonError::into_inner);
        right.get(hash).is_some_and(|since| since.elapsed() < TRIED)
    }

    fn note(&self, hash: [u8; 32], found: Option<&FoundKey>) {
        let mut right = self.right.lock().unwrap_or_else(PoisonError::into_inner);
        if found.is_none() {
            right.remove(&hash);
            return;
        }
        if right.len() >= MOST {
            right.retain(|_, since| since.elapsed() < TRIED);
        }
        if right.len() < MOST {
            right.insert(hash, Instant::now());
        }
    }

    async fn find(&self, hash: [u8; 32]) -> Result<Option<FoundKey>, ApiError> {
        if !self.was_right(&hash) {
            self.wrong.admit()?;
        }
        let mut tx = self.db.anonymous().await?;
        let found = api_key_lookup(&mut tx, &hash).await?;
        // The look-up notes the key's use.
        tx.commit().await?;
        self.note(hash, found.as_ref());
        if found.is_none() {
            self.wrong.count().await?;
        }
        Ok(found)
    }
}

impl ApiKeys for StoredApiKeys {
    async fn look_up(&self, hash: [u8; 32]) -> Result<Option<Principal>, ApiError> {
        let found = self.known.get_while(hash, FoundKey::goes_on, || self.find(hash)).await?;
        Ok(found.map(|found| {
            self.allowances.learn(&found);
            found.principal.clone()
        }))
    }
}
