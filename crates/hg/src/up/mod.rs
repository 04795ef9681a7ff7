//! `hg up`: from a clone to a finished article, and on until somebody stops it.

mod environment;
mod first_article;
mod folder;
mod servers;
mod services;

use std::path::Path;
use std::process::ExitCode;
use std::time::Duration;

use anyhow::{Context as _, Result};
use hg_common::auth::Service;

use crate::cli::Up;
use crate::command::{cargo, run_shown};
use crate::progress::Progress;
use crate::workspace::Workspace;
use crate::{packages, seed, web};
use environment::Secrets;
use servers::Servers;
use services::Running;

/// How often the running system is looked after.
const ROUND: Duration = Duration::from_millis(500);

/// Runs the system.
pub(crate) async fn run(workspace: &Workspace, options: Up) -> Result<ExitCode> {
    let progress = Progress::new();
    let data = workspace.resolve(&options.data);
    let given = servers::Given::from_environment();
    if options.reset {
        anyhow::ensure!(
            !given.has_database(),
            "--reset throws private servers away, but DATABASE_URL names one of yours: empty it yourself"
        );
        folder::reset(&data)?;
        progress.note("threw away what earlier runs left");
    }
    folder::claim(&data)?;
    let logs = data.join("logs");
    std::fs::create_dir_all(&logs).with_context(|| format!("cannot make {}", logs.display()))?;

    let wanted = given.private();
    progress
        .step("system packages", async { Ok(((), packages::ensure(wanted, &[], &logs.join("packages.log")).await?)) })
        .await?;
    progress.step("web assets", async { Ok(((), web::build(workspace, &logs).await?)) }).await?;
    progress.step("services built", build(workspace)).await?;
    let kept = Secrets::load(&data.join("env"))?;
    let start = Servers::start(given, wanted, data.join("servers"), kept.app_password());
    let mut servers = progress.step("servers", start).await?;
    progress.step("schema", servers.migrate()).await?;
    progress.step("sample data", seed_and_accounts(&servers, &kept)).await?;
    let mut running = progress.step("services", Running::start(&options.ports, &servers, &kept, &logs)).await?;
    if servers.direct_url.is_none() {
        let skipped = "first article: skipped. Its API key is made with MIGRATION_DATABASE_URL, which is not set";
        anyhow::ensure!(!options.check, "{skipped}, so --check can't check it");
        progress.note(skipped);
        println!("\n  Web interface: {}", running.url(Service::Gateway));
        return watch(&mut running, &mut servers, &logs).await;
    }
    let article = progress.step("first article", first_article::write(&running, &kept)).await?;
    println!("{}", article.summary(&running, &kept));
    if options.check {
        return Ok(ExitCode::SUCCESS);
    }
    watch(&mut running, &mut servers, &logs).await
}

/// Looks after what runs until something of it ends by itself; an interrupt drops this.
async fn watch(running: &mut Running, servers: &mut Servers, logs: &Path) -> Result<ExitCode> {
    println!("Logs are in {}. Ctrl-C stops everything; the data is kept.", logs.display());
    loop {
        tokio::time::sleep(ROUND).await;
        if let Some(ended) = running.ended().or_else(|| servers.ended()) {
            anyhow::bail!("{ended}");
        }
    }
}

async fn build(workspace: &Workspace) -> Result<((), String)> {
    let mut command = cargo(workspace.root());
    command.arg("build");
    for service in services::ALL {
        command.args(["--package", service.package]);
    }
    let status = run_shown(command).await?;
    anyhow::ensure!(status.success(), "cargo build failed: see above");
    Ok(((), String::new()))
}

async fn seed_and_accounts(servers: &Servers, kept: &Secrets) -> Result<((), String)> {
    let report = match &servers.direct_url {
        Some(direct) => {
            let report = seed::run(direct, seed::What::SampleData).await?;
            first_article::prepare_access(direct, kept).await?;
            report.to_string()
        }
        None => "skipped: only the application's login to the database is known".to_owned(),
    };
    Ok(((), report))
}
