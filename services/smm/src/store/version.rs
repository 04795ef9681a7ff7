//! What versions of strategies and of SEO rules have in common where they are stored.

use chrono::{DateTime, Utc};
use hg_contracts::smm::{Author, VersionInfo};
use serde_json::{Map, Value};
use uuid::Uuid;

/// On what a further version is built.
#[derive(Debug, Clone, Copy, Default)]
pub(crate) struct Basis {
    /// The newest version that the caller knows of; none where that doesn't matter.
    pub(crate) expected: Option<i32>,
    /// The version that is brought back, if one is.
    pub(crate) restored_from: Option<i32>,
}

/// Which of a client's strategies or SEO rules are meant.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Which {
    /// Those in force.
    InForce,
    /// Also those that were deleted.
    WithDeleted,
}

/// What became of a write.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Written {
    /// It is there.
    Done,
    /// Another version is the newest.
    Newer(i32),
    /// It was deleted in the meantime.
    Deleted,
    /// The scope may not write it, or it is gone.
    Refused,
}

impl Basis {
    /// Why nothing was written, from the version and state that are there now.
    pub(super) fn failed(self, now: Option<(i32, bool)>) -> Written {
        match now {
            Some((version, _)) if self.expected.is_some_and(|expected| expected != version) => Written::Newer(version),
            Some((_, false)) if self.restored_from.is_none() => Written::Deleted,
            _ => Written::Refused,
        }
    }
}

/// A stored version: what it says besides when, by whom, why.
#[derive(Debug, Clone)]
pub(crate) struct StoredVersion {
    /// When, by whom, why.
    pub(crate) info: VersionInfo,
    /// Its name then; SEO rules have none.
    pub(crate) name: Option<String>,
    /// Its fields then.
    pub(crate) fields: Map<String, Value>,
}

impl StoredVersion {
    /// All that can differ between versions: the fields, and the name where there is one.
    pub(crate) fn comparable(&self) -> Map<String, Value> {
        let mut fields = self.fields.clone();
        if let Some(name) = &self.name {
            fields.insert("name".to_owned(), name.as_str().into());
        }
        fields
    }
}

/// A row of either table of versions.
pub(super) struct VersionRow {
    pub(super) version: i32,
    pub(super) is_current: bool,
    pub(super) restored_from: Option<i32>,
    pub(super) name: Option<String>,
    pub(super) fields: sqlx::types::Json<Map<String, Value>>,
    pub(super) note: Option<String>,
    pub(super) created_at: DateTime<Utc>,
    pub(super) created_by: Option<Uuid>,
    pub(super) author_name: Option<String>,
}

impl From<VersionRow> for StoredVersion {
    fn from(row: VersionRow) -> Self {
        let author = row.created_by.zip(row.author_name).map(|(id, name)| Author { user_id: id.into(), name });
        Self {
            info: VersionInfo {
                version: row.version,
                is_current: row.is_current,
                restored_from: row.restored_from,
                note: row.note,
                author,
                created_at: row.created_at,
            },
            name: row.name,
            fields: row.fields.0,
        }
    }
}
