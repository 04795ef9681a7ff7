//! The audit log: who changed what, when and from where.

use bytes::Bytes;
use chrono::{DateTime, Utc};
use futures::stream::BoxStream;
use hg_common::auth::Principal;
use hg_types::ClientId;
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};
use utoipa::{IntoParams, ToSchema};
use uuid::Uuid;

use super::SmmClient;
use crate::{Page, client::ClientError};

/// What kind of actor it was.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum AuditActorKind {
    /// Somebody with an account.
    Person,
    /// A trusted service with an API key.
    ApiKey,
    /// One of our own services, on its own account.
    Service,
    /// Somebody with direct access to the database, `hg admin` among them.
    Database,
}

/// Who it was.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct AuditActor {
    /// Person, API key, service or database.
    pub kind: AuditActorKind,
    /// The person's or the key's id.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub id: Option<Uuid>,
    /// The person's address as it was then; gone where it was erased.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub email: Option<String>,
    /// The person's name today, where there still is an account.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub name: Option<String>,
    /// The database's login, for what was done directly.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub login: Option<String>,
}

/// One entry.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, ToSchema)]
pub struct AuditEntry {
    /// Its id; the time is in it, and lists go by it.
    pub id: Uuid,
    /// When.
    pub at: DateTime<Utc>,
    /// On whose record it is; none for accounts and what else belongs to no client.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub client_id: Option<ClientId>,
    /// The client's name today, where it is still there.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub client_name: Option<String>,
    /// Who.
    pub actor: AuditActor,
    /// From where: an IP address.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub address: Option<String>,
    /// Which service wrote.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub service: Option<String>,
    /// The request's `X-Request-ID`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub request_id: Option<String>,
    /// What: `strategy.updated`.
    pub action: String,
    /// The kind of thing that it was done to.
    pub subject_kind: String,
    /// Which one; for members, accounts and sessions the person.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub subject_id: Option<Uuid>,
    /// What changed, as it was before.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schema(value_type = Option<Object>)]
    pub before: Option<Map<String, Value>>,
    /// What changed, as it was afterwards.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schema(value_type = Option<Object>)]
    pub after: Option<Map<String, Value>>,
    /// Secrets that changed: their names, never what they are.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub secret: Vec<String>,
    /// Something that stood here was erased.
    pub erased: bool,
    /// It has its place in the sealed chain. A new entry has it within a second or two.
    pub sealed: bool,
}

/// Which entries to list, the newest first.
#[derive(Clone, Debug, Default, Serialize, Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub struct ListAudit {
    /// A client, by id or slug, with everything below it. Left out: all that the caller may read, and one's own account.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub client_id: Option<String>,
    /// Who did it: the id of a person or key, or a person's address.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub actor: Option<String>,
    /// What the action begins with: `strategy`, `strategy.updated`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub action: Option<String>,
    /// The kind of thing that it was done to.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub subject_kind: Option<String>,
    /// Which one.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub subject_id: Option<Uuid>,
    /// Not before this time.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub from: Option<DateTime<Utc>>,
    /// Before this time.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub to: Option<DateTime<Utc>>,
    /// A text anywhere in what changed; at most 200 characters. Narrow it by client or time: it is looked for in each entry.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub q: Option<String>,
    /// Where the previous page ended.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub cursor: Option<String>,
    /// 1–100, 20 by default.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub limit: Option<u32>,
}

/// How an export is written.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum AuditFormat {
    /// For spreadsheets: no cell is taken for a formula.
    #[default]
    Csv,
    /// An entry as JSON per line.
    Ndjson,
}

/// Which entries to export, the newest first, and how. The same filters as in [`ListAudit`].
#[derive(Clone, Debug, Default, Serialize, Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub struct ExportAudit {
    /// `csv`, or `ndjson`.
    #[serde(default)]
    #[param(inline)]
    pub format: AuditFormat,
    /// A client, by id or slug, with everything below it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub client_id: Option<String>,
    /// Who did it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub actor: Option<String>,
    /// What the action begins with.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub action: Option<String>,
    /// The kind of thing that it was done to.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub subject_kind: Option<String>,
    /// Which one.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub subject_id: Option<Uuid>,
    /// Not before this time.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub from: Option<DateTime<Utc>>,
    /// Before this time.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub to: Option<DateTime<Utc>>,
    /// A text anywhere in what changed.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub q: Option<String>,
}

impl SmmClient {
    /// A page of the audit log, newest first.
    ///
    /// # Errors
    /// When SMM is away, the caller can't see such a client, or isn't its admin.
    pub async fn audit(&self, on_behalf: &Principal, query: &ListAudit) -> Result<Page<AuditEntry>, ClientError> {
        self.0.get_query(on_behalf, "/audit", query).await
    }

    /// One entry.
    ///
    /// # Errors
    /// When SMM is away, or the caller can't see such an entry.
    pub async fn audit_entry(&self, on_behalf: &Principal, id: Uuid) -> Result<AuditEntry, ClientError> {
        self.0.get(on_behalf, &format!("/audit/{id}")).await
    }

    /// The audit log as a file, as it comes.
    ///
    /// # Errors
    /// When SMM is away, the caller can't see such a client, or isn't its admin.
    pub async fn audit_export(
        &self,
        on_behalf: &Principal,
        query: &ExportAudit,
    ) -> Result<BoxStream<'static, Result<Bytes, ClientError>>, ClientError> {
        self.0.stream_query(on_behalf, "/audit/export", query).await
    }
}
