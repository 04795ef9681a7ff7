//! How many jobs run at once, and for how long a job may live.

use std::{
    num::{NonZeroU32, NonZeroUsize},
    time::Duration,
};

use hg_common::config::Env;

use crate::queue::Settings;

/// A worker that is silent for so many seconds is lost.
const DEFAULT_LEASE: u32 = 35;

/// Queue and workers.
#[derive(Clone, Debug)]
pub struct JobsConfig {
    /// What queue and workers are made with. Tests shorten its intervals.
    pub settings: Settings,
}

impl JobsConfig {
    /// Reads the section.
    pub fn read(env: &mut Env, grace: Duration) -> Self {
        let default = Settings::default();
        let concurrency = at_least_one(default.concurrency);
        let concurrency =
            env.with_default("WORKER_CONCURRENCY", concurrency).doc("How many jobs this process runs at once.").read();
        let tenant_cap = env
            .with_default("WORKER_CLIENT_CONCURRENCY", at_least_one(default.tenant_cap))
            .doc("How many jobs of one client run at once, over all processes.")
            .read();
        let provider_cap = env
            .with_default("WORKER_PROVIDER_CONCURRENCY", at_least_one(default.provider_cap))
            .doc("How many calls of one provider run at once, over all processes.")
            .read();
        let metric_clients = env
            .with_default("METRICS_CLIENTS", default.metric_clients)
            .doc("How many clients have metrics of their own (`client` is their id); those of all others go together as `other`.")
            .read();
        let hour = NonZeroU32::MIN.saturating_add(3_599);
        let deadline = env
            .with_default("JOB_DEADLINE_SECONDS", hour)
            .doc("How long a job may live from its acceptance on; one that can't be finished by then fails.")
            .read();
        let lease = env
            .with_default("WORKER_LEASE_SECONDS", DEFAULT_LEASE)
            .doc("How long a worker owns a job without saying that it lives: after a crash, its jobs wait this long. At least 2.")
            .read_with(parse_lease);
        let lease = Duration::from_secs(u64::from(lease));
        let settings = Settings {
            lease,
            // Three in a row may be lost before the lease is.
            heartbeat: lease * 2 / 7,
            provisional_lease: default.provisional_lease.min(lease),
            reap: default.reap.min(lease / 5),
            // While nothing runs, this alone shows that Postgres answers, and no lease is called expired unless it did.
            reconcile: default.reconcile.min(lease / 5),
            concurrency: concurrency.get(),
            tenant_cap: tenant_cap.get(),
            provider_cap: provider_cap.get(),
            metric_clients,
            deadline: Duration::from_secs(u64::from(deadline.get())),
            grace,
            ..default
        };
        Self { settings }
    }
}

fn parse_lease(text: &str) -> Result<u32, String> {
    match text.parse() {
        Ok(seconds @ 2..=3_600) => Ok(seconds),
        _ => Err("expected 2 to 3600 seconds".to_owned()),
    }
}

fn at_least_one(number: usize) -> NonZeroUsize {
    NonZeroUsize::new(number).unwrap_or(NonZeroUsize::MIN)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn settings(pairs: &[(&str, &str)]) -> Option<Settings> {
        let mut env = Env::from_pairs("cpm", pairs.iter().copied());
        let config = JobsConfig::read(&mut env, Duration::from_secs(25));
        env.finish().ok().map(|_| config.settings)
    }

    #[test]
    fn what_depends_on_the_lease_follows_it() {
        let (default, read) = (Settings::default(), settings(&[]).unwrap());
        assert_eq!((read.lease, read.heartbeat, read.reap), (default.lease, default.heartbeat, default.reap));
        assert_eq!(read.provisional_lease, default.provisional_lease);
        let short = settings(&[("WORKER_LEASE_SECONDS", "3")]).unwrap();
        assert!(
            short.heartbeat * 3 < short.lease
                && short.reap < short.lease
                && short.reconcile * 3 < short.lease
                && short.provisional_lease <= short.lease
        );
        assert!(settings(&[("WORKER_LEASE_SECONDS", "1")]).is_none());
    }
}
