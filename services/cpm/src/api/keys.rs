//! API keys as the guard looks them up.
//!
//! A key that was found is remembered for less than a second, so that a burst costs one look-up; a revoked key lives on no
//! longer than that, and makes no job even then. A wrong key is never remembered: there is no end of those, and [`WrongKeys`]
//! bounds how many are tried.

use std::{
    collections::HashMap,
    sync::{Arc, Mutex, PoisonError},
    time::Duration,
};

use hg_common::{
    auth::{ApiKeys, Principal},
    db::Db,
    http::ApiError,
};
use tokio::time::Instant;

use super::{allowance::Allowances, key_guard::WrongKeys};
use crate::store::api_key_lookup::{FoundKey, api_key_lookup};

/// Counted from before the look-up: what was revoked since then is out of force within a second.
pub(crate) const REMEMBERED: Duration = Duration::from_millis(900);
/// How long a key that was found may be looked up from an address that has tried too many wrong ones.
const TRIED: Duration = Duration::from_secs(3600);
const MOST: usize = 10_000;

type Known = HashMap<[u8; 32], (Instant, Principal)>;

/// Looks keys up in the database.
#[derive(Clone, Debug)]
pub struct StoredApiKeys {
    db: Db,
    known: Arc<Mutex<Known>>,
    wrong: WrongKeys,
    allowances: Allowances,
}

impl StoredApiKeys {
    /// The keys in this database. What each may is noted in `allowances`.
    #[must_use]
    pub fn new(db: Db, wrong: WrongKeys, allowances: Allowances) -> Self {
        Self { db, known: Arc::default(), wrong, allowances }
    }

    /// Whether the key was right not long ago.
    fn was_right(&self, hash: &[u8; 32]) -> bool {
        let known = self.known.lock().unwrap_or_else(PoisonError::into_inner);
        known.get(hash).is_some_and(|(since, _)| since.elapsed() < TRIED)
    }

    fn remembered(&self, hash: &[u8; 32]) -> Option<Principal> {
        let known = self.known.lock().unwrap_or_else(PoisonError::into_inner);
        known.get(hash).filter(|(since, _)| since.elapsed() < REMEMBERED).map(|(_, principal)| principal.clone())
    }

    fn remember(&self, hash: [u8; 32], since: Instant, found: &FoundKey) {
        self.allowances.learn(found);
        let mut known = self.known.lock().unwrap_or_else(PoisonError::into_inner);
        if known.len() >= MOST {
            known.retain(|_, (since, _)| since.elapsed() < TRIED);
        }
        if known.len() < MOST {
            known.insert(hash, (since, found.principal.clone()));
        }
    }
}

impl ApiKeys for StoredApiKeys {
    async fn look_up(&self, hash: [u8; 32]) -> Result<Option<Principal>, ApiError> {
        if let Some(principal) = self.remembered(&hash) {
            return Ok(Some(principal));
        }
        if !self.was_right(&hash) {
            self.wrong.admit()?;
        }
        let since = Instant::now();
        let mut tx = self.db.anonymous().await?;
        let found = api_key_lookup(&mut tx, &hash).await?;
        // The look-up notes the key's use.
        tx.commit().await?;
        match &found {
            Some(found) => self.remember(hash, since, found),
            None => {
                self.known.lock().unwrap_or_else(PoisonError::into_inner).remove(&hash);
                self.wrong.count().await?;
            }
        }
        Ok(found.map(|found| found.principal))
    }
}
