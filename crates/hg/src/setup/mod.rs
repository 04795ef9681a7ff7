//! `hg setup`: what containers need before the services start. Two steps, because Postgres needs its password before the
//! database can be made ready. Both are safe to repeat.

mod database;
mod secrets;

use anyhow::Result;

use crate::cli::{Setup, SetupSub};

/// Does one step.
pub(crate) async fn run(options: Setup) -> Result<()> {
    match options.command {
        SetupSub::Secrets(options) => secrets::write(&options),
        SetupSub::Database(direct) => database::prepare(&direct.url()?).await,
    }
}
