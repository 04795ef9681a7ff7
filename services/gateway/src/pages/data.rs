//! A client's data as a whole: how long it is kept, exports and other work on it, erasure in two steps.

pub(crate) mod erasure;
pub(crate) mod jobs;
pub(crate) mod retention;
pub(crate) mod show;

use serde::Serialize;

use super::{
    parts::{Fact, FieldProblem, Moment, StatusBadge, Text},
    place::ClientHead,
    templates::{Fragment, Page},
};

/// The page.
#[derive(Clone, Debug, Serialize)]
#[cfg_attr(test, derive(serde::Deserialize), serde(deny_unknown_fields))]
pub struct DataPage {
    /// The head.
    pub head: ClientHead,
    /// Why something wasn't done.
    pub alert: Option<Text>,
    /// What is wrong with single fields.
    pub errors: Vec<FieldProblem>,
    /// How long things are kept, and who says so.
    pub kept: Vec<Fact>,
    /// Changes that; none for who may not.
    pub retention: Option<RetentionForm>,
    /// Asks for an export; none for who may not.
    pub export_href: Option<String>,
    /// What has been asked for.
    pub list: DataJobList,
    /// Says what erasing it would mean; none for who may not.
    pub erase_href: Option<String>,
}

impl Page for DataPage {
    fn template(&self) -> &'static str {
        "pages/data/show.html"
    }
}

/// The form for how long things are kept.
#[derive(Clone, Debug, Serialize)]
#[cfg_attr(test, derive(serde::Deserialize), serde(deny_unknown_fields))]
pub struct RetentionForm {
    /// Where it is sent.
    pub action: String,
    /// Its fields.
    pub fields: Vec<RetentionField>,
}

/// How long one kind of thing is kept.
#[derive(Clone, Debug, Serialize)]
#[cfg_attr(test, derive(serde::Deserialize), serde(deny_unknown_fields))]
pub struct RetentionField {
    /// `jobs` or `logs`.
    pub name: Text,
    /// What it is about.
    pub label: Text,
    /// `inherit`, `ever` or `days`.
    pub keep: String,
    /// So many days, where it is days.
    pub days: String,
}

/// The latest work on the data; a fragment of its own, for following what is under way.
#[derive(Clone, Debug, Default, Serialize)]
#[cfg_attr(test, derive(serde::Deserialize), serde(deny_unknown_fields))]
pub struct DataJobList {
    /// The data jobs, the latest first.
    pub rows: Vec<DataJobRow>,
    /// Where to ask again, while one is under way.
    pub refresh_href: Option<String>,
    /// Those before these.
    pub older_href: Option<String>,
    /// The latest, from an earlier page.
    pub newest_href: Option<String>,
    /// Why the list can't be shown.
    pub problem: Option<Text>,
}

impl Fragment for DataJobList {
    const TEMPLATE: &'static str = "pages/data/jobs.html";
    const NAME: &'static str = "list";
}

/// An export, an erasure, or a run of retention.
#[derive(Clone, Debug, Serialize)]
#[cfg_attr(test, derive(serde::Deserialize), serde(deny_unknown_fields))]
pub struct DataJobRow {
    /// Its id.
    pub id: String,
    /// What is done.
    pub kind: Text,
    /// How far it is.
    pub status: StatusBadge,
    /// When it was asked for.
    pub created: Moment,
    /// Why it failed; empty where it didn't.
    pub error: String,
    /// Its parts, while it runs: `smm · clients`, `12 of 40`.
    pub parts: Vec<Fact>,
    /// `1,024 bytes, until 28 November 2026 09:00 UTC`; empty where there is no file.
    pub file: String,
    /// The file; none where there is none, or none any more.
    pub download_href: Option<String>,
    /// Ends it before its time.
    pub cancel_href: Option<String>,
}

/// What erasing a client would mean, and the second step.
#[derive(Clone, Debug, Serialize)]
#[cfg_attr(test, derive(serde::Deserialize), serde(deny_unknown_fields))]
pub struct ErasurePage {
    /// The head.
    pub head: ClientHead,
    /// Why it wasn't done.
    pub alert: Option<Text>,
    /// What is wrong with single fields.
    pub errors: Vec<FieldProblem>,
    /// How many clients go with it, in words; empty for none.
    pub below: String,
    /// What goes.
    pub goes: Vec<ErasureRow>,
    /// What stays, and why.
    pub remains: Vec<ErasureRow>,
    /// Why it can't be done now.
    pub blocked: Option<Text>,
    /// Where the second step is sent.
    pub action: String,
    /// What shows that exactly this was seen.
    pub confirmation: String,
    /// Where one goes who doesn't want to.
    pub cancel_href: String,
}

impl Page for ErasurePage {
    fn template(&self) -> &'static str {
        "pages/data/erasure.html"
    }
}

/// A kind of thing that goes or stays.
#[derive(Clone, Debug, Serialize)]
#[cfg_attr(test, derive(serde::Deserialize), serde(deny_unknown_fields))]
pub struct ErasureRow {
    /// What it is.
    pub what: String,
    /// How many; empty where nobody counts.
    pub count: String,
    /// Why it stays; empty for what goes.
    pub why: String,
}
