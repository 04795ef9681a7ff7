//! The hierarchy, and an API key for each customer.

use anyhow::{Context as _, Result};
use hg_common::auth::api_key::ApiKey;
use hg_types::ClientId;
use sqlx::PgConnection;
use uuid::Uuid;

use super::{AGENCIES, CUSTOMERS};

/// A customer, and the key of the trusted service that asks for its content.
#[derive(Clone, Debug)]
pub struct Tenant {
    /// Its id.
    pub id: ClientId,
    /// Its slug.
    pub slug: String,
    /// Its API key.
    pub key: String,
}

pub(super) async fn root(db: &mut PgConnection) -> Result<ClientId> {
    let id: Uuid = sqlx::query_scalar(
        "INSERT INTO clients (slug, name, type) VALUES ('hg-content', 'HG Content', 'root') RETURNING id",
    )
    .fetch_one(db)
    .await
    .context("cannot plant the root")?;
    Ok(ClientId(id))
}

pub(super) async fn agencies(db: &mut PgConnection, root: ClientId) -> Result<Vec<ClientId>> {
    let ids: Vec<Uuid> = sqlx::query_scalar(
        "WITH made AS (
           INSERT INTO clients (slug, name, type, parent_id)
           SELECT 'agency-' || lpad(n::text, 2, '0'), 'Agency ' || n, 'agency', $1 FROM generate_series(1, $2) n
           RETURNING id, slug
         ) SELECT id FROM made ORDER BY slug",
    )
    .bind(root.uuid())
    .bind(AGENCIES)
    .fetch_all(db)
    .await
    .context("cannot plant agencies")?;
    anyhow::ensure!(!ids.is_empty(), "no agency was planted");
    Ok(ids.into_iter().map(ClientId).collect())
}

pub(super) async fn customers(db: &mut PgConnection) -> Result<Vec<Tenant>> {
    let rows: Vec<(Uuid, String)> = sqlx::query_as(
        r#"WITH made AS (
             INSERT INTO clients (slug, name, type, parent_id, metadata)
             SELECT a.slug || '-customer-' || lpad(n::text, 2, '0'), 'Customer ' || n || ' of ' || a.name, 'customer', a.id,
                    '{"industry": "Electrical contracting", "location": "Cincinnati, Ohio",
                      "services": ["Commercial wiring", "Panel upgrades", "Emergency repairs"]}'::jsonb
               FROM clients a, generate_series(1, $1) n
              WHERE a.type = 'agency'
             RETURNING id, slug
           ) SELECT id, slug FROM made ORDER BY right(slug, 2), slug"#,
    )
    .bind(CUSTOMERS)
    .fetch_all(&mut *db)
    .await
    .context("cannot plant customers")?;
    let keys: Vec<ApiKey> = rows.iter().map(|_| ApiKey::generate()).collect();
    sqlx::query(
        "INSERT INTO api_keys (client_id, name, prefix, key_hash, scopes)
         SELECT id, 'benchmark', prefix, hash, '{generate,jobs:read,jobs:write}'
           FROM unnest($1::uuid[], $2::text[], $3::bytea[]) AS t (id, prefix, hash)",
    )
    .bind(rows.iter().map(|(id, _)| *id).collect::<Vec<_>>())
    .bind(keys.iter().map(|key| key.prefix().to_owned()).collect::<Vec<_>>())
    .bind(keys.iter().map(|key| key.hash().to_vec()).collect::<Vec<_>>())
    .execute(db)
    .await
    .context("cannot plant API keys")?;
    let tenants = rows.into_iter().zip(keys);
    Ok(tenants.map(|((id, slug), key)| Tenant { id: ClientId(id), slug, key: key.reveal().to_owned() }).collect())
}
