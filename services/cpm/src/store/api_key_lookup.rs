//! API keys as callers show them: who a secret stands for, and whether a key that was let in still holds. It must not change
//! a key; people do ([`super::api_keys`]), and the operator's start ([`super::bootstrap_keys`]).

use std::time::Duration;

use hg_common::{
    auth::{ApiScope, Principal},
    db::{AnonymousTx, SystemTx},
};
use hg_types::{ApiKeyId, ClientId};
use tokio::time::Instant;

/// A key that was found.
#[derive(Clone, Debug)]
pub struct FoundKey {
    /// Who it stands for.
    pub principal: Principal,
    /// Its own number of requests per minute.
    pub requests_per_minute: Option<u32>,
    /// Whether it has a limit of jobs or money.
    pub is_limited: bool,
    /// When the secret that was shown ends by itself, if it does: reckoned from what the database's clock left it, so that another
    /// clock's time doesn't matter.
    pub ends: Option<Instant>,
}

impl FoundKey {
    /// Whether the secret that was shown hasn't ended by itself since.
    #[must_use]
    pub fn goes_on(&self) -> bool {
        self.ends.is_none_or(|ends| Instant::now() < ends)
    }
}

/// Who a key stands for, if it is alive.
///
/// # Errors
/// When the database fails.
pub async fn api_key_lookup(tx: &mut AnonymousTx, hash: &[u8; 32]) -> Result<Option<FoundKey>, sqlx::Error> {
    // Before the database reckons: rather too early than too late.
    let now = Instant::now();
    let row = sqlx::query!(
        r#"SELECT id AS "id!", client_id AS "client_id!", scopes AS "scopes!", requests_per_minute, is_limited AS "is_limited!", seconds_left
             FROM app.api_key_find($1)"#,
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
        // An end too far away to be told is none.
        ends: row.seconds_left.and_then(|left| now.checked_add(Duration::try_from_secs_f64(left.max(0.0)).ok()?)),
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
