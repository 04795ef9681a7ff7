//! A replica that takes another hour for now.
//!
//! libfaketime stands between the process and the C library, from which Rust has its wall clock too. The monotonic clock is left
//! alone: it is nobody's idea of the date, and timers that the kernel keeps would not agree with a false one.

use std::path::{Path, PathBuf};

use anyhow::{Context as _, Result};

use crate::scene::Scene;

/// Where Debian puts it: by architecture.
const LIBRARIES: &str = "/usr/lib";
const LIBRARY: &str = "faketime/libfaketimeMT.so.1";

pub(super) async fn an_hour_off(scene: &mut Scene) -> Result<()> {
    let library = library().context("libfaketime is not there: apt-get install faketime")?;
    let replica = scene.any_replica();
    let each = scene.load.plan().jobs / 4;
    for offset in ["+3600s", "-3600s"] {
        restart(scene, replica, Some((&library, offset))).await?;
        let wanted = scene.load.accepted() + each;
        scene.accepted(wanted).await?;
    }
    restart(scene, replica, None).await
}

async fn restart(scene: &mut Scene, replica: usize, off: Option<(&Path, &str)>) -> Result<()> {
    let process = &mut scene.system.replicas[replica];
    process.stop()?;
    process.set("LD_PRELOAD", off.map(|(library, _)| library.display().to_string()));
    process.set("FAKETIME", off.map(|(_, offset)| offset.to_owned()));
    process.set("FAKETIME_DONT_FAKE_MONOTONIC", off.map(|_| "1".to_owned()));
    scene.system.start_replica(replica).await
}

fn library() -> Option<PathBuf> {
    let folders = std::fs::read_dir(LIBRARIES).ok()?;
    folders.flatten().map(|folder| folder.path().join(LIBRARY)).find(|library| library.is_file())
}
