//! API keys as people look after them: rows without secrets, and the changes. A hash goes in and never comes out.

use chrono::{DateTime, Utc};
use hg_common::{auth::ApiScope, db::TenantTx};
use hg_contracts::cpm::{ApiKeyInfo, ApiKeyOrigin, ApiKeyState, ApiKeyUse, OldSecret};
use hg_types::{ApiKeyId, ClientId, Usd, UserId};
use sqlx::types::Decimal;
use uuid::Uuid;

use super::{bootstrap_keys::BOOTSTRAP_PREFIX, usd};
use crate::domain::keys::WantedApiKey;

/// A secret as it is stored.
#[derive(Clone, Debug)]
pub struct NewSecret {
    /// SHA-256 of it.
    pub hash: [u8; 32],
    /// How it begins.
    pub prefix: String,
}

/// Which keys.
#[derive(Clone, Copy, Debug, Default)]
pub struct ApiKeyFilter {
    /// This one alone.
    pub id: Option<ApiKeyId>,
    /// In this state.
    pub state: Option<ApiKeyState>,
    /// Older than this one.
    pub before: Option<Uuid>,
}

struct KeyRow {
    id: Uuid,
    client_id: Uuid,
    name: String,
    prefix: String,
    scopes: Vec<String>,
    state: String,
    requests_per_minute: Option<i32>,
    jobs_per_day: Option<i32>,
    daily_limit: Option<Decimal>,
    monthly_limit: Option<Decimal>,
    jobs_today: i32,
    spent_today: Decimal,
    reserved_today: Decimal,
    spent_this_month: Decimal,
    reserved_this_month: Decimal,
    created_at: DateTime<Utc>,
    created_by: Option<Uuid>,
    last_used_at: Option<DateTime<Utc>>,
    expires_at: Option<DateTime<Utc>>,
    rotated_at: Option<DateTime<Utc>>,
    rotated_by: Option<Uuid>,
    old_prefix: Option<String>,
    old_expires_at: Option<DateTime<Utc>>,
    old_last_used_at: Option<DateTime<Utc>>,
    revoked_at: Option<DateTime<Utc>>,
    revoked_by: Option<Uuid>,
}

impl KeyRow {
    fn into_info(self) -> Result<ApiKeyInfo, sqlx::Error> {
        let count = |number: i32| u32::try_from(number).unwrap_or_default();
        let used = match (self.jobs_per_day, self.daily_limit, self.monthly_limit) {
            (None, None, None) => None,
            _ => Some(ApiKeyUse {
                jobs_today: count(self.jobs_today),
                spent_today_usd: usd(self.spent_today)?,
                reserved_today_usd: usd(self.reserved_today)?,
                spent_this_month_usd: usd(self.spent_this_month)?,
                reserved_this_month_usd: usd(self.reserved_this_month)?,
            }),
        };
        let old_secret = match (self.old_prefix, self.old_expires_at) {
            (Some(prefix), Some(expires_at)) => {
                Some(OldSecret { prefix, expires_at, last_used_at: self.old_last_used_at })
            }
            _ => None,
        };
        let is_environment = self.prefix == BOOTSTRAP_PREFIX;
        Ok(ApiKeyInfo {
            id: self.id.into(),
            client_id: self.client_id.into(),
            name: self.name,
            prefix: self.prefix,
            origin: if is_environment { ApiKeyOrigin::Environment } else { ApiKeyOrigin::Made },
            scopes: self.scopes,
            state: match self.state.as_str() {
                "active" => ApiKeyState::Active,
                "expired" => ApiKeyState::Expired,
                _ => ApiKeyState::Revoked,
            },
            requests_per_minute: self.requests_per_minute.map(count),
            jobs_per_day: self.jobs_per_day.map(count),
            daily_limit_usd: self.daily_limit.map(usd).transpose()?,
            monthly_limit_usd: self.monthly_limit.map(usd).transpose()?,
            used,
            created_at: self.created_at,
            created_by: self.created_by.map(UserId),
            last_used_at: self.last_used_at,
            expires_at: self.expires_at,
            rotated_at: self.rotated_at,
            rotated_by: self.rotated_by.map(UserId),
            old_secret,
            revoked_at: self.revoked_at,
            revoked_by: self.revoked_by.map(UserId),
        })
    }
}

const fn state_name(state: ApiKeyState) -> &'static str {
    match state {
        ApiKeyState::Active => "active",
        ApiKeyState::Expired => "expired",
        ApiKeyState::Revoked => "revoked",
    }
}

/// Keys of a client, the newest first.
///
/// # Errors
/// When the database fails.
pub async fn api_key_list(
    tx: &mut TenantTx,
    client: ClientId,
    filter: ApiKeyFilter,
    limit: i64,
) -> Result<Vec<ApiKeyInfo>, sqlx::Error> {
    let rows = sqlx::query_as!(
        KeyRow,
        r#"SELECT k.id, k.client_id, k.name, k.prefix, k.scopes, s.state AS "state!", k.requests_per_minute, k.jobs_per_day,
                  k.daily_limit, k.monthly_limit, coalesce(d.jobs, 0) AS "jobs_today!", coalesce(d.spent, 0) AS "spent_today!",
                  coalesce(d.reserved, 0) AS "reserved_today!", coalesce(m.spent, 0) AS "spent_this_month!",
                  coalesce(m.reserved, 0) AS "reserved_this_month!", k.created_at, k.created_by, k.last_used_at, k.expires_at,
                  k.rotated_at, k.rotated_by, o.old_prefix, o.old_expires_at, o.old_last_used_at,
                  k.revoked_at, k.revoked_by
             FROM api_keys k
             CROSS JOIN LATERAL (SELECT CASE WHEN k.revoked_at IS NOT NULL THEN 'revoked'
                                             WHEN k.expires_at <= now() THEN 'expired' ELSE 'active' END AS state) s
             LEFT JOIN LATERAL (SELECT k.old_prefix, k.old_expires_at, k.old_last_used_at
                                 WHERE k.old_expires_at > now() AND s.state = 'active') o ON true
             LEFT JOIN api_key_budgets d ON d.api_key_id = k.id AND d.period = 'day' AND d.period_start = (now() AT TIME ZONE 'UTC')::date
             LEFT JOIN api_key_budgets m ON m.api_key_id = k.id AND m.period = 'month'
                   AND m.period_start = date_trunc('month', now() AT TIME ZONE 'UTC')::date
            WHERE k.client_id = $1 AND ($2::uuid IS NULL OR k.id = $2) AND ($3::text IS NULL OR s.state = $3)
              AND ($4::uuid IS NULL OR k.id < $4)
            ORDER BY k.id DESC LIMIT $5"#,
        client.uuid(),
        filter.id.map(ApiKeyId::uuid),
        filter.state.map(state_name),
        filter.before,
        limit
    )
    .fetch_all(&mut **tx)
    .await?;
    rows.into_iter().map(KeyRow::into_info).collect()
}

/// One key of a client.
///
/// # Errors
/// When the database fails.
pub async fn api_key_fetch(
    tx: &mut TenantTx,
    client: ClientId,
    id: ApiKeyId,
) -> Result<Option<ApiKeyInfo>, sqlx::Error> {
    let filter = ApiKeyFilter { id: Some(id), ..ApiKeyFilter::default() };
    Ok(api_key_list(tx, client, filter, 1).await?.pop())
}

/// One key of a client, which nobody else changes until the end of the transaction.
///
/// # Errors
/// When the database fails.
pub async fn api_key_hold(
    tx: &mut TenantTx,
    client: ClientId,
    id: ApiKeyId,
) -> Result<Option<ApiKeyInfo>, sqlx::Error> {
    sqlx::query_scalar!(
        "SELECT id FROM api_keys WHERE id = $1 AND client_id = $2 FOR NO KEY UPDATE",
        id.uuid(),
        client.uuid()
    )
    .fetch_optional(&mut **tx)
    .await?;
    api_key_fetch(tx, client, id).await
}

/// How many living keys a client has. Whoever makes one asks first: one after the other, so that the answer still holds then.
///
/// # Errors
/// When the database fails.
pub async fn api_keys_alive(tx: &mut TenantTx, client: ClientId) -> Result<i64, sqlx::Error> {
    sqlx::query!(
        "SELECT pg_advisory_xact_lock(hashtextextended('api_keys:' || $1::text, 0))",
        client.uuid().to_string()
    )
    .execute(&mut **tx)
    .await?;
    sqlx::query_scalar!(
        r#"SELECT count(*) AS "alive!" FROM api_keys
            WHERE client_id = $1 AND revoked_at IS NULL AND (expires_at IS NULL OR expires_at > now())"#,
        client.uuid()
    )
    .fetch_one(&mut **tx)
    .await
}

fn scope_names(scopes: &[ApiScope]) -> Vec<String> {
    scopes.iter().map(|scope| scope.as_str().to_owned()).collect()
}

/// Makes a key.
///
/// # Errors
/// When the database fails.
pub async fn api_key_create(
    tx: &mut TenantTx,
    client: ClientId,
    wanted: &WantedApiKey,
    secret: &NewSecret,
    by: UserId,
) -> Result<ApiKeyId, sqlx::Error> {
    let id = sqlx::query_scalar!(
        "INSERT INTO api_keys (client_id, name, prefix, key_hash, scopes, expires_at, created_by, requests_per_minute, jobs_per_day,
                               daily_limit, monthly_limit)
         VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11) RETURNING id",
        client.uuid(),
        wanted.name,
        secret.prefix,
        secret.hash.as_slice(),
        &scope_names(&wanted.scopes),
        wanted.expires_at,
        by.uuid(),
        wanted.requests_per_minute,
        wanted.jobs_per_day,
        wanted.daily_limit.map(Usd::to_decimal),
        wanted.monthly_limit.map(Usd::to_decimal)
    )
    .fetch_one(&mut **tx)
    .await?;
    Ok(id.into())
}

/// Changes a key that is held.
///
/// # Errors
/// When the database fails.
pub async fn api_key_update(
    tx: &mut TenantTx,
    client: ClientId,
    id: ApiKeyId,
    wanted: &WantedApiKey,
) -> Result<(), sqlx::Error> {
    sqlx::query!(
        "UPDATE api_keys SET name = $3, scopes = $4, expires_at = $5, requests_per_minute = $6, jobs_per_day = $7, daily_limit = $8,
                monthly_limit = $9, updated_at = now()
          WHERE id = $1 AND client_id = $2",
        id.uuid(),
        client.uuid(),
        wanted.name,
        &scope_names(&wanted.scopes),
        wanted.expires_at,
        wanted.requests_per_minute,
        wanted.jobs_per_day,
        wanted.daily_limit.map(Usd::to_decimal),
        wanted.monthly_limit.map(Usd::to_decimal)
    )
    .execute(&mut **tx)
    .await?;
    Ok(())
}

/// Gives a key that is held a new secret; the present one goes on for `overlap` seconds, and one before it ends.
///
/// # Errors
/// When the database fails.
pub async fn api_key_rotate(
    tx: &mut TenantTx,
    client: ClientId,
    id: ApiKeyId,
    secret: &NewSecret,
    overlap: i32,
    by: UserId,
) -> Result<(), sqlx::Error> {
    sqlx::query!(
        "UPDATE api_keys SET
                old_key_hash = CASE WHEN $5::integer > 0 THEN key_hash END, old_prefix = CASE WHEN $5 > 0 THEN prefix END,
                old_expires_at = CASE WHEN $5 > 0 THEN now() + make_interval(secs => $5) END,
                old_last_used_at = CASE WHEN $5 > 0 THEN last_used_at END, last_used_at = NULL,
                key_hash = $3, prefix = $4, rotated_at = now(), rotated_by = $6, updated_at = now()
          WHERE id = $1 AND client_id = $2",
        id.uuid(),
        client.uuid(),
        secret.hash.as_slice(),
        secret.prefix,
        overlap,
        by.uuid()
    )
    .execute(&mut **tx)
    .await?;
    Ok(())
}

/// Ends a key that is held, with all its secrets.
///
/// # Errors
/// When the database fails.
pub async fn api_key_revoke(tx: &mut TenantTx, client: ClientId, id: ApiKeyId, by: UserId) -> Result<(), sqlx::Error> {
    sqlx::query!(
        "UPDATE api_keys SET revoked_at = now(), revoked_by = $3, updated_at = now()
          WHERE id = $1 AND client_id = $2 AND revoked_at IS NULL",
        id.uuid(),
        client.uuid(),
        by.uuid()
    )
    .execute(&mut **tx)
    .await?;
    Ok(())
}
