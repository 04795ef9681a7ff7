//! Exports, erasures and retention: what is asked for, what would go, how far it is.

use bytes::Bytes;
use chrono::{DateTime, Utc};
use futures::stream::BoxStream;
use hg_common::auth::Principal;
use hg_types::{ClientId, DataJobId, DataJobKind, JobStatus, UserId};
use http::Method;
use serde::{Deserialize, Deserializer, Serialize};
use utoipa::{IntoParams, ToSchema};

use super::{Level, SmmClient, encode};
use crate::{Page, client::ClientError};

/// An export, an erasure, or a run of retention.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct DataJob {
    /// Its id.
    pub id: DataJobId,
    /// What is done.
    pub kind: DataJobKind,
    /// Whose data, where it is a client's.
    pub client_id: Option<ClientId>,
    /// Whose data, where it is a person's.
    pub user_id: Option<UserId>,
    /// How many clients it is about, the one included.
    pub clients: u32,
    /// Who asked for it; none for the system itself.
    pub requested_by: Option<UserId>,
    /// How far it has come.
    pub status: JobStatus,
    /// Why it failed, where it did.
    pub error: Option<String>,
    /// Of an export that is ready.
    pub file: Option<ExportFile>,
    /// When it was asked for.
    pub created_at: DateTime<Utc>,
    /// When work on it began.
    pub started_at: Option<DateTime<Utc>>,
    /// When it ended.
    pub finished_at: Option<DateTime<Utc>>,
    /// Its parts, in their order; left out in lists.
    #[serde(default)]
    pub parts: Vec<DataJobPart>,
}

/// What an export ends with.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct ExportFile {
    /// Its length.
    pub bytes: u64,
    /// Its SHA-256 in lower-case hexadecimal.
    pub sha256: String,
    /// Until when it can be had.
    pub expires_at: DateTime<Utc>,
    /// Whether it can be had no more.
    pub expired: bool,
}

/// What one service does of a data job.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct DataJobPart {
    /// Which service.
    pub service: String,
    /// What it does.
    pub step: String,
    /// Parts of a phase run side by side; the next phase waits for them.
    pub phase: u32,
    /// How far it has come.
    pub status: JobStatus,
    /// Rows done.
    pub done: u64,
    /// Of so many; none while nobody has counted.
    pub total: Option<u64>,
    /// What there is to say about it.
    pub note: Option<String>,
}

/// How much of the hierarchy an export takes.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum ExportScope {
    /// The client and everything below it.
    #[default]
    Tree,
    /// The client alone.
    Client,
}

/// Asks for an export.
#[derive(Clone, Copy, Debug, Default, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct RequestExport {
    /// `tree` where it is left out.
    #[serde(default)]
    pub scope: ExportScope,
}

/// A kind of thing that would go.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct Going {
    /// `jobs`, `templates`, …
    pub kind: String,
    /// How many, counted up to 10,000; none where nobody counts.
    pub count: Option<u32>,
    /// What that is.
    pub what: String,
}

/// A kind of thing that would stay.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct Remaining {
    /// `costs`, `client`, …
    pub kind: String,
    /// How many, counted up to 10,000; none where nobody counts.
    pub count: Option<u32>,
    /// In what form it stays.
    pub what: String,
    /// Why it stays.
    pub why: String,
}

/// A client that stands in the way of an erasure.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct OwnedClient {
    /// Its id.
    pub id: ClientId,
    /// Its name.
    pub name: String,
    /// Its slug.
    pub slug: String,
}

/// What erasing a client or a person would mean.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct Erasure {
    /// What would go.
    pub goes: Vec<Going>,
    /// What would stay, and why.
    pub remains: Vec<Remaining>,
    /// How many clients below it would be erased as well.
    pub clients_below: u32,
    /// Clients that would be left without an owner: then a person can't be erased.
    pub last_owner_of: Vec<OwnedClient>,
    /// The erasure that runs already, if one does.
    pub running: Option<DataJobId>,
    /// What to give back to have it done; none where it can't be done now. It holds until a count changes.
    pub confirmation: Option<String>,
}

/// Has an erasure done.
#[derive(Clone, Debug, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct ConfirmErasure {
    /// The `confirmation` of the erasure that was looked at.
    pub confirmation: String,
}

/// Which data jobs to list.
#[derive(Clone, Debug, Default, Serialize, Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub struct ListDataJobs {
    /// Only those of this client, by id.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub client_id: Option<ClientId>,
    /// Only this kind.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[param(inline)]
    pub kind: Option<DataJobKind>,
    /// Where the previous page ended.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub cursor: Option<String>,
    /// 1–100, 20 by default.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub limit: Option<u32>,
}

/// How long one kind of thing is kept.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct RetentionValue {
    /// Days; none: for ever.
    pub days: Option<u32>,
    /// From which level that comes.
    pub level: Level,
    /// Who says so; none for the default.
    pub client_id: Option<ClientId>,
    /// Its name.
    pub client_name: Option<String>,
}

/// How long a client's things are kept.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct Retention {
    /// Ended jobs with their texts, prompts and events, from the day they were accepted on.
    pub jobs: RetentionValue,
    /// Values in the audit log, and the events of ended jobs.
    pub logs: RetentionValue,
}

/// What a client itself says about how long its things are kept. It replaces all that it said before.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct SaveRetention {
    /// 1–3650 days; `null`: for ever; left out: as what it stands below.
    #[serde(default, skip_serializing_if = "Option::is_none", deserialize_with = "given")]
    #[schema(value_type = Option<u32>)]
    pub jobs_days: Option<Option<u32>>,
    /// The same for values in the audit log and events of jobs.
    #[serde(default, skip_serializing_if = "Option::is_none", deserialize_with = "given")]
    #[schema(value_type = Option<u32>)]
    pub logs_days: Option<Option<u32>>,
}

/// What is given is something, even `null`.
fn given<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Option<Option<u32>>, D::Error> {
    Option::deserialize(deserializer).map(Some)
}

impl SmmClient {
    /// Asks for an export of a client.
    ///
    /// # Errors
    /// When SMM is away or refuses; 409 where one is under way.
    pub async fn export_client(
        &self,
        on_behalf: &Principal,
        id: ClientId,
        request: &RequestExport,
    ) -> Result<DataJob, ClientError> {
        self.0.send(on_behalf, Method::POST, &format!("/clients/{id}/export"), request).await
    }

    /// What erasing a client would mean.
    ///
    /// # Errors
    /// When SMM is away or refuses.
    pub async fn client_erasure(&self, on_behalf: &Principal, id: ClientId) -> Result<Erasure, ClientError> {
        self.0.get(on_behalf, &format!("/clients/{id}/erasure")).await
    }

    /// Erases a client, as it was confirmed.
    ///
    /// # Errors
    /// When SMM is away or refuses; 409 where something has changed since.
    pub async fn erase_client(
        &self,
        on_behalf: &Principal,
        id: ClientId,
        confirmed: &ConfirmErasure,
    ) -> Result<DataJob, ClientError> {
        self.0.send(on_behalf, Method::POST, &format!("/clients/{id}/erasure"), confirmed).await
    }

    /// How long a client's things are kept.
    ///
    /// # Errors
    /// When SMM is away or refuses.
    pub async fn retention(&self, on_behalf: &Principal, id: ClientId) -> Result<Retention, ClientError> {
        self.0.get(on_behalf, &format!("/clients/{id}/retention")).await
    }

    /// Says how long a client's things are kept.
    ///
    /// # Errors
    /// When SMM is away or refuses.
    pub async fn save_retention(
        &self,
        on_behalf: &Principal,
        id: ClientId,
        save: &SaveRetention,
    ) -> Result<Retention, ClientError> {
        self.0.send(on_behalf, Method::PUT, &format!("/clients/{id}/retention"), save).await
    }

    /// Asks for an export of a person; `None`: of the caller.
    ///
    /// # Errors
    /// When SMM is away or refuses; 409 where one is under way.
    pub async fn export_person(&self, on_behalf: &Principal, person: Option<UserId>) -> Result<DataJob, ClientError> {
        self.0.post(on_behalf, &format!("/people/{}/export", named(person))).await
    }

    /// What erasing a person would mean; `None`: the caller.
    ///
    /// # Errors
    /// When SMM is away or refuses.
    pub async fn person_erasure(&self, on_behalf: &Principal, person: Option<UserId>) -> Result<Erasure, ClientError> {
        self.0.get(on_behalf, &format!("/people/{}/erasure", named(person))).await
    }

    /// Erases a person, as it was confirmed; `None`: the caller.
    ///
    /// # Errors
    /// When SMM is away or refuses; 409 where something has changed since, or the person is a client's last owner.
    pub async fn erase_person(
        &self,
        on_behalf: &Principal,
        person: Option<UserId>,
        confirmed: &ConfirmErasure,
    ) -> Result<DataJob, ClientError> {
        self.0.send(on_behalf, Method::POST, &format!("/people/{}/erasure", named(person)), confirmed).await
    }

    /// The data jobs that the caller may see, the latest first.
    ///
    /// # Errors
    /// When SMM is away or refuses.
    pub async fn data_jobs(&self, on_behalf: &Principal, query: &ListDataJobs) -> Result<Page<DataJob>, ClientError> {
        self.0.get_query(on_behalf, "/data-jobs", query).await
    }

    /// One data job with its parts.
    ///
    /// # Errors
    /// When SMM is away, or the caller sees no such job.
    pub async fn data_job(&self, on_behalf: &Principal, id: DataJobId) -> Result<DataJob, ClientError> {
        self.0.get(on_behalf, &format!("/data-jobs/{id}")).await
    }

    /// Ends an export or a retention before its time.
    ///
    /// # Errors
    /// When SMM is away or refuses; 409 for an erasure.
    pub async fn cancel_data_job(&self, on_behalf: &Principal, id: DataJobId) -> Result<DataJob, ClientError> {
        self.0.post(on_behalf, &format!("/data-jobs/{id}/cancel")).await
    }

    /// The ZIP of an export, as it comes.
    ///
    /// # Errors
    /// When SMM is away or refuses; 409 before it is ready, 410 after it has expired.
    pub async fn download_export(
        &self,
        on_behalf: &Principal,
        id: DataJobId,
    ) -> Result<BoxStream<'static, Result<Bytes, ClientError>>, ClientError> {
        let body = self.0.stream(on_behalf, &format!("/data-jobs/{id}/download"), &[]).await?;
        Ok(body.unwrap_or_else(|| Box::pin(futures::stream::empty())))
    }
}

fn named(person: Option<UserId>) -> String {
    person.map_or_else(|| "me".to_owned(), |person| encode(&person.to_string()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn nothing_and_null_are_two_things() {
        let save: SaveRetention = serde_json::from_str(r#"{"jobs_days": null}"#).unwrap();
        assert_eq!(save, SaveRetention { jobs_days: Some(None), logs_days: None });
        assert_eq!(serde_json::to_string(&save).unwrap(), r#"{"jobs_days":null}"#);
        let save: SaveRetention = serde_json::from_str(r#"{"logs_days": 30}"#).unwrap();
        assert_eq!(save, SaveRetention { jobs_days: None, logs_days: Some(Some(30)) });
    }
}
