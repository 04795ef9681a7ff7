//! The sample hierarchy.

use anyhow::{Context as _, Result};
use serde::Deserialize;
use serde_json::{Map, Value};
use sqlx::PgConnection;

use super::{ROOT_SLUG, What};

const CLIENTS: &str = include_str!("clients.json");

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct SeedClient {
    name: String,
    slug: String,
    #[serde(rename = "type")]
    kind: String,
    parent: Option<String>,
    metadata: Map<String, Value>,
}

/// Writes the clients that are missing; parents stand before their children.
pub(super) async fn write(connection: &mut PgConnection, what: What) -> Result<usize> {
    let mut clients: Vec<SeedClient> = serde_json::from_str(CLIENTS).context("clients.json")?;
    if what == What::Needed {
        clients.retain(|client| client.slug == ROOT_SLUG);
    }
    let mut new = 0;
    for client in clients {
        let done = sqlx::query(
            "INSERT INTO clients (name, slug, type, parent_id, metadata)
             VALUES ($1, $2, $3::client_type, (SELECT id FROM clients WHERE slug = $4), $5)
             ON CONFLICT ON CONSTRAINT clients_slug_key DO NOTHING",
        )
        .bind(&client.name)
        .bind(&client.slug)
        .bind(&client.kind)
        .bind(&client.parent)
        .bind(Value::Object(client.metadata))
        .execute(&mut *connection)
        .await
        .with_context(|| client.slug.clone())?;
        new += usize::try_from(done.rows_affected())?;
    }
    Ok(new)
}
