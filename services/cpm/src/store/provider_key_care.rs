//! Stored provider keys as people look after them. What is sealed goes in; here nothing of it comes out but its hint.

use chrono::{DateTime, Utc};
use hg_common::db::TenantTx;
use hg_contracts::cpm::{ProviderKeyInfo, ProviderKeyState, ProviderKeyVerdict};
use hg_types::{ClientId, UserId};
use uuid::Uuid;

use crate::domain::keys::WantedProviderKey;

struct KeyRow {
    id: Uuid,
    client_id: Uuid,
    provider: String,
    name: String,
    hint: String,
    user_id: Option<Uuid>,
    created_at: DateTime<Utc>,
    created_by: Option<Uuid>,
    disabled_at: Option<DateTime<Utc>>,
    tested_at: Option<DateTime<Utc>>,
    test_outcome: Option<String>,
}

impl From<KeyRow> for ProviderKeyInfo {
    fn from(row: KeyRow) -> Self {
        Self {
            id: row.id,
            client_id: row.client_id.into(),
            provider: row.provider,
            name: row.name,
            hint: row.hint,
            user_id: row.user_id.map(UserId),
            state: if row.disabled_at.is_some() { ProviderKeyState::Disabled } else { ProviderKeyState::Active },
            created_at: row.created_at,
            created_by: row.created_by.map(UserId),
            disabled_at: row.disabled_at,
            tested_at: row.tested_at,
            verdict: row.test_outcome.as_deref().map(|outcome| match outcome {
                "accepted" => ProviderKeyVerdict::Accepted,
                "refused" => ProviderKeyVerdict::Refused,
                _ => ProviderKeyVerdict::Unknown,
            }),
        }
    }
}

/// Keys of a client, the newest first: all, or one, or those before one.
///
/// # Errors
/// When the database fails.
pub async fn provider_key_list(
    tx: &mut TenantTx,
    client: ClientId,
    only: Option<Uuid>,
    before: Option<Uuid>,
    limit: i64,
) -> Result<Vec<ProviderKeyInfo>, sqlx::Error> {
    let rows = sqlx::query_as!(
        KeyRow,
        "SELECT id, client_id, provider, name, hint, user_id, created_at, created_by, disabled_at, tested_at, test_outcome
           FROM provider_keys
          WHERE client_id = $1 AND ($2::uuid IS NULL OR id = $2) AND ($3::uuid IS NULL OR id < $3)
          ORDER BY id DESC LIMIT $4",
        client.uuid(),
        only,
        before,
        limit
    )
    .fetch_all(&mut **tx)
    .await?;
    Ok(rows.into_iter().map(Into::into).collect())
}

/// One key of a client.
///
/// # Errors
/// When the database fails.
pub async fn provider_key_show(
    tx: &mut TenantTx,
    client: ClientId,
    id: Uuid,
) -> Result<Option<ProviderKeyInfo>, sqlx::Error> {
    Ok(provider_key_list(tx, client, Some(id), None, 1).await?.pop())
}

/// How many keys a client has. Whoever stores one asks first, one after the other.
///
/// # Errors
/// When the database fails.
pub async fn provider_keys_count(tx: &mut TenantTx, client: ClientId) -> Result<i64, sqlx::Error> {
    sqlx::query!(
        "SELECT pg_advisory_xact_lock(hashtextextended('provider_keys:' || $1::text, 0))",
        client.uuid().to_string()
    )
    .execute(&mut **tx)
    .await?;
    sqlx::query_scalar!(r#"SELECT count(*) AS "there!" FROM provider_keys WHERE client_id = $1"#, client.uuid())
        .fetch_one(&mut **tx)
        .await
}

/// An id for a key that is about to be stored: it is part of what the key is sealed for.
///
/// # Errors
/// When the database fails.
pub async fn provider_key_id(tx: &mut TenantTx) -> Result<Uuid, sqlx::Error> {
    sqlx::query_scalar!(r#"SELECT app.uuid_v7() AS "id!""#).fetch_one(&mut **tx).await
}

/// Stores a key that is sealed for this row.
///
/// # Errors
/// When the database fails.
pub async fn provider_key_store(
    tx: &mut TenantTx,
    client: ClientId,
    id: Uuid,
    wanted: &WantedProviderKey,
    sealed: &[u8],
    by: UserId,
) -> Result<(), sqlx::Error> {
    sqlx::query!(
        "INSERT INTO provider_keys (id, client_id, user_id, provider, sealed, hint, name, created_by) VALUES ($1, $2, $3, $4, $5, $6, $7, $8)",
        id,
        client.uuid(),
        wanted.user.map(UserId::uuid),
        wanted.provider.as_str(),
        sealed,
        wanted.hint,
        wanted.name,
        by.uuid()
    )
    .execute(&mut **tx)
    .await?;
    Ok(())
}

/// Renames a key, disables or enables it; says whether there is one.
///
/// # Errors
/// When the database fails.
pub async fn provider_key_update(
    tx: &mut TenantTx,
    client: ClientId,
    id: Uuid,
    name: Option<&str>,
    state: Option<ProviderKeyState>,
) -> Result<bool, sqlx::Error> {
    let is_disabled = state.map(|state| state == ProviderKeyState::Disabled);
    let done = sqlx::query!(
        "UPDATE provider_keys SET name = coalesce($3, name), updated_at = now(),
                disabled_at = CASE WHEN $4::boolean IS NULL THEN disabled_at WHEN $4 THEN coalesce(disabled_at, now()) END
          WHERE id = $1 AND client_id = $2",
        id,
        client.uuid(),
        name,
        is_disabled
    )
    .execute(&mut **tx)
    .await?;
    Ok(done.rows_affected() > 0)
}

/// Notes what the provider said.
///
/// # Errors
/// When the database fails.
pub async fn provider_key_tested(
    tx: &mut TenantTx,
    client: ClientId,
    id: Uuid,
    verdict: ProviderKeyVerdict,
) -> Result<(), sqlx::Error> {
    let outcome = match verdict {
        ProviderKeyVerdict::Accepted => "accepted",
        ProviderKeyVerdict::Refused => "refused",
        ProviderKeyVerdict::Unknown => "unknown",
    };
    sqlx::query!(
        "UPDATE provider_keys SET tested_at = now(), test_outcome = $3 WHERE id = $1 AND client_id = $2",
        id,
        client.uuid(),
        outcome
    )
    .execute(&mut **tx)
    .await?;
    Ok(())
}

/// Deletes a key; says whether there was one.
///
/// # Errors
/// When the database fails.
pub async fn provider_key_delete(tx: &mut TenantTx, client: ClientId, id: Uuid) -> Result<bool, sqlx::Error> {
    let done = sqlx::query!("DELETE FROM provider_keys WHERE id = $1 AND client_id = $2", id, client.uuid())
        .execute(&mut **tx)
        .await?;
    Ok(done.rows_affected() > 0)
}
