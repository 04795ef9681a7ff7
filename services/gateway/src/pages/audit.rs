//! A client's audit log: who changed what, when and from where, with its filters in the address.

pub(crate) mod list;
pub(crate) mod rows;

use serde::Serialize;

use super::{
    parts::{FieldProblem, Moment, Text},
    place::ClientHead,
    templates::Page,
};

/// The page.
#[derive(Clone, Debug, Serialize)]
#[cfg_attr(test, derive(serde::Deserialize), serde(deny_unknown_fields))]
pub struct AuditPage {
    /// The head.
    pub head: ClientHead,
    /// Why nothing can be shown.
    pub alert: Option<Text>,
    /// What is wrong with single filters.
    pub errors: Vec<FieldProblem>,
    /// Where the filters are sent.
    pub action: String,
    /// What is filtered by.
    pub filter: AuditFilter,
    /// Whether anything is filtered by.
    pub filtered: bool,
    /// The log, where it can be read.
    pub log: Option<AuditLog>,
}

impl Page for AuditPage {
    fn template(&self) -> &'static str {
        "pages/audit/show.html"
    }
}

/// The filters as the form shows them; empty for "any".
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize)]
#[cfg_attr(test, derive(serde::Deserialize), serde(deny_unknown_fields))]
pub struct AuditFilter {
    /// Who: an address or an id.
    pub actor: String,
    /// What the action begins with.
    pub action: String,
    /// The first day.
    pub from: String,
    /// The last day.
    pub to: String,
    /// A text in what changed.
    pub q: String,
}

/// One page of the log.
#[derive(Clone, Debug, Default, Serialize)]
#[cfg_attr(test, derive(serde::Deserialize), serde(deny_unknown_fields))]
pub struct AuditLog {
    /// The entries, newest first.
    pub rows: Vec<AuditRow>,
    /// The log without filters.
    pub clear_href: String,
    /// The first page, from a later one.
    pub newest_href: Option<String>,
    /// The page after this one.
    pub older_href: Option<String>,
    /// What the filters find, for spreadsheets.
    pub csv_href: String,
    /// The same, an entry as JSON per line.
    pub ndjson_href: String,
}

/// One entry.
#[derive(Clone, Debug, Serialize)]
#[cfg_attr(test, derive(serde::Deserialize), serde(deny_unknown_fields))]
pub struct AuditRow {
    /// Its id.
    pub id: String,
    /// When.
    pub at: Moment,
    /// When, to the second.
    pub exact: String,
    /// Who.
    pub who: Text,
    /// What kind of actor, or the person's address.
    pub who_note: Text,
    /// What: `strategy.updated`.
    pub action: String,
    /// On what: `strategy of Ohio Paving Co.`.
    pub subject: Text,
    /// From where; empty where nobody knows.
    pub address: String,
    /// Whether it has its place in the sealed chain.
    pub sealed: bool,
    /// Whether something that stood here was erased.
    pub erased: bool,
    /// What changed, a field each.
    pub changes: Vec<AuditChange>,
    /// Secrets that changed: their names.
    pub secrets: String,
}

/// A field before and afterwards.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[cfg_attr(test, derive(serde::Deserialize), serde(deny_unknown_fields))]
pub struct AuditChange {
    /// The field.
    pub field: String,
    /// As it was; none where it wasn't there.
    pub before: Option<String>,
    /// As it is now; none where it is gone.
    pub after: Option<String>,
}
