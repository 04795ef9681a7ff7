//! Setting a password with a one-use link.
//!
//! The link is spent when the new password is sent, never by looking at it. All sessions of its owner end.

use hg_common::{
    auth::password::WeakPassword,
    crypto::sha256,
    http::{ApiError, ClientAddress},
};

use crate::{domain::account::Password, state::AppState, store::user};

/// The longest token that is looked at; ours have 43 characters.
const TOKEN_CHARS: usize = 128;

/// Why the password was not set.
#[derive(Debug, thiserror::Error)]
pub(crate) enum ResetRefused {
    /// The new password can't be set; the link is still good.
    #[error(transparent)]
    Weak(#[from] WeakPassword),
    /// The link was spent, is over, or never was one.
    #[error("the link has been used or is too old")]
    Spent,
    /// Too many attempts, or a part of the system is away.
    #[error(transparent)]
    NotNow(#[from] ApiError),
}

impl From<sqlx::Error> for ResetRefused {
    fn from(error: sqlx::Error) -> Self {
        Self::NotNow(error.into())
    }
}

/// Spends the link and sets the password.
///
/// # Errors
/// When the password is weak, the link isn't good, or a part of the system is away.
pub(crate) async fn reset_password(
    state: &AppState,
    address: ClientAddress,
    token: &str,
    password: String,
) -> Result<(), ResetRefused> {
    let password = Password::chosen(password)?;
    state.attempts.reset(address).await?;
    if token.is_empty() || token.len() > TOKEN_CHARS {
        return Err(ResetRefused::Spent);
    }
    // Before the link is spent: what can fail should fail while it is still good.
    let hash = state.hashing.hash(password.into_inner()).await?;
    let mut tx = state.db.anonymous().await?;
    let owner = user::password_reset(&mut tx, &sha256(token), &hash).await?;
    tx.commit().await?;
    let Some(owner) = owner else { return Err(ResetRefused::Spent) };
    state.sessions.forget_user(owner);
    tracing::info!(user_id = %owner, "a password was set with a link");
    Ok(())
}
