//! How often somebody may try. Counted in Redis, for all replicas.
//!
//! A Redis that is away lets nobody log in (guessing passwords would be free), but keeps nobody who is signed in from working.

use std::{
    num::NonZeroU32,
    sync::{Arc, Mutex, PoisonError},
    time::Duration,
};

use hg_common::{
    http::{ApiError, ClientAddress, error_chain},
    redis::{Redis, RedisError, driver::AsyncCommands as _, rate_limit},
};
use hg_types::UserId;
use tokio::time::{Instant, timeout};

use crate::domain::account::Email;

const MINUTE: Duration = Duration::from_secs(60);
const HOUR: Duration = Duration::from_secs(3_600);
/// Wrong passwords per hour on one account, from wherever: too few to guess a password.
const ACCOUNT_FAILURES_PER_HOUR: u32 = 1_000;
/// That is at least so many times what one address can reach, else one address could lock a victim out.
const ADDRESSES_TO_CLOSE: u32 = 5;
/// Reset links that one address may try to spend per hour.
const RESET_PER_HOUR: u32 = 30;
/// Invitation links that one address may try to spend per hour. A whole office may join from behind one address.
const INVITATIONS_PER_HOUR: u32 = 60;
/// A Redis that takes longer is treated as away, where it is only asked for comfort.
const ANSWER: Duration = Duration::from_millis(300);
/// How long such a Redis is not asked again.
const PAUSE: Duration = Duration::from_secs(2);

/// Attempts to get in.
#[derive(Clone, Debug)]
pub(crate) struct Attempts {
    redis: Redis,
    login_per_minute: NonZeroU32,
}

impl Attempts {
    pub(crate) fn new(redis: Redis, login_per_minute: NonZeroU32) -> Self {
        Self { redis, login_per_minute }
    }

    /// Counts an attempt to log in from the address. On the account only failures count: see [`failed`](Self::failed).
    ///
    /// # Errors
    /// 429 for the address, and for an account with too many failures; 503 when Redis is away.
    pub(crate) async fn login(&self, address: ClientAddress, email: &Email) -> Result<(), ApiError> {
        let address = format!("login:addr:{}", address.throttle_key());
        self.count(address, self.login_per_minute.get(), MINUTE).await?;
        // Even the right password has to wait: an answer to it would make the guesses beyond the limit worth their while.
        match self.closed_for(email).await? {
            Some(wait) => Err(ApiError::too_many_requests(wait)),
            None => Ok(()),
        }
    }

    /// Counts a wrong password on the account, whether or not there is such an account.
    ///
    /// # Errors
    /// 503 when Redis is away.
    pub(crate) async fn failed(&self, email: &Email) -> Result<(), ApiError> {
        let limit = self.failures_per_hour();
        let key = format!("login:failed:{}", email.throttle_key());
        let decision = rate_limit::check(&self.redis, &key, limit, HOUR).await?;
        if decision.remaining == 0 {
            // Until there is room for one more.
            let wait = if decision.allowed { HOUR / limit } else { decision.retry_after };
            self.close(email, wait).await?;
            tracing::warn!("an account takes no logins for a moment: too many wrong passwords");
        }
        Ok(())
    }

    fn failures_per_hour(&self) -> u32 {
        let one_address = self.login_per_minute.get().saturating_mul(60);
        ACCOUNT_FAILURES_PER_HOUR.max(one_address.saturating_mul(ADDRESSES_TO_CLOSE))
    }

    async fn close(&self, email: &Email, wait: Duration) -> Result<(), RedisError> {
        let millis = u64::try_from(wait.as_millis()).unwrap_or(u64::MAX).max(1);
        let key = self.closed_key(email);
        let () = self.redis.conn().await?.pset_ex(key, 1, millis).await?;
        Ok(())
    }

    async fn closed_for(&self, email: &Email) -> Result<Option<Duration>, RedisError> {
        let key = self.closed_key(email);
        // Negative where there is no such key.
        let millis: i64 = self.redis.conn().await?.pttl(key).await?;
        Ok(u64::try_from(millis).ok().map(Duration::from_millis))
    }

    fn closed_key(&self, email: &Email) -> String {
        self.redis.key(format_args!("login:closed:{}", email.throttle_key()))
    }

    /// Counts an attempt to spend a reset link.
    ///
    /// # Errors
    /// 429, or 503 when Redis is away.
    pub(crate) async fn reset(&self, address: ClientAddress) -> Result<(), ApiError> {
        self.count(format!("reset:addr:{}", address.throttle_key()), RESET_PER_HOUR, HOUR).await
    }

    /// Counts an attempt to spend an invitation's link.
    ///
    /// # Errors
    /// 429, or 503 when Redis is away.
    pub(crate) async fn invitation(&self, address: ClientAddress) -> Result<(), ApiError> {
        self.count(format!("invitation:addr:{}", address.throttle_key()), INVITATIONS_PER_HOUR, HOUR).await
    }

    async fn count(&self, key: String, limit: u32, window: Duration) -> Result<(), ApiError> {
        let decision = rate_limit::check(&self.redis, &key, limit, window).await?;
        if decision.allowed { Ok(()) } else { Err(ApiError::too_many_requests(decision.retry_after)) }
    }
}

/// Requests of those who are signed in.
#[derive(Clone, Debug)]
pub(crate) struct UserLimit {
    redis: Redis,
    per_minute: u32,
    paused_until: Arc<Mutex<Option<Instant>>>,
}

impl UserLimit {
    /// `per_minute` requests for each user; 0 is no limit.
    pub(crate) fn new(redis: Redis, per_minute: u32) -> Self {
        Self { redis, per_minute, paused_until: Arc::default() }
    }

    /// Counts one request.
    ///
    /// # Errors
    /// 429 with `Retry-After`.
    pub(crate) async fn admit(&self, user: UserId) -> Result<(), ApiError> {
        if self.per_minute == 0 || self.is_paused() {
            return Ok(());
        }
        let key = format!("user:{user}");
        let reason = match timeout(ANSWER, rate_limit::check(&self.redis, &key, self.per_minute, MINUTE)).await {
            Ok(Ok(decision)) if decision.allowed => return Ok(()),
            Ok(Ok(decision)) => return Err(ApiError::too_many_requests(decision.retry_after)),
            Ok(Err(error)) => error_chain(&error),
            Err(_) => "no answer in time".to_owned(),
        };
        tracing::warn!(error = reason, "requests are not counted for a moment");
        *self.paused_until.lock().unwrap_or_else(PoisonError::into_inner) = Some(Instant::now() + PAUSE);
        Ok(())
    }

    fn is_paused(&self) -> bool {
        let until = self.paused_until.lock().unwrap_or_else(PoisonError::into_inner);
        until.is_some_and(|until| Instant::now() < until)
    }
}

#[cfg(test)]
mod tests {
    use hg_common::config::{Env, Environment, RedisConfig};
    use hg_testkit::{redis_prefix, redis_url};

    use super::*;

    async fn attempts(per_minute: u32) -> Attempts {
        let pairs = [("REDIS_URL", redis_url().await), ("REDIS_PREFIX", redis_prefix())];
        let mut env = Env::from_pairs("gateway", pairs);
        let redis = Redis::new(&RedisConfig::read(&mut env, Environment::Test).unwrap()).unwrap();
        Attempts::new(redis, NonZeroU32::new(per_minute).unwrap())
    }

    #[tokio::test]
    async fn an_account_closes_after_more_failures_than_one_address_can_make() {
        let attempts = attempts(3).await;
        let [victim, other] = ["victim@example.com", "other@example.com"].map(|email| Email::parse(email).unwrap());
        let from = |host: u8| ClientAddress(std::net::IpAddr::from([198, 51, 100, host]));
        // An hour's worth of one address, and then some.
        for _ in 0..200 {
            attempts.failed(&victim).await.unwrap();
        }
        attempts.login(from(1), &victim).await.unwrap();
        // Room comes back while this counts.
        while attempts.closed_for(&victim).await.unwrap().is_none() {
            attempts.failed(&victim).await.unwrap();
        }
        let refused = attempts.login(from(2), &victim).await.unwrap_err();
        assert_eq!(refused.status().as_u16(), 429);
        assert!(refused.retry_after().unwrap() <= HOUR / 1_000);
        attempts.login(from(2), &other).await.unwrap();
    }

    #[tokio::test]
    async fn a_higher_allowance_per_address_raises_the_one_per_account() {
        assert_eq!(attempts(3).await.failures_per_hour(), 1_000);
        assert_eq!(attempts(100).await.failures_per_hour(), 30_000);
        assert_eq!(attempts(u32::MAX).await.failures_per_hour(), u32::MAX);
    }
}
