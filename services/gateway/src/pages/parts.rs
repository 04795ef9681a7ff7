//! The small views that several pages share: a state, a moment, a labelled value. Formatted for people, ready to print.

use std::borrow::Cow;

use chrono::{DateTime, SecondsFormat, Utc};
use hg_types::{ContentType, JobStatus};
use serde::Serialize;

use super::format;

/// Text for a template: mostly words of ours, sometimes somebody's.
pub type Text = Cow<'static, str>;

/// A colour with a meaning. Never the only sign of it: an icon and words stand beside.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[cfg_attr(test, derive(serde::Deserialize))]
#[serde(rename_all = "snake_case")]
pub enum Tone {
    /// Nothing special.
    Neutral,
    /// Something is going on.
    Info,
    /// Good.
    Success,
    /// Worth a look.
    Warning,
    /// Bad.
    Danger,
}

impl Tone {
    /// The tone of a score from 0 to 100.
    #[must_use]
    pub const fn of_score(score: u8) -> Self {
        match score {
            70.. => Self::Success,
            40..70 => Self::Warning,
            _ => Self::Danger,
        }
    }
}

/// A state in words, with its mark.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[cfg_attr(test, derive(serde::Deserialize), serde(deny_unknown_fields))]
pub struct StatusBadge {
    /// The word.
    pub label: Text,
    /// The colour.
    pub tone: Tone,
    /// The icon's name.
    pub icon: Text,
    /// Whether the icon turns.
    pub spins: bool,
}

impl StatusBadge {
    /// A state that stands still.
    #[must_use]
    pub const fn new(label: &'static str, tone: Tone, icon: &'static str) -> Self {
        Self { label: Cow::Borrowed(label), tone, icon: Cow::Borrowed(icon), spins: false }
    }

    /// A job's state.
    #[must_use]
    pub fn of_job(status: JobStatus) -> Self {
        match status {
            JobStatus::Pending => Self::new(job_status_label(status), Tone::Neutral, "clock"),
            JobStatus::InProgress => {
                Self { spins: true, ..Self::new(job_status_label(status), Tone::Info, "loader-circle") }
            }
            JobStatus::Completed => Self::new(job_status_label(status), Tone::Success, "circle-check"),
            JobStatus::Failed => Self::new(job_status_label(status), Tone::Danger, "circle-x"),
            JobStatus::Cancelled => Self::new(job_status_label(status), Tone::Warning, "ban"),
        }
    }
}

/// A job's state in a word.
#[must_use]
pub const fn job_status_label(status: JobStatus) -> &'static str {
    match status {
        JobStatus::Pending => "Waiting",
        JobStatus::InProgress => "Writing",
        JobStatus::Completed => "Completed",
        JobStatus::Failed => "Failed",
        JobStatus::Cancelled => "Cancelled",
    }
}

/// The icon of a content type.
#[must_use]
pub const fn content_type_icon(content_type: ContentType) -> &'static str {
    match content_type {
        ContentType::BlogPost => "newspaper",
        ContentType::SocialMedia => "share-2",
        ContentType::EmailCampaign => "mail",
        ContentType::PressRelease => "megaphone",
        ContentType::ProductDescription => "package",
    }
}

/// A moment, in words that were true when the page was made; a script keeps them true.
#[derive(Clone, Debug, Serialize)]
#[cfg_attr(test, derive(serde::Deserialize), serde(deny_unknown_fields))]
pub struct Moment {
    /// RFC 3339, UTC.
    pub iso: String,
    /// For people: `3 minutes ago`.
    pub text: String,
}

impl Moment {
    /// How a moment looks from `now`.
    #[must_use]
    pub fn new(at: DateTime<Utc>, now: DateTime<Utc>) -> Self {
        Self { iso: at.to_rfc3339_opts(SecondsFormat::Secs, true), text: format::relative(at, now) }
    }
}

/// A score beside its mark.
#[derive(Clone, Debug, Serialize)]
#[cfg_attr(test, derive(serde::Deserialize), serde(deny_unknown_fields))]
pub struct ScoreMark {
    /// 0–100.
    pub value: u8,
    /// The colour.
    pub tone: Tone,
    /// The icon's name.
    pub icon: Text,
}

impl ScoreMark {
    /// A score's mark.
    #[must_use]
    pub fn new(value: u8) -> Self {
        let tone = Tone::of_score(value);
        let icon = match tone {
            Tone::Success => "circle-check",
            Tone::Warning => "circle-alert",
            Tone::Danger | Tone::Neutral | Tone::Info => "circle-x",
        };
        Self { value, tone, icon: icon.into() }
    }
}

/// A labelled value.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[cfg_attr(test, derive(serde::Deserialize), serde(deny_unknown_fields))]
pub struct Fact {
    /// What it is.
    pub label: Text,
    /// The value.
    pub value: Text,
}

impl Fact {
    /// A labelled value.
    pub fn new(label: impl Into<Text>, value: impl Into<Text>) -> Self {
        Self { label: label.into(), value: value.into() }
    }
}

/// What is wrong with a field of a form; shown beside it and in the summary.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[cfg_attr(test, derive(serde::Deserialize), serde(deny_unknown_fields))]
pub struct FieldProblem {
    /// The field's name, which is also its element's id.
    pub field: Text,
    /// One sentence.
    pub message: Text,
}

impl FieldProblem {
    /// A problem with a field.
    pub fn new(field: impl Into<Text>, message: impl Into<Text>) -> Self {
        Self { field: field.into(), message: message.into() }
    }
}

/// An option of a select or a list of suggestions.
#[derive(Clone, Debug, Serialize)]
#[cfg_attr(test, derive(serde::Deserialize), serde(deny_unknown_fields))]
pub struct Choice {
    /// What is sent.
    pub value: Text,
    /// What is read.
    pub label: Text,
}

impl Choice {
    /// An option.
    pub fn new(value: impl Into<Text>, label: impl Into<Text>) -> Self {
        Self { value: value.into(), label: label.into() }
    }
}

/// A content type to choose, with its picture.
#[derive(Clone, Debug, Serialize)]
#[cfg_attr(test, derive(serde::Deserialize), serde(deny_unknown_fields))]
pub struct TypeChoice {
    /// Its name on the wire.
    pub value: Text,
    /// Its name for people.
    pub label: Text,
    /// The icon's name.
    pub icon: Text,
}

impl TypeChoice {
    /// All content types, in their natural order.
    #[must_use]
    pub fn all() -> Vec<Self> {
        ContentType::ALL
            .iter()
            .map(|&it| Self { value: it.as_str().into(), label: it.label().into(), icon: content_type_icon(it).into() })
            .collect()
    }
}

/// A job in a table.
#[derive(Clone, Debug, Serialize)]
#[cfg_attr(test, derive(serde::Deserialize), serde(deny_unknown_fields))]
pub struct JobRow {
    /// Its id.
    pub id: String,
    /// Its page.
    pub href: String,
    /// What about.
    pub topic: String,
    /// For whom.
    pub client_name: String,
    /// What kind.
    pub type_label: Text,
    /// Where it stands.
    pub status: StatusBadge,
    /// The result's score.
    pub score: Option<ScoreMark>,
    /// What it cost; empty where nothing was charged yet.
    pub cost: String,
    /// When it was asked for.
    pub created: Moment,
}

impl JobRow {
    /// A job as a row.
    #[must_use]
    pub fn new(job: &hg_contracts::cpm::JobSummary, now: DateTime<Utc>) -> Self {
        Self {
            id: job.id.to_string(),
            href: format!("/jobs/{}", job.id),
            topic: job.topic.clone(),
            client_name: job.client_name.clone(),
            type_label: job.content_type.label().into(),
            status: StatusBadge::of_job(job.status),
            score: job.quality_score.map(ScoreMark::new),
            cost: job.cost_usd.map(format::money).unwrap_or_default(),
            created: Moment::new(job.created_at, now),
        }
    }
}
