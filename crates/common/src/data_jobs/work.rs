//! One claimed part: whom it is about, its place, its batches, and the files that it writes.

use std::{
    ops::{Deref, DerefMut},
    time::Duration,
};

use chrono::{DateTime, Utc};
use hg_types::{ClientId, DataJobId, DataJobKind, UserId};
use serde::{Serialize, de::DeserializeOwned};
use serde_json::Value;
use sqlx::PgConnection;
use tokio_util::sync::CancellationToken;
use uuid::Uuid;

use super::store;
use crate::{
    auth::Service,
    db::{SystemDb, SystemTx},
};

/// A chunk of a file is at most so large.
pub const CHUNK: usize = 256 * 1024;
/// The path under which an export's ZIP stands among its chunks.
pub const ARCHIVE: &str = "export.zip";

/// Whom a job is about.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Subject {
    /// A client.
    Client(ClientId),
    /// A person.
    Person(UserId),
}

/// Which part, in which attempt.
#[derive(Clone, Debug)]
pub(super) struct Key {
    pub(super) job: DataJobId,
    pub(super) service: Service,
    pub(super) step: String,
    pub(super) attempt: i32,
}

/// How a part ended for now.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Outcome {
    /// There is nothing left to do.
    Finished,
    /// It waits for something, and looks again after so long.
    Later(Duration),
}

/// A part can't go on.
#[derive(Debug, thiserror::Error)]
pub enum PartError {
    /// Somebody else has it by now, its job was cancelled, or the process ends.
    #[error("the part was taken away")]
    Stopped,
    /// The database failed; another try may help.
    #[error("the database failed")]
    Database(#[from] sqlx::Error),
    /// Something else failed; another try may help.
    #[error("the part failed")]
    Other(#[source] Box<dyn std::error::Error + Send + Sync>),
    /// No other try will help; a sentence for people.
    #[error("{0}")]
    Refused(String),
}

/// A claimed part.
#[derive(Debug)]
pub struct Work {
    pub(super) key: Key,
    pub(super) kind: DataJobKind,
    pub(super) subject: Subject,
    pub(super) requested_by: Option<UserId>,
    pub(super) clients: Vec<Uuid>,
    pub(super) parameters: Value,
    pub(super) place: Value,
    pub(super) system: SystemDb,
    pub(super) lease: Duration,
    pub(super) batch_size: i64,
    pub(super) shutdown: CancellationToken,
}

impl Work {
    /// The job.
    #[must_use]
    pub const fn job(&self) -> DataJobId {
        self.key.job
    }

    /// What the job is.
    #[must_use]
    pub const fn kind(&self) -> DataJobKind {
        self.kind
    }

    /// Which part of it.
    #[must_use]
    pub fn step(&self) -> &str {
        &self.key.step
    }

    /// Whom it is about.
    #[must_use]
    pub const fn subject(&self) -> Subject {
        self.subject
    }

    /// The person, where it is about one.
    #[must_use]
    pub const fn person(&self) -> Option<Uuid> {
        match self.subject {
            Subject::Person(user) => Some(user.uuid()),
            Subject::Client(_) => None,
        }
    }

    /// Who asked for it; nobody for the system's own.
    #[must_use]
    pub const fn requested_by(&self) -> Option<UserId> {
        self.requested_by
    }

    /// All clients that it is about; none where it is about a person.
    #[must_use]
    pub fn clients(&self) -> &[Uuid] {
        &self.clients
    }

    /// The ids that it is about: clients, or the one person.
    #[must_use]
    pub fn subjects(&self) -> Vec<Uuid> {
        self.person().map_or_else(|| self.clients.clone(), |person| vec![person])
    }

    /// One of the job's parameters.
    #[must_use]
    pub fn parameter<T: DeserializeOwned>(&self, name: &str) -> Option<T> {
        self.parameters.get(name).and_then(|value| serde_json::from_value(value.clone()).ok())
    }

    /// How many rows a batch may have.
    #[must_use]
    pub const fn batch_size(&self) -> i64 {
        self.batch_size
    }

    /// Where the last batch that was saved ended; the default before the first.
    #[must_use]
    pub fn place<T: DeserializeOwned + Default>(&self) -> T {
        serde_json::from_value(self.place.clone()).unwrap_or_default()
    }

    /// Whether nothing was saved yet, by this attempt or an earlier one.
    #[must_use]
    pub fn is_fresh(&self) -> bool {
        self.place.is_null()
    }

    /// Begins a batch: a transaction in which the part is this attempt's.
    ///
    /// # Errors
    /// [`PartError::Stopped`] when it isn't any more.
    pub async fn begin(&mut self) -> Result<Batch<'_>, PartError> {
        if self.shutdown.is_cancelled() {
            return Err(PartError::Stopped);
        }
        let mut tx = self.system.begin().await?;
        if store::part_fence(&mut tx, &self.key, self.lease).await? {
            Ok(Batch { tx, work: self })
        } else {
            tx.rollback().await?;
            Err(PartError::Stopped)
        }
    }
}

/// A transaction of a part. Used as a connection in queries; nothing lasts before [`Batch::save`].
#[derive(Debug)]
pub struct Batch<'a> {
    tx: SystemTx,
    work: &'a mut Work,
}

impl Batch<'_> {
    /// Makes the batch last: what it did, where the next goes on, how much more is done, and of how much in all, where
    /// that was counted now.
    ///
    /// # Errors
    /// When the database refuses, or a constraint that is checked at the end does.
    pub async fn save(
        mut self,
        place: &(impl Serialize + Sync),
        more_done: u64,
        total: Option<i64>,
    ) -> Result<(), PartError> {
        let place = serde_json::to_value(place).map_err(|error| PartError::Other(error.into()))?;
        let more = i64::try_from(more_done).unwrap_or(i64::MAX);
        store::part_save(&mut self.tx, &self.work.key, &place, more, total).await?;
        self.tx.commit().await?;
        self.work.place = place;
        Ok(())
    }

    /// Those of the job's clients that still belong to what is exported: one that was moved away since is another's. In other
    /// jobs all of them.
    ///
    /// # Errors
    /// When the database fails.
    pub async fn clients_still_there(&mut self) -> Result<Vec<Uuid>, PartError> {
        match (self.work.kind, self.work.subject) {
            (DataJobKind::ClientExport, Subject::Client(top)) => {
                Ok(store::clients_below(&mut self.tx, top.uuid(), &self.work.clients).await?)
            }
            _ => Ok(self.work.clients.clone()),
        }
    }

    /// Whether one of those whom the job is about still belongs to it, as [`Batch::clients_still_there`] has it.
    ///
    /// # Errors
    /// When the database fails.
    pub async fn is_still_there(&mut self, subject: Uuid) -> Result<bool, PartError> {
        match (self.work.kind, self.work.subject) {
            (DataJobKind::ClientExport, Subject::Client(top)) if top.uuid() != subject => {
                Ok(!store::clients_below(&mut self.tx, top.uuid(), &[subject]).await?.is_empty())
            }
            _ => Ok(true),
        }
    }

    /// When the job was begun: as of then its clients are.
    ///
    /// # Errors
    /// When the database fails.
    pub async fn begun_at(&mut self) -> Result<Option<DateTime<Utc>>, PartError> {
        Ok(store::job_started(&mut self.tx, self.work.key.job.uuid()).await?)
    }

    /// Writes more of a file.
    ///
    /// # Errors
    /// When the database fails.
    pub async fn append(&mut self, path: &str, bytes: &[u8]) -> Result<(), PartError> {
        if bytes.is_empty() {
            return Ok(());
        }
        let owner = self.owner();
        let mut seq = store::chunk_next(&mut self.tx, &self.work.key, path).await?;
        for chunk in bytes.chunks(CHUNK) {
            store::chunks_put(&mut self.tx, &self.work.key, owner, &[(path, seq, chunk)]).await?;
            seq += 1;
        }
        Ok(())
    }

    /// Writes whole files, each under a path of its own.
    ///
    /// # Errors
    /// When the database fails.
    pub async fn put_files(&mut self, files: &[(String, Vec<u8>)]) -> Result<(), PartError> {
        let chunks: Vec<(&str, i32, &[u8])> = files
            .iter()
            .flat_map(|(path, bytes)| bytes.chunks(CHUNK).zip(0..).map(move |(chunk, seq)| (path.as_str(), seq, chunk)))
            .collect();
        if chunks.is_empty() {
            return Ok(());
        }
        let owner = self.owner();
        Ok(store::chunks_put(&mut self.tx, &self.work.key, owner, &chunks).await?)
    }

    fn owner(&self) -> (Option<Uuid>, Option<Uuid>) {
        match self.work.subject {
            Subject::Client(client) => (Some(client.uuid()), None),
            Subject::Person(user) => (None, Some(user.uuid())),
        }
    }
}

impl Deref for Batch<'_> {
    type Target = PgConnection;
    fn deref(&self) -> &PgConnection {
        &self.tx
    }
}

impl DerefMut for Batch<'_> {
    fn deref_mut(&mut self) -> &mut PgConnection {
        &mut self.tx
    }
}
