//! Whether an API key still holds, for watchers that have been let in long ago.
//!
//! A key's own row is out of its reach, so this looks across tenants; it must answer nothing but yes or no.

use hg_common::db::SystemDb;
use hg_types::ApiKeyId;
use tokio::time::Instant;

use crate::{api::keys::REMEMBERED, store::api_key_lookup::api_key_watches};

/// Answers whether a key still holds.
#[derive(Clone, Debug)]
pub struct LivingKeys {
    db: SystemDb,
    /// From when on a secret must not have ended: whoever was let in may have been remembered from before.
    since: Instant,
}

impl LivingKeys {
    /// Of this database.
    #[must_use]
    pub fn new(db: SystemDb) -> Self {
        Self { db, since: Instant::now() }
    }

    /// For a watcher that is let in now: to be taken before anything that may wait.
    #[must_use]
    pub fn from_now(&self) -> Self {
        Self::new(self.db.clone())
    }

    /// Whether the key may still watch: it is neither revoked nor expired, may read jobs, none of its secrets has ended since the
    /// watcher was let in, and its client isn't archived. Whoever has the living secret comes back with it.
    pub(super) async fn holds(&self, key: ApiKeyId) -> Result<bool, sqlx::Error> {
        let mut tx = self.db.begin().await?;
        let holds = api_key_watches(&mut tx, key, self.since.elapsed() + REMEMBERED).await?;
        tx.commit().await?;
        Ok(holds)
    }
}
