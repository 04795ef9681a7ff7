//! SEO rules.

use chrono::{DateTime, Utc};
use hg_common::db::{TenantTx, parsed};
use hg_contracts::smm::SeoRules;
use hg_types::{ClientId, ContentType, Role, SeoRulesId, UserId};
use serde_json::{Map, Value};
use sqlx::types::Json;
use uuid::Uuid;

use super::version::{Basis, Which, Written};
use crate::domain::strategy::from_stored;

/// SEO rules that the caller sees, and the caller's role on their client; none on an ancestor's.
#[derive(Debug, Clone)]
pub(crate) struct SeenSeoRules {
    /// As they go out.
    pub(crate) rules: SeoRules,
    /// The caller's role on their client.
    pub(crate) held: Option<Role>,
}

struct SeoRulesRow {
    id: Uuid,
    client_id: Uuid,
    content_type: String,
    rules: Json<Map<String, Value>>,
    is_active: bool,
    version: i32,
    created_at: DateTime<Utc>,
    updated_at: DateTime<Utc>,
}

impl SeoRulesRow {
    fn into_rules(self) -> Result<SeoRules, sqlx::Error> {
        Ok(SeoRules {
            id: self.id.into(),
            client_id: self.client_id.into(),
            content_type: parsed(&self.content_type)?,
            rules: from_stored(self.rules.0),
            is_active: self.is_active,
            version: self.version,
            created_at: self.created_at,
            updated_at: self.updated_at,
        })
    }
}

/// What is saved: a first version or a further one.
#[derive(Debug)]
pub(crate) struct SavedSeoRules<'a> {
    /// What they say.
    pub(crate) rules: &'a Map<String, Value>,
    /// Why.
    pub(crate) note: Option<&'a str>,
    /// Who saves them, where it is a person.
    pub(crate) by: Option<UserId>,
}

/// A client's own SEO rules; those that were deleted only where they are asked for.
pub(crate) async fn seo_rules_list(
    tx: &mut TenantTx,
    client: ClientId,
    which: Which,
    most: i64,
) -> Result<Vec<SeoRules>, sqlx::Error> {
    let rows = sqlx::query_as!(
        SeoRulesRow,
        r#"SELECT id, client_id, content_type::text AS "content_type!", rules AS "rules: Json<Map<String, Value>>",
                  is_active, version, created_at, updated_at
             FROM seo_rules WHERE client_id = $1 AND (is_active OR $2) ORDER BY content_type, is_active DESC, id DESC LIMIT $3"#,
        client.uuid(),
        which == Which::WithDeleted,
        most,
    )
    .fetch_all(&mut **tx)
    .await?;
    rows.into_iter().map(SeoRulesRow::into_rules).collect()
}

/// SEO rules by id, if the scope sees them: its own, or an ancestor's that it inherits.
pub(crate) async fn seo_rules_fetch(tx: &mut TenantTx, id: SeoRulesId) -> Result<Option<SeenSeoRules>, sqlx::Error> {
    let row = sqlx::query_as!(
        SeoRulesRow,
        r#"SELECT id, client_id, content_type::text AS "content_type!", rules AS "rules: Json<Map<String, Value>>",
                  is_active, version, created_at, updated_at
             FROM seo_rules WHERE id = $1"#,
        id.uuid(),
    )
    .fetch_optional(&mut **tx)
    .await?;
    let Some(row) = row else { return Ok(None) };
    let held = super::client::client_role(tx, row.client_id.into()).await?;
    Ok(Some(SeenSeoRules { rules: row.into_rules()?, held }))
}

/// Makes SEO rules with their first version.
pub(crate) async fn seo_rules_create(
    tx: &mut TenantTx,
    client: ClientId,
    content_type: ContentType,
    saved: &SavedSeoRules<'_>,
) -> Result<SeoRulesId, sqlx::Error> {
    let id = sqlx::query_scalar!(
        "INSERT INTO seo_rules (client_id, content_type, rules, created_by)
         VALUES ($1, $2::text::content_type, $3, $4) RETURNING id",
        client.uuid(),
        content_type.as_str(),
        Json(saved.rules) as _,
        saved.by.map(UserId::uuid),
    )
    .fetch_one(&mut **tx)
    .await?;
    version_create(tx, id, 1, client, saved, None).await?;
    Ok(id.into())
}

/// Saves a further version on its basis. Bringing a version back also brings deleted rules back.
pub(crate) async fn seo_rules_update(
    tx: &mut TenantTx,
    id: SeoRulesId,
    saved: &SavedSeoRules<'_>,
    basis: Basis,
) -> Result<Written, sqlx::Error> {
    let row = sqlx::query!(
        "UPDATE seo_rules SET rules = $2, version = version + 1, is_active = true
          WHERE id = $1 AND ($3::int IS NULL OR version = $3) AND (is_active OR $4)
          RETURNING version, client_id",
        id.uuid(),
        Json(saved.rules) as _,
        basis.expected,
        basis.restored_from.is_some(),
    )
    .fetch_optional(&mut **tx)
    .await?;
    if let Some(row) = row {
        version_create(tx, id.uuid(), row.version, row.client_id.into(), saved, basis.restored_from).await?;
        return Ok(Written::Done);
    }
    let now = sqlx::query!("SELECT version, is_active FROM seo_rules WHERE id = $1", id.uuid())
        .fetch_optional(&mut **tx)
        .await?;
    Ok(basis.failed(now.map(|row| (row.version, row.is_active))))
}

async fn version_create(
    tx: &mut TenantTx,
    rules: Uuid,
    version: i32,
    client: ClientId,
    saved: &SavedSeoRules<'_>,
    restored_from: Option<i32>,
) -> Result<(), sqlx::Error> {
    sqlx::query!(
        "INSERT INTO seo_rule_versions (seo_rules_id, version, client_id, rules, note, created_by, restored_from)
         VALUES ($1, $2, $3, $4, $5, $6, $7)",
        rules,
        version,
        client.uuid(),
        Json(saved.rules) as _,
        saved.note,
        saved.by.map(UserId::uuid),
        restored_from,
    )
    .execute(&mut **tx)
    .await?;
    Ok(())
}

/// Puts SEO rules out of force; says whether the scope may. Their versions stay, and one can be restored.
pub(crate) async fn seo_rules_delete(tx: &mut TenantTx, id: SeoRulesId) -> Result<bool, sqlx::Error> {
    let done = sqlx::query!("UPDATE seo_rules SET is_active = false WHERE id = $1 AND is_active", id.uuid())
        .execute(&mut **tx)
        .await?;
    Ok(done.rows_affected() == 1)
}
