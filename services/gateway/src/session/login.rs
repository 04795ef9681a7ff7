//! Logging in with an e-mail address and a password.
//!
//! An unknown address, a wrong password and a disabled account get the same answer in the same time.

use hg_common::{
    audit::{current_origin, with_origin},
    auth::password::Verdict,
    db::Scope,
    http::{ApiError, ClientAddress, RequestId, current_request_id, error_chain, with_request_id},
};
use hg_types::UserId;
use http::{HeaderMap, StatusCode};

use super::{SessionOrigin, SignedIn};
use crate::{
    domain::account::{Email, Password},
    state::AppState,
    store::user,
};

/// Why nobody was let in.
#[derive(Debug, thiserror::Error)]
pub(crate) enum LoginRefused {
    /// Whatever is wrong with them.
    #[error("the e-mail address or the password is wrong")]
    Wrong,
    /// Too many attempts, or a part of the system is away.
    #[error(transparent)]
    NotNow(#[from] ApiError),
}

impl From<sqlx::Error> for LoginRefused {
    fn from(error: sqlx::Error) -> Self {
        Self::NotNow(error.into())
    }
}

impl From<LoginRefused> for ApiError {
    fn from(refused: LoginRefused) -> Self {
        match refused {
            LoginRefused::Wrong => Self::new(
                StatusCode::UNAUTHORIZED,
                "invalid_credentials",
                "the e-mail address or the password is wrong",
            ),
            LoginRefused::NotNow(error) => error,
        }
    }
}

/// Checks an address and a password, and opens a session.
///
/// # Errors
/// When they are wrong, there were too many attempts, or Redis or the database is away.
pub(crate) async fn login(
    state: &AppState,
    address: ClientAddress,
    headers: &HeaderMap,
    email: &str,
    password: String,
) -> Result<SignedIn, LoginRefused> {
    let (Some(email), Some(password)) = (Email::parse(email), Password::typed(password)) else {
        return Err(LoginRefused::Wrong);
    };
    state.attempts.login(address, &email).await?;
    let mut tx = state.db.anonymous().await?;
    let account = user::login_lookup(&mut tx, email.as_str()).await?;
    tx.rollback().await?;

    let stored = account.as_ref().and_then(|account| account.password_hash.clone());
    let verdict = state.hashing.verify(password.clone().into_inner(), stored).await?;
    let account = match (account, verdict) {
        (Some(account), Verdict::Right | Verdict::RightButOld) if !account.disabled => account,
        (account, _) => {
            put_on_record(state, account.map(|account| account.user_id));
            state.attempts.failed(&email).await?;
            metrics::counter!("gateway_logins_total", "outcome" => "refused").increment(1);
            return Err(LoginRefused::Wrong);
        }
    };

    let rehashed = match (verdict, &account.password_hash) {
        (Verdict::RightButOld, Some(old)) => Some((old, state.hashing.hash(password.into_inner()).await?)),
        _ => None,
    };
    let mut tx = state.db.tenant(Scope::User(account.user_id)).await?;
    if let Some((old, new)) = &rehashed {
        user::user_rehash(&mut tx, account.user_id, old, new).await?;
    }
    user::user_logged_in(&mut tx, account.user_id).await?;
    tx.commit().await?;

    let origin = SessionOrigin { address: address.0.to_string(), user_agent: user_agent(headers) };
    let signed_in = state.sessions.open(account.user_id, &origin, headers).await?;
    metrics::counter!("gateway_logins_total", "outcome" => "accepted").increment(1);
    tracing::info!(user_id = %account.user_id, session_id = %signed_in.user.session_id, "signed in");
    Ok(signed_in)
}

/// Where the account is known. Aside: the answer must not take longer for an account that there is. As often as the
/// throttles let somebody try.
fn put_on_record(state: &AppState, account: Option<UserId>) {
    let Some(user) = account else { return };
    let (db, id, origin) = (state.db.clone(), current_request_id().unwrap_or_else(RequestId::random), current_origin());
    tokio::spawn(with_request_id(
        id,
        with_origin(origin, async move {
            let noted = async {
                let mut tx = db.anonymous().await?;
                user::login_refused(&mut tx, user).await?;
                tx.commit().await
            };
            if let Err(error) = noted.await {
                tracing::warn!(error = %error_chain(&error), "a refused sign-in could not be put on record");
            }
        }),
    ));
}

pub(super) fn user_agent(headers: &HeaderMap) -> String {
    let value = headers.get(http::header::USER_AGENT).and_then(|value| value.to_str().ok());
    value.unwrap_or_default().to_owned()
}
