//! The SQL of SEO rules.

use hg_common::db::TenantTx;
use hg_types::{ClientId, ContentType, UserId};
use serde_json::{Map, Value};
use sqlx::types::Json;
use uuid::Uuid;

use super::versioned::{Basis, Row, Save, Tables, VersionRow, Which};

/// SEO rules, as a kind of what is saved in versions. They have no name.
#[derive(Debug)]
pub(crate) enum RulesForSeo {}

impl Tables for RulesForSeo {
    async fn list(tx: &mut TenantTx, client: ClientId, which: Which, most: i64) -> Result<Vec<Row>, sqlx::Error> {
        sqlx::query_as!(
            Row,
            r#"SELECT id, client_id, NULL::text AS name, content_type::text AS "content_type!",
                      rules AS "fields: Json<Map<String, Value>>", is_active, version, created_at, updated_at
                 FROM seo_rules WHERE client_id = $1 AND (is_active OR $2)
                ORDER BY is_active DESC, content_type, id DESC LIMIT $3"#,
            client.uuid(),
            which == Which::WithDeleted,
            most,
        )
        .fetch_all(&mut **tx)
        .await
    }

    async fn fetch(tx: &mut TenantTx, id: Uuid) -> Result<Option<Row>, sqlx::Error> {
        sqlx::query_as!(
            Row,
            r#"SELECT id, client_id, NULL::text AS name, content_type::text AS "content_type!",
                      rules AS "fields: Json<Map<String, Value>>", is_active, version, created_at, updated_at
                 FROM seo_rules WHERE id = $1"#,
            id,
        )
        .fetch_optional(&mut **tx)
        .await
    }

    async fn insert(
        tx: &mut TenantTx,
        client: ClientId,
        content_type: ContentType,
        save: &Save<'_>,
    ) -> Result<Uuid, sqlx::Error> {
        sqlx::query_scalar!(
            "WITH made AS (
               INSERT INTO seo_rules (client_id, content_type, rules, created_by)
               VALUES ($1, $2::text::content_type, $3, $4) RETURNING *)
             INSERT INTO seo_rule_versions (seo_rules_id, version, client_id, rules, note, created_by)
             SELECT id, version, client_id, rules, $5::text, created_by FROM made RETURNING seo_rules_id",
            client.uuid(),
            content_type.as_str(),
            Json(save.fields) as _,
            save.by.map(UserId::uuid),
            save.note,
        )
        .fetch_one(&mut **tx)
        .await
    }

    async fn change(tx: &mut TenantTx, id: Uuid, save: &Save<'_>, basis: Basis) -> Result<bool, sqlx::Error> {
        let done = sqlx::query!(
            "WITH changed AS (
               UPDATE seo_rules SET rules = $2, version = version + 1, is_active = true
                WHERE id = $1 AND ($3::int IS NULL OR version = $3) AND (is_active OR $4::int IS NOT NULL) RETURNING *)
             INSERT INTO seo_rule_versions (seo_rules_id, version, client_id, rules, restored_from, note, created_by)
             SELECT id, version, client_id, rules, $4::int, $5::text, $6::uuid FROM changed",
            id,
            Json(save.fields) as _,
            basis.expected,
            basis.restored_from,
            save.note,
            save.by.map(UserId::uuid),
        )
        .execute(&mut **tx)
        .await?;
        Ok(done.rows_affected() == 1)
    }

    async fn retire(tx: &mut TenantTx, id: Uuid, expected: Option<i32>) -> Result<bool, sqlx::Error> {
        let done = sqlx::query!(
            "UPDATE seo_rules SET is_active = false WHERE id = $1 AND is_active AND ($2::int IS NULL OR version = $2)",
            id,
            expected,
        )
        .execute(&mut **tx)
        .await?;
        Ok(done.rows_affected() == 1)
    }

    async fn versions(
        tx: &mut TenantTx,
        id: Uuid,
        before: Option<i32>,
        limit: i64,
    ) -> Result<Vec<VersionRow>, sqlx::Error> {
        sqlx::query_as!(
            VersionRow,
            r#"SELECT v.version, v.version = s.version AS "is_current!", v.restored_from, NULL::text AS name,
                      v.rules AS "fields: Json<Map<String, Value>>", v.note, v.created_at, v.created_by,
                      a.display_name AS "author_name?"
                 FROM seo_rules s
                 JOIN seo_rule_versions v ON v.seo_rules_id = s.id
                 LEFT JOIN app.version_authors(s.client_id) AS a ON a.user_id = v.created_by
                WHERE s.id = $1 AND ($2::int IS NULL OR v.version < $2)
                ORDER BY v.version DESC LIMIT $3"#,
            id,
            before,
            limit,
        )
        .fetch_all(&mut **tx)
        .await
    }
}
