//! Claims the parts of one service and sees each to its end: by this process, or by whoever comes after it.

use std::{future::Future, time::Duration};

use hg_types::{ClientId, UserId};
use tokio::task::JoinHandle;
use tokio_util::sync::CancellationToken;

use super::{
    store,
    work::{Key, Outcome, PartError, Subject, Work},
};
use crate::{
    audit::{Actor, Origin, with_origin},
    auth::Service,
    db::SystemDb,
    http::error_chain,
};

/// A service's parts of data jobs, on its own tables.
pub trait Parts: Send + Sync + 'static {
    /// Whose parts they are.
    const SERVICE: Service;

    /// Does a part, from its [place](Work::place) on. What was saved stays done; the rest may be tried again by somebody else.
    fn run(&self, work: &mut Work) -> impl Future<Output = Result<Outcome, PartError>> + Send;
}

/// How a runner works.
#[derive(Clone, Copy, Debug)]
pub struct Settings {
    /// How often it looks for work where there was none.
    pub poll: Duration,
    /// How long a part is its holder's without a batch.
    pub lease: Duration,
    /// Rows per batch.
    pub batch: i64,
    /// The first wait after a failure; doubles up to `backoff_cap`.
    pub backoff_base: Duration,
    /// The longest wait after a failure.
    pub backoff_cap: Duration,
    /// With so many failures in a row a job is given up.
    pub most_failures: i32,
    /// How long an export can be had.
    pub keep_files: Duration,
}

impl Default for Settings {
    fn default() -> Self {
        Self {
            poll: Duration::from_secs(2),
            lease: Duration::from_secs(60),
            batch: 200,
            backoff_base: Duration::from_secs(2),
            backoff_cap: Duration::from_secs(300),
            most_failures: 12,
            keep_files: Duration::from_secs(7 * 24 * 3600),
        }
    }
}

/// Works on the parts of one service until it is told to stop.
#[derive(Debug)]
pub struct Runner<P> {
    parts: P,
    system: SystemDb,
    settings: Settings,
    shutdown: CancellationToken,
    name: String,
}

impl<P: Parts> Runner<P> {
    /// Not yet at work.
    #[must_use]
    pub fn new(parts: P, system: SystemDb, settings: Settings, shutdown: CancellationToken) -> Self {
        let name = format!("{}-{}", P::SERVICE.as_str(), uuid::Uuid::new_v4());
        Self { parts, system, settings, shutdown, name }
    }

    /// Works in a task of its own.
    #[must_use]
    pub fn spawn(self) -> JoinHandle<()> {
        tokio::spawn(self.run())
    }

    /// Works until the shutdown.
    pub async fn run(self) {
        while !self.shutdown.is_cancelled() {
            let worked = match self.one().await {
                Ok(worked) => worked,
                Err(error) => {
                    tracing::warn!(error = %error_chain(&error), "data jobs can't be looked after");
                    false
                }
            };
            if !worked {
                tokio::select! {
                    () = self.shutdown.cancelled() => return,
                    () = tokio::time::sleep(self.settings.poll) => {}
                }
            }
        }
    }

    /// Takes the next part and sees it to its end; says whether there was one.
    ///
    /// # Errors
    /// When the database fails; then the lease runs out.
    pub async fn one(&self) -> Result<bool, sqlx::Error> {
        let Some(mut work) = self.claim().await? else { return Ok(false) };
        // What it changes is done by whoever asked for it, as the audit log sees it.
        let origin = Origin { actor: work.requested_by.map(Actor::Person), ..Origin::default() };
        let whole = async {
            let outcome = self.parts.run(&mut work).await;
            self.end(&work, outcome).await
        };
        with_origin(origin, whole).await?;
        Ok(true)
    }

    async fn claim(&self) -> Result<Option<Work>, sqlx::Error> {
        let mut tx = self.system.begin().await?;
        let claimed = store::part_claim(&mut tx, P::SERVICE.as_str(), &self.name, self.settings.lease).await?;
        tx.commit().await?;
        let Some(row) = claimed else { return Ok(None) };
        let kind = store::kind_of(&row)?;
        let subject = match (row.client_id, row.user_id) {
            (Some(client), _) => Subject::Client(ClientId(client)),
            (None, user) => Subject::Person(UserId(user.unwrap_or_default())),
        };
        Ok(Some(Work {
            key: Key { job: row.job_id.into(), service: P::SERVICE, step: row.step, attempt: row.attempt },
            kind,
            subject,
            requested_by: row.requested_by.map(UserId),
            clients: row.clients,
            parameters: row.parameters,
            place: row.place.unwrap_or_default(),
            system: self.system.clone(),
            lease: self.settings.lease,
            batch_size: self.settings.batch,
            shutdown: self.shutdown.clone(),
        }))
    }

    async fn end(&self, work: &Work, outcome: Result<Outcome, PartError>) -> Result<(), sqlx::Error> {
        let key = &work.key;
        let mut tx = self.system.begin().await?;
        match outcome {
            Ok(Outcome::Finished) => {
                if store::part_fence(&mut tx, key, self.settings.lease).await?
                    && store::part_complete(&mut tx, key, self.settings.keep_files).await?
                {
                    tracing::info!(job = %key.job, kind = %work.kind, "a data job is done");
                }
            }
            Ok(Outcome::Later(delay)) => drop(store::part_release(&mut tx, key, delay, None).await?),
            Err(PartError::Stopped) => drop(store::part_release(&mut tx, key, Duration::ZERO, None).await?),
            Err(PartError::Refused(why)) => {
                tracing::warn!(job = %key.job, kind = %work.kind, step = key.step, why, "a data job was given up");
                store::part_fail(&mut tx, key, &why).await?;
            }
            Err(error) => {
                let note = "failed, and will be tried again: the service's log says why";
                let failures = store::part_release(&mut tx, key, self.settings.backoff_cap, Some(note)).await?;
                tracing::error!(job = %key.job, kind = %work.kind, step = key.step, failures, error = %error_chain(&error), "a part of a data job failed");
                if failures >= self.settings.most_failures {
                    store::part_fail(&mut tx, key, "failed too often: the service's log says why").await?;
                } else {
                    let wait = self.backoff(failures);
                    store::part_delay(&mut tx, key, wait).await?;
                }
            }
        }
        tx.commit().await
    }

    fn backoff(&self, failures: i32) -> Duration {
        let doubled = 2_u32.saturating_pow(failures.max(1).unsigned_abs() - 1);
        self.settings.backoff_base.saturating_mul(doubled).min(self.settings.backoff_cap)
    }
}
