//! How often API keys may be used: right ones by key, wrong ones by address.
//!
//! All requests with a right key count, reads too; those of people come through the gateway, which counts them itself.
//! Counted in Redis for all replicas; a Redis that is away counts nothing and keeps nobody out. Past the limit of wrong keys
//! the address is refused before the database is asked, except with keys that were found valid here of late: behind a proxy
//! many callers share one address, and somebody else's mistakes must not lock them out.

use std::{
    collections::HashMap,
    sync::{Arc, Mutex, PoisonError},
};

use hg_common::{
    audit::Origin,
    auth::Principal,
    config::TrustedProxies,
    http::{Access, ApiError, Authenticate, ClientAddress},
};
use http::request::Parts;
use tokio::time::Instant;

use super::{allowance::Allowances, throttle::Throttle};

/// Wrong keys per minute and address.
const WRONG_KEYS: u32 = 60;
const MOST: usize = 10_000;

tokio::task_local! {
    static ADDRESS: ClientAddress;
}

/// Tells the look-up of keys where a request comes from, and counts the requests of those that are right.
#[derive(Clone, Debug)]
pub struct KeyGuard<A> {
    /// Proves who calls.
    pub inner: A,
    /// Whose word on the caller's address is believed.
    pub proxies: TrustedProxies,
    /// Counts.
    pub throttle: Throttle,
    /// How often each key may.
    pub allowances: Allowances,
}

impl<A: Authenticate> Authenticate for KeyGuard<A> {
    async fn authenticate(&self, access: &Access, parts: &mut Parts) -> Result<(), ApiError> {
        let address = ClientAddress::of(parts, &self.proxies);
        ADDRESS.scope(address, self.inner.authenticate(access, parts)).await?;
        match parts.extensions.get::<Principal>() {
            Some(principal @ Principal::Key { id, .. }) => {
                self.throttle.admit_at(principal, self.allowances.requests_per_minute(*id)).await?;
                if let Some(origin) = parts.extensions.get_mut::<Origin>() {
                    origin.address = Some(address.0);
                }
                Ok(())
            }
            Some(Principal::User(_) | Principal::Service { .. }) | None => Ok(()),
        }
    }
}

/// Counts wrong keys by address.
#[derive(Clone, Debug)]
pub struct WrongKeys {
    throttle: Throttle,
    refused: Arc<Mutex<HashMap<String, Instant>>>,
}

impl WrongKeys {
    /// Counts with this throttle.
    #[must_use]
    pub fn new(throttle: Throttle) -> Self {
        Self { throttle, refused: Arc::default() }
    }

    /// Whether the address of this request may try a key.
    ///
    /// # Errors
    /// 429 with `Retry-After` when it has tried too many wrong ones.
    pub fn admit(&self) -> Result<(), ApiError> {
        let Some(address) = address() else { return Ok(()) };
        let mut refused = self.refused.lock().unwrap_or_else(PoisonError::into_inner);
        let Some(until) = refused.get(&address) else { return Ok(()) };
        let left = until.saturating_duration_since(Instant::now());
        if left.is_zero() {
            refused.remove(&address);
            return Ok(());
        }
        Err(ApiError::too_many_requests(left))
    }

    /// The address of this request has tried a wrong key.
    ///
    /// # Errors
    /// 429 with `Retry-After` when that was one too many.
    pub async fn count(&self) -> Result<(), ApiError> {
        let Some(address) = address() else { return Ok(()) };
        let Some(wait) = self.throttle.over(&format!("wrong-key:{address}"), WRONG_KEYS).await else { return Ok(()) };
        metrics::counter!("cpm_wrong_keys_refused_total").increment(1);
        let (now, mut refused) = (Instant::now(), self.refused.lock().unwrap_or_else(PoisonError::into_inner));
        if refused.len() >= MOST {
            refused.retain(|_, until| *until > now);
        }
        if refused.len() < MOST {
            refused.insert(address, now + wait);
        }
        Err(ApiError::too_many_requests(wait))
    }
}

/// What is counted together, where the request comes from.
fn address() -> Option<String> {
    ADDRESS.try_with(ClientAddress::throttle_key).ok()
}
