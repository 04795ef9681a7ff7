//! The figures of a run: as a table for people, as JSON for later runs, and beside an earlier run's.

mod compare;
mod table;

use std::path::Path;

use anyhow::{Context as _, Result};
use serde::{Deserialize, Serialize};

pub(crate) use self::{
    compare::compare,
    table::{brief, print},
};
use crate::{measure::Measure, settings::Settings};

/// Goes up when files of before can't be read any more.
const VERSION: u32 = 1;

/// A run.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub(crate) struct Report {
    version: u32,
    pub(crate) settings: Settings,
    pub(crate) measures: Vec<Measure>,
}

impl Report {
    pub(crate) const fn new(settings: Settings) -> Self {
        Self { version: VERSION, settings, measures: Vec::new() }
    }

    pub(crate) fn read(path: &Path) -> Result<Self> {
        let text = std::fs::read_to_string(path).with_context(|| format!("cannot read {}", path.display()))?;
        let report: Self =
            serde_json::from_str(&text).with_context(|| format!("{} is no file of ours", path.display()))?;
        anyhow::ensure!(report.version == VERSION, "{} has version {}, not {VERSION}", path.display(), report.version);
        Ok(report)
    }

    pub(crate) fn write(&self, path: &Path) -> Result<()> {
        if let Some(folder) = path.parent() {
            std::fs::create_dir_all(folder).with_context(|| format!("cannot make {}", folder.display()))?;
        }
        let text = serde_json::to_string_pretty(self).context("the figures can't be written down")?;
        std::fs::write(path, text + "\n").with_context(|| format!("cannot write {}", path.display()))
    }
}
