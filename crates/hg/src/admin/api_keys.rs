//! API keys of trusted services: made here, shown once, stored as a hash.

use anyhow::{Context as _, Result};
use chrono::{DateTime, TimeDelta, Utc};
use hg_common::auth::ApiScope;
use hg_common::auth::api_key;
use sqlx::PgConnection;
use uuid::Uuid;

use super::users::client_id;
use crate::cli::ApiKey;
use crate::database::connect_as_owner;

/// `admin api-key`.
pub(super) async fn create(options: ApiKey) -> Result<()> {
    for scope in &options.scopes {
        ApiScope::parse(scope).with_context(|| {
            format!("--scopes: {scope:?} is not one of generate, jobs:read, jobs:write, usage:read")
        })?;
    }
    let mut connection = connect_as_owner(&options.direct.url()?).await?;
    let client = client_id(&mut connection, &options.client).await?;
    let key = api_key::ApiKey::generate();
    let expires_at = options.expires_days.map(|days| Utc::now() + TimeDelta::days(days.into()));
    save(&mut connection, &key, client, &options.name, &options.scopes, expires_at).await?;
    println!("{}", key.reveal());
    eprintln!("This key is shown once: only its hash is stored.");
    Ok(())
}

/// Stores a key, unless it is there.
pub(crate) async fn save(
    connection: &mut PgConnection,
    key: &api_key::ApiKey,
    client: Uuid,
    name: &str,
    scopes: &[String],
    expires_at: Option<DateTime<Utc>>,
) -> Result<()> {
    sqlx::query(
        "INSERT INTO api_keys (client_id, name, prefix, key_hash, scopes, expires_at) VALUES ($1, $2, $3, $4, $5, $6)
         ON CONFLICT ON CONSTRAINT api_keys_hash_key DO NOTHING",
    )
    .bind(client)
    .bind(name)
    .bind(key.prefix())
    .bind(key.hash().as_slice())
    .bind(scopes)
    .bind(expires_at)
    .execute(connection)
    .await
    .context("cannot store the API key")?;
    Ok(())
}
