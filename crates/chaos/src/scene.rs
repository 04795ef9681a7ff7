//! The moments at which a fault strikes: drawn from the seed, counted in accepted jobs, so that each falls into work.

use std::time::{Duration, Instant};

use anyhow::Result;
use chrono::{DateTime, Utc};
use hg_rig::ground::Ground;
use rand::{RngExt as _, rngs::StdRng};
use serde::Serialize;

use crate::{load::Load, system::System};

/// How long a moment may be waited for, and the end of all work.
const PATIENCE: Duration = Duration::from_secs(300);
const ROUND: Duration = Duration::from_millis(20);

/// What a fault acts upon, and when.
pub(crate) struct Scene {
    pub(crate) ground: Ground,
    pub(crate) system: System,
    pub(crate) load: Load,
    pub(crate) dice: StdRng,
    pub(crate) strikes: Vec<Strike>,
}

/// From the beginning of a fault to its end, when everything that was broken is there again.
#[derive(Clone, Copy, Debug, Serialize)]
pub(crate) struct Strike {
    pub(crate) from: DateTime<Utc>,
    pub(crate) until: DateTime<Utc>,
}

/// How the work ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Quiet {
    /// No job lives, no call runs.
    Yes,
    /// Still not after a long time.
    No,
}

impl Scene {
    pub(crate) const fn new(ground: Ground, system: System, load: Load, dice: StdRng) -> Self {
        Self { ground, system, load, dice, strikes: Vec::new() }
    }

    /// Waits for the moment of this strike: a seeded number of accepted jobs, and a little more.
    pub(crate) async fn moment(&mut self, strike: usize, of: usize) -> Result<()> {
        let share = (strike as f64 + self.dice.random_range(0.5..1.0)) / (of as f64 + 0.5);
        let wanted = (self.load.plan().jobs as f64 * share) as usize;
        let more = Duration::from_millis(self.dice.random_range(0..200));
        self.accepted(wanted).await?;
        tokio::time::sleep(more).await;
        Ok(())
    }

    /// Waits until so many jobs were accepted.
    pub(crate) async fn accepted(&self, wanted: usize) -> Result<()> {
        let began = Instant::now();
        while self.load.accepted() < wanted {
            anyhow::ensure!(
                began.elapsed() < PATIENCE,
                "only {} of {wanted} jobs were accepted after {PATIENCE:?}",
                self.load.accepted()
            );
            tokio::time::sleep(ROUND).await;
        }
        Ok(())
    }

    /// The fault begins now.
    pub(crate) fn begin(&mut self) {
        let now = Utc::now();
        self.strikes.push(Strike { from: now, until: now });
    }

    /// Everything that was broken is there again.
    pub(crate) fn end(&mut self) {
        if let Some(strike) = self.strikes.last_mut() {
            strike.until = Utc::now();
        }
    }

    /// A seeded pause.
    pub(crate) async fn pause(&mut self, milliseconds: std::ops::Range<u64>) {
        let pause = self.dice.random_range(milliseconds);
        tokio::time::sleep(Duration::from_millis(pause)).await;
    }

    /// A seeded replica.
    pub(crate) fn any_replica(&mut self) -> usize {
        let replicas = self.system.addresses().len();
        self.dice.random_range(0..replicas)
    }

    /// Waits until all callers are through, no job lives and no provider call runs.
    pub(crate) async fn quiesce(&mut self) -> Result<Quiet> {
        let began = Instant::now();
        loop {
            let through = self.load.is_through();
            // Callers first: while one of them may still ask, nothing that is found is final.
            if through && self.system.living_jobs().await? == 0 && self.system.simulator.summary().in_flight == 0 {
                return Ok(Quiet::Yes);
            }
            if began.elapsed() > PATIENCE {
                return Ok(Quiet::No);
            }
            tokio::time::sleep(ROUND).await;
        }
    }
}
