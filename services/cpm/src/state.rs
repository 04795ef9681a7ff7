//! What every handler shares. Clones are cheap and share everything.

use std::{
    collections::BTreeMap,
    sync::{Arc, PoisonError, RwLock},
    time::Duration,
};

use hg_common::{crypto::Keyring, db::Db, http::ShutdownToken, redis::Redis, time::SharedClock};
use hg_types::ContentType;

use crate::{
    api::{allowance::Allowances, keys::KnownKeys, throttle::Throttle},
    combine::Combiner,
    domain::{estimate::InputBounds, provider_choice::Catalogue},
    ledger::Refusals,
    live::{LivingKeys, Seats},
    queue::Queue,
    store::accept::Accepted,
    stream::Hub,
};

/// What every handler shares.
#[derive(Clone, Debug)]
pub struct AppState {
    /// The database.
    pub db: Db,
    /// Redis; nothing that was promised may need it.
    pub redis: Redis,
    /// Which budgets refused jobs of late.
    pub refusals: Refusals,
    /// Accepts jobs, those of one moment together.
    pub accepts: Combiner<Accepted>,
    /// The index of waiting jobs.
    pub queue: Queue,
    /// The watchers' subscription.
    pub hub: Hub,
    /// Providers and prices.
    pub catalogue: Arc<Catalogue>,
    /// Opens customers' own provider keys; without it they can't be used.
    pub keyring: Option<Arc<Keyring>>,
    /// The bound of a prompt's tokens.
    pub bounds: Arc<InputBounds>,
    /// How long a job may live.
    pub deadline: Duration,
    /// How many requests a caller may make.
    pub throttle: Throttle,
    /// What each API key may that was seen here.
    pub allowances: Allowances,
    /// API keys that were found of late.
    pub known_keys: KnownKeys,
    /// How long jobs take.
    pub pace: Pace,
    /// Whether API keys still hold.
    pub keys: LivingKeys,
    /// Who watches how many jobs.
    pub watching: Seats,
    /// Who listens to all events of a tenant.
    pub listening: Seats,
    /// Whose requests wait for a job's end.
    pub waiting: Seats,
    /// The time.
    pub clock: SharedClock,
    /// Ends watchers with the process.
    pub shutdown: ShutdownToken,
}

/// How long jobs took of late, for guesses.
#[derive(Clone, Debug, Default)]
pub struct Pace(Arc<RwLock<BTreeMap<ContentType, Duration>>>);

impl Pace {
    const UNKNOWN: Duration = Duration::from_secs(60);

    /// What a job of this kind will probably take.
    #[must_use]
    pub fn of(&self, content_type: ContentType) -> Duration {
        let known = self.0.read().unwrap_or_else(PoisonError::into_inner);
        known.get(&content_type).copied().unwrap_or(Self::UNKNOWN)
    }

    /// Takes newer figures.
    pub fn learn(&self, durations: BTreeMap<ContentType, Duration>) {
        self.0.write().unwrap_or_else(PoisonError::into_inner).extend(durations);
    }
}
