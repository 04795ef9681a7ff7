//! Sessions: `auth.sessions`.

use chrono::{DateTime, Utc};
use hg_common::db::{AnonymousTx, TenantTx};
use hg_types::{SessionId, UserId};

/// A session that is alive, and whose it is.
#[derive(Debug)]
pub(crate) struct SessionRow {
    pub(crate) user_id: UserId,
    pub(crate) email: String,
    pub(crate) display_name: String,
    pub(crate) last_seen_at: DateTime<Utc>,
    pub(crate) expires_at: DateTime<Utc>,
}

/// The session of this id, if it is alive and its user isn't disabled.
pub(crate) async fn session_lookup(tx: &mut AnonymousTx, id: SessionId) -> Result<Option<SessionRow>, sqlx::Error> {
    let row = sqlx::query!(
        r#"SELECT user_id AS "user_id!", email AS "email!", display_name AS "display_name!",
                  last_seen_at AS "last_seen_at!", expires_at AS "expires_at!"
             FROM auth.session_lookup($1)"#,
        id.uuid()
    )
    .fetch_optional(&mut **tx)
    .await?;
    Ok(row.map(|row| SessionRow {
        user_id: UserId(row.user_id),
        email: row.email,
        display_name: row.display_name,
        last_seen_at: row.last_seen_at,
        expires_at: row.expires_at,
    }))
}

/// A new session of the transaction's user.
pub(crate) async fn session_insert(
    tx: &mut TenantTx,
    user: UserId,
    expires_at: DateTime<Utc>,
    address: &str,
    user_agent: &str,
) -> Result<SessionId, sqlx::Error> {
    let id = sqlx::query_scalar!(
        "INSERT INTO auth.sessions (user_id, expires_at, ip, user_agent) VALUES ($1, $2, $3, $4) RETURNING id",
        user.uuid(),
        expires_at,
        address,
        user_agent
    )
    .fetch_one(&mut **tx)
    .await?;
    Ok(SessionId(id))
}

/// Notes that a session was used, and lets it live on. Whether it still did.
pub(crate) async fn session_prolong(
    tx: &mut TenantTx,
    id: SessionId,
    now: DateTime<Utc>,
    expires_at: DateTime<Utc>,
) -> Result<bool, sqlx::Error> {
    let done = sqlx::query!(
        "UPDATE auth.sessions SET last_seen_at = $2, expires_at = $3
          WHERE id = $1 AND revoked_at IS NULL AND expires_at > now()",
        id.uuid(),
        now,
        expires_at
    )
    .execute(&mut **tx)
    .await?;
    Ok(done.rows_affected() == 1)
}

/// Ends a session of the transaction's user.
pub(crate) async fn session_revoke(tx: &mut TenantTx, id: SessionId) -> Result<(), sqlx::Error> {
    sqlx::query!("UPDATE auth.sessions SET revoked_at = now() WHERE id = $1 AND revoked_at IS NULL", id.uuid())
        .execute(&mut **tx)
        .await?;
    Ok(())
}

/// Deletes at most `most` sessions, and as many reset links, that expired more than `keep_days` ago. How many went.
pub(crate) async fn expired_sweep(tx: &mut AnonymousTx, keep_days: i32, most: i32) -> Result<i32, sqlx::Error> {
    sqlx::query_scalar!(r#"SELECT auth.expired_sweep(make_interval(days => $1), $2) AS "gone!""#, keep_days, most)
        .fetch_one(&mut **tx)
        .await
}
