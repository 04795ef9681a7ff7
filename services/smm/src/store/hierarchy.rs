//! What stands above and below a client, as far as the scope sees it.

use futures::{StreamExt as _, TryStreamExt as _};
use hg_common::db::{TenantTx, parsed};
use hg_contracts::smm::{Client, TreeNode};
use hg_types::ClientId;
use serde_json::{Map, Value};
use sqlx::types::Json;

use super::client::ClientRow;

/// A client below another.
#[derive(Debug, Clone)]
pub(crate) struct Descendant {
    /// The client.
    pub(crate) client: Client,
    /// 1 for a child.
    pub(crate) depth: i32,
}

/// From the root down to the parent. An ancestor out of sight is left out, and with it what is above.
pub(crate) async fn ancestor_list(tx: &mut TenantTx, id: ClientId) -> Result<Vec<Client>, sqlx::Error> {
    let rows = sqlx::query_as!(
        ClientRow,
        r#"SELECT c.id, c.name, c.slug, c.type::text AS "client_type!", c.parent_id,
                  c.metadata AS "metadata: Json<Map<String, Value>>", c.archived_at, c.created_at, c.updated_at,
                  app.role_on(c.id)::text AS role, app.user_id() IS NOT NULL AS "is_person!"
             FROM app.ancestor_chain($1) AS above JOIN clients c ON c.id = above.id
            WHERE above.distance > 0
            ORDER BY above.distance DESC"#,
        id.uuid(),
    )
    .fetch_all(&mut **tx)
    .await?;
    rows.into_iter().map(|row| row.into_seen().map(|seen| seen.client)).collect()
}

/// Everything so many levels below, the nearest first and by name within a level, up to `most`. Roles are inherited on the way down,
/// so that none has to be looked up. It is found by one walk, and only what is shown is read: through the policies,
/// each row would be compared with all that the caller sees.
pub(crate) async fn descendant_list(
    tx: &mut TenantTx,
    id: ClientId,
    levels: u32,
    most: usize,
) -> Result<Vec<Descendant>, sqlx::Error> {
    let rows = sqlx::query!(
        r#"WITH RECURSIVE seen AS MATERIALIZED (
             SELECT id, parent_id, name, own_role FROM app.client_tree($1)
           ), below AS (
             SELECT seen.id, seen.name, 0 AS depth, seen.own_role AS role FROM seen WHERE seen.id = $1
             UNION ALL
             SELECT seen.id, seen.name, below.depth + 1, greatest(below.role, seen.own_role)
               FROM below JOIN seen ON seen.parent_id = below.id
           ), shown AS (
             SELECT id, depth, role FROM below WHERE depth BETWEEN 1 AND $2 ORDER BY depth, lower(name), id LIMIT $3
           )
           SELECT c.id AS "id!", c.name AS "name!", c.slug AS "slug!", c.type::text AS "client_type!", c.parent_id,
                  c.metadata AS "metadata!: Json<Map<String, Value>>", c.archived_at, c.created_at AS "created_at!",
                  c.updated_at AS "updated_at!", shown.role::text AS role, app.user_id() IS NOT NULL AS "is_person!",
                  shown.depth AS "depth!"
             FROM shown JOIN clients c ON c.id = shown.id
            ORDER BY shown.depth, lower(c.name), c.id"#,
        id.uuid(),
        i32::try_from(levels).unwrap_or(i32::MAX),
        i64::try_from(most).unwrap_or(i64::MAX),
    )
    .fetch_all(&mut **tx)
    .await?;
    rows.into_iter()
        .map(|row| {
            let depth = row.depth;
            let seen = ClientRow {
                id: row.id,
                name: row.name,
                slug: row.slug,
                client_type: row.client_type,
                parent_id: row.parent_id,
                metadata: row.metadata,
                archived_at: row.archived_at,
                created_at: row.created_at,
                updated_at: row.updated_at,
                role: row.role,
                is_person: row.is_person,
            }
            .into_seen()?;
            Ok(Descendant { client: seen.client, depth })
        })
        .collect()
}

/// Everything in sight, or from one client downwards, in no order: what [`crate::domain::tree::tree_of`] takes.
pub(crate) async fn tree_rows(tx: &mut TenantTx, top: Option<ClientId>) -> Result<Vec<TreeNode>, sqlx::Error> {
    // Ten thousand rows: each is read while the next ones are still on their way.
    let rows = sqlx::query!(
        r#"SELECT id AS "id!", parent_id, name AS "name!", slug AS "slug!", type::text AS "client_type!", archived_at,
                  own_role::text AS role, members AS "members!"
             FROM app.client_tree($1)"#,
        top.map(ClientId::uuid),
    )
    .fetch(&mut **tx);
    rows.map(|row| {
        let row = row?;
        Ok(TreeNode {
            id: row.id.into(),
            name: row.name,
            slug: row.slug,
            client_type: parsed(&row.client_type)?,
            parent_id: row.parent_id.map(ClientId),
            depth: 0,
            archived_at: row.archived_at,
            role: row.role.as_deref().map(parsed).transpose()?,
            children: 0,
            members: row.members.unsigned_abs(),
        })
    })
    .try_collect()
    .await
}
