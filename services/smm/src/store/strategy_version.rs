//! The versions of strategies: read only; they are written with strategies themselves.

use hg_common::db::TenantTx;
use hg_types::StrategyId;
use serde_json::{Map, Value};
use sqlx::types::Json;

use super::version::{StoredVersion, VersionRow};

/// A page of versions, the newest first.
pub(crate) async fn strategy_version_list(
    tx: &mut TenantTx,
    id: StrategyId,
    before: Option<i32>,
    limit: i64,
) -> Result<Vec<StoredVersion>, sqlx::Error> {
    let rows = sqlx::query_as!(
        VersionRow,
        r#"SELECT v.version, v.version = s.version AS "is_current!", v.restored_from, v.name AS "name?",
                  v.configuration AS "fields: Json<Map<String, Value>>", v.note, v.created_at, v.created_by,
                  a.display_name AS "author_name?"
             FROM strategies s
             JOIN strategy_versions v ON v.strategy_id = s.id
             LEFT JOIN app.version_authors(s.client_id) AS a ON a.user_id = v.created_by
            WHERE s.id = $1 AND ($2::int IS NULL OR v.version < $2)
            ORDER BY v.version DESC
            LIMIT $3"#,
        id.uuid(),
        before,
        limit,
    )
    .fetch_all(&mut **tx)
    .await?;
    Ok(rows.into_iter().map(StoredVersion::from).collect())
}

/// One version, if the scope sees it.
pub(crate) async fn strategy_version_fetch(
    tx: &mut TenantTx,
    id: StrategyId,
    version: i32,
) -> Result<Option<StoredVersion>, sqlx::Error> {
    let row = sqlx::query_as!(
        VersionRow,
        r#"SELECT v.version, v.version = s.version AS "is_current!", v.restored_from, v.name AS "name?",
                  v.configuration AS "fields: Json<Map<String, Value>>", v.note, v.created_at, v.created_by,
                  a.display_name AS "author_name?"
             FROM strategies s
             JOIN strategy_versions v ON v.strategy_id = s.id
             LEFT JOIN app.version_authors(s.client_id) AS a ON a.user_id = v.created_by
            WHERE s.id = $1 AND v.version = $2"#,
        id.uuid(),
        version,
    )
    .fetch_optional(&mut **tx)
    .await?;
    Ok(row.map(StoredVersion::from))
}
