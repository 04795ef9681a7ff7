//! What people make of a generated text: edits, each a version of its own, and verdicts.

use chrono::{DateTime, Utc};
use hg_common::auth::Principal;
use hg_types::JobId;
use http::Method;
use serde::{Deserialize, Serialize};
use utoipa::{IntoParams, ToSchema};

use super::{CpmClient, JobResult};
use crate::{
    Page,
    client::ClientError,
    smm::{Author, ListVersions},
};

/// An edited text. What is left out stays as it is in the version that it is based on; an empty text takes it away.
#[derive(Clone, Debug, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct EditContent {
    /// The version that this edit is based on, 0 for the generated one: 409 when it isn't the newest any more.
    pub version: i32,
    /// The text, Markdown; 1–200,000 characters. Posts have a section per platform (`## linkedin`).
    pub content: String,
    /// Its title, one line of at most 500 characters; the subject of an e-mail.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub title: Option<String>,
    /// Its meta description, at most 1,000 characters; the preheader of an e-mail.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub meta_description: Option<String>,
    /// Why; at most 1,000 characters.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub note: Option<String>,
}

/// Brings an earlier version of a text back, as a new one.
#[derive(Clone, Debug, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct RestoreContent {
    /// The newest version that the caller knows of: 409 when it isn't the newest any more.
    pub version: i32,
    /// Why; at most 1,000 characters.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub note: Option<String>,
}

/// A version of a text, without the text.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, ToSchema)]
pub struct ContentVersionInfo {
    /// 0 is what was generated; it is never overwritten.
    pub version: i32,
    /// Whether it is the newest.
    pub is_current: bool,
    /// Its title.
    pub title: Option<String>,
    /// Its words.
    pub word_count: u32,
    /// Its score, 0–100.
    pub quality_score: Option<u8>,
    /// Which part of the words differs from what was generated, 0–1.
    pub changed: f64,
    /// Which version it brought back, if it did.
    pub restored_from: Option<i32>,
    /// Why it was made.
    pub note: Option<String>,
    /// Who made it; none for what was generated, for API keys, and for accounts that are gone.
    pub author: Option<Author>,
    /// When it was made.
    pub created_at: DateTime<Utc>,
}

/// A version of a text.
#[derive(Clone, Debug, Serialize, Deserialize, ToSchema)]
pub struct ContentVersion {
    /// What a list shows of it.
    #[serde(flatten)]
    pub info: ContentVersionInfo,
    /// The text, with its quality report.
    pub result: JobResult,
}

/// What somebody thinks of a text.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum Verdict {
    /// It may go out.
    Approved,
    /// It may not.
    Rejected,
    /// What was said before doesn't hold any more.
    Withdrawn,
}

impl Verdict {
    /// As it is stored and shown.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Approved => "approved",
            Self::Rejected => "rejected",
            Self::Withdrawn => "withdrawn",
        }
    }
}

/// A verdict to be given.
#[derive(Clone, Debug, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct GiveVerdict {
    /// What it is.
    pub verdict: Verdict,
    /// Of which version: 409 when it isn't the newest any more. Left out, it is of the newest.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub version: Option<i32>,
    /// Why; at most 1,000 characters.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub note: Option<String>,
}

/// Which verdicts to list, newest first.
#[derive(Clone, Debug, Default, Serialize, Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub struct ListVerdicts {
    /// Where the previous page ended.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub cursor: Option<String>,
    /// 1–100, 20 by default.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub limit: Option<u32>,
}

/// A verdict that was given.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct Approval {
    /// What it is.
    pub verdict: Verdict,
    /// Of which version of the text.
    pub version: i32,
    /// Whether that is the newest: whoever edits an approved text makes one that nobody has approved.
    pub is_current: bool,
    /// Why.
    pub note: Option<String>,
    /// Who gave it; none for API keys and for accounts that are gone.
    pub author: Option<Author>,
    /// When.
    pub created_at: DateTime<Utc>,
}

impl CpmClient {
    /// Saves an edited text as a new version.
    ///
    /// # Errors
    /// When CPM is away or refuses; 409 when somebody was quicker, or the job has no text.
    pub async fn edit_content(
        &self,
        on_behalf: &Principal,
        job: JobId,
        edit: &EditContent,
    ) -> Result<ContentVersion, ClientError> {
        self.0.send(on_behalf, Method::PUT, &format!("/jobs/{job}/content"), edit).await
    }

    /// A page of the versions of a job's text, newest first; the generated one is the last.
    ///
    /// # Errors
    /// When CPM is away, or the caller can't see such a job; 409 when it has no text.
    pub async fn content_versions(
        &self,
        on_behalf: &Principal,
        job: JobId,
        query: &ListVersions,
    ) -> Result<Page<ContentVersionInfo>, ClientError> {
        self.0.get_query(on_behalf, &format!("/jobs/{job}/versions"), query).await
    }

    /// One version of a job's text.
    ///
    /// # Errors
    /// When CPM is away, or the caller can't see such a version.
    pub async fn content_version(
        &self,
        on_behalf: &Principal,
        job: JobId,
        version: i32,
    ) -> Result<ContentVersion, ClientError> {
        self.0.get(on_behalf, &format!("/jobs/{job}/versions/{version}")).await
    }

    /// Saves an earlier version of a job's text as a new one.
    ///
    /// # Errors
    /// When CPM is away or refuses; 409 when somebody was quicker.
    pub async fn restore_content(
        &self,
        on_behalf: &Principal,
        job: JobId,
        version: i32,
        how: &RestoreContent,
    ) -> Result<ContentVersion, ClientError> {
        self.0.send(on_behalf, Method::POST, &format!("/jobs/{job}/versions/{version}/restore"), how).await
    }

    /// Approves or rejects a job's text, or takes that back.
    ///
    /// # Errors
    /// When CPM is away or refuses; 409 when the text isn't there or is a newer one, or nothing was said before.
    pub async fn give_verdict(
        &self,
        on_behalf: &Principal,
        job: JobId,
        verdict: &GiveVerdict,
    ) -> Result<Approval, ClientError> {
        self.0.send(on_behalf, Method::POST, &format!("/jobs/{job}/approval"), verdict).await
    }

    /// A page of the verdicts about a job's text, the newest first.
    ///
    /// # Errors
    /// When CPM is away, or the caller can't see such a job.
    pub async fn verdicts(
        &self,
        on_behalf: &Principal,
        job: JobId,
        query: &ListVerdicts,
    ) -> Result<Page<Approval>, ClientError> {
        self.0.get_query(on_behalf, &format!("/jobs/{job}/approval"), query).await
    }
}
