//! Tokens that were checked and found to be right: whoever sends the very same one again needn't be checked with Ed25519 again.
//!
//! What is remembered is what the signature vouches for, under the exact token. Times are judged anew at each use, by the same
//! rule ([`Checked::is_timely`]). What was refused is never remembered. It must not outlive the keys that the tokens
//! were checked with: they are fixed for the life of a verifier, and each verifier has its own.

use std::{net::IpAddr, sync::Arc, time::Duration};

use moka::{policy::EvictionPolicy, sync::Cache};

use super::{ENTRY, LEEWAY, LIFETIME, ROOM};
use crate::auth::principal::Principal;

/// After that no token is good any more: made as far in the future as is allowed, and used as late.
const FORGOTTEN: Duration = Duration::from_secs(LIFETIME.unsigned_abs() + 2 * LEEWAY as u64);

/// What a token says, once its signature, type, issuer, audience and subject are checked.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Checked {
    pub(super) principal: Principal,
    pub(super) address: Option<IpAddr>,
    pub(super) iat: i64,
    pub(super) exp: i64,
}

impl Checked {
    /// Whether a token of these times may live at all: no longer than a minute, and not made in the future.
    pub(super) fn may_live(iat: i64, exp: i64, now: i64) -> bool {
        // An overflow is no lifetime of ours either.
        exp.checked_sub(iat).is_some_and(|lifetime| lifetime <= LIFETIME) && iat <= now.saturating_add(LEEWAY.into())
    }

    /// Whether it is good at `now`, in seconds since 1970.
    pub(super) fn is_timely(&self, now: i64) -> bool {
        Self::may_live(self.iat, self.exp, now) && self.exp.saturating_add(LEEWAY.into()) >= now
    }
}

/// See the module.
pub(super) struct Known(Cache<Arc<str>, Checked>);

impl Known {
    pub(super) fn new() -> Self {
        let size = |token: &Arc<str>, _: &Checked| u32::try_from(token.len() + ENTRY).unwrap_or(u32::MAX);
        let tokens = Cache::builder()
            .max_capacity(ROOM)
            .weigher(size)
            .eviction_policy(EvictionPolicy::lru())
            .time_to_live(FORGOTTEN)
            .build();
        Self(tokens)
    }

    /// What this very token says, if it was checked before and is good at `now`. Otherwise it is to be checked, and the check
    /// says what is wrong with it.
    pub(super) fn get(&self, token: &str, now: i64) -> Option<Checked> {
        self.0.get(token).filter(|checked| checked.is_timely(now))
    }

    /// Only what every check has let through.
    pub(super) fn put(&self, token: &str, checked: Checked) {
        self.0.insert(token.into(), checked);
    }

    #[cfg(test)]
    pub(super) fn count(&self) -> u64 {
        self.0.run_pending_tasks();
        self.0.entry_count()
    }
}

#[cfg(test)]
mod tests {
    use hg_types::UserId;
    use uuid::Uuid;

    use super::*;

    fn checked() -> Checked {
        Checked { principal: Principal::User(UserId(Uuid::from_u128(7))), address: None, iat: 1_000, exp: 1_060 }
    }

    #[test]
    fn times_are_judged_at_each_use() {
        let known = Known::new();
        known.put("token", checked());
        for (now, good) in [
            (994, false),
            (995, true),
            (1_060, true),
            (1_065, true),
            (1_066, false),
            // The clock was put back to where the token is good again.
            (1_030, true),
            (i64::MIN, false),
            (i64::MAX, false),
        ] {
            assert_eq!(known.get("token", now).is_some(), good, "{now}");
        }
        assert!(known.get("tokeN", 1_000).is_none() && known.get("", 1_000).is_none());
    }

    #[test]
    fn a_long_life_is_no_life() {
        for (iat, exp, good) in
            [(1_000, 1_060, true), (1_000, 1_061, false), (i64::MIN, 1_060, false), (i64::MAX, i64::MAX, false)]
        {
            assert_eq!(Checked { iat, exp, ..checked() }.is_timely(1_030), good, "{iat} to {exp}");
        }
    }

    #[test]
    fn what_is_remembered_is_bounded() {
        let known = Known::new();
        for number in 0..10_000 {
            known.put(&format!("{number}{}", "x".repeat(350)), checked());
        }
        assert!(known.count() > 1_000 && known.0.weighted_size() <= ROOM, "{}", known.count());
        // Longer than all that may be remembered together.
        known.put(&"y".repeat(2 * 1024 * 1024), checked());
        assert!(known.0.weighted_size() <= ROOM);
    }
}
