//! Every lease, interval and limit of queue and worker, in one place, so that tests can shorten them.
//!
//! Owns numbers; must not read the environment.

use std::{collections::BTreeMap, time::Duration};

use hg_types::{Provider, Usd};

/// How the queue and its workers behave. [`Settings::default`] is what production uses.
#[derive(Clone, Debug)]
pub struct Settings {
    /// How many jobs this process runs at once (`WORKER_CONCURRENCY`).
    pub concurrency: usize,
    /// How many jobs of one client run at once, over all processes.
    pub tenant_cap: usize,
    /// How many calls of one provider run at once, over all processes.
    pub provider_cap: usize,
    /// The same for single providers (`OPENAI_CONCURRENCY` …).
    pub provider_caps: BTreeMap<Provider, usize>,
    /// How many jobs one claim takes at most.
    pub claim_batch: usize,
    /// How long a worker owns a job without saying that it lives.
    pub lease: Duration,
    /// How long an entry that was taken from the index may stay without its attempt in Postgres.
    pub provisional_lease: Duration,
    /// How often a process renews the leases of all its jobs.
    pub heartbeat: Duration,
    /// How often an idle process asks the index although nobody woke it.
    pub poll: Duration,
    /// How often a process without Redis asks Postgres.
    pub slow_poll: Duration,
    /// How often expired leases and deadlines are looked for.
    pub reap: Duration,
    /// How often pending jobs that the index may have lost are looked for.
    pub reconcile: Duration,
    /// A pending job that was dispatched longer ago than this is put into the index again.
    pub redispatch_after: Duration,
    /// The life of a job from accept on (`JOB_DEADLINE`).
    pub deadline: Duration,
    /// So many crashes of its workers end a job.
    pub max_crashes: i32,
    /// So many failed provider calls end a job.
    pub max_provider_failures: i32,
    /// Backoff of crashes and provider errors: full jitter over `base · 2^n`.
    pub backoff_base: Duration,
    /// The longest backoff. A provider's own `retry-after` may be longer.
    pub backoff_cap: Duration,
    /// The longest wait for a service that is away, between two tries.
    pub away_cap: Duration,
    /// How long a worker waits for a free slot of its provider before it gives the job back.
    pub provider_wait: Duration,
    /// How long running jobs may go on after SIGTERM.
    pub grace: Duration,
    /// Live text is published at the latest after this time,
    pub delta_interval: Duration,
    /// or when so many bytes have come together.
    pub delta_bytes: usize,
    /// A call of unknown outcome is never made again for a model whose worst case costs more than this;
    /// `None`: always once more.
    pub unknown_retry_limit: Option<Usd>,
    /// Whether a model without a known price may be called.
    pub allow_unpriced: bool,
    /// How often clients' shares of the workers are read again, and the gauges of the longest queues set.
    pub shares: Duration,
    /// How many clients have metrics of their own; those of all others go together.
    pub metric_clients: usize,
    /// How often partitions are made and budgets are proved.
    pub housekeeping: Duration,
}

impl Default for Settings {
    fn default() -> Self {
        Self {
            concurrency: 32,
            tenant_cap: 16,
            provider_cap: 64,
            provider_caps: BTreeMap::new(),
            claim_batch: 32,
            lease: Duration::from_secs(35),
            provisional_lease: Duration::from_secs(10),
            heartbeat: Duration::from_secs(10),
            poll: Duration::from_secs(1),
            slow_poll: Duration::from_secs(2),
            reap: Duration::from_secs(3),
            reconcile: Duration::from_millis(1500),
            redispatch_after: Duration::from_secs(60),
            deadline: Duration::from_secs(3600),
            max_crashes: 3,
            max_provider_failures: 3,
            backoff_base: Duration::from_secs(1),
            backoff_cap: Duration::from_secs(60),
            away_cap: Duration::from_secs(20),
            provider_wait: Duration::from_secs(5),
            grace: Duration::from_secs(25),
            delta_interval: Duration::from_millis(50),
            delta_bytes: 400,
            unknown_retry_limit: None,
            allow_unpriced: false,
            shares: Duration::from_secs(15),
            metric_clients: 50,
            housekeeping: Duration::from_secs(600),
        }
    }
}

impl Settings {
    /// How many calls of this provider run at once, over all processes.
    #[must_use]
    pub fn provider_cap_of(&self, provider: Provider) -> usize {
        self.provider_caps.get(&provider).copied().unwrap_or(self.provider_cap)
    }
}

/// Whole milliseconds, as Lua and SQL take them.
#[must_use]
pub(crate) fn millis(duration: Duration) -> i64 {
    i64::try_from(duration.as_millis()).unwrap_or(i64::MAX)
}

/// Seconds, as Postgres' `make_interval` takes them.
#[must_use]
pub(crate) const fn seconds(duration: Duration) -> f64 {
    duration.as_secs_f64()
}
