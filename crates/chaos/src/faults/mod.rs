//! What is broken, a line per fault.

mod clock;
mod processes;
mod provider;
mod servers;

use std::fmt::Write as _;

use anyhow::{Context as _, Result};
use futures::future::BoxFuture;

use crate::{scene::Scene, suite::Size};

/// One fault.
pub(crate) struct Fault {
    pub(crate) name: &'static str,
    pub(crate) about: &'static str,
    /// How often it strikes, in full and in short; 0 is not in the short form.
    times: (usize, usize),
    /// More variables of CPM.
    pub(crate) settings: &'static [(&'static str, &'static str)],
    /// For which reasons (`error_code`) a job may fail. Any other reason is a finding, except that a budget may be exhausted.
    pub(crate) may_fail: &'static [&'static str],
    /// Does it, and returns when everything is there again.
    pub(crate) strike: for<'a> fn(&'a mut Scene) -> BoxFuture<'a, Result<()>>,
}

/// The worker was lost with a call under way, more than once.
const LOST_WORKER: &[&str] = &["unknown_outcome", "worker_crashed"];

/// All faults, in their order.
const FAULTS: [Fault; 15] = [
    Fault {
        name: "kill",
        about: "kill -9 of a CPM replica, which is started again",
        times: (6, 2),
        settings: &[],
        may_fail: LOST_WORKER,
        strike: |scene| Box::pin(processes::kill_replica(scene)),
    },
    Fault {
        name: "freeze",
        about: "SIGSTOP of a replica for longer than its leases last, then SIGCONT",
        times: (2, 0),
        settings: &[],
        may_fail: LOST_WORKER,
        strike: |scene| Box::pin(processes::freeze_replica(scene)),
    },
    Fault {
        name: "rolling",
        about: "rolling restart of all three replicas by SIGTERM",
        times: (2, 1),
        settings: &[],
        may_fail: &[],
        strike: |scene| Box::pin(processes::rolling_restart(scene)),
    },
    Fault {
        name: "smm",
        about: "kill -9 of the strategy service, away for seconds",
        times: (3, 0),
        settings: &[],
        may_fail: &[],
        strike: |scene| Box::pin(processes::kill_smm(scene)),
    },
    Fault {
        name: "im",
        about: "kill -9 of the instructions service, away for seconds",
        times: (3, 0),
        settings: &[],
        may_fail: &[],
        strike: |scene| Box::pin(processes::kill_im(scene)),
    },
    Fault {
        name: "flush",
        about: "FLUSHALL",
        times: (5, 0),
        settings: &[],
        may_fail: &[],
        strike: |scene| Box::pin(servers::flush_redis(scene)),
    },
    Fault {
        name: "redis",
        about: "Redis restarted",
        times: (3, 0),
        settings: &[],
        may_fail: &[],
        strike: |scene| Box::pin(servers::restart_redis(scene)),
    },
    Fault {
        name: "postgres-fast",
        about: "Postgres restarted, as an upgrade does",
        times: (3, 0),
        settings: &[],
        may_fail: &[],
        strike: |scene| Box::pin(servers::restart_postgres(scene)),
    },
    Fault {
        name: "postgres-crash",
        about: "Postgres crashes and recovers",
        times: (3, 1),
        settings: &[],
        may_fail: &[],
        strike: |scene| Box::pin(servers::crash_postgres(scene)),
    },
    Fault {
        name: "terminate",
        about: "pg_terminate_backend of random sessions, for seconds",
        times: (3, 1),
        settings: &[],
        may_fail: &[],
        strike: |scene| Box::pin(servers::terminate_storm(scene)),
    },
    Fault {
        name: "pgbouncer",
        about: "PgBouncer restarted",
        times: (4, 0),
        settings: &[],
        may_fail: &[],
        strike: |scene| Box::pin(servers::restart_pgbouncer(scene)),
    },
    Fault {
        name: "rate-limits",
        about: "the provider answers 429 to most calls, for seconds",
        times: (3, 0),
        settings: &[],
        may_fail: &["provider_rate_limited"],
        strike: |scene| Box::pin(provider::rate_limits(scene)),
    },
    Fault {
        name: "hang",
        about: "the provider takes calls and says nothing, or stops half-way",
        times: (2, 0),
        settings: &[("OPENAI_TIMEOUT", "4")],
        may_fail: &["provider_timeout", "unknown_outcome"],
        strike: |scene| Box::pin(provider::hang(scene)),
    },
    Fault {
        name: "garbage",
        about: "the provider answers 500 and 503, sends garbage, and cuts streams",
        times: (3, 1),
        settings: &[],
        may_fail: &[
            "provider_overloaded",
            "provider_broken_stream",
            "provider_malformed",
            "provider_connect",
            "unknown_outcome",
        ],
        strike: |scene| Box::pin(provider::garbage(scene)),
    },
    Fault {
        name: "clock",
        about: "a replica whose clock is an hour ahead, then an hour behind (libfaketime)",
        times: (1, 0),
        settings: &[],
        may_fail: &[],
        strike: |scene| Box::pin(clock::an_hour_off(scene)),
    },
];

impl Fault {
    /// How often it strikes.
    pub(crate) const fn strikes(&self, size: Size) -> usize {
        match (size, self.times) {
            (Size::Full, (full, _)) => full,
            // Asked for by name.
            (Size::Short, (_, 0)) => 1,
            (Size::Short, (_, short)) => short,
        }
    }

    /// Makes each fault's dice its own.
    pub(crate) fn salt(&self) -> u64 {
        self.name
            .bytes()
            .fold(0xcbf2_9ce4_8422_2325, |hash, byte| (hash ^ u64::from(byte)).wrapping_mul(0x0100_0000_01b3))
    }
}

/// Those with these names; of none, all that belong to the size.
pub(crate) fn choose(names: &[String], size: Size) -> Result<Vec<&'static Fault>> {
    if names.is_empty() {
        return Ok(FAULTS.iter().filter(|fault| size == Size::Full || fault.times.1 > 0).collect());
    }
    let find = |name: &String| {
        FAULTS
            .iter()
            .find(|fault| fault.name == name)
            .with_context(|| format!("there is no fault {name:?}; --list names them"))
    };
    names.iter().map(find).collect()
}

/// The faults, a line each; a star marks those of the short form.
#[must_use]
pub fn list() -> String {
    FAULTS.iter().fold(String::new(), |mut text, fault| {
        let star = if fault.times.1 > 0 { '*' } else { ' ' };
        let _ = writeln!(text, "{star} {:15} {}", fault.name, fault.about);
        text
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn faults_are_found_by_name() {
        let names = |size| choose(&[], size).unwrap().iter().map(|fault| fault.name).collect::<Vec<_>>();
        assert_eq!(names(Size::Full).len(), FAULTS.len());
        assert!(names(Size::Short).contains(&"kill") && !names(Size::Short).contains(&"clock"));
        assert_eq!(choose(&["clock".into()], Size::Short).unwrap()[0].strikes(Size::Short), 1);
        assert!(choose(&["earthquake".into()], Size::Full).is_err());
    }
}
