//! The one statement that accepts a job, `app.job_accept`, and the one that accepts several, `app.jobs_accept`.

use std::time::Duration;

use base64::{Engine as _, prelude::BASE64_STANDARD as BASE64};
use chrono::{DateTime, Utc};
use hg_common::db::{CombinedTx, Scope, TenantTx, detail, sql_state};
use hg_types::{ApiKeyId, ClientId, ContentType, JobId, JobStatus, Usd, UserId};
use serde::{Deserialize, Serialize};
use sqlx::postgres::types::PgInterval;
use uuid::Uuid;

use super::{clients::id_or_slug, named};
use crate::{
    combine::Together,
    domain::request::{JobParameters, NewJob},
    ledger::{BudgetError, BudgetExceeded},
};

/// Who asks, and how.
#[derive(Clone, Debug)]
pub struct Asker {
    /// The owner of the idempotency key.
    pub principal: String,
    /// The person, where there is one.
    pub user: Option<UserId>,
    /// The API key, where there is one.
    pub api_key: Option<ApiKeyId>,
    /// The request's id, for the logs.
    pub request_id: Option<String>,
}

/// A repeat with the same key and hash finds the same job.
#[derive(Clone, Debug)]
pub struct Idempotency {
    /// What the caller chose.
    pub key: String,
    /// SHA-256 of the request.
    pub request_hash: [u8; 32],
}

/// A job that is accepted, now or before.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Accepted {
    /// Which.
    pub job_id: JobId,
    /// Whose.
    pub client_id: ClientId,
    /// Where it stands.
    pub status: JobStatus,
    /// Whether this call accepted it.
    pub is_new: bool,
}

/// An API key's limit of jobs that stands in the way.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize, thiserror::Error)]
#[error(
    "the API key may make {limit} jobs a day and has made them; it starts anew at {}",
    resets_at.format("%Y-%m-%d %H:%M UTC")
)]
pub struct JobsUsedUp {
    /// Jobs per day.
    pub limit: i32,
    /// When a new day begins.
    pub resets_at: DateTime<Utc>,
}

/// The job isn't accepted; nothing is kept.
#[derive(Debug, thiserror::Error)]
pub enum AcceptError {
    /// No such client in this scope.
    #[error("client not found")]
    UnknownClient,
    /// The scope sees the client, but may not ask for content.
    #[error("the role on this client may not ask for content")]
    Forbidden,
    /// The client is archived.
    #[error("the client is archived")]
    ClientArchived,
    /// The idempotency key stands for another request.
    #[error("the idempotency key was used for another request")]
    KeyReused,
    /// The stored provider key is unknown, disabled or somebody else's.
    #[error("the provider key can't be used")]
    ProviderKey,
    /// The API key was revoked, or has expired, since it was looked up.
    #[error("the API key is wrong, expired or revoked")]
    KeyEnded,
    /// The API key's jobs of the day are used up.
    #[error("{0}")]
    KeyJobs(JobsUsedUp),
    /// A budget would be exceeded.
    #[error("{0}")]
    Budget(BudgetExceeded),
    /// The database failed.
    #[error("the job could not be stored")]
    Database(#[source] sqlx::Error),
}

impl From<sqlx::Error> for AcceptError {
    fn from(error: sqlx::Error) -> Self {
        match sql_state(&error).as_deref() {
            Some("HG401") => Self::KeyEnded,
            Some("HG429") => match detail(&error).map(serde_json::from_str) {
                Some(Ok(used_up)) => Self::KeyJobs(used_up),
                _ => Self::Database(error),
            },
            Some("HG404") => Self::UnknownClient,
            Some("HG403") => Self::Forbidden,
            Some("HG409") if detail(&error) == Some("client_archived") => Self::ClientArchived,
            Some("HG409") => Self::KeyReused,
            Some("HG503") => Self::ProviderKey,
            _ => match BudgetError::from(error) {
                BudgetError::Exceeded(exceeded) => Self::Budget(exceeded),
                BudgetError::Database(error) => Self::Database(error),
                // The statement itself checks both before it reserves.
                BudgetError::NoSuchClient => Self::UnknownClient,
                BudgetError::Settled => Self::KeyReused,
            },
        }
    }
}

/// Accepts a job: idempotency row, reservation, job, its run and its first event in one statement.
///
/// # Errors
/// When the job isn't accepted; the transaction is of no use then.
pub async fn job_accept(
    tx: &mut TenantTx,
    job: &NewJob,
    asker: &Asker,
    idempotency: Option<&Idempotency>,
    deadline: Duration,
) -> Result<Accepted, AcceptError> {
    let (id, slug) = id_or_slug(&job.client).ok_or(AcceptError::UnknownClient)?;
    let parameters = serde_json::to_value(&job.parameters).map_err(|error| sqlx::Error::Encode(Box::new(error)))?;
    // Budgets before the idempotency key, as where several are accepted: else two could wait for each other.
    sqlx::query!(
        "SELECT app.budgets_lock(ARRAY(SELECT c.id FROM clients c WHERE c.id = $1 OR c.slug = $2), '{}')",
        id,
        slug
    )
    .execute(&mut **tx)
    .await?;
    let deadline =
        PgInterval { microseconds: i64::try_from(deadline.as_micros()).unwrap_or(i64::MAX), ..PgInterval::default() };
    let row = sqlx::query!(
        r#"SELECT job_id AS "job_id!", client_id AS "client_id!", status::text AS "status!", is_new AS "is_new!"
             FROM app.job_accept($1, $2, $3, $4, $5, $6, $7::text::content_type, $8, $9, $10, $11, $12, $13, $14, $15, $16, $17, $18)"#,
        id,
        slug,
        asker.principal,
        idempotency.map(|wanted| wanted.key.as_str()),
        idempotency.map(|wanted| wanted.request_hash.as_slice()),
        job.topic,
        job.content_type.as_str(),
        job.choice.provider.as_str(),
        job.choice.model,
        parameters,
        job.priority,
        deadline,
        job.worst_case.to_decimal(),
        job.parameters.provider_key_id,
        // Who proved to be that person, not whom an API key named: a person's own provider key is for nobody else.
        asker.user.map(UserId::uuid),
        asker.request_id,
        asker.user.map(UserId::uuid),
        asker.api_key.map(ApiKeyId::uuid),
    )
    .fetch_optional(&mut **tx)
    .await?
    // The key is known, but its job was deleted since: it can't stand for a new one.
    .ok_or(AcceptError::KeyReused)?;
    Ok(Accepted {
        job_id: row.job_id.into(),
        client_id: row.client_id.into(),
        status: named(&row.status)?,
        is_new: row.is_new,
    })
}

/// An item of `app.jobs_accept`.
#[derive(Debug, Serialize)]
pub struct AcceptItem<'a> {
    scope_user: Option<UserId>,
    scope_client: Option<ClientId>,
    client: Option<Uuid>,
    slug: Option<&'a str>,
    principal: &'a str,
    idempotency_key: Option<&'a str>,
    request_hash: Option<String>,
    topic: &'a str,
    content_type: ContentType,
    provider: &'static str,
    model: &'a str,
    parameters: &'a JobParameters,
    priority: i16,
    deadline_seconds: f64,
    estimate: Usd,
    provider_key: Option<Uuid>,
    key_user: Option<UserId>,
    request_id: Option<&'a str>,
    by_user: Option<UserId>,
    api_key: Option<ApiKeyId>,
}

/// The same as an item of `app.jobs_accept`. None where it can only be refused.
#[must_use]
pub fn accept_item<'a>(
    scope: Scope,
    job: &'a NewJob,
    asker: &'a Asker,
    idempotency: Option<&'a Idempotency>,
    deadline: Duration,
) -> Option<AcceptItem<'a>> {
    let (user, client) = match scope {
        Scope::User(id) => (Some(id), None),
        Scope::Client(id) => (None, Some(id)),
    };
    let (id, slug) = id_or_slug(&job.client)?;
    Some(AcceptItem {
        scope_user: user,
        scope_client: client,
        client: id,
        slug,
        principal: &asker.principal,
        idempotency_key: idempotency.map(|wanted| wanted.key.as_str()),
        request_hash: idempotency.map(|wanted| BASE64.encode(wanted.request_hash)),
        topic: &job.topic,
        content_type: job.content_type,
        provider: job.choice.provider.as_str(),
        model: &job.choice.model,
        parameters: &job.parameters,
        priority: job.priority,
        deadline_seconds: deadline.as_secs_f64(),
        estimate: job.worst_case,
        provider_key: job.parameters.provider_key_id,
        key_user: asker.user,
        request_id: asker.request_id.as_deref(),
        by_user: asker.user,
        api_key: asker.api_key,
    })
}

impl Together for Accepted {
    const NAME: &'static str = "accept";

    async fn run(tx: &mut CombinedTx, items: &str) -> Result<Vec<(i32, Self)>, sqlx::Error> {
        let rows = sqlx::query!(
            r#"SELECT item AS "item!", job_id AS "job_id!", client_id AS "client_id!", status::text AS "status!", is_new AS "is_new!"
                 FROM app.jobs_accept($1::text::jsonb)"#,
            items
        )
        .fetch_all(&mut **tx)
        .await?;
        rows.into_iter()
            .map(|row| {
                let (job_id, client_id) = (row.job_id.into(), row.client_id.into());
                Ok((row.item, Self { job_id, client_id, status: named(&row.status)?, is_new: row.is_new }))
            })
            .collect()
    }
}
