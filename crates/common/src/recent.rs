//! What was just looked up, for less than a second: many jobs of a client ask for the same within moments.
//!
//! A change made through this process is seen at once ([`Recent::forget`]); one made elsewhere within
//! [`LIFETIME`]. Whoever looks something up for somebody puts *for whom* into the key: what one may see says nothing about
//! another. It must not hold anything that decides about money or jobs.

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

/// How long a look-up is believed. Below a second, within which a change is promised to hold everywhere.
pub const LIFETIME: Duration = Duration::from_millis(800);
/// Entries that are kept at most.
const CAPACITY: u64 = 10_000;

/// Recent look-ups. Clones share them.
pub struct Recent<K, V> {
    /// By the number of changes before the look-up began: what was read before a change isn't found after it, even where
    /// it was put in later.
    known: Cache<(u64, K), Arc<V>>,
    changes: Arc<AtomicU64>,
}

impl<K, V> Recent<K, V>
where
    K: Hash + Eq + Send + Sync + 'static,
    V: Send + Sync + 'static,
{
    /// Nothing yet.
    #[must_use]
    pub fn new() -> Self {
        let known = Cache::builder().max_capacity(CAPACITY).time_to_live(LIFETIME).build();
        Self { known, changes: Arc::default() }
    }

    /// The recent answer, else `look_up`'s. That there is nothing isn't remembered: what is made next is seen at once.
    ///
    /// # Errors
    /// Those of `look_up`.
    pub async fn get<E>(
        &self,
        key: K,
        look_up: impl Future<Output = Result<Option<V>, E>>,
    ) -> Result<Option<Arc<V>>, E> {
        let key = (self.changes.load(Ordering::Acquire), key);
        if let Some(known) = self.known.get(&key) {
            return Ok(Some(known));
        }
        let Some(found) = look_up.await?.map(Arc::new) else { return Ok(None) };
        self.known.insert(key, Arc::clone(&found));
        Ok(Some(found))
    }

    /// After a change was committed: everything is looked up anew.
    pub fn forget(&self) {
        self.changes.fetch_add(1, Ordering::AcqRel);
        self.known.invalidate_all();
    }
}

impl<K, V> Default for Recent<K, V>
where
    K: Hash + Eq + Send + Sync + 'static,
    V: Send + Sync + 'static,
{
    fn default() -> Self {
        Self::new()
    }
}

impl<K, V> Clone for Recent<K, V> {
    fn clone(&self) -> Self {
        Self { known: self.known.clone(), changes: Arc::clone(&self.changes) }
    }
}

impl<K, V> fmt::Debug for Recent<K, V> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Recent")
    }
}

#[cfg(test)]
mod tests {
    use std::convert::Infallible;

    use super::*;

    async fn ask(recent: &Recent<u8, &'static str>, now: Option<&'static str>) -> Option<&'static str> {
        recent.get(1, async { Ok::<_, Infallible>(now) }).await.unwrap().map(|found| *found)
    }

    #[tokio::test]
    async fn what_was_found_is_remembered_until_a_change() {
        let recent = Recent::new();
        assert_eq!(ask(&recent, None).await, None);
        assert_eq!(ask(&recent, Some("old")).await, Some("old"));
        assert_eq!(ask(&recent, Some("new")).await, Some("old"));
        recent.clone().forget();
        assert_eq!(ask(&recent, Some("new")).await, Some("new"));
    }

    #[tokio::test]
    async fn what_was_read_before_a_change_is_not_remembered_after_it() {
        let recent = Recent::new();
        let slow = recent.get(1, async {
            recent.forget();
            Ok::<_, Infallible>(Some("old"))
        });
        assert_eq!(slow.await.unwrap().map(|found| *found), Some("old"));
        assert_eq!(ask(&recent, Some("new")).await, Some("new"));
    }

    #[tokio::test]
    async fn nothing_is_believed_for_a_second() {
        let recent = Recent::new();
        assert_eq!(ask(&recent, Some("old")).await, Some("old"));
        let asked = std::time::Instant::now();
        while ask(&recent, Some("new")).await == Some("old") {
            assert!(asked.elapsed() < Duration::from_secs(1), "still believed after {:?}", asked.elapsed());
            tokio::task::yield_now().await;
        }
    }
}
