//! Our own processes: killed, frozen, restarted.

use std::time::Duration;

use anyhow::Result;
use hg_stack::process::Signal;

use crate::{
    scene::Scene,
    system::{LEASE_SECONDS, REPLICAS},
};

pub(super) async fn kill_replica(scene: &mut Scene) -> Result<()> {
    let replica = scene.any_replica();
    scene.system.replicas[replica].kill();
    scene.pause(0..1_500).await;
    scene.system.start_replica(replica).await
}

/// Longer than a lease, and than the reaper waits: then its jobs are others', and it must write nothing any more.
pub(super) async fn freeze_replica(scene: &mut Scene) -> Result<()> {
    let replica = scene.any_replica();
    scene.system.replicas[replica].signal(Signal::SIGSTOP)?;
    tokio::time::sleep(Duration::from_secs(LEASE_SECONDS + 3)).await;
    scene.pause(0..2_000).await;
    scene.system.replicas[replica].signal(Signal::SIGCONT)
}

/// Each is asked to end, has ended, and is healthy again before the next.
pub(super) async fn rolling_restart(scene: &mut Scene) -> Result<()> {
    for replica in 0..REPLICAS {
        scene.system.replicas[replica].stop()?;
        scene.system.start_replica(replica).await?;
        scene.pause(200..800).await;
    }
    Ok(())
}

pub(super) async fn kill_smm(scene: &mut Scene) -> Result<()> {
    scene.system.smm.kill();
    scene.pause(1_000..4_000).await;
    scene.system.start_smm().await
}

pub(super) async fn kill_im(scene: &mut Scene) -> Result<()> {
    scene.system.im.kill();
    scene.pause(1_000..4_000).await;
    scene.system.start_im().await
}
