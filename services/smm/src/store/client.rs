//! Clients: one by id or slug, pages of them, writes. What they contain and how they go is in `deletion`.

use chrono::{DateTime, Utc};
use hg_common::db::{TenantTx, parsed};
use hg_contracts::smm::{Archived, Client, CreateClient, UpdateClient};
use hg_types::{ClientId, ClientType, Role, id::ClientRef};
use serde_json::{Map, Value};
use sqlx::types::Json;
use uuid::Uuid;

use crate::domain::client::NewSlug;

/// A client that the caller sees, and the role that decides what may be changed.
#[derive(Debug, Clone)]
pub(crate) struct SeenClient {
    /// As it goes out; its `role` is empty for API keys and services.
    pub(crate) client: Client,
    /// The caller's role on it; `member` for API keys and services.
    pub(crate) held: Option<Role>,
}

/// A row of `clients` with the caller's role.
pub(super) struct ClientRow {
    pub(super) id: Uuid,
    pub(super) name: String,
    pub(super) slug: String,
    pub(super) client_type: String,
    pub(super) parent_id: Option<Uuid>,
    pub(super) metadata: Json<Map<String, Value>>,
    pub(super) archived_at: Option<DateTime<Utc>>,
    pub(super) created_at: DateTime<Utc>,
    pub(super) updated_at: DateTime<Utc>,
    pub(super) role: Option<String>,
    pub(super) is_person: bool,
}

impl ClientRow {
    pub(super) fn into_seen(self) -> Result<SeenClient, sqlx::Error> {
        let held: Option<Role> = self.role.as_deref().map(parsed).transpose()?;
        let client = Client {
            id: self.id.into(),
            name: self.name,
            slug: self.slug,
            client_type: parsed(&self.client_type)?,
            parent_id: self.parent_id.map(ClientId),
            metadata: self.metadata.0,
            archived_at: self.archived_at,
            role: held.filter(|_| self.is_person),
            created_at: self.created_at,
            updated_at: self.updated_at,
        };
        Ok(SeenClient { client, held })
    }
}

/// The client, if the scope sees it.
pub(crate) async fn client_fetch(tx: &mut TenantTx, reference: &ClientRef) -> Result<Option<SeenClient>, sqlx::Error> {
    let (id, slug) = match reference {
        ClientRef::Id(id) => (Some(id.uuid()), None),
        ClientRef::Slug(slug) => (None, Some(slug.as_str())),
    };
    sqlx::query_as!(
        ClientRow,
        r#"SELECT c.id, c.name, c.slug, c.type::text AS "client_type!", c.parent_id,
                  c.metadata AS "metadata: Json<Map<String, Value>>", c.archived_at, c.created_at, c.updated_at,
                  app.role_on(c.id)::text AS role, app.user_id() IS NOT NULL AS "is_person!"
             FROM clients c
            WHERE c.id = $1 OR c.slug = $2"#,
        id,
        slug,
    )
    .fetch_optional(&mut **tx)
    .await?
    .map(ClientRow::into_seen)
    .transpose()
}

/// What a list of clients is narrowed to.
#[derive(Debug, Default)]
pub(crate) struct ClientFilter<'a> {
    /// Part of the name or slug.
    pub(crate) text: Option<&'a str>,
    /// Only this level.
    pub(crate) client_type: Option<ClientType>,
    /// Only what stands directly below.
    pub(crate) parent_id: Option<ClientId>,
    /// What to do with archived ones.
    pub(crate) archived: Archived,
}

impl ClientFilter<'_> {
    const fn only_archived(&self) -> Option<bool> {
        match self.archived {
            Archived::Include => None,
            Archived::Exclude => Some(false),
            Archived::Only => Some(true),
        }
    }
}

/// Which part of a list.
#[derive(Debug)]
pub(crate) struct ClientWindow<'a> {
    /// Name and id of the last client of the page before.
    pub(crate) after: Option<&'a (String, Uuid)>,
    /// Clients to skip.
    pub(crate) offset: i64,
    /// Clients to fetch.
    pub(crate) limit: i64,
}

/// A page of what the scope sees, by name. The function says which, the rows are read as the scope sees them.
pub(crate) async fn client_list(
    tx: &mut TenantTx,
    filter: &ClientFilter<'_>,
    window: &ClientWindow<'_>,
) -> Result<Vec<Client>, sqlx::Error> {
    let rows = sqlx::query_as!(
        ClientRow,
        r#"SELECT c.id AS "id!", c.name AS "name!", c.slug AS "slug!", c.type::text AS "client_type!", c.parent_id,
                  c.metadata AS "metadata!: Json<Map<String, Value>>", c.archived_at,
                  c.created_at AS "created_at!", c.updated_at AS "updated_at!",
                  app.role_on(c.id)::text AS role, app.user_id() IS NOT NULL AS "is_person!"
             FROM app.client_page($1, $2::text::client_type, $3, $4, $5, $6, $7, $8) AS page (id)
            CROSS JOIN LATERAL (SELECT * FROM clients WHERE clients.id = page.id OFFSET 0) AS c
            ORDER BY lower(c.name), c.id"#,
        filter.text,
        filter.client_type.map(ClientType::as_str),
        filter.parent_id.map(ClientId::uuid),
        filter.only_archived(),
        window.after.map(|(name, _)| name.as_str()),
        window.after.map(|(_, id)| *id),
        window.offset,
        window.limit,
    )
    .fetch_all(&mut **tx)
    .await?;
    rows.into_iter().map(|row| row.into_seen().map(|seen| seen.client)).collect()
}

/// How many clients the filter leaves, counted up to `most`.
pub(crate) async fn client_count(tx: &mut TenantTx, filter: &ClientFilter<'_>, most: i64) -> Result<u64, sqlx::Error> {
    let counted = sqlx::query_scalar!(
        r#"SELECT app.client_page_total($1, $2::text::client_type, $3, $4, $5) AS "count!""#,
        filter.text,
        filter.client_type.map(ClientType::as_str),
        filter.parent_id.map(ClientId::uuid),
        filter.only_archived(),
        most,
    )
    .fetch_one(&mut **tx)
    .await?;
    Ok(u64::try_from(counted).unwrap_or_default())
}

/// Makes a client. Its row isn't visible within the statement that makes it, so the id is made first.
pub(crate) async fn client_create(
    tx: &mut TenantTx,
    new: &CreateClient,
    slug: &NewSlug,
) -> Result<ClientId, sqlx::Error> {
    let id = sqlx::query_scalar!(r#"SELECT app.uuid_v7() AS "id!""#).fetch_one(&mut **tx).await?;
    let slug = match slug {
        NewSlug::Given(slug) => slug.clone(),
        NewSlug::Made(base) => {
            sqlx::query_scalar!(r#"SELECT app.client_slug($1) AS "slug!""#, base).fetch_one(&mut **tx).await?
        }
    };
    sqlx::query!(
        "INSERT INTO clients (id, name, slug, type, parent_id, metadata) VALUES ($1, $2, $3, $4::text::client_type, $5, $6)",
        id,
        new.name,
        slug,
        new.client_type.as_str(),
        new.parent_id.uuid(),
        Json(&new.metadata) as _,
    )
    .execute(&mut **tx)
    .await?;
    Ok(id.into())
}

/// Changes what is given; says whether the scope may.
pub(crate) async fn client_update(tx: &mut TenantTx, id: ClientId, change: &UpdateClient) -> Result<bool, sqlx::Error> {
    let done = sqlx::query!(
        "UPDATE clients SET name = coalesce($2, name), slug = coalesce($3, slug), metadata = coalesce($4, metadata) WHERE id = $1",
        id.uuid(),
        change.name.as_deref(),
        change.slug.as_deref(),
        change.metadata.as_ref().map(Json) as _,
    )
    .execute(&mut **tx)
    .await?;
    Ok(done.rows_affected() == 1)
}

/// Puts a client below another. The function checks the roles again, the table the hierarchy's rules.
pub(crate) async fn client_move(tx: &mut TenantTx, id: ClientId, parent: ClientId) -> Result<(), sqlx::Error> {
    sqlx::query!("SELECT app.client_move($1, $2)", id.uuid(), parent.uuid()).execute(&mut **tx).await?;
    Ok(())
}

/// Archives a client and what is below it.
pub(crate) async fn client_archive(tx: &mut TenantTx, id: ClientId) -> Result<(), sqlx::Error> {
    sqlx::query_scalar!("SELECT app.client_archive($1)", id.uuid()).fetch_one(&mut **tx).await?;
    Ok(())
}

/// Brings a client back, and what was archived along with it.
pub(crate) async fn client_restore(tx: &mut TenantTx, id: ClientId) -> Result<(), sqlx::Error> {
    sqlx::query_scalar!("SELECT app.client_restore($1)", id.uuid()).fetch_one(&mut **tx).await?;
    Ok(())
}

/// The caller's role on a client that may be out of their sight.
pub(crate) async fn client_role(tx: &mut TenantTx, id: ClientId) -> Result<Option<Role>, sqlx::Error> {
    let role = sqlx::query_scalar!("SELECT app.role_on($1)::text", id.uuid()).fetch_one(&mut **tx).await?;
    role.as_deref().map(parsed).transpose()
}
