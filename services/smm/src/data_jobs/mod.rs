//! Strategy management's parts of exports, erasures and retention, and what starts retention.
//!
//! | module | does |
//! |---|---|
//! | `export` | clients, people on them, strategies and SEO rules with all versions, the audit log |
//! | `archive` | one ZIP of what all services wrote |
//! | `erase` | strategies, people, exports, the client's row, the audit log's values |
//! | [`retention`] | finds what is older than it shall be kept; lets old exports go |

mod archive;
mod erase;
mod export;
pub mod retention;

use hg_common::{
    auth::Service,
    config::DatabaseConfig,
    data_jobs::{Outcome, PartError, Parts, Runner, Settings, Work, dump},
    http::ShutdownToken,
    service::{self, StartError, finished},
    time::SystemClock,
};
use hg_types::DataJobKind;
use tokio::task::JoinHandle;

use crate::INFO;

/// What works on data jobs in this process.
pub(crate) struct AtWork {
    runner: JoinHandle<()>,
    retention: JoinHandle<()>,
}

impl AtWork {
    /// Waits until everything has ended after its shutdown was asked for.
    pub(crate) async fn finished(self) {
        finished("data jobs", self.runner).await;
        finished("retention", self.retention).await;
    }
}

/// Starts the work on data jobs, until `shutdown`.
pub(crate) async fn start(database: &DatabaseConfig, shutdown: &ShutdownToken) -> Result<AtWork, StartError> {
    let system = service::background_system(INFO, database).await?;
    let runner = Runner::new(SmmParts, system.clone(), Settings::default(), shutdown.clone()).spawn();
    let looking = retention::run(system, SystemClock::shared(), retention::Settings::default(), shutdown.clone());
    Ok(AtWork { runner, retention: tokio::spawn(looking) })
}

/// This service's parts.
#[derive(Clone, Copy, Debug, Default)]
pub struct SmmParts;

impl Parts for SmmParts {
    const SERVICE: Service = Service::Smm;

    async fn run(&self, work: &mut Work) -> Result<Outcome, PartError> {
        use DataJobKind::{ClientErasure, ClientExport, PersonErasure, PersonExport, Retention};
        let step = work.step().to_owned();
        match (work.kind(), step.as_str()) {
            (ClientExport, "client") => dump(work, export::OF_CLIENT).await?,
            (PersonExport, "person") => dump(work, export::OF_PERSON).await?,
            (ClientExport | PersonExport, "archive") => Box::pin(archive::make(work)).await?,
            (ClientErasure, "strategies") => erase::strategies(work).await?,
            (ClientErasure, "people") => erase::people(work).await?,
            (ClientErasure | PersonErasure, "exports") => erase::exports(work).await?,
            (ClientErasure, "close") => erase::close(work).await?,
            (ClientErasure, "audit") => erase::clients_audit(work).await?,
            (PersonErasure, "invitations") => erase::invitations(work).await?,
            (PersonErasure, "memberships") => erase::memberships(work).await?,
            (PersonErasure, "audit") => erase::persons_audit(work).await?,
            (Retention, "audit") => erase::old_audit(work).await?,
            (kind, step) => return Err(PartError::Refused(format!("nobody here knows the part {step} of {kind}"))),
        }
        Ok(Outcome::Finished)
    }
}
