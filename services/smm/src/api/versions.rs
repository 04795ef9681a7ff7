//! What handlers of versioned things share: pages of versions, comparisons, refused saves, notes.

use hg_common::http::{ApiError, FieldErrors, Page, PageQuery, PageRequest};
use hg_contracts::smm::{Comparison, ListStrategies, ListVersions, VersionSummary};
use serde_json::Map;

use crate::{
    domain::versions::{changed, changes},
    store::version::{StoredVersion, Which},
};

/// A client has at most one in force per content type, so this is reached by nobody who doesn't mean to.
pub(super) const MOST: i64 = 1_000;
const NOTE_LENGTH: usize = 1_000;

/// Notes what is wrong with why something is saved.
pub(super) fn check_note(errors: &mut FieldErrors, note: Option<&str>) {
    let note = note.unwrap_or_default();
    let fine = note.chars().count() <= NOTE_LENGTH && !note.contains('\0');
    errors.check(fine, "note", "must have at most 1,000 characters");
}

/// What is made anew can't be based on a version.
pub(super) fn nothing_before(version: Option<i32>) -> Result<(), ApiError> {
    match version {
        None => Ok(()),
        Some(_) => Err(ApiError::field("version", "is for saving a further version: leave it out")),
    }
}

/// Which ones a list is about.
pub(super) fn which(query: &ListStrategies) -> Which {
    if query.deleted == Some(true) { Which::WithDeleted } else { Which::InForce }
}

/// The page that was asked for.
pub(super) fn page(query: &ListVersions) -> Result<PageRequest, ApiError> {
    let limit = query.limit.map(|limit| limit.to_string());
    PageQuery { cursor: query.cursor.clone(), limit, ..PageQuery::default() }.resolve()
}

/// A page of versions, each with what it changed. The surplus row of the page is what its last version is compared with.
pub(super) fn summaries(rows: &[StoredVersion], request: &PageRequest) -> Result<Page<VersionSummary>, ApiError> {
    let summaries = rows.iter().enumerate().map(|(place, row)| {
        let before = rows.get(place + 1).map_or_else(Map::new, StoredVersion::comparable);
        VersionSummary { info: row.info.clone(), changed: changed(before, row.comparable()) }
    });
    Page::from_rows(summaries.collect(), request, |summary| summary.info.version)
}

/// Two versions, field by field.
pub(super) fn comparison(from: &StoredVersion, to: &StoredVersion) -> Comparison {
    Comparison { from: from.info.clone(), to: to.info.clone(), changes: changes(from.comparable(), to.comparable()) }
}

/// The version that a parameter of a comparison names isn't there.
pub(super) fn no_version(field: &'static str, version: i32) -> ApiError {
    ApiError::field(field, format!("there is no version {version}"))
}

/// Somebody was quicker: who, and when.
pub(super) fn conflict(expected: Option<i32>, newest: i32, saved: Option<&StoredVersion>) -> ApiError {
    let by =
        saved.and_then(|it| it.info.author.as_ref()).map(|author| format!(" by {}", author.name)).unwrap_or_default();
    let at = saved.map(|it| it.info.created_at.format(" on %Y-%m-%d at %H:%M UTC").to_string()).unwrap_or_default();
    let based = expected.map(|version| format!("; yours is based on version {version}")).unwrap_or_default();
    ApiError::conflict("version_conflict", format!("version {newest} was saved{by}{at}{based}"))
}
