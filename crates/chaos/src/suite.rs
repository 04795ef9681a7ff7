//! Which faults, one after the other, each on a system of its own.

use std::{path::PathBuf, time::Instant};

use anyhow::{Context as _, Result};
use chrono::Utc;
use hg_rig::{
    environment::Programs,
    ground::{Ground, Statements},
};
use rand::{SeedableRng as _, rngs::StdRng};

use crate::{
    books::Books,
    check,
    faults::{self, Fault},
    load::{Load, Plan},
    observer::Observer,
    report::{self, FaultReport, Report},
    sabotage::Sabotage,
    scene::Scene,
    system::System,
};

/// How much is done.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Size {
    /// All faults, at least ten thousand jobs in all.
    Full,
    /// A handful of faults with few jobs: for every change.
    Short,
}

/// What [`run`] is told.
#[derive(Clone, Debug)]
pub struct Options {
    /// Only these faults; empty for all, or the short form's.
    pub faults: Vec<String>,
    /// Jobs per fault; none for the size's own.
    pub jobs: Option<usize>,
    /// Everything random comes from this.
    pub seed: u64,
    /// How much is done.
    pub size: Size,
    /// For servers and logs: a folder on a real disk.
    pub dir: PathBuf,
    /// What is broken.
    pub programs: Programs,
    /// Lies that are planted in the books of each fault, to see whether they are found.
    pub sabotage: Vec<Sabotage>,
}

impl Options {
    fn jobs(&self, faults: usize) -> usize {
        let whole = match self.size {
            Size::Full => 10_500,
            Size::Short => 60 * faults,
        };
        self.jobs.unwrap_or_else(|| whole.div_ceil(faults.max(1)))
    }

    fn plan(&self, jobs: usize, fault: &Fault) -> Plan {
        let alive = match self.size {
            Size::Full => 64,
            Size::Short => 24,
        };
        Plan { seed: self.seed ^ fault.salt(), jobs, alive }
    }
}

/// Does it, and tells on the terminal as it goes. What was found is in the report; an error means that the suite itself
/// could not go on.
///
/// # Errors
/// Servers or services don't start, or a fault can't be caused.
pub async fn run(options: &Options) -> Result<Report> {
    let chosen = faults::choose(&options.faults, options.size)?;
    let jobs = options.jobs(chosen.len());
    println!("seed {} · {} faults · {jobs} jobs each", options.seed, chosen.len());
    std::fs::create_dir_all(&options.dir).with_context(|| format!("cannot make {}", options.dir.display()))?;
    let mut ground = Ground::start(&options.dir, Statements::Ignored).await.context("the servers don't start")?;
    let mut report = Report::new(options.seed);
    for fault in chosen {
        let (given_back, done) =
            one(options, ground, fault, jobs).await.with_context(|| format!("fault {}", fault.name))?;
        ground = given_back;
        println!("{}", report::block(&done));
        report.faults.push(done);
    }
    println!("\n{}", report::table(&report));
    Ok(report)
}

/// One fault on a fresh system.
async fn one(
    options: &Options,
    mut ground: Ground,
    fault: &'static Fault,
    jobs: usize,
) -> Result<(Ground, FaultReport)> {
    let (began, started_at) = (Instant::now(), Utc::now());
    eprintln!("{}: {} …", fault.name, fault.about);
    let plan = options.plan(jobs, fault);
    let system = System::start(&mut ground, &options.programs, fault).await?;
    let tenants = ground.planted().tenants.clone();
    let limits = system.limit_budgets(&tenants, jobs).await?;
    let observer = Observer::start(system.direct_url());
    let load = Load::start(plan, tenants, system.addresses(), observer.alive());
    let dice = StdRng::seed_from_u64(plan.seed);
    let mut scene = Scene::new(ground, system, load, dice);
    for strike in 0..fault.strikes(options.size) {
        scene.moment(strike, fault.strikes(options.size)).await?;
        scene.begin();
        (fault.strike)(&mut scene).await?;
        scene.end();
    }
    scene.load.enough();
    let quiet = scene.quiesce().await?;
    for (lie, sabotage) in (0..).zip(&options.sabotage) {
        sabotage.plant(&scene.system, lie).await?;
    }
    let Scene { ground, mut system, load, strikes, .. } = scene;
    let told = load.finish().await;
    let books = Books::read(&system, told, observer.stop(), limits).await?;
    let findings = check::all(&books, fault.may_fail, &quiet, &mut system);
    let times = report::Times { started_at, seconds: began.elapsed().as_secs_f64() };
    Ok((ground, FaultReport::new(fault, times, &strikes, &books, findings, system.logs())))
}
