//! What everything stands on: a private durable Postgres behind PgBouncer, a Redis, and a planted database that is cloned
//! for each system, so that none finds what an earlier one left.

use std::path::{Path, PathBuf};

use anyhow::{Context as _, Result};
use hg_common::{db, redis::driver};
use hg_stack::{Stack, StackOptions};
use sqlx::{AssertSqlSafe, Connection as _, PgConnection};

use crate::plant::{self, Planted};

/// The database that is cloned.
const TEMPLATE: &str = "hg_rig_template";
/// What the clones' names begin with.
const CLONE: &str = "hg_rig_";

/// Whether Postgres keeps count of its statements, which costs a little.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Statements {
    /// No.
    Ignored,
    /// By `pg_stat_statements`.
    Counted,
}

/// The running servers.
pub struct Ground {
    stack: Stack,
    planted: Planted,
    logs: PathBuf,
    clones: usize,
}

impl Ground {
    /// Starts the servers, makes roles and schema, and plants what is there before anything begins. The folder should be
    /// on a real disk.
    ///
    /// # Errors
    /// The servers don't start, or refuse the schema.
    pub async fn start(dir: &Path, statements: Statements) -> Result<Self> {
        let folder = dir.join(format!("stack-{}", std::process::id()));
        let logs = dir.join("logs");
        std::fs::create_dir_all(&logs).with_context(|| format!("cannot make {}", logs.display()))?;
        let mut stack = tokio::task::spawn_blocking(|| Stack::start(StackOptions::measure(folder))).await??;
        let mut server = connect(&stack.direct_url("postgres")).await?;
        if statements == Statements::Counted {
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
        if statements == Statements::Counted {
            sqlx::raw_sql("CREATE EXTENSION pg_stat_statements").execute(&mut template).await?;
        }
        let planted = plant::plant(&mut template).await?;
        sqlx::raw_sql("VACUUM ANALYZE").execute(&mut template).await?;
        template.close().await?;
        server.close().await?;
        Ok(Self { stack, planted, logs, clones: 0 })
    }

    /// A database of its own and an empty Redis; what was there for an earlier system goes.
    ///
    /// # Errors
    /// The servers don't answer.
    pub async fn fresh(&mut self) -> Result<String> {
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

    /// The servers.
    #[must_use]
    pub const fn stack(&self) -> &Stack {
        &self.stack
    }

    /// The servers, to be stopped and started. That blocks.
    pub const fn stack_mut(&mut self) -> &mut Stack {
        &mut self.stack
    }

    /// What was planted.
    #[must_use]
    pub const fn planted(&self) -> &Planted {
        &self.planted
    }

    /// The folder for the services' logs.
    #[must_use]
    pub fn logs(&self) -> &Path {
        &self.logs
    }
}

/// Connects.
///
/// # Errors
/// Postgres doesn't answer.
pub async fn connect(url: &str) -> Result<PgConnection> {
    PgConnection::connect(url).await.context("cannot connect to Postgres")
}
