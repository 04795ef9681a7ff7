//! The jobs that this process runs now, and the way to stop each of them.
//!
//! Owns what heartbeat, cancellation and drain need to know. Must not touch database or Redis.

use std::{
    collections::HashMap,
    sync::{
        Arc, Mutex, MutexGuard, OnceLock, PoisonError,
        atomic::{AtomicU64, Ordering},
    },
    time::Duration,
};

use chrono::{DateTime, Utc};
use hg_types::{ClientId, JobId, Provider, Usd};
use tokio::time::Instant;
use tokio_util::sync::CancellationToken;

/// Why a running job is to stop.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Stop {
    /// Somebody asked for it.
    Cancelled,
    /// The attempt is no longer this process's: whatever it would write is refused.
    Fenced,
    /// Its time is up.
    Deadline,
    /// The process ends.
    Drained,
}

/// A job as its claim gave it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Claimed {
    /// Which.
    pub job: JobId,
    /// Whose.
    pub client: ClientId,
    /// The fencing token of every later write.
    pub attempt: i32,
    /// Its place among the client's jobs.
    pub priority: i16,
    /// Provider calls that failed so far.
    pub provider_failures: i32,
    /// Provider calls of unknown outcome so far.
    pub unknown_calls: i32,
    /// When it was accepted.
    pub accepted_at: DateTime<Utc>,
    /// How long it has lived when it was claimed, by the database's clock.
    pub age: Duration,
}

#[cfg(test)]
impl Claimed {
    /// Any job's first attempt.
    pub(super) const fn example() -> Self {
        Self {
            job: JobId(uuid::Uuid::from_u128(7)),
            client: ClientId(uuid::Uuid::from_u128(1)),
            attempt: 1,
            priority: 0,
            provider_failures: 0,
            unknown_calls: 0,
            accepted_at: DateTime::UNIX_EPOCH,
            age: Duration::ZERO,
        }
    }
}

/// What is happening to a running job, for heartbeat and progress.
#[derive(Clone, Copy, Debug)]
struct Doing {
    stage: &'static str,
    provider: Option<Provider>,
    /// Since when its lease runs.
    leased: Instant,
    /// How many transactions of its own want its row just now.
    writing: u32,
}

/// One running attempt.
#[derive(Debug)]
pub(super) struct Run {
    /// What was claimed.
    pub claimed: Claimed,
    began: Instant,
    token: CancellationToken,
    why: OnceLock<Stop>,
    doing: Mutex<Doing>,
    output_tokens: AtomicU64,
    cost_nanos: AtomicU64,
}

/// What a heartbeat says of a running job.
#[derive(Clone, Copy, Debug)]
pub(super) struct Beat {
    /// What was claimed.
    pub claimed: Claimed,
    /// What it is doing.
    pub stage: &'static str,
    /// Whose slot it holds.
    pub provider: Option<Provider>,
    /// Since the attempt began.
    pub elapsed: Duration,
    /// Tokens written so far, by our own count.
    pub output_tokens: u64,
    /// What they cost, by our own count.
    pub cost: Usd,
}

/// A job that writes its own row, as long as this is kept.
#[derive(Debug)]
#[must_use = "the job writes as long as this is kept"]
pub(super) struct Writing<'a>(&'a Run);

impl Drop for Writing<'_> {
    fn drop(&mut self) {
        self.0.doing().writing -= 1;
    }
}

impl Run {
    fn new(claimed: Claimed, leased: Instant) -> Self {
        Self {
            claimed,
            began: Instant::now(),
            token: CancellationToken::new(),
            why: OnceLock::new(),
            doing: Mutex::new(Doing { stage: "strategy", provider: None, leased, writing: 0 }),
            output_tokens: AtomicU64::new(0),
            cost_nanos: AtomicU64::new(0),
        }
    }

    fn doing(&self) -> MutexGuard<'_, Doing> {
        self.doing.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Stops it; the first reason counts.
    pub(super) fn stop(&self, why: Stop) {
        let _ = self.why.set(why);
        self.token.cancel();
    }

    /// Why it is to stop, if it is.
    pub(super) fn stopped(&self) -> Option<Stop> {
        self.why.get().copied()
    }

    /// Cancelled when it is to stop.
    pub(super) const fn token(&self) -> &CancellationToken {
        &self.token
    }

    /// Since the attempt began.
    pub(super) fn elapsed(&self) -> Duration {
        self.began.elapsed()
    }

    /// Notes what it is doing.
    pub(super) fn enter(&self, stage: &'static str) {
        self.doing().stage = stage;
    }

    /// Notes whose slot it holds.
    pub(super) fn occupy(&self, provider: Option<Provider>) {
        self.doing().provider = provider;
    }

    /// Notes that its own row is written now: a heartbeat that held the row meanwhile would have it left out of its batch.
    pub(super) fn write(&self) -> Writing<'_> {
        self.doing().writing += 1;
        Writing(self)
    }

    /// Whether its lease is to be renewed by one who comes by every `heartbeat`. Not that of a young job, which will most likely have
    /// ended by then; nor for a while that of one that writes. A lease lasts three and a half heartbeats
    /// ([`Settings`](crate::queue::Settings)), and none gets older than two and a half.
    fn is_due(&self, now: Instant, heartbeat: Duration) -> bool {
        let doing = *self.doing();
        let age = now.saturating_duration_since(doing.leased);
        age >= heartbeat / 2 && (doing.writing == 0 || age >= heartbeat + heartbeat / 2)
    }

    /// Notes what was written so far, by our own count.
    pub(super) fn progress(&self, output_tokens: u64, cost: Usd) {
        self.output_tokens.store(output_tokens, Ordering::Relaxed);
        self.cost_nanos.store(u64::try_from(cost.nanos()).unwrap_or_default(), Ordering::Relaxed);
    }

    /// How it stands now.
    pub(super) fn beat(&self) -> Beat {
        let doing = *self.doing();
        Beat {
            claimed: self.claimed,
            stage: doing.stage,
            provider: doing.provider,
            elapsed: self.elapsed(),
            output_tokens: self.output_tokens.load(Ordering::Relaxed),
            cost: Usd::from_nanos(i64::try_from(self.cost_nanos.load(Ordering::Relaxed)).unwrap_or(i64::MAX)),
        }
    }
}

/// All running attempts of this process.
#[derive(Debug, Default)]
pub(super) struct Running {
    runs: Mutex<HashMap<JobId, Arc<Run>>>,
}

impl Running {
    fn lock(&self) -> MutexGuard<'_, HashMap<JobId, Arc<Run>>> {
        self.runs.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// A new attempt, whose lease runs since then. An older one of the same job in this process is fenced, and told so.
    pub(super) fn begin(&self, claimed: Claimed, leased: Instant) -> Arc<Run> {
        let run = Arc::new(Run::new(claimed, leased));
        if let Some(older) = self.lock().insert(claimed.job, Arc::clone(&run)) {
            older.stop(Stop::Fenced);
        }
        run
    }

    /// The attempt is over.
    pub(super) fn end(&self, run: &Run) {
        let mut runs = self.lock();
        if runs.get(&run.claimed.job).is_some_and(|current| current.claimed.attempt == run.claimed.attempt) {
            runs.remove(&run.claimed.job);
        }
    }

    /// Stops a job, if it runs here.
    pub(super) fn stop(&self, job: JobId, why: Stop) {
        if let Some(run) = self.lock().get(&job) {
            run.stop(why);
        }
    }

    /// Stops an attempt, if it runs here.
    pub(super) fn stop_attempt(&self, job: JobId, attempt: i32, why: Stop) {
        if let Some(run) = self.lock().get(&job)
            && run.claimed.attempt == attempt
        {
            run.stop(why);
        }
    }

    /// Stops everything.
    pub(super) fn stop_all(&self, why: Stop) {
        for run in self.lock().values() {
            run.stop(why);
        }
    }

    /// An attempt's lease was renewed then.
    pub(super) fn renewed(&self, job: JobId, attempt: i32, then: Instant) {
        if let Some(run) = self.lock().get(&job)
            && run.claimed.attempt == attempt
        {
            run.doing().leased = then;
        }
    }

    /// What runs now, by job.
    pub(super) fn beats(&self) -> Vec<Beat> {
        self.beats_of(|_| true)
    }

    /// Of what runs now, by job, that whose lease is to be renewed by one who comes by every `heartbeat`.
    pub(super) fn due(&self, now: Instant, heartbeat: Duration) -> Vec<Beat> {
        self.beats_of(|run| run.is_due(now, heartbeat))
    }

    fn beats_of(&self, which: impl Fn(&Run) -> bool) -> Vec<Beat> {
        let mut beats: Vec<Beat> = self.lock().values().filter(|run| which(run)).map(|run| run.beat()).collect();
        // Locks go by id everywhere.
        beats.sort_by_key(|beat| beat.claimed.job);
        beats
    }

    /// How many there are.
    pub(super) fn len(&self) -> usize {
        self.lock().len()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn claimed(attempt: i32) -> Claimed {
        Claimed { attempt, ..Claimed::example() }
    }

    #[test]
    fn a_newer_attempt_fences_the_older_and_survives_its_end() {
        let running = Running::default();
        let older = running.begin(claimed(1), Instant::now());
        let newer = running.begin(claimed(2), Instant::now());
        assert_eq!((older.stopped(), newer.stopped()), (Some(Stop::Fenced), None));
        running.end(&older);
        assert_eq!(running.len(), 1);
        running.stop_attempt(newer.claimed.job, 1, Stop::Fenced);
        assert_eq!(newer.stopped(), None);
        running.stop(newer.claimed.job, Stop::Cancelled);
        newer.stop(Stop::Drained);
        assert_eq!(newer.stopped(), Some(Stop::Cancelled), "the first reason counts");
        assert!(newer.token().is_cancelled());
        running.end(&newer);
        assert_eq!(running.len(), 0);
    }

    #[test]
    fn a_heartbeat_passes_by_who_is_young_or_writes_but_never_for_long() {
        const BEAT: Duration = Duration::from_secs(10);
        let (running, start) = (Running::default(), Instant::now());
        let run = running.begin(claimed(1), start);
        let due = |seconds: f64| !running.due(start + Duration::from_secs_f64(seconds), BEAT).is_empty();
        assert!(!due(4.9) && due(5.0));
        let writing = run.write();
        let again = run.write();
        drop(writing);
        assert!(!due(14.9) && due(15.0), "a write that takes long must not cost the lease");
        drop(again);
        assert!(due(5.0));
        running.renewed(run.claimed.job, 2, start + BEAT);
        assert!(due(5.0), "of another attempt");
        running.renewed(run.claimed.job, 1, start + BEAT);
        assert!(!due(14.9) && due(15.0));
        assert_eq!(running.beats().len(), 1);
    }
}
