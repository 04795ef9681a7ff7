//! The provider: refuses, hangs, and sends what nobody can read.

use std::time::Duration;

use anyhow::Result;
use hg_simulator::{Fault, Rule};

use crate::scene::Scene;

/// How long it goes wrong.
const SPELL: Duration = Duration::from_secs(4);

/// For a while these rules hold, each for its part of the calls that those before it left.
async fn spell(scene: &mut Scene, faults: &[(Fault, u8)]) -> Result<()> {
    for (fault, percent) in faults {
        scene.system.simulator.set_behaviour(Rule::fault(fault.clone()).percent(*percent));
    }
    tokio::time::sleep(SPELL).await;
    scene.system.simulator.forget_rules();
    Ok(())
}

pub(super) async fn rate_limits(scene: &mut Scene) -> Result<()> {
    spell(scene, &[(Fault::rate_limited(1), 80)]).await
}

pub(super) async fn hang(scene: &mut Scene) -> Result<()> {
    spell(scene, &[(Fault::HangBeforeFirstByte, 25), (Fault::HangMidStream, 25)]).await
}

pub(super) async fn garbage(scene: &mut Scene) -> Result<()> {
    let faults = [
        (Fault::status(500), 12),
        (Fault::status(503), 12),
        (Fault::GarbageFrame, 15),
        (Fault::ResetMidStream, 15),
        (Fault::CloseMidStream, 15),
        (Fault::ErrorMidStream, 15),
    ];
    spell(scene, &faults).await
}
