//! Prices that are fetched while the service runs: OpenRouter's list, kept in `price_lists` so that replicas share one fetch and a
//! restart forgets nothing. The operator's own prices stay on top.
//!
//! A list that can't be had or makes no sense changes nothing; a single entry that makes none is left out. A job keeps the price at which it was reserved.

use std::{sync::Arc, time::Duration};

use chrono::{DateTime, Utc};
use hg_common::{
    db::SystemDb,
    http::{ShutdownToken, error_chain},
};
use hg_llm::{
    PriceTable, ProviderConfig,
    prices::{FetchError, PriceError, openrouter_list, openrouter_list_url},
};
use hg_types::Provider;

use crate::{config::Config, domain::provider_choice::Catalogue, worker::WorkerDeps};

/// How often it is looked whether another replica has fetched a newer list, or it is time to.
const LOOK: Duration = Duration::from_secs(60);
/// After a fetch that failed.
const AGAIN: Duration = Duration::from_secs(600);

/// Keeps a catalogue's prices fresh.
#[derive(Debug)]
pub struct PriceRefresh {
    /// Whose prices.
    pub catalogue: Arc<Catalogue>,
    /// What holds without any list, the operator's prices among it.
    pub base: PriceTable,
    /// Where lists are kept.
    pub system: SystemDb,
    /// Where the list is.
    pub router: ProviderConfig,
    /// How old a list may get.
    pub every: Duration,
}

/// Why prices stay what they were.
#[derive(Debug, thiserror::Error)]
pub enum RefreshError {
    /// There is no list.
    #[error(transparent)]
    Fetch(#[from] FetchError),
    /// It makes no sense.
    #[error(transparent)]
    List(#[from] PriceError),
    /// It can't be kept, or read again.
    #[error("the list of prices can't be kept")]
    Database(#[from] sqlx::Error),
}

impl PriceRefresh {
    /// Where it is asked for, or OpenRouter has a key and refreshing isn't switched off. The list itself is public.
    #[must_use]
    pub fn of(config: &Config, deps: &WorkerDeps) -> Option<Self> {
        let router = config.providers.registry.providers.get(&Provider::OpenRouter)?;
        let every = config.money.price_refresh.period(router.key.is_some())?;
        Some(Self {
            catalogue: Arc::clone(&deps.catalogue),
            base: config.money.prices.clone(),
            system: deps.system.clone(),
            router: router.clone(),
            every,
        })
    }

    /// Looks again and again until `over`.
    pub async fn run(self, over: ShutdownToken) {
        let mut tick = tokio::time::interval(LOOK.min(self.every));
        tick.set_missed_tick_behavior(tokio::time::MissedTickBehavior::Delay);
        let mut in_use = None;
        loop {
            tokio::select! {
                () = over.cancelled() => return,
                _ = tick.tick() => {}
            }
            match self.once(in_use).await {
                Ok(now) => in_use = now,
                Err(error) => {
                    metrics::counter!("cpm_price_refreshes_total", "outcome" => "failed").increment(1);
                    tracing::warn!(error = %error_chain(&error), "prices could not be refreshed: the old ones stay");
                }
            }
            if let Some(fetched_at) = in_use {
                let age = (Utc::now() - fetched_at).to_std().unwrap_or_default();
                metrics::gauge!("cpm_price_list_age_seconds").set(age.as_secs_f64());
            }
        }
    }

    /// Fetches a list if it is time and nobody else does, and takes whatever is newer than what is in use. Returns what is in
    /// use then: when it was fetched.
    ///
    /// # Errors
    /// When there is no list, or it can't be used. Prices stay what they were.
    pub async fn once(&self, in_use: Option<DateTime<Utc>>) -> Result<Option<DateTime<Utc>>, RefreshError> {
        let source = openrouter_list_url(&self.router);
        if self.is_due(&source).await? {
            let fetched = self.fetch(&source).await;
            if fetched.is_err() {
                self.put_off(&source).await?;
            }
            fetched?;
        }
        let mut tx = self.system.begin().await?;
        let kept = sqlx::query!(
            r#"SELECT document AS "document!", fetched_at AS "fetched_at!" FROM price_lists
                WHERE source = $1 AND document IS NOT NULL AND fetched_at > coalesce($2, '-infinity'::timestamptz)"#,
            source,
            in_use
        )
        .fetch_optional(&mut *tx)
        .await?;
        tx.commit().await?;
        let Some(kept) = kept else { return Ok(in_use) };
        let mut prices = self.base.clone();
        let done = prices.refresh_openrouter(&kept.document, kept.fetched_at.date_naive())?;
        for jump in self.catalogue.prices().jumps_to(&prices) {
            tracing::warn!(
                provider = %jump.provider, model = jump.model, input_before = %jump.before.0, output_before = %jump.before.1,
                input = %jump.now.0, output = %jump.now.1, "a price has jumped"
            );
        }
        for odd in &done.odd {
            tracing::warn!(source, error = %error_chain(odd), "an entry of the list of prices makes no sense and is left out");
        }
        self.catalogue.set_prices(prices);
        metrics::counter!("cpm_price_refreshes_total", "outcome" => "done").increment(1);
        tracing::info!(source, fetched_at = %kept.fetched_at, listed = done.listed, added = done.added, changed = done.changed, gone = done.gone, odd = done.odd.len(), "prices were refreshed");
        Ok(Some(kept.fetched_at))
    }

    /// Whether it is time, and this replica's turn. Without a root there is nobody whose list it would be.
    async fn is_due(&self, source: &str) -> Result<bool, sqlx::Error> {
        let mut tx = self.system.begin().await?;
        sqlx::query!(
            "INSERT INTO price_lists (client_id, source, tried_at) SELECT c.id, $1, '-infinity' FROM clients c WHERE c.type = 'root'
             ON CONFLICT DO NOTHING",
            source
        )
        .execute(&mut *tx)
        .await?;
        let taken = sqlx::query!(
            "UPDATE price_lists SET tried_at = now() WHERE source = $1 AND tried_at < now() - make_interval(secs => $2)",
            source,
            self.every.as_secs_f64()
        )
        .execute(&mut *tx)
        .await?;
        tx.commit().await?;
        Ok(taken.rows_affected() > 0)
    }

    /// Nothing is kept that couldn't be read again.
    async fn fetch(&self, source: &str) -> Result<(), RefreshError> {
        let document = openrouter_list(&self.router).await?;
        self.base.clone().refresh_openrouter(&document, Utc::now().date_naive())?;
        let mut tx = self.system.begin().await?;
        sqlx::query!("UPDATE price_lists SET document = $2, fetched_at = now() WHERE source = $1", source, document)
            .execute(&mut *tx)
            .await?;
        tx.commit().await?;
        Ok(())
    }

    async fn put_off(&self, source: &str) -> Result<(), sqlx::Error> {
        let mut tx = self.system.begin().await?;
        sqlx::query!(
            "UPDATE price_lists SET tried_at = now() - make_interval(secs => $2) WHERE source = $1",
            source,
            self.every.saturating_sub(AGAIN).as_secs_f64()
        )
        .execute(&mut *tx)
        .await?;
        tx.commit().await
    }
}
