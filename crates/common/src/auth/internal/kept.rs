//! Tokens that were signed, for the next calls to the same service for the same subject.
//!
//! Kept for half of their life, so that each that is sent is good for another half minute. They never leave this process
//! but in a call. It must not outlive the signing key: each issuer has its own.

use std::{net::IpAddr, time::Duration};

use hg_types::{ClientId, UserId};
use http::HeaderValue;
use moka::{policy::EvictionPolicy, sync::Cache};

use super::{ENTRY, LIFETIME, ROOM, service::Service};

/// So old, in seconds, may a token be that is sent.
const HALF: i64 = LIFETIME / 2;
/// What is older is of no use to anybody.
const FORGOTTEN: Duration = Duration::from_secs(HALF.unsigned_abs());

/// For whom a token speaks.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub(super) enum SpeaksFor {
    /// A person.
    Person(UserId),
    /// The client of a job.
    JobsClient(ClientId),
}

/// What makes tokens the same but for their time.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub(super) struct Spoken {
    pub(super) audience: Service,
    pub(super) subject: SpeaksFor,
    pub(super) address: Option<IpAddr>,
}

/// A token as it is sent.
#[derive(Clone)]
struct Signed {
    bearer: HeaderValue,
    iat: i64,
}

/// See the module.
pub(super) struct Kept(Cache<Spoken, Signed>);

impl Kept {
    pub(super) fn new() -> Self {
        let size = |_: &Spoken, signed: &Signed| u32::try_from(signed.bearer.len() + ENTRY).unwrap_or(u32::MAX);
        let tokens = Cache::builder()
            .max_capacity(ROOM)
            .weigher(size)
            .eviction_policy(EvictionPolicy::lru())
            .time_to_live(FORGOTTEN)
            .build();
        Self(tokens)
    }

    /// One that may still be sent at `now`, in seconds since 1970.
    pub(super) fn get(&self, spoken: &Spoken, now: i64) -> Option<HeaderValue> {
        let signed = self.0.get(spoken)?;
        // Nor is one from the future sent: then the clock was put back.
        let age = now.checked_sub(signed.iat)?;
        (0..HALF).contains(&age).then_some(signed.bearer)
    }

    pub(super) fn put(&self, spoken: Spoken, bearer: HeaderValue, iat: i64) {
        self.0.insert(spoken, Signed { bearer, iat });
    }
}

#[cfg(test)]
mod tests {
    use uuid::Uuid;

    use super::*;

    fn spoken(client: u128) -> Spoken {
        Spoken {
            audience: Service::Im,
            subject: SpeaksFor::JobsClient(ClientId(Uuid::from_u128(client))),
            address: None,
        }
    }

    #[test]
    fn a_token_is_sent_for_half_of_its_life() {
        let kept = Kept::new();
        kept.put(spoken(1), HeaderValue::from_static("one"), 1_000);
        for (now, sent) in [(999, false), (1_000, true), (1_029, true), (1_030, false), (i64::MIN, false)] {
            assert_eq!(kept.get(&spoken(1), now).is_some(), sent, "{now}");
        }
        assert!(kept.get(&spoken(2), 1_000).is_none());
    }

    #[test]
    fn what_is_kept_is_bounded() {
        let kept = Kept::new();
        let bearer = HeaderValue::from_str(&"x".repeat(350)).unwrap();
        for client in 0..10_000 {
            kept.put(spoken(client), bearer.clone(), 1_000);
        }
        kept.0.run_pending_tasks();
        assert!(kept.0.weighted_size() <= ROOM && kept.0.entry_count() > 1_000, "{}", kept.0.entry_count());
    }
}
