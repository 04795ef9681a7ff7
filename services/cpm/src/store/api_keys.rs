//! Trusted services' API keys: one look-up for one hash, and the operator's bootstrap keys.

use std::time::Duration;

use hg_common::{
    auth::{ApiScope, Principal},
    db::{AnonymousTx, SystemTx},
};
use hg_types::{ApiKeyId, ClientId, id::ClientRef};

/// Names the bootstrap keys, so that they can be told from those that people made.
const BOOTSTRAP_NAME: &str = "CPM_CLIENT_API_KEYS";
/// What stands for the beginning of such a key: nobody can be shown more of it.
pub(super) const BOOTSTRAP_PREFIX: &str = "bootstrap";

/// A key that was found.
#[derive(Clone, Debug)]
pub struct FoundKey {
    /// Who it stands for.
    pub principal: Principal,
    /// Its own number of requests per minute.
    pub requests_per_minute: Option<u32>,
    /// Whether it has a limit of jobs or money.
    pub is_limited: bool,
}

/// Who a key stands for, if it is alive.
///
/// # Errors
/// When the database fails.
pub async fn api_key_lookup(tx: &mut AnonymousTx, hash: &[u8; 32]) -> Result<Option<FoundKey>, sqlx::Error> {
    let row = sqlx::query!(
        r#"SELECT id AS "id!", client_id AS "client_id!", scopes AS "scopes!", requests_per_minute, is_limited AS "is_limited!"
             FROM app.api_key_lookup($1)"#,
        hash.as_slice()
    )
    .fetch_optional(&mut **tx)
    .await?;
    Ok(row.map(|row| FoundKey {
        principal: Principal::Key {
            id: row.id.into(),
            client: ClientId(row.client_id),
            scopes: row.scopes.iter().filter_map(|scope| ApiScope::parse(scope)).collect(),
        },
        requests_per_minute: row.requests_per_minute.and_then(|number| u32::try_from(number).ok()),
        is_limited: row.is_limited,
    }))
}

/// Whether a key that was found so long ago may still watch jobs: it is alive, has the scope, and none of its secrets has ended
/// meanwhile, for nobody knows any more which of them was shown; and its client isn't archived.
///
/// # Errors
/// When the database fails.
pub async fn api_key_watches(tx: &mut SystemTx, key: ApiKeyId, found: Duration) -> Result<bool, sqlx::Error> {
    sqlx::query_scalar!(
        r#"SELECT EXISTS (
             SELECT FROM api_keys k JOIN clients c ON c.id = k.client_id
              WHERE k.id = $1 AND k.revoked_at IS NULL AND (k.expires_at IS NULL OR k.expires_at > now())
                AND 'jobs:read' = ANY (k.scopes) AND c.archived_at IS NULL
                -- Rotated since, and the secret before goes on no more; or it has ended since.
                AND (k.rotated_at IS NULL OR k.rotated_at <= now() - make_interval(secs => $2) OR k.old_expires_at > now())
                AND (k.old_expires_at IS NULL OR k.old_expires_at > now() OR k.old_expires_at <= now() - make_interval(secs => $2))
           ) AS "watches!""#,
        key.uuid(),
        found.as_secs_f64()
    )
    .fetch_one(&mut **tx)
    .await
}

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
    let (id, slug) = match client {
        ClientRef::Id(id) => (Some(id.uuid()), None),
        ClientRef::Slug(slug) => (None, Some(slug.as_str())),
    };
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
