//! How long a template's renderings take, so that those which have always been quick needn't go to another thread.
//!
//! Handing a rendering over costs more than a usual one takes, and on a busy machine it waits for a processor twice. It decides
//! nothing about what a rendering may do: the bounds are the sandbox's.

use std::{
    sync::atomic::{AtomicBool, AtomicU8, Ordering},
    time::Duration,
};

/// So long, in processor time, may a rendering hold up an async thread.
const QUICK: Duration = Duration::from_millis(1);
/// So many have to have been quick before one is believed to be.
const PROOF: u8 = 3;

/// What is known of one compiled template.
#[derive(Debug, Default)]
pub(super) struct Pace {
    quick_ones: AtomicU8,
    was_slow: AtomicBool,
}

impl Pace {
    /// Notes what a rendering took. A slow one counts for good: it may have been the values, and those can come again.
    pub(super) fn note(&self, took: Duration) {
        if took > QUICK {
            self.was_slow.store(true, Ordering::Relaxed);
        } else if self.quick_ones.load(Ordering::Relaxed) < PROOF {
            self.quick_ones.fetch_add(1, Ordering::Relaxed);
        }
    }

    /// Whether all were quick, and there were some.
    pub(super) fn is_quick(&self) -> bool {
        self.quick_ones.load(Ordering::Relaxed) >= PROOF && !self.was_slow.load(Ordering::Relaxed)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_slow_one_counts_for_good() {
        let pace = Pace::default();
        for proved in [false, false, true, true] {
            pace.note(QUICK);
            assert_eq!(pace.is_quick(), proved);
        }
        pace.note(QUICK * 2);
        assert!(!pace.is_quick());
        for _ in 0..10 {
            pace.note(Duration::ZERO);
        }
        assert!(!pace.is_quick());
    }
}
