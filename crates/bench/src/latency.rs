//! How long things took: samples in a histogram, and what is reported of them.

use std::time::Duration;

use hdrhistogram::Histogram;
use serde::{Deserialize, Serialize};

/// The longest time that is told from longer ones: ten minutes, in microseconds.
const LONGEST: u64 = 600_000_000;
/// Significant digits.
const DIGITS: u8 = 3;

/// Times, in microseconds.
#[derive(Clone, Debug)]
pub(crate) struct Samples(Histogram<u64>);

impl Samples {
    pub(crate) fn new() -> Self {
        Self(Histogram::new_with_bounds(1, LONGEST, DIGITS).expect("the bounds are right"))
    }

    pub(crate) fn record(&mut self, time: Duration) {
        self.0.saturating_record(u64::try_from(time.as_micros()).unwrap_or(u64::MAX).max(1));
    }

    pub(crate) fn add(&mut self, other: &Self) {
        // Fails only for other bounds.
        let _ = self.0.add(&other.0);
    }

    pub(crate) fn len(&self) -> u64 {
        self.0.len()
    }

    pub(crate) fn latency(&self) -> Latency {
        let ms = |micros: u64| micros as f64 / 1000.0;
        let at = |quantile: f64| ms(self.0.value_at_quantile(quantile));
        Latency {
            count: self.0.len(),
            mean_ms: self.0.mean() / 1000.0,
            p50_ms: at(0.50),
            p95_ms: at(0.95),
            p99_ms: at(0.99),
            max_ms: ms(self.0.max()),
        }
    }
}

impl FromIterator<Duration> for Samples {
    fn from_iter<I: IntoIterator<Item = Duration>>(times: I) -> Self {
        let mut samples = Self::new();
        times.into_iter().for_each(|time| samples.record(time));
        samples
    }
}

/// What is reported of samples, in milliseconds.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
pub(crate) struct Latency {
    pub(crate) count: u64,
    pub(crate) mean_ms: f64,
    pub(crate) p50_ms: f64,
    pub(crate) p95_ms: f64,
    pub(crate) p99_ms: f64,
    pub(crate) max_ms: f64,
}

impl Latency {
    /// The median of rounds, for each figure by itself; the maximum is the greatest of all, and the count the sum.
    pub(crate) fn median_of(rounds: &[Self]) -> Self {
        let of = |figure: fn(&Self) -> f64| median(rounds.iter().map(figure));
        Self {
            count: rounds.iter().map(|round| round.count).sum(),
            mean_ms: of(|round| round.mean_ms),
            p50_ms: of(|round| round.p50_ms),
            p95_ms: of(|round| round.p95_ms),
            p99_ms: of(|round| round.p99_ms),
            max_ms: rounds.iter().map(|round| round.max_ms).fold(0.0, f64::max),
        }
    }
}

/// The middle one; of an even number, the mean of the two in the middle. NaN of none.
pub(crate) fn median(numbers: impl IntoIterator<Item = f64>) -> f64 {
    let mut numbers: Vec<f64> = numbers.into_iter().collect();
    numbers.sort_by(f64::total_cmp);
    match numbers.len() {
        0 => f64::NAN,
        odd if odd % 2 == 1 => numbers[odd / 2],
        even => f64::midpoint(numbers[even / 2 - 1], numbers[even / 2]),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn percentiles_of_known_times() {
        let samples: Samples = (1..=100).map(Duration::from_millis).collect();
        let latency = samples.latency();
        assert_eq!(latency.count, 100);
        for (found, wanted) in
            [(latency.p50_ms, 50.0), (latency.p95_ms, 95.0), (latency.p99_ms, 99.0), (latency.max_ms, 100.0)]
        {
            assert!((found - wanted).abs() / wanted < 0.002, "{found} is not {wanted}");
        }
    }

    #[test]
    fn too_short_and_too_long_count_too() {
        let samples: Samples = [Duration::ZERO, Duration::from_secs(3600)].into_iter().collect();
        assert_eq!(samples.len(), 2);
        assert!(samples.latency().max_ms >= 600_000.0);
    }

    #[test]
    fn the_median_of_rounds_is_taken_figure_by_figure() {
        let round =
            |p50, p99, max| Latency { count: 10, mean_ms: p50, p50_ms: p50, p95_ms: p50, p99_ms: p99, max_ms: max };
        let middle = Latency::median_of(&[round(1.0, 9.0, 9.0), round(3.0, 5.0, 50.0), round(2.0, 7.0, 7.0)]);
        assert_eq!((middle.count, middle.p50_ms, middle.p99_ms, middle.max_ms), (30, 2.0, 7.0, 50.0));
        assert_eq!(median([4.0, 1.0, 3.0, 2.0]), 2.5);
        assert!(median([]).is_nan());
    }
}
