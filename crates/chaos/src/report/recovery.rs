//! How soon after a fault's end the jobs that it met were through.

use chrono::{DateTime, Utc};
use serde::Serialize;

use crate::{books::Job, scene::Strike};

/// Of the jobs that a strike met (accepted before it was over, not ended before it began): how long after the strike's end
/// they ended; 0 where they ended during it. In seconds, over all strikes. The time of other strikes that came meanwhile doesn't
/// count: what is broken again can't recover.
#[derive(Clone, Copy, Debug, Default, PartialEq, Serialize)]
pub(crate) struct Recovery {
    pub(crate) jobs: usize,
    pub(crate) p50: f64,
    pub(crate) p99: f64,
    pub(crate) max: f64,
    /// For comparison: from acceptance to end, the middle one of the jobs that met no strike.
    pub(crate) undisturbed_p50: f64,
}

impl Recovery {
    pub(crate) fn of(jobs: &[Job], strikes: &[Strike]) -> Self {
        let (mut met, mut undisturbed) = (Vec::new(), Vec::new());
        for job in jobs {
            let Some(ended) = job.completed_at else { continue };
            let meets = |strike: &&Strike| job.created_at < strike.until && ended > strike.from;
            let mut those = strikes.iter().filter(meets).peekable();
            if those.peek().is_none() {
                undisturbed.push(seconds(job.created_at, ended));
            }
            met.extend(those.map(|strike| unbroken(strike.until, ended, strikes)));
        }
        met.sort_by(f64::total_cmp);
        undisturbed.sort_by(f64::total_cmp);
        Self {
            jobs: met.len(),
            p50: at(&met, 0.50),
            p99: at(&met, 0.99),
            max: at(&met, 1.0),
            undisturbed_p50: at(&undisturbed, 0.50),
        }
    }
}

/// How much of that time was no strike's.
fn unbroken(from: DateTime<Utc>, until: DateTime<Utc>, strikes: &[Strike]) -> f64 {
    let broken = |strike: &Strike| seconds(strike.from.max(from), strike.until.min(until)).max(0.0);
    (seconds(from, until) - strikes.iter().map(broken).sum::<f64>()).max(0.0)
}

fn seconds(from: DateTime<Utc>, until: DateTime<Utc>) -> f64 {
    (until - from).num_milliseconds() as f64 / 1000.0
}

/// The value that so large a part is at most; 0 of none.
fn at(sorted: &[f64], part: f64) -> f64 {
    let rank = (sorted.len() as f64 * part).ceil() as usize;
    sorted.get(rank.saturating_sub(1)).copied().unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use chrono::TimeDelta;

    use super::*;

    fn job(created: i64, ended: i64) -> Job {
        let at = |seconds| DateTime::<Utc>::UNIX_EPOCH + TimeDelta::seconds(seconds);
        Job {
            id: uuid::Uuid::nil(),
            topic: String::new(),
            status: "completed".into(),
            error_code: None,
            cost: None,
            created_at: at(created),
            completed_at: Some(at(ended)),
            lives: false,
        }
    }

    #[test]
    fn only_jobs_that_a_strike_met_count_and_from_its_end() {
        let at = |seconds| DateTime::<Utc>::UNIX_EPOCH + TimeDelta::seconds(seconds);
        let strikes = [Strike { from: at(100), until: at(110) }];
        // Before it; ended during it; met, 5 s and 9 s after it; after it.
        let jobs = [job(90, 99), job(95, 105), job(99, 115), job(109, 119), job(111, 114)];
        let recovery = Recovery::of(&jobs, &strikes);
        assert_eq!((recovery.jobs, recovery.p50, recovery.p99, recovery.max), (3, 5.0, 9.0, 9.0));
        assert_eq!(recovery.undisturbed_p50, 3.0);
        assert_eq!(Recovery::of(&[], &strikes), Recovery::default());
        // Two seconds of peace, six of another strike, three of peace: five after the first, three after the second.
        let strikes = [strikes[0], Strike { from: at(112), until: at(118) }];
        let recovery = Recovery::of(&[job(99, 121)], &strikes);
        assert_eq!((recovery.jobs, recovery.p50, recovery.max), (2, 3.0, 5.0));
    }
}
