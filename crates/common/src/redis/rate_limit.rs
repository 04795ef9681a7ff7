//! Rate limits that all replicas share.
//!
//! The generic cell rate algorithm (GCRA, <https://brandur.org/rate-limiting>): one key per limit, which holds the theoretical arrival time. At
//! most `limit` requests at once, and `limit` per `window` in the long run; no burst at a window's edge. Time is Redis's own, so replicas'
//! clocks don't matter. Whether a Redis that is away means yes or no is the caller's decision.

use std::sync::LazyLock;
use std::time::Duration;

use super::driver::Script;
use super::{Redis, RedisError};

/// Whether a request may go on.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Decision {
    /// Whether it may.
    pub allowed: bool,
    /// When the next one may; zero when allowed.
    pub retry_after: Duration,
    /// How many more may follow at once.
    pub remaining: u32,
    /// When as many as ever may follow at once, if none comes before.
    pub reset_after: Duration,
}

// All times in microseconds: they fit a double exactly until 2255. They are written with %.0f because Lua's own conversion
// would keep 14 digits only.
static GCRA: LazyLock<Script> = LazyLock::new(|| {
    Script::new(
        r"
local limit = tonumber(ARGV[1])
local window = tonumber(ARGV[2])
local clock = redis.call('TIME')
local now = tonumber(clock[1]) * 1000000 + tonumber(clock[2])
local step = window / limit
local arrival = math.max(tonumber(redis.call('GET', KEYS[1]) or '0') or 0, now)
-- Redis may have been restored from another machine's clock: nobody waits longer than a window.
arrival = math.min(arrival, now + window)
local next_arrival = arrival + step
local wait = next_arrival - window - now
if wait > 0.5 then
  return {0, math.ceil(wait), 0, math.ceil(arrival - now)}
end
redis.call('SET', KEYS[1], string.format('%.0f', next_arrival), 'PX', math.ceil((next_arrival - now) / 1000) + 1)
return {1, 0, math.floor((window - (next_arrival - now)) / step + 0.001), math.ceil(next_arrival - now)}
",
    )
});

/// Counts one request against `limit` per `window` under `key` (without the prefix: `login:addr:203.0.113.9`).
///
/// # Errors
/// When Redis doesn't answer.
pub async fn check(redis: &Redis, key: &str, limit: u32, window: Duration) -> Result<Decision, RedisError> {
    if limit == 0 || window.is_zero() {
        return Ok(Decision { allowed: false, retry_after: window, remaining: 0, reset_after: window });
    }
    let mut conn = redis.conn().await?;
    let micros = u64::try_from(window.as_micros()).unwrap_or(u64::MAX);
    // On a line of its own: format_args held across the await would tie the future to its thread.
    let key = redis.key(format_args!("rl:{key}"));
    let (allowed, wait, remaining, reset): (u8, u64, u32, u64) =
        GCRA.key(key).arg(limit).arg(micros).invoke_async(&mut conn).await?;
    Ok(Decision {
        allowed: allowed == 1,
        retry_after: Duration::from_micros(wait),
        remaining,
        reset_after: Duration::from_micros(reset),
    })
}

#[cfg(test)]
mod tests {
    use super::super::driver::AsyncCommands;
    use super::super::test_server::TestRedis;
    use super::*;

    #[tokio::test]
    async fn a_burst_up_to_the_limit_then_a_wait() {
        let server = TestRedis::start().await;
        let redis = &server.redis;
        let hour = Duration::from_secs(3600);
        let mut left = Vec::new();
        for used in 1..=3 {
            let decision = check(redis, "login:a", 3, hour).await.unwrap();
            assert!(decision.allowed && decision.retry_after.is_zero());
            let full = Duration::from_secs(1200) * used;
            assert!(
                decision.reset_after <= full && decision.reset_after > full - Duration::from_secs(60),
                "{decision:?}"
            );
            left.push(decision.remaining);
        }
        assert_eq!(left, [2, 1, 0]);
        let refused = check(redis, "login:a", 3, hour).await.unwrap();
        assert!(!refused.allowed);
        assert!(
            refused.retry_after > Duration::from_secs(1100) && refused.retry_after <= Duration::from_secs(1200),
            "{refused:?}"
        );
        assert!(check(redis, "login:b", 3, hour).await.unwrap().allowed);
        let mut conn = redis.conn().await.unwrap();
        let life: i64 = conn.pttl(redis.key("rl:login:a")).await.unwrap();
        assert!(life > 0 && life <= 3_600_100, "{life}");
    }

    #[tokio::test]
    async fn room_comes_back_with_time_and_never_beyond_the_limit() {
        let server = TestRedis::start().await;
        let redis = &server.redis;
        let window = Duration::from_millis(200);
        while check(redis, "k", 2, window).await.unwrap().allowed {}
        let again = async {
            while !check(redis, "k", 2, window).await.unwrap().allowed {
                tokio::task::yield_now().await;
            }
        };
        tokio::time::timeout(Duration::from_secs(10), again).await.expect("room comes back");
        assert!(!check(redis, "k", 0, window).await.unwrap().allowed);
    }

    #[tokio::test]
    async fn many_at_once_get_exactly_the_limit() {
        let server = TestRedis::start().await;
        let calls = (0..40).map(|_| check(&server.redis, "burst", 7, Duration::from_secs(3600)));
        let decisions = futures::future::join_all(calls).await;
        let allowed = decisions.into_iter().filter(|decision| decision.as_ref().unwrap().allowed).count();
        assert_eq!(allowed, 7);
    }
}
