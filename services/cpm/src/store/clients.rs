//! Which clients a query is about.

use hg_common::db::TenantTx;
use hg_types::{ClientId, Role, id::ClientRef};
use uuid::Uuid;

use super::named;

/// A client that the scope sees.
#[derive(Clone, Copy, Debug)]
pub struct SeenClient {
    /// Which.
    pub id: ClientId,
    /// The caller's role on it.
    pub role: Option<Role>,
    /// Whether it is archived.
    pub is_archived: bool,
}

/// What a query asks for: an id, or else a slug. `None` for what no slug can be: it names no client, and a zero byte in it would be the
/// database's error instead of a 404.
pub(crate) fn id_or_slug(client: &ClientRef) -> Option<(Option<Uuid>, Option<&str>)> {
    match client {
        ClientRef::Id(id) => Some((Some(id.uuid()), None)),
        ClientRef::Slug(slug) => is_slug(slug).then_some((None, Some(slug.as_str()))),
    }
}

fn is_slug(text: &str) -> bool {
    !text.is_empty()
        && text.len() <= 100
        && text.bytes().all(|byte| byte.is_ascii_lowercase() || byte.is_ascii_digit() || byte == b'-')
}

/// The client, if the scope sees it.
///
/// # Errors
/// When the database fails.
pub async fn client_seen(tx: &mut TenantTx, client: &ClientRef) -> Result<Option<SeenClient>, sqlx::Error> {
    let Some((id, slug)) = id_or_slug(client) else { return Ok(None) };
    let row = sqlx::query!(
        r#"SELECT c.id, app.role_on(c.id)::text AS role, c.archived_at IS NOT NULL AS "is_archived!"
             FROM clients c WHERE c.id = $1 OR c.slug = $2"#,
        id,
        slug
    )
    .fetch_optional(&mut **tx)
    .await?;
    row.map(|row| {
        let role = row.role.as_deref().map(named).transpose()?;
        Ok(SeenClient { id: ClientId(row.id), role, is_archived: row.is_archived })
    })
    .transpose()
}

/// Every client that the scope sees.
///
/// # Errors
/// When the database fails.
pub async fn clients_visible(tx: &mut TenantTx) -> Result<Vec<Uuid>, sqlx::Error> {
    sqlx::query_scalar!(r#"SELECT app.accessible_client_ids() AS "ids!""#).fetch_one(&mut **tx).await
}

/// A client and everything below it; `None` where the scope sees no such client.
///
/// # Errors
/// When the database fails.
pub async fn client_subtree(tx: &mut TenantTx, client: &ClientRef) -> Result<Option<Vec<Uuid>>, sqlx::Error> {
    let Some((id, slug)) = id_or_slug(client) else { return Ok(None) };
    let ids = sqlx::query_scalar!(
        r#"WITH RECURSIVE tree AS (
             SELECT c.id FROM clients c WHERE c.id = $1 OR c.slug = $2
             UNION ALL
             SELECT c.id FROM clients c JOIN tree ON c.parent_id = tree.id
           ) SELECT id AS "id!" FROM tree"#,
        id,
        slug
    )
    .fetch_all(&mut **tx)
    .await?;
    Ok(if ids.is_empty() { None } else { Some(ids) })
}
