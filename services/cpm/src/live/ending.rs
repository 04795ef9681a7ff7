//! Waiting for a job's end, and for nothing else.
//!
//! A waiter hears of the end as watchers do, and asks the database only then, and every few seconds because a signal may be
//! lost: it holds no connection while it waits. It must not decide what the caller is told.

use std::time::Duration;

use hg_common::{auth::Principal, db::Db, http::error_chain};
use hg_types::JobId;
use tokio::time::{Instant, sleep_until};
use tokio_util::sync::CancellationToken;

use super::{AGAIN, Beginning, GAPS, LivingKeys};
use crate::{store::events::job_head, stream::Watch};

/// What waiting came to.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Ending {
    /// The job has ended.
    Reached,
    /// Not in time, or this process ends, or the caller can't see the job any more: the role was taken away, the key has ended.
    NotReached,
}

/// Everything that waiting needs.
#[derive(Debug)]
pub struct Waiter {
    /// The database.
    pub db: Db,
    /// Whether an API key still holds.
    pub keys: LivingKeys,
    /// Who waits.
    pub principal: Principal,
    /// For which job.
    pub job: JobId,
    /// Ends with the process.
    pub shutdown: CancellationToken,
}

impl Waiter {
    /// Waits for so long. `watch` must have been subscribed before the job could end, or before anything was read.
    pub async fn wait(&self, mut watch: Watch, beginning: Beginning, patience: Duration) -> Ending {
        let deadline = Instant::now() + patience;
        let mut look_at = match beginning {
            Beginning::Replay => Instant::now(),
            Beginning::New => Instant::now() + GAPS,
        };
        loop {
            tokio::select! {
                biased;
                () = self.shutdown.cancelled() => return Ending::NotReached,
                () = watch.may_have_ended() => {}
                () = sleep_until(look_at.min(deadline)) => {}
            }
            match self.has_ended().await {
                Ok(Some(true)) => return Ending::Reached,
                Ok(None) => return Ending::NotReached,
                Ok(Some(false)) => look_at = Instant::now() + GAPS,
                Err(error) => {
                    tracing::debug!(job = %self.job, error = %error_chain(&error), "whether a job has ended is unknown");
                    look_at = Instant::now() + AGAIN;
                }
            }
            if Instant::now() >= deadline {
                return Ending::NotReached;
            }
        }
    }

    /// `None` where the caller sees no such job, or sees none any more. With every look, the last among them: a key may have been
    /// revoked while it waits.
    async fn has_ended(&self) -> Result<Option<bool>, sqlx::Error> {
        if let Some(key) = self.principal.api_key()
            && !self.keys.holds(key).await?
        {
            tracing::info!(job = %self.job, principal = self.principal.name(), "a waiter may not see the job any more");
            return Ok(None);
        }
        let mut tx = self.db.tenant(self.principal.scope()).await?;
        let head = job_head(&mut tx, self.job).await?;
        tx.commit().await?;
        Ok(head.map(|head| head.status.is_terminal()))
    }
}
