//! The API keys of the operator's variable `CPM_CLIENT_API_KEYS`, as each start puts them in force.

use hg_common::db::SystemTx;
use hg_types::{ApiKeyId, id::ClientRef};

use super::clients::id_or_slug;

/// Names these keys, so that they can be told from those that people made.
const BOOTSTRAP_NAME: &str = "CPM_CLIENT_API_KEYS";
/// What stands for the beginning of such a key: nobody can be shown more of it.
pub(super) const BOOTSTRAP_PREFIX: &str = "bootstrap";

/// What became of a bootstrap key.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Bootstrapped {
    /// It is in force.
    InForce(ApiKeyId),
    /// Somebody revoked it, or it has expired: it stays so.
    Revoked,
    /// There is no such client.
    UnknownClient,
    /// The same key belongs to another client already.
    TakenByAnother,
}

/// Puts one of the operator's keys in force. One that [`bootstrap_keys_revoke_others`] revoked comes back; one that
/// somebody else revoked doesn't.
///
/// # Errors
/// When the database fails.
pub async fn bootstrap_key_put(
    tx: &mut SystemTx,
    client: &ClientRef,
    hash: &[u8; 32],
) -> Result<Bootstrapped, sqlx::Error> {
    let Some((id, slug)) = id_or_slug(client) else { return Ok(Bootstrapped::UnknownClient) };
    let client =
        sqlx::query_scalar!("SELECT id FROM clients WHERE (id = $1 OR slug = $2) AND erased_at IS NULL", id, slug)
            .fetch_optional(&mut **tx)
            .await?;
    let Some(client) = client else { return Ok(Bootstrapped::UnknownClient) };
    let put = sqlx::query_scalar!(
        "INSERT INTO api_keys AS k (client_id, name, prefix, key_hash, scopes)
         VALUES ($1, $2, 'bootstrap', $3, '{generate,jobs:read,jobs:write}')
         ON CONFLICT ON CONSTRAINT api_keys_hash_key DO UPDATE SET revoked_at = NULL, expires_at = NULL
           WHERE k.client_id = EXCLUDED.client_id AND k.name = EXCLUDED.name AND k.revoked_at = k.expires_at
         RETURNING id",
        client,
        BOOTSTRAP_NAME,
        hash.as_slice()
    )
    .fetch_optional(&mut **tx)
    .await?;
    if let Some(id) = put {
        return Ok(Bootstrapped::InForce(id.into()));
    }
    let there = sqlx::query!(
        r#"SELECT id, client_id, (revoked_at IS NULL AND (expires_at IS NULL OR expires_at > now())) AS "alive!"
             FROM api_keys WHERE key_hash = $1"#,
        hash.as_slice()
    )
    .fetch_one(&mut **tx)
    .await?;
    Ok(match there {
        key if key.client_id != client => Bootstrapped::TakenByAnother,
        key if key.alive => Bootstrapped::InForce(key.id.into()),
        _ => Bootstrapped::Revoked,
    })
}

/// Revokes the bootstrap keys that the operator's variable no longer holds; says how many.
///
/// They expire at the same instant: that tells them from keys that a person revoked, which must stay revoked.
///
/// # Errors
/// When the database fails.
pub async fn bootstrap_keys_revoke_others(tx: &mut SystemTx, in_force: &[ApiKeyId]) -> Result<u64, sqlx::Error> {
    let in_force: Vec<_> = in_force.iter().map(|id| id.uuid()).collect();
    let revoked = sqlx::query!(
        "UPDATE api_keys SET revoked_at = now(), expires_at = now()
          WHERE name = $1 AND prefix = 'bootstrap' AND id <> ALL($2) AND revoked_at IS NULL",
        BOOTSTRAP_NAME,
        &in_force
    )
    .execute(&mut **tx)
    .await?;
    Ok(revoked.rows_affected())
}
