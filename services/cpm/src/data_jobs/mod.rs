//! Content production's parts of exports, erasures and retention: jobs with their texts, keys, and what things cost.
//!
//! | module | does |
//! |---|---|
//! | `export` | jobs as lines and articles as Markdown; calls, charges, budgets, keys without secrets |
//! | `erase` | stops what runs; deletes jobs with all that belongs to them, and keys |
//! | `store` | all SQL |
//!
//! The ledger is never touched but for words that a provider sent: who was charged how much, when and for which model stays.

mod erase;
mod export;
mod store;

use hg_common::{
    auth::Service,
    data_jobs::{Outcome, PartError, Parts, Work},
};
use hg_types::DataJobKind;

/// This service's parts.
#[derive(Clone, Copy, Debug, Default)]
pub struct CpmParts;

impl Parts for CpmParts {
    const SERVICE: Service = Service::Cpm;

    async fn run(&self, work: &mut Work) -> Result<Outcome, PartError> {
        use DataJobKind::{ClientErasure, ClientExport, PersonErasure, PersonExport, Retention};
        let step = work.step().to_owned();
        match (work.kind(), step.as_str()) {
            (ClientExport, "jobs") => export::jobs(work).await?,
            (ClientExport, "costs") => export::costs(work).await?,
            (PersonExport, "jobs") => export::asked_for(work).await?,
            (ClientErasure, "stop") => return erase::stop(work).await,
            (ClientErasure, "jobs") => erase::jobs(work).await?,
            (ClientErasure, "late_jobs") => return erase::late_jobs(work).await,
            (ClientErasure, "keys") => erase::clients_keys(work).await?,
            (PersonErasure, "keys") => erase::persons_keys(work).await?,
            (Retention, "jobs") => erase::old_jobs(work).await?,
            (Retention, "logs") => erase::old_events(work).await?,
            (kind, step) => return Err(PartError::Refused(format!("nobody here knows the part {step} of {kind}"))),
        }
        Ok(Outcome::Finished)
    }
}
