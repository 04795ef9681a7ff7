//! What is saved in versions: strategies and SEO rules. Each kind has two tables of its own, and with them its SQL
//! ([`Tables`]: `strategies.rs`, `seo_rules.rs`); what is done with the rows is here, once for both.

use chrono::{DateTime, Utc};
use hg_common::db::{TenantTx, parsed};
use hg_contracts::smm::{Author, VersionInfo};
use hg_types::{ClientId, ContentType, Role, UserId};
use serde_json::{Map, Value};
use sqlx::types::Json;
use uuid::Uuid;

/// The SQL of one kind. Nothing here decides: [`versioned_fetch`] and its like do.
pub(crate) trait Tables {
    /// A client's own, those in force first; by content type.
    async fn list(tx: &mut TenantTx, client: ClientId, which: Which, most: i64) -> Result<Vec<Row>, sqlx::Error>;
    /// One, if the scope sees it: its own, or an ancestor's that it inherits.
    async fn fetch(tx: &mut TenantTx, id: Uuid) -> Result<Option<Row>, sqlx::Error>;
    /// Makes one with its first version.
    async fn insert(
        tx: &mut TenantTx,
        client: ClientId,
        content_type: ContentType,
        save: &Save<'_>,
    ) -> Result<Uuid, sqlx::Error>;
    /// Saves a further version; says whether it did. Bringing a version back also brings a deleted one back into force.
    async fn change(tx: &mut TenantTx, id: Uuid, save: &Save<'_>, basis: Basis) -> Result<bool, sqlx::Error>;
    /// Puts one out of force, if its newest version is the expected one; says whether it did. Its versions stay: jobs name
    /// them, and one can be restored.
    async fn retire(tx: &mut TenantTx, id: Uuid, expected: Option<i32>) -> Result<bool, sqlx::Error>;
    /// The versions before one, or all; the newest first.
    async fn versions(
        tx: &mut TenantTx,
        id: Uuid,
        before: Option<i32>,
        limit: i64,
    ) -> Result<Vec<VersionRow>, sqlx::Error>;
}

/// Which of a client's strategies or SEO rules are meant.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Which {
    /// Those in force.
    InForce,
    /// Also those that were deleted.
    WithDeleted,
}

/// What is saved: a first version or a further one.
#[derive(Debug)]
pub(crate) struct Save<'a> {
    /// Its name; SEO rules have none.
    pub(crate) name: Option<&'a str>,
    /// What it says.
    pub(crate) fields: &'a Map<String, Value>,
    /// Why.
    pub(crate) note: Option<&'a str>,
    /// Who saves it, where it is a person.
    pub(crate) by: Option<UserId>,
}

/// On what a further version is built.
#[derive(Debug, Clone, Copy, Default)]
pub(crate) struct Basis {
    /// The newest version that the caller knows of; none where that doesn't matter.
    pub(crate) expected: Option<i32>,
    /// The version that is brought back, if one is.
    pub(crate) restored_from: Option<i32>,
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

/// A row of `strategies` or `seo_rules`.
pub(crate) struct Row {
    pub(super) id: Uuid,
    pub(super) client_id: Uuid,
    pub(super) name: Option<String>,
    pub(super) content_type: String,
    pub(super) fields: Json<Map<String, Value>>,
    pub(super) is_active: bool,
    pub(super) version: i32,
    pub(super) created_at: DateTime<Utc>,
    pub(super) updated_at: DateTime<Utc>,
}

/// One strategy, or the SEO rules of one content type, as they are now.
#[derive(Debug, Clone)]
pub(crate) struct Stored {
    /// Its id.
    pub(crate) id: Uuid,
    /// Whose it is.
    pub(crate) client_id: ClientId,
    /// Its name; SEO rules have none.
    pub(crate) name: Option<String>,
    /// What it is for.
    pub(crate) content_type: ContentType,
    /// What it says.
    pub(crate) fields: Map<String, Value>,
    /// Whether it is in force.
    pub(crate) is_active: bool,
    /// Its newest version.
    pub(crate) version: i32,
    /// When it was made.
    pub(crate) created_at: DateTime<Utc>,
    /// When it was saved last.
    pub(crate) updated_at: DateTime<Utc>,
}

impl TryFrom<Row> for Stored {
    type Error = sqlx::Error;

    fn try_from(row: Row) -> Result<Self, sqlx::Error> {
        Ok(Self {
            id: row.id,
            client_id: row.client_id.into(),
            name: row.name,
            content_type: parsed(&row.content_type)?,
            fields: row.fields.0,
            is_active: row.is_active,
            version: row.version,
            created_at: row.created_at,
            updated_at: row.updated_at,
        })
    }
}

/// What the caller sees, and the caller's role on its client; none on an ancestor's.
#[derive(Debug, Clone)]
pub(crate) struct Seen {
    /// The thing itself.
    pub(crate) stored: Stored,
    /// The caller's role on its client.
    pub(crate) held: Option<Role>,
}

/// A row of `strategy_versions` or `seo_rule_versions`.
pub(crate) struct VersionRow {
    pub(super) version: i32,
    pub(super) is_current: bool,
    pub(super) restored_from: Option<i32>,
    pub(super) name: Option<String>,
    pub(super) fields: Json<Map<String, Value>>,
    pub(super) note: Option<String>,
    pub(super) created_at: DateTime<Utc>,
    pub(super) created_by: Option<Uuid>,
    pub(super) author_name: Option<String>,
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

/// A client's own; those that were deleted only where they are asked for.
pub(crate) async fn versioned_list<T: Tables>(
    tx: &mut TenantTx,
    client: ClientId,
    which: Which,
    most: i64,
) -> Result<Vec<Stored>, sqlx::Error> {
    T::list(tx, client, which, most).await?.into_iter().map(Stored::try_from).collect()
}

/// One by its id, if the scope sees it.
pub(crate) async fn versioned_fetch<T: Tables>(tx: &mut TenantTx, id: Uuid) -> Result<Option<Seen>, sqlx::Error> {
    let Some(row) = T::fetch(tx, id).await? else { return Ok(None) };
    let stored = Stored::try_from(row)?;
    let held = super::client::client_role(tx, stored.client_id).await?;
    Ok(Some(Seen { stored, held }))
}

/// Saves a further version on its basis.
pub(crate) async fn versioned_update<T: Tables>(
    tx: &mut TenantTx,
    id: Uuid,
    save: &Save<'_>,
    basis: Basis,
) -> Result<Written, sqlx::Error> {
    if T::change(tx, id, save, basis).await? {
        return Ok(Written::Done);
    }
    Ok(match T::fetch(tx, id).await? {
        Some(now) if basis.expected.is_some_and(|expected| expected != now.version) => Written::Newer(now.version),
        Some(now) if !now.is_active && basis.restored_from.is_none() => Written::Deleted,
        _ => Written::Refused,
    })
}

/// Puts one out of force, if its newest version is the expected one.
pub(crate) async fn versioned_retire<T: Tables>(
    tx: &mut TenantTx,
    id: Uuid,
    expected: Option<i32>,
) -> Result<Written, sqlx::Error> {
    if T::retire(tx, id, expected).await? {
        return Ok(Written::Done);
    }
    Ok(match T::fetch(tx, id).await? {
        Some(now) if now.is_active && expected.is_some_and(|expected| expected != now.version) => {
            Written::Newer(now.version)
        }
        _ => Written::Refused,
    })
}

/// A page of versions, the newest first.
pub(crate) async fn version_list<T: Tables>(
    tx: &mut TenantTx,
    id: Uuid,
    before: Option<i32>,
    limit: i64,
) -> Result<Vec<StoredVersion>, sqlx::Error> {
    Ok(T::versions(tx, id, before, limit).await?.into_iter().map(StoredVersion::from).collect())
}

/// One version, if the scope sees it.
pub(crate) async fn version_fetch<T: Tables>(
    tx: &mut TenantTx,
    id: Uuid,
    version: i32,
) -> Result<Option<StoredVersion>, sqlx::Error> {
    let newest_up_to = T::versions(tx, id, Some(version.saturating_add(1)), 1).await?.pop();
    Ok(newest_up_to.filter(|row| row.version == version).map(StoredVersion::from))
}
