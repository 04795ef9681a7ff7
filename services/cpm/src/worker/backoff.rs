//! How long to wait before the next try. Pure: randomness is passed in.

use std::time::Duration;

/// Full jitter: anything up to `base · 2^tries`, at most `cap`. `chance` is in 0..1.
#[must_use]
pub(super) fn full_jitter(base: Duration, cap: Duration, tries: u32, chance: f64) -> Duration {
    let highest = base.saturating_mul(2_u32.saturating_pow(tries.min(20))).min(cap);
    highest.mul_f64(chance.clamp(0.0, 1.0))
}

/// However long a service is away, its jobs ask again after so long: it answers or refuses at once, and that costs little
/// beside jobs that lie still after it is back.
pub(super) const LONGEST_AWAY: Duration = Duration::from_secs(5);

/// For what is away or full: a quarter of the job's age, between half a second and `cap`, give or take a quarter. Old jobs ask rarely, new ones soon, and nothing needs to be counted.
#[must_use]
pub(super) fn while_away(age: Duration, cap: Duration, chance: f64) -> Duration {
    let lowest = Duration::from_millis(500).min(cap);
    (age / 4).clamp(lowest, cap).mul_f64(0.75 + chance.clamp(0.0, 1.0) / 2.0)
}

/// After a provider's error: the backoff, or what the provider asked for where that is longer.
#[must_use]
pub(super) fn after_provider_error(backoff: Duration, retry_after: Option<Duration>) -> Duration {
    retry_after.map_or(backoff, |asked| asked.max(backoff))
}

#[cfg(test)]
mod tests {
    use super::*;

    const SECOND: Duration = Duration::from_secs(1);

    #[test]
    fn doubles_up_to_the_cap_and_jitters_down_to_nothing() {
        let at = |tries, chance| full_jitter(SECOND, SECOND * 60, tries, chance);
        assert_eq!(at(0, 1.0), SECOND);
        assert_eq!(at(3, 1.0), SECOND * 8);
        assert_eq!(at(3, 0.5), SECOND * 4);
        assert_eq!(at(10, 1.0), SECOND * 60);
        assert_eq!(at(u32::MAX, 1.0), SECOND * 60);
        assert_eq!(at(5, 0.0), Duration::ZERO);
    }

    #[test]
    fn waits_longer_for_a_service_the_longer_it_is_away() {
        let at = |age| while_away(SECOND * age, SECOND * 20, 0.5);
        assert_eq!(at(0), Duration::from_millis(500));
        assert_eq!(at(8), SECOND * 2);
        assert_eq!(at(3_000), SECOND * 20);
        assert_eq!(while_away(SECOND * 3_000, SECOND * 3, 1.0), Duration::from_millis(3_750));
        assert_eq!(while_away(SECOND, Duration::from_millis(10), 0.5), Duration::from_millis(10));
    }

    #[test]
    fn a_providers_wish_is_only_ever_longer() {
        assert_eq!(after_provider_error(SECOND, None), SECOND);
        assert_eq!(after_provider_error(SECOND, Some(SECOND * 7)), SECOND * 7);
        assert_eq!(after_provider_error(SECOND * 3, Some(SECOND)), SECOND * 3);
    }
}
