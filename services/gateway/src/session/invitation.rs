//! Joining by an invitation's link: with the account that is signed in, or with a new one.
//!
//! The link is spent when somebody accepts, never by looking at it. Its secret is looked for by its hash and stands in no
//! log.

use hg_common::{
    auth::password::WeakPassword,
    crypto::sha256,
    db::{detail, sql_state},
    http::{ApiError, ClientAddress},
};
use http::HeaderMap;

use super::{SessionOrigin, SignedIn, login::user_agent};
use crate::{
    domain::account::Password,
    state::AppState,
    store::invitation::{self, OfferedInvitation},
};

/// The longest name of a person.
const NAME_CHARS: usize = 100;

/// Why nobody joined.
#[derive(Debug, thiserror::Error)]
pub(crate) enum JoinRefused {
    /// A name is one line of 1 to 100 characters.
    #[error("a name has 1 to 100 characters")]
    Name,
    /// The password can't be set; the link is still good.
    #[error(transparent)]
    Weak(#[from] WeakPassword),
    /// The link was spent, taken back, is over, or never was one; or the address has an account by now.
    #[error("the link opens nothing any more")]
    Spent,
    /// Too many attempts, or a part of the system is away.
    #[error(transparent)]
    NotNow(#[from] ApiError),
}

impl From<sqlx::Error> for JoinRefused {
    fn from(error: sqlx::Error) -> Self {
        match sql_state(&error).as_deref() {
            Some("HG404" | "HG409") => {
                tracing::info!(why = detail(&error).unwrap_or("no such invitation"), "an invitation was not accepted");
                Self::Spent
            }
            _ => Self::NotNow(error.into()),
        }
    }
}

/// What a link offers, to whoever holds it. Spends nothing.
///
/// # Errors
/// When the database is away.
pub(crate) async fn offered(state: &AppState, token: &str) -> Result<Option<OfferedInvitation>, ApiError> {
    let mut tx = state.db.anonymous().await?;
    let offered = invitation::invitation_lookup(&mut tx, &sha256(token)).await?;
    tx.rollback().await?;
    Ok(offered)
}

/// Makes an account for the invited address, accepts with it, and signs it in.
///
/// # Errors
/// When the name or password can't be, the link isn't good, or a part of the system is away.
pub(crate) async fn join(
    state: &AppState,
    address: ClientAddress,
    headers: &HeaderMap,
    token: &str,
    name: &str,
    password: String,
) -> Result<SignedIn, JoinRefused> {
    let name = name.split_whitespace().collect::<Vec<_>>().join(" ");
    if name.is_empty() || name.chars().count() > NAME_CHARS || name.chars().any(char::is_control) {
        return Err(JoinRefused::Name);
    }
    let password = Password::chosen(password)?;
    state.attempts.invitation(address).await?;
    // Before the link is spent: what can fail should fail while it is still good.
    let hash = state.hashing.hash(password.into_inner()).await?;
    let mut tx = state.db.anonymous().await?;
    let user = invitation::invitation_accept_new(&mut tx, &sha256(token), &hash, &name).await?;
    tx.commit().await?;
    let origin = SessionOrigin { address: address.0.to_string(), user_agent: user_agent(headers) };
    let signed_in = state.sessions.open(user, &origin, headers).await?;
    tracing::info!(user_id = %user, session_id = %signed_in.user.session_id, "joined with a new account");
    Ok(signed_in)
}
