//! Postgres, PgBouncer and Redis: wiped, restarted, and their sessions ended.

use std::time::{Duration, Instant};

use anyhow::{Context as _, Result};
use hg_common::redis::driver;
use hg_stack::Stack;

use crate::scene::Scene;

/// How long the storm lasts, and how often it strikes.
const STORM: Duration = Duration::from_secs(4);
const GUST: Duration = Duration::from_millis(40);

pub(super) async fn flush_redis(scene: &mut Scene) -> Result<()> {
    let client = driver::Client::open(scene.system.redis_url())?;
    let mut redis = client.get_multiplexed_async_connection().await.context("Redis doesn't answer")?;
    driver::cmd("FLUSHALL").query_async::<()>(&mut redis).await.context("FLUSHALL")
}

pub(super) async fn restart_redis(scene: &mut Scene) -> Result<()> {
    on_stack(scene, Stack::stop_redis)?;
    scene.pause(0..2_000).await;
    on_stack(scene, Stack::start_redis)
}

pub(super) async fn restart_postgres(scene: &mut Scene) -> Result<()> {
    on_stack(scene, Stack::shut_down_postgres)?;
    scene.pause(0..1_500).await;
    on_stack(scene, Stack::start_postgres)
}

pub(super) async fn crash_postgres(scene: &mut Scene) -> Result<()> {
    on_stack(scene, Stack::stop_postgres)?;
    scene.pause(0..1_500).await;
    on_stack(scene, Stack::start_postgres)
}

pub(super) async fn restart_pgbouncer(scene: &mut Scene) -> Result<()> {
    on_stack(scene, Stack::stop_pgbouncer)?;
    scene.pause(0..1_000).await;
    on_stack(scene, Stack::start_pgbouncer)
}

/// Sessions of the services end in the middle of whatever they do.
pub(super) async fn terminate_storm(scene: &mut Scene) -> Result<()> {
    let mut db = scene.system.db().await?;
    let began = Instant::now();
    while began.elapsed() < STORM {
        sqlx::query(
            "SELECT pg_terminate_backend(pid) FROM pg_stat_activity
              WHERE usename = 'hg_content_app' AND datname = current_database() ORDER BY random() LIMIT 1",
        )
        .execute(&mut db)
        .await?;
        tokio::time::sleep(GUST).await;
    }
    Ok(())
}

fn on_stack(scene: &mut Scene, act: fn(&mut Stack) -> Result<()>) -> Result<()> {
    tokio::task::block_in_place(|| act(scene.ground.stack_mut()))
}
