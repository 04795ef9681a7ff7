//! The run: servers, settings, row after row, the report.

use std::{
    fmt,
    path::PathBuf,
    time::{Duration, Instant},
};

use anyhow::{Context as _, Result};
use serde::{Deserialize, Serialize};

use crate::{
    cli::{Cli, Setting},
    procfs,
    report::{self, Report},
    rows::{self, Row},
    settings::Settings,
    system::{Provider, System},
};
use hg_rig::{
    ground::{Ground, Statements},
    plant::Planted,
};

/// How long everything takes.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub(crate) enum Pace {
    /// Figures that can be believed.
    Full,
    /// Everything short: shows that it works.
    Quick,
}

impl Pace {
    /// One of two, by pace.
    pub(crate) fn pick<T>(self, full: T, quick: T) -> T {
        match self {
            Self::Full => full,
            Self::Quick => quick,
        }
    }

    /// So many seconds.
    pub(crate) fn seconds(self, full: u64, quick: u64) -> Duration {
        Duration::from_secs(self.pick(full, quick))
    }

    /// How often a measurement is repeated; the median of the rounds is reported.
    pub(crate) fn rounds(self) -> usize {
        self.pick(3, 1)
    }

    /// Load before anything counts: connections, code that was never run, and above all the caches of each of the twenty
    /// database backends behind the pooler.
    pub(crate) fn warm_up(self) -> Duration {
        Duration::from_millis(self.pick(5_000, 1_000))
    }
}

impl fmt::Display for Pace {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.pick("full", "quick: everything short, not to be believed"))
    }
}

/// What rows need.
pub(crate) struct Bench {
    ground: Ground,
    pub(crate) pace: Pace,
    settings: Vec<Setting>,
    statements: bool,
}

impl Bench {
    /// A new system on a fresh copy of the planted database; an earlier one must have been dropped.
    pub(crate) async fn system(&mut self, provider: Provider) -> Result<System> {
        System::start(&mut self.ground, provider, &self.settings).await
    }

    /// The same with one more setting.
    pub(crate) async fn system_with(&mut self, provider: Provider, setting: Setting) -> Result<System> {
        let settings: Vec<Setting> = self.settings.iter().cloned().chain([setting]).collect();
        System::start(&mut self.ground, provider, &settings).await
    }

    pub(crate) const fn planted(&self) -> &Planted {
        self.ground.planted()
    }

    /// Forgets what the statements took so far, where they are watched.
    pub(crate) async fn forget_statements(&self, system: &System) -> Result<()> {
        if self.statements {
            sqlx::raw_sql("SELECT pg_stat_statements_reset()").execute(&mut system.db().await?).await?;
        }
        Ok(())
    }

    /// The statements that took most of Postgres' time since, as notes; none where they aren't watched.
    pub(crate) async fn statements(&self, system: &System) -> Result<Vec<String>> {
        if !self.statements {
            return Ok(Vec::new());
        }
        let rows: Vec<(i64, f64, f64, bool, String)> = sqlx::query_as(
            "SELECT calls, total_plan_time, total_exec_time, toplevel, left(regexp_replace(query, '\\s+', ' ', 'g'), 110)
               FROM pg_stat_statements s JOIN pg_database d ON d.oid = s.dbid AND d.datname = current_database()
              WHERE calls > 0 AND query NOT LIKE '%pg_stat_statements%'
              ORDER BY total_plan_time + total_exec_time DESC LIMIT 20",
        )
        .fetch_all(&mut system.db().await?)
        .await?;
        let lines = rows.into_iter().map(|(calls, plan, execute, top, query)| {
            let inside = if top { "" } else { " (inside another)" };
            format!(
                "statement: {calls} × {:.3} ms planned + {:.3} ms executed{inside}  {query}",
                plan / calls as f64,
                execute / calls as f64
            )
        });
        Ok(lines.collect())
    }
}

/// Does what the command line says.
pub(crate) async fn run(cli: Cli) -> Result<()> {
    let chosen = rows::choose(&cli.rows)?;
    if cli.list {
        chosen.iter().for_each(|row| println!("{:10} {}", row.name, row.about));
        return Ok(());
    }
    // Read first: it should fail before an hour is spent.
    let earlier = cli.compare.as_deref().map(Report::read).transpose()?;
    let pace = if cli.quick { Pace::Quick } else { Pace::Full };
    let load_before = procfs::load_average();
    std::fs::create_dir_all(&cli.dir).with_context(|| format!("cannot make {}", cli.dir.display()))?;
    let statements = if cli.statements { Statements::Counted } else { Statements::Ignored };
    let ground = Ground::start(&cli.dir, statements).await.context("the servers don't start")?;
    let settings = Settings::read(&ground, pace, load_before, &cli.settings).await?;
    settings.lines().iter().for_each(|line| println!("{line}"));
    println!();

    let mut bench = Bench { ground, pace, settings: cli.settings, statements: cli.statements };
    let mut report = Report::new(settings);
    for row in chosen {
        measure(&mut bench, row, &mut report).await?;
    }
    println!();
    report::print(&report);
    if let Some(earlier) = earlier {
        report::compare(&earlier, &report).iter().for_each(|line| println!("{line}"));
    }
    let path = cli.json.unwrap_or_else(|| default_path(&cli.dir, &report));
    report.write(&path)?;
    println!("\nfigures: {}", path.display());
    Ok(())
}

async fn measure(bench: &mut Bench, row: &Row, report: &mut Report) -> Result<()> {
    let began = Instant::now();
    eprintln!("{}: {} …", row.name, row.about);
    let measures = (row.run)(bench).await.with_context(|| format!("row {}", row.name))?;
    eprintln!("{}: done in {:.0} s", row.name, began.elapsed().as_secs_f64());
    // At once too: who interrupts a long run has seen what was measured.
    measures.iter().for_each(|measure| eprintln!("  {}", report::brief(measure)));
    report.measures.extend(measures);
    Ok(())
}

fn default_path(dir: &std::path::Path, report: &Report) -> PathBuf {
    dir.join(format!("{}.json", report.settings.started_at.format("%Y%m%dT%H%M%SZ")))
}
