//! What everything stands on: a private durable Postgres behind PgBouncer, a Redis, and a planted database that is cloned
//! for each system, so that no measurement finds what an earlier one left.

use std::path::{Path, PathBuf};

use anyhow::{Context as _, Result};
use hg_common::{db, redis::driver};
use hg_stack::{Stack, StackOptions};
use sqlx::{AssertSqlSafe, Connection as _, PgConnection};

use crate::{
    plant::{self, Planted},
    usage::{Family, Watched},
};

/// The database that is cloned.
const TEMPLATE: &str = "hg_bench_template";
/// What the clones' names begin with.
const CLONE: &str = "hg_bench_";

/// The running servers.
pub(crate) struct Ground {
    stack: Stack,
    planted: Planted,
    logs: PathBuf,
    clones: usize,
}

impl Ground {
    /// Starts the servers, makes roles and schema, and plants what is there before anything is measured.
    pub(crate) async fn start(dir: &Path, statements: bool) -> Result<Self> {
        let folder = dir.join(format!("stack-{}", std::process::id()));
        let logs = dir.join("logs");
        std::fs::create_dir_all(&logs).with_context(|| format!("cannot make {}", logs.display()))?;
        let mut stack = tokio::task::spawn_blocking(|| Stack::start(StackOptions::measure(folder))).await??;
        let mut server = connect(&stack.direct_url("postgres")).await?;
        if statements {
            sqlx::raw_sql("ALTER SYSTEM SET shared_preload_libraries = 'pg_stat_statements'")
                .execute(&mut server)
                .await?;
            server.close().await?;
            stack = tokio::task::spawn_blocking(move || stack.restart_postgres().map(|()| stack)).await??;
            server = connect(&stack.direct_url("postgres")).await?;
            // What functions and policies do inside, too, and planning, which a pooler that drops statements makes frequent.
            for (name, value) in [("track", "all"), ("track_planning", "on")] {
                let statement = format!("ALTER SYSTEM SET pg_stat_statements.{name} = '{value}'");
                sqlx::raw_sql(AssertSqlSafe(statement)).execute(&mut server).await?;
            }
            sqlx::raw_sql("SELECT pg_reload_conf()").execute(&mut server).await?;
        }
        sqlx::raw_sql(AssertSqlSafe(format!("CREATE DATABASE {TEMPLATE}"))).execute(&mut server).await?;
        let direct = stack.direct_url(TEMPLATE);
        db::bootstrap(&direct, stack.app_password()).await?;
        db::migrate(&direct).await?;
        let mut template = connect(&direct).await?;
        if statements {
            sqlx::raw_sql("CREATE EXTENSION pg_stat_statements").execute(&mut template).await?;
        }
        let planted = plant::plant(&mut template).await?;
        sqlx::raw_sql("VACUUM ANALYZE").execute(&mut template).await?;
        template.close().await?;
        server.close().await?;
        Ok(Self { stack, planted, logs, clones: 0 })
    }

    /// A database of its own and an empty Redis; what was there for an earlier system goes.
    pub(crate) async fn fresh(&mut self) -> Result<String> {
        let mut server = connect(&self.stack.direct_url("postgres")).await?;
        if self.clones > 0 {
            let old = format!("DROP DATABASE IF EXISTS {CLONE}{} WITH (FORCE)", self.clones);
            sqlx::raw_sql(AssertSqlSafe(old)).execute(&mut server).await?;
        }
        self.clones += 1;
        let name = format!("{CLONE}{}", self.clones);
        sqlx::raw_sql(AssertSqlSafe(format!("CREATE DATABASE {name} TEMPLATE {TEMPLATE}")))
            .execute(&mut server)
            .await?;
        // Every measurement begins at the same distance from a checkpoint.
        sqlx::raw_sql("CHECKPOINT").execute(&mut server).await?;
        server.close().await?;
        let redis = driver::Client::open(self.stack.redis_url())?;
        let mut redis = redis.get_multiplexed_async_connection().await.context("Redis doesn't answer")?;
        driver::cmd("FLUSHALL").query_async::<()>(&mut redis).await?;
        Ok(name)
    }

    pub(crate) const fn stack(&self) -> &Stack {
        &self.stack
    }

    pub(crate) const fn planted(&self) -> &Planted {
        &self.planted
    }

    pub(crate) fn logs(&self) -> &Path {
        &self.logs
    }

    /// The servers' processes.
    pub(crate) fn watched(&self) -> Vec<Watched> {
        let names = [("postgres", Family::Children), ("pgbouncer", Family::Alone), ("redis", Family::Alone)];
        let processes = names.into_iter().zip(self.stack.processes());
        processes.map(|((name, family), process)| Watched { name, pid: process.pid, family }).collect()
    }
}

/// Connects.
pub(crate) async fn connect(url: &str) -> Result<PgConnection> {
    PgConnection::connect(url).await.context("cannot connect to Postgres")
}
