//! What a measurement took of the machine: processor time per process, and memory.

use std::{
    collections::BTreeMap,
    time::{Duration, Instant},
};

use anyhow::Result;
use serde::{Deserialize, Serialize};

use crate::procfs::{self, Memory};

/// A name under which processes are added up, and one of them.
#[derive(Clone, Debug)]
pub(crate) struct Watched {
    pub(crate) name: &'static str,
    pub(crate) pid: i32,
    /// Whether what it started counts too, as Postgres' backends do.
    pub(crate) family: Family,
}

/// Who counts.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Family {
    /// The process alone.
    Alone,
    /// It and its children.
    Children,
}

/// What a measurement took.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub(crate) struct Usage {
    /// How long it lasted.
    pub(crate) seconds: f64,
    /// Cores that were busy on average, by process; `others` is everything that isn't ours.
    pub(crate) cores: BTreeMap<String, f64>,
    /// Resident memory at the end, in MiB.
    pub(crate) resident_mib: BTreeMap<String, f64>,
    /// The most that was resident meanwhile, in MiB.
    pub(crate) peak_mib: BTreeMap<String, f64>,
}

/// A measurement that is under way.
pub(crate) struct Meter {
    watched: Vec<Watched>,
    began: Instant,
    cpu: BTreeMap<&'static str, Duration>,
    machine: Duration,
}

impl Meter {
    /// Starts, with the peaks of memory forgotten.
    pub(crate) fn start(watched: Vec<Watched>) -> Result<Self> {
        for process in watched.iter().filter(|process| process.family == Family::Alone) {
            procfs::forget_peak(process.pid)?;
        }
        Ok(Self { cpu: cpu(&watched)?, machine: procfs::machine_cpu()?, began: Instant::now(), watched })
    }

    /// What was taken since.
    pub(crate) fn stop(&self) -> Result<Usage> {
        let wall = self.began.elapsed().as_secs_f64();
        let mut cores = BTreeMap::new();
        let mut ours = 0.0;
        for (name, now) in cpu(&self.watched)? {
            let before = self.cpu.get(name).copied().unwrap_or_default();
            let busy = now.saturating_sub(before).as_secs_f64() / wall;
            ours += busy;
            cores.insert(name.to_owned(), busy);
        }
        let machine = procfs::machine_cpu()?.saturating_sub(self.machine).as_secs_f64() / wall;
        cores.insert("others".to_owned(), (machine - ours).max(0.0));
        let (mut resident_mib, mut peak_mib) = (BTreeMap::new(), BTreeMap::new());
        // Postgres' processes share most of their pages: adding them up would count those again and again.
        for process in self.watched.iter().filter(|process| process.family == Family::Alone) {
            let Memory { resident_kib, peak_kib } = procfs::memory(process.pid)?;
            resident_mib.insert(process.name.to_owned(), mib(resident_kib));
            peak_mib.insert(process.name.to_owned(), mib(peak_kib));
        }
        Ok(Usage { seconds: wall, cores, resident_mib, peak_mib })
    }
}

fn cpu(watched: &[Watched]) -> Result<BTreeMap<&'static str, Duration>> {
    let mut sums: BTreeMap<&'static str, Duration> = BTreeMap::new();
    for process in watched {
        let sum = sums.entry(process.name).or_default();
        *sum += procfs::cpu(process.pid)?;
        if process.family == Family::Children {
            // One that ends in between is in its parent's sum the next time.
            *sum += procfs::children(process.pid).into_iter().filter_map(|pid| procfs::cpu(pid).ok()).sum::<Duration>();
        }
    }
    Ok(sums)
}

/// KiB as MiB.
pub(crate) fn mib(kib: u64) -> f64 {
    kib as f64 / 1024.0
}
