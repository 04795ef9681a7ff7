//! Strategies, and the chain that an effective strategy is resolved from.

use chrono::{DateTime, Utc};
use hg_common::db::{TenantTx, parsed};
use hg_contracts::smm::{ClientFacts, Strategy};
use hg_types::{ClientId, ContentType, Role, StrategyId, UserId, id::ClientRef};
use serde_json::{Map, Value};
use sqlx::types::Json;
use uuid::Uuid;

use super::version::{Basis, Which, Written};
use crate::domain::{
    effective::{Link, Saved},
    strategy::from_stored,
};

/// A strategy that the caller sees, and the caller's role on its client; none on an ancestor's.
#[derive(Debug, Clone)]
pub(crate) struct SeenStrategy {
    /// As it goes out.
    pub(crate) strategy: Strategy,
    /// The caller's role on its client.
    pub(crate) held: Option<Role>,
}

struct StrategyRow {
    id: Uuid,
    client_id: Uuid,
    name: String,
    content_type: String,
    configuration: Json<Map<String, Value>>,
    is_active: bool,
    version: i32,
    created_at: DateTime<Utc>,
    updated_at: DateTime<Utc>,
}

impl StrategyRow {
    fn into_strategy(self) -> Result<Strategy, sqlx::Error> {
        Ok(Strategy {
            id: self.id.into(),
            client_id: self.client_id.into(),
            name: self.name,
            content_type: parsed(&self.content_type)?,
            configuration: from_stored(self.configuration.0),
            is_active: self.is_active,
            version: self.version,
            created_at: self.created_at,
            updated_at: self.updated_at,
        })
    }
}

/// What is saved: a first version or a further one.
#[derive(Debug)]
pub(crate) struct SavedStrategy<'a> {
    /// Its name.
    pub(crate) name: &'a str,
    /// What it says.
    pub(crate) configuration: &'a Map<String, Value>,
    /// Why.
    pub(crate) note: Option<&'a str>,
    /// Who saves it, where it is a person.
    pub(crate) by: Option<UserId>,
}

/// A client's own strategies, of which one decides for each content type; those that were deleted only where they are asked
/// for.
pub(crate) async fn strategy_list(
    tx: &mut TenantTx,
    client: ClientId,
    which: Which,
    most: i64,
) -> Result<Vec<Strategy>, sqlx::Error> {
    let rows = sqlx::query_as!(
        StrategyRow,
        r#"SELECT id, client_id, name, content_type::text AS "content_type!",
                  configuration AS "configuration: Json<Map<String, Value>>", is_active, version, created_at, updated_at
             FROM strategies WHERE client_id = $1 AND (is_active OR $2) ORDER BY content_type, is_active DESC, id DESC LIMIT $3"#,
        client.uuid(),
        which == Which::WithDeleted,
        most,
    )
    .fetch_all(&mut **tx)
    .await?;
    rows.into_iter().map(StrategyRow::into_strategy).collect()
}

/// One strategy, if the scope sees it: its own, or an ancestor's that it inherits.
pub(crate) async fn strategy_fetch(tx: &mut TenantTx, id: StrategyId) -> Result<Option<SeenStrategy>, sqlx::Error> {
    let row = sqlx::query_as!(
        StrategyRow,
        r#"SELECT id, client_id, name, content_type::text AS "content_type!",
                  configuration AS "configuration: Json<Map<String, Value>>", is_active, version, created_at, updated_at
             FROM strategies WHERE id = $1"#,
        id.uuid(),
    )
    .fetch_optional(&mut **tx)
    .await?;
    let Some(row) = row else { return Ok(None) };
    let held = super::client::client_role(tx, row.client_id.into()).await?;
    Ok(Some(SeenStrategy { strategy: row.into_strategy()?, held }))
}

/// Makes a strategy with its first version.
pub(crate) async fn strategy_create(
    tx: &mut TenantTx,
    client: ClientId,
    content_type: ContentType,
    saved: &SavedStrategy<'_>,
) -> Result<StrategyId, sqlx::Error> {
    let id = sqlx::query_scalar!(
        "INSERT INTO strategies (client_id, name, content_type, configuration, created_by)
         VALUES ($1, $2, $3::text::content_type, $4, $5) RETURNING id",
        client.uuid(),
        saved.name,
        content_type.as_str(),
        Json(saved.configuration) as _,
        saved.by.map(UserId::uuid),
    )
    .fetch_one(&mut **tx)
    .await?;
    version_create(tx, id, 1, client, saved, None).await?;
    Ok(id.into())
}

/// Saves a further version on its basis. Bringing a version back also brings a deleted strategy back.
pub(crate) async fn strategy_update(
    tx: &mut TenantTx,
    id: StrategyId,
    saved: &SavedStrategy<'_>,
    basis: Basis,
) -> Result<Written, sqlx::Error> {
    let row = sqlx::query!(
        "UPDATE strategies SET name = $2, configuration = $3, version = version + 1, is_active = true
          WHERE id = $1 AND ($4::int IS NULL OR version = $4) AND (is_active OR $5)
          RETURNING version, client_id",
        id.uuid(),
        saved.name,
        Json(saved.configuration) as _,
        basis.expected,
        basis.restored_from.is_some(),
    )
    .fetch_optional(&mut **tx)
    .await?;
    if let Some(row) = row {
        version_create(tx, id.uuid(), row.version, row.client_id.into(), saved, basis.restored_from).await?;
        return Ok(Written::Done);
    }
    let now = sqlx::query!("SELECT version, is_active FROM strategies WHERE id = $1", id.uuid())
        .fetch_optional(&mut **tx)
        .await?;
    Ok(basis.failed(now.map(|row| (row.version, row.is_active))))
}

async fn version_create(
    tx: &mut TenantTx,
    strategy: Uuid,
    version: i32,
    client: ClientId,
    saved: &SavedStrategy<'_>,
    restored_from: Option<i32>,
) -> Result<(), sqlx::Error> {
    sqlx::query!(
        "INSERT INTO strategy_versions (strategy_id, version, client_id, name, configuration, note, created_by, restored_from)
         VALUES ($1, $2, $3, $4, $5, $6, $7, $8)",
        strategy,
        version,
        client.uuid(),
        saved.name,
        Json(saved.configuration) as _,
        saved.note,
        saved.by.map(UserId::uuid),
        restored_from,
    )
    .execute(&mut **tx)
    .await?;
    Ok(())
}

/// Puts a strategy out of force; says whether the scope may. Its versions stay: jobs name them, and one can be restored.
pub(crate) async fn strategy_delete(tx: &mut TenantTx, id: StrategyId) -> Result<bool, sqlx::Error> {
    let done = sqlx::query!("UPDATE strategies SET is_active = false WHERE id = $1 AND is_active", id.uuid())
        .execute(&mut **tx)
        .await?;
    Ok(done.rows_affected() == 1)
}

/// The content types for which the client or an ancestor has an active strategy.
pub(crate) async fn strategy_inherited_types(
    tx: &mut TenantTx,
    client: ClientId,
) -> Result<Vec<ContentType>, sqlx::Error> {
    let rows = sqlx::query_scalar!(
        r#"SELECT DISTINCT s.content_type::text AS "content_type!"
             FROM app.ancestor_chain($1) AS above JOIN strategies s ON s.client_id = above.id AND s.is_active"#,
        client.uuid(),
    )
    .fetch_all(&mut **tx)
    .await?;
    rows.iter().map(|text| parsed(text)).collect()
}

/// The client and, from it upwards, everybody's active strategy and SEO rules for the content type, in one round trip.
/// Nothing for a client that the scope doesn't see.
pub(crate) async fn strategy_chain(
    tx: &mut TenantTx,
    reference: &ClientRef,
    content_type: ContentType,
) -> Result<Option<(ClientFacts, Vec<Link>)>, sqlx::Error> {
    let (id, slug) = match reference {
        ClientRef::Id(id) => (Some(id.uuid()), None),
        ClientRef::Slug(slug) => (None, Some(slug.as_str())),
    };
    let rows = sqlx::query!(
        r#"SELECT client_id AS "client_id!", client_name AS "client_name!", client_slug AS "client_slug!",
                  client_type::text AS "client_type!", distance AS "distance!",
                  metadata AS "metadata: Json<Map<String, Value>>", strategy_id, strategy_version,
                  configuration AS "configuration: Json<Map<String, Value>>", rules_id, rules_version,
                  rules AS "rules: Json<Map<String, Value>>"
             FROM app.strategy_chain($1, $2, $3::text::content_type)"#,
        id,
        slug,
        content_type.as_str(),
    )
    .fetch_all(&mut **tx)
    .await?;
    let mut facts = None;
    let mut chain = Vec::with_capacity(rows.len());
    for row in rows {
        facts.get_or_insert_with(|| ClientFacts {
            id: row.client_id.into(),
            name: row.client_name.clone(),
            slug: row.client_slug,
            metadata: row.metadata.map(|metadata| metadata.0).unwrap_or_default(),
        });
        let strategy = saved(row.strategy_id, row.strategy_version, row.configuration);
        let seo_rules = saved(row.rules_id, row.rules_version, row.rules);
        chain.push(Link {
            client_id: row.client_id.into(),
            client_name: row.client_name,
            client_type: parsed(&row.client_type)?,
            distance: row.distance,
            strategy,
            seo_rules,
        });
    }
    Ok(facts.map(|facts| (facts, chain)))
}

fn saved<Id: From<Uuid>>(
    id: Option<Uuid>,
    version: Option<i32>,
    fields: Option<Json<Map<String, Value>>>,
) -> Option<Saved<Id>> {
    Some(Saved { id: id?.into(), version: version?, fields: fields?.0 })
}
