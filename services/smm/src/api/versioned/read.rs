//! Reading what is saved in versions: lists, one, its versions, what differs between two.

use hg_common::{
    auth::Principal,
    http::{ApiError, Json, Page, PageQuery, PageRequest},
};
use hg_contracts::smm::{CompareVersions, Comparison, ListStrategies, ListVersions, VersionSummary};
use hg_types::Role;
use serde_json::Map;
use uuid::Uuid;

use super::{Kind, seen};
use crate::{
    api::seen_client,
    domain::versions::{changed, changes},
    state::AppState,
    store::versioned::{Seen, StoredVersion, Which, version_fetch, version_list, versioned_list},
};

/// A client has at most one in force per content type, so this is reached by nobody who doesn't mean to. Those in force come
/// first; of those that were deleted the latest of each content type are told.
const MOST: usize = 100;

/// A client's own.
pub(in crate::api) async fn list<K: Kind>(
    state: &AppState,
    principal: &Principal,
    client: &str,
    query: &ListStrategies,
) -> Result<Json<Page<K::Outgoing>>, ApiError> {
    let which = if query.deleted == Some(true) { Which::WithDeleted } else { Which::InForce };
    let mut tx = state.db.tenant(principal.scope()).await?;
    let client = seen_client(&mut tx, client).await?.client;
    let mut stored = versioned_list::<K>(&mut tx, client.id, which, MOST as i64 + 1).await?;
    tx.commit().await?;
    let has_more = stored.len() > MOST;
    stored.truncate(MOST);
    let mut page = Page::complete(stored.into_iter().map(K::outgoing).collect());
    page.pagination.has_more = has_more;
    page.pagination.total_capped = has_more;
    Ok(Json(page))
}

/// One, of a client that the caller sees or of an ancestor that such a client inherits from.
pub(in crate::api) async fn fetch<K: Kind>(
    state: &AppState,
    principal: &Principal,
    id: Uuid,
) -> Result<Json<K::Outgoing>, ApiError> {
    let mut tx = state.db.tenant(principal.scope()).await?;
    let seen = seen::<K>(&mut tx, id).await?;
    tx.commit().await?;
    Ok(Json(K::outgoing(seen.stored)))
}

/// A page of versions, the newest first, each with what it changed.
pub(in crate::api) async fn versions<K: Kind>(
    state: &AppState,
    principal: &Principal,
    id: Uuid,
    query: ListVersions,
) -> Result<Json<Page<VersionSummary>>, ApiError> {
    let limit = query.limit.map(|limit| limit.to_string());
    let request = PageQuery { cursor: query.cursor, limit, ..PageQuery::default() }.resolve()?;
    let before = request.cursor()?;
    let mut tx = state.db.tenant(principal.scope()).await?;
    let seen = seen::<K>(&mut tx, id).await?;
    let rows = version_list::<K>(&mut tx, seen.stored.id, before, request.fetch_limit()).await?;
    tx.commit().await?;
    let rows: Vec<StoredVersion> = rows.into_iter().map(|row| told(row, seen.held)).collect();
    Ok(Json(summaries(&rows, &request)?))
}

/// One version as it was.
pub(in crate::api) async fn version<K: Kind>(
    state: &AppState,
    principal: &Principal,
    id: Uuid,
    version: i32,
) -> Result<Json<K::Version>, ApiError> {
    let mut tx = state.db.tenant(principal.scope()).await?;
    let seen = seen::<K>(&mut tx, id).await?;
    let found = version_fetch::<K>(&mut tx, seen.stored.id, version).await?;
    let found = found.ok_or_else(|| ApiError::not_found("version"))?;
    tx.commit().await?;
    Ok(Json(K::version(seen.stored.id, told(found, seen.held))))
}

/// What differs between two versions, field by field.
pub(in crate::api) async fn compare<K: Kind>(
    state: &AppState,
    principal: &Principal,
    id: Uuid,
    versions: CompareVersions,
) -> Result<Json<Comparison>, ApiError> {
    let mut tx = state.db.tenant(principal.scope()).await?;
    let Seen { stored: seen, held } = seen::<K>(&mut tx, id).await?;
    let to = versions.to.unwrap_or(seen.version);
    let older = version_fetch::<K>(&mut tx, seen.id, versions.from).await?;
    let older = older.ok_or_else(|| no_version("from", versions.from))?;
    let newer = version_fetch::<K>(&mut tx, seen.id, to).await?.ok_or_else(|| no_version("to", to))?;
    tx.commit().await?;
    let (older, newer) = (told(older, held), told(newer, held));
    let changes = changes(older.comparable(), newer.comparable());
    Ok(Json(Comparison { from: older.info, to: newer.info, changes }))
}

/// Whoever inherits a version reads what it says, but not why it was saved: that may be about a sibling.
fn told(mut version: StoredVersion, held: Option<Role>) -> StoredVersion {
    if held.is_none() {
        version.info.note = None;
    }
    version
}

/// The surplus row of the page is what its last version is compared with.
fn summaries(rows: &[StoredVersion], request: &PageRequest) -> Result<Page<VersionSummary>, ApiError> {
    let summaries = rows.iter().enumerate().map(|(place, row)| {
        let before = rows.get(place + 1).map_or_else(Map::new, StoredVersion::comparable);
        VersionSummary { info: row.info.clone(), changed: changed(before, row.comparable()) }
    });
    Page::from_rows(summaries.collect(), request, |summary| summary.info.version)
}

/// The version that a parameter of a comparison names isn't there.
fn no_version(field: &'static str, version: i32) -> ApiError {
    ApiError::field(field, format!("there is no version {version}"))
}
