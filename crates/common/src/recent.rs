//! What was just looked up, for as long as nothing has changed that the look-up reads.
//!
//! A change made through this process is seen at once ([`Recent::forget`]); one made elsewhere, by whomever, within
//! [`BELIEVED`]: it raises the topic's [epoch](Epochs) in its own transaction (migration 0029), and what was looked up in another
//! epoch isn't believed. Whoever looks something up for somebody puts *for whom* into the key: what one may see says nothing about
//! another. What ends by the clock is judged when it is used ([`Recent::get_while`]). It must not hold anything that decides about
//! money or jobs.

mod epochs;

use std::{
    fmt,
    future::Future,
    hash::Hash,
    sync::{
        Arc,
        atomic::{AtomicU64, Ordering},
    },
    time::Duration,
};

use moka::sync::Cache;

pub use epochs::{BELIEVED, Epoch, Epochs, Topic};

/// How long a look-up is remembered where nothing better is known. Not for ever: triggers can be switched off.
pub const LIFETIME: Duration = Duration::from_secs(600);
/// Bytes that are remembered at most, as far as they are told.
const CAPACITY: u64 = 8 << 20;
/// What an entry takes beside its value: key, bookkeeping.
const ENTRY: u32 = 512;

/// Recent look-ups of one topic. Clones share them.
pub struct Recent<K, V> {
    known: Cache<K, Found<V>>,
    epochs: Epochs,
    /// Changes through this process.
    changes: Arc<AtomicU64>,
}

/// What was found, and when: read before the look-up began, so that it is at least as new as that.
struct Found<V> {
    value: Arc<V>,
    epoch: Epoch,
    changes: u64,
}

impl<K, V> Recent<K, V>
where
    K: Hash + Eq + Send + Sync + 'static,
    V: Send + Sync + 'static,
{
    /// Nothing yet. `bytes` says what a value takes, roughly.
    #[must_use]
    pub fn new(epochs: Epochs, lifetime: Duration, bytes: fn(&V) -> usize) -> Self {
        let known = Cache::builder()
            .weigher(move |_: &K, found: &Found<V>| {
                u32::try_from(bytes(&found.value)).unwrap_or(u32::MAX).saturating_add(ENTRY)
            })
            .max_capacity(CAPACITY)
            .time_to_live(lifetime)
            .build();
        Self { known, epochs, changes: Arc::default() }
    }

    /// The recent answer, else `look_up`'s. That there is nothing isn't remembered: what is made next is seen at once.
    ///
    /// # Errors
    /// Those of `look_up`.
    pub async fn get<E, F>(&self, key: K, look_up: impl FnOnce() -> F) -> Result<Option<Arc<V>>, E>
    where
        F: Future<Output = Result<Option<V>, E>>,
    {
        self.get_while(key, |_| true, look_up).await
    }

    /// As [`Self::get`]; a recent answer counts only while it `holds`.
    ///
    /// # Errors
    /// Those of `look_up`.
    pub async fn get_while<E, F>(
        &self,
        key: K,
        holds: impl Fn(&V) -> bool,
        look_up: impl FnOnce() -> F,
    ) -> Result<Option<Arc<V>>, E>
    where
        F: Future<Output = Result<Option<V>, E>>,
    {
        if let Some(found) = self.known.get(&key)
            && found.changes == self.changes.load(Ordering::Acquire)
            && self.epochs.still(found.epoch).await
            && holds(&found.value)
        {
            return Ok(Some(found.value));
        }
        let changes = self.changes.load(Ordering::Acquire);
        let epoch = self.epochs.last_known().await;
        // Large, and seldom needed.
        let Some(value) = Box::pin(look_up()).await?.map(Arc::new) else { return Ok(None) };
        if let Some(epoch) = epoch {
            self.known.insert(key, Found { value: Arc::clone(&value), epoch, changes });
        }
        Ok(Some(value))
    }

    /// After a change was committed: everything is looked up anew.
    pub fn forget(&self) {
        self.changes.fetch_add(1, Ordering::AcqRel);
        self.known.invalidate_all();
    }
}

impl<V> Clone for Found<V> {
    fn clone(&self) -> Self {
        Self { value: Arc::clone(&self.value), epoch: self.epoch, changes: self.changes }
    }
}

impl<K, V> Clone for Recent<K, V> {
    fn clone(&self) -> Self {
        Self { known: self.known.clone(), epochs: self.epochs.clone(), changes: Arc::clone(&self.changes) }
    }
}

impl<K, V> fmt::Debug for Recent<K, V> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Recent")
    }
}

#[cfg(test)]
mod tests;
