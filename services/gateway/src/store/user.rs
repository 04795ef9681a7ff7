//! Accounts: `auth.users`, and the one-use links in `auth.reset_tokens`.

use hg_common::db::{AnonymousTx, TenantTx};
use hg_types::UserId;

/// An account as the login sees it.
#[derive(Debug)]
pub(crate) struct LoginRow {
    pub(crate) user_id: UserId,
    pub(crate) password_hash: Option<String>,
    pub(crate) disabled: bool,
}

/// The account of this exact address.
pub(crate) async fn login_lookup(tx: &mut AnonymousTx, email: &str) -> Result<Option<LoginRow>, sqlx::Error> {
    let row = sqlx::query!(
        r#"SELECT user_id AS "user_id!", password_hash, disabled AS "disabled!" FROM auth.login_lookup($1)"#,
        email
    )
    .fetch_optional(&mut **tx)
    .await?;
    Ok(row.map(|row| LoginRow {
        user_id: UserId(row.user_id),
        password_hash: row.password_hash,
        disabled: row.disabled,
    }))
}

/// Puts on record that somebody tried to sign in to an account and was refused.
pub(crate) async fn login_refused(tx: &mut AnonymousTx, user: UserId) -> Result<(), sqlx::Error> {
    sqlx::query_scalar!("SELECT app.audit_event(NULL, 'account.login_refused', 'account', $1, '{}')", user.uuid())
        .fetch_one(&mut **tx)
        .await
        .map(drop)
}

/// Notes a login of the transaction's user.
pub(crate) async fn user_logged_in(tx: &mut TenantTx, user: UserId) -> Result<(), sqlx::Error> {
    sqlx::query!("UPDATE auth.users SET last_login_at = now() WHERE id = $1", user.uuid()).execute(&mut **tx).await?;
    Ok(())
}

/// Replaces a hash of an older kind, unless the password was changed in the meantime.
pub(crate) async fn user_rehash(tx: &mut TenantTx, user: UserId, old: &str, new: &str) -> Result<(), sqlx::Error> {
    sqlx::query!(
        "UPDATE auth.users SET password_hash = $3 WHERE id = $1 AND password_hash = $2",
        user.uuid(),
        old,
        new
    )
    .execute(&mut **tx)
    .await?;
    Ok(())
}

/// Spends a reset token, once: sets the password and ends all sessions of whose it was, if it was good.
pub(crate) async fn password_reset(
    tx: &mut AnonymousTx,
    token_hash: &[u8],
    password_hash: &str,
) -> Result<Option<UserId>, sqlx::Error> {
    let user = sqlx::query_scalar!("SELECT auth.password_reset($1, $2)", token_hash, password_hash)
        .fetch_one(&mut **tx)
        .await?;
    Ok(user.map(UserId))
}
