//! How many requests a caller may make: an API key's own number where it is smaller than the operator's, else the operator's.
//!
//! Counted in Redis for all replicas. A Redis that is away lets everybody in, and is not asked again for a moment:
//! accepting goes on without it, and must not wait for it.

use std::{
    sync::{Arc, Mutex, PoisonError},
    time::Duration,
};

use hg_common::{
    auth::Principal,
    http::{ApiError, error_chain},
    redis::{
        Redis,
        rate_limit::{self, Decision},
    },
};
use tokio::time::{Instant, timeout};

use super::rate_headers;

const WINDOW: Duration = Duration::from_secs(60);
/// A Redis that takes longer is treated as away.
const ANSWER: Duration = Duration::from_millis(300);
const PAUSE: Duration = Duration::from_secs(2);

/// The limit of requests per caller.
#[derive(Clone, Debug)]
pub struct Throttle {
    redis: Redis,
    per_minute: u32,
    paused_until: Arc<Mutex<Option<Instant>>>,
}

impl Throttle {
    /// `per_minute` requests for each user or key; 0 is no limit.
    #[must_use]
    pub fn new(redis: Redis, per_minute: u32) -> Self {
        Self { redis, per_minute, paused_until: Arc::default() }
    }

    /// The operator's limit: no key's own number is larger. `None` where there is none.
    #[must_use]
    pub fn most_per_minute(&self) -> Option<u32> {
        (self.per_minute > 0).then_some(self.per_minute)
    }

    /// Counts one of a person's requests for content. Those with an API key are counted by the guard, and our own services
    /// work on jobs that were counted when they were accepted.
    ///
    /// # Errors
    /// 429 with `Retry-After` when the person has made too many.
    pub async fn admit_person(&self, principal: &Principal) -> Result<(), ApiError> {
        match principal {
            Principal::User(_) => self.admit(principal).await,
            Principal::Key { .. } | Principal::Service { .. } => Ok(()),
        }
    }

    /// Counts one request.
    ///
    /// # Errors
    /// 429 with `Retry-After` when the caller has made too many.
    pub async fn admit(&self, principal: &Principal) -> Result<(), ApiError> {
        self.admit_at(principal, None).await
    }

    /// Counts one request of a caller with a number of its own, which the operator's bounds, or the same as all others, and
    /// notes for the answer where the caller stands.
    ///
    /// # Errors
    /// 429 with `Retry-After` when the caller has made too many.
    pub async fn admit_at(&self, principal: &Principal, own_per_minute: Option<u32>) -> Result<(), ApiError> {
        let Some(per_minute) = own_per_minute.into_iter().chain(self.most_per_minute()).min() else { return Ok(()) };
        let Some(decision) = self.count(&format!("api:{}", principal.name()), per_minute).await else { return Ok(()) };
        if principal.api_key().is_some() {
            rate_headers::note(per_minute, &decision);
        }
        if decision.allowed { Ok(()) } else { Err(ApiError::too_many_requests(decision.retry_after)) }
    }

    /// Counts one of `per_minute`, and says how long to wait where that is one too many.
    pub(super) async fn over(&self, key: &str, per_minute: u32) -> Option<Duration> {
        self.count(key, per_minute).await.filter(|decision| !decision.allowed).map(|decision| decision.retry_after)
    }

    /// Counts one of `per_minute`; nothing where nobody can count.
    async fn count(&self, key: &str, per_minute: u32) -> Option<Decision> {
        if self.is_paused() {
            return None;
        }
        let reason = match timeout(ANSWER, rate_limit::check(&self.redis, key, per_minute, WINDOW)).await {
            Ok(Ok(decision)) => return Some(decision),
            Ok(Err(error)) => error_chain(&error),
            Err(_) => "no answer in time".to_owned(),
        };
        tracing::warn!(reason, "requests are not counted: Redis is away");
        *self.paused_until.lock().unwrap_or_else(PoisonError::into_inner) = Some(Instant::now() + PAUSE);
        None
    }

    fn is_paused(&self) -> bool {
        self.paused_until.lock().unwrap_or_else(PoisonError::into_inner).is_some_and(|until| Instant::now() < until)
    }
}
