//! A request by its number: who asks for what, at which replica, and what is done with the job. All of it from the seed.

use std::time::Duration;

use hg_types::ContentType;
use rand::{RngExt as _, SeedableRng as _, rngs::StdRng};

use super::{LIMITED_EVERY, TENANTS};

/// What all topics begin with.
const TOPIC: &str = "Unlucky question ";

const CONTENT_TYPES: [ContentType; 5] = [
    ContentType::BlogPost,
    ContentType::SocialMedia,
    ContentType::EmailCampaign,
    ContentType::PressRelease,
    ContentType::ProductDescription,
];

/// A request.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Asked {
    pub(crate) number: u64,
    /// Which of the customers.
    pub(crate) tenant: usize,
    pub(crate) content_type: ContentType,
    /// At which replica first.
    pub(crate) replica: usize,
    /// How long after its acceptance it is cancelled, if it is.
    pub(crate) cancel_after: Option<Duration>,
    /// Whether somebody watches it.
    pub(crate) watched: bool,
}

impl Asked {
    /// The same seed and number are the same request.
    pub(crate) fn of(seed: u64, number: u64) -> Self {
        let mut dice = StdRng::seed_from_u64(seed ^ number.wrapping_mul(0x9e37_79b9_7f4a_7c15));
        // A fifth of all requests go to the few whose budgets bind.
        let tenant = if dice.random_ratio(1, 5) {
            dice.random_range(0..TENANTS.div_ceil(LIMITED_EVERY)) * LIMITED_EVERY
        } else {
            dice.random_range(0..TENANTS)
        };
        Self {
            number,
            tenant,
            content_type: CONTENT_TYPES[dice.random_range(0..CONTENT_TYPES.len())],
            replica: dice.random_range(0..1_000),
            cancel_after: dice.random_ratio(1, 15).then(|| Duration::from_millis(dice.random_range(0..600))),
            watched: dice.random_ratio(1, 6),
        }
    }

    /// Its topic, from which a prompt tells its number.
    pub(crate) fn topic(&self) -> String {
        format!("{TOPIC}{} about panel upgrades, answered", self.number)
    }

    /// Its idempotency key.
    pub(crate) fn key(&self) -> String {
        key_of(self.number)
    }
}

/// The idempotency key of the request with this number.
pub(crate) fn key_of(number: u64) -> String {
    format!("chaos-{number}")
}

/// The number of the request that a topic or a prompt came from.
pub(crate) fn number_in(text: &str) -> Option<u64> {
    let (_, rest) = text.split_once(TOPIC)?;
    let digits = rest.find(|c: char| !c.is_ascii_digit()).unwrap_or(rest.len());
    rest[..digits].parse().ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_same_seed_asks_the_same() {
        let all = |seed| (0..200).map(|number| Asked::of(seed, number)).collect::<Vec<_>>();
        assert_eq!(all(7), all(7));
        assert_ne!(all(7), all(8));
        assert!(all(7).iter().any(|asked| asked.watched) && all(7).iter().any(|asked| asked.cancel_after.is_some()));
    }

    #[test]
    fn a_prompt_tells_its_request() {
        let asked = Asked::of(1, 42);
        assert_eq!(number_in(&format!("Write about: {}.", asked.topic())), Some(42));
        assert_eq!(number_in("another"), None);
    }
}
