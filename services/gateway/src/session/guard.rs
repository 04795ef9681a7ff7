//! What the guard asks at each route: is the change our own page's, who is signed in, not too often.

use hg_common::{
    audit::Origin,
    config::TrustedProxies,
    http::{Access, ApiError, Authenticate, ClientAddress, error_chain},
};
use http::request::Parts;

use super::{CurrentUser, Seen, Sessions, renewal::Renewed};
use crate::{
    csrf::{self, OwnOrigins},
    rate_limit::UserLimit,
};

/// The gateway's authentication.
#[derive(Clone, Debug)]
pub(crate) struct SessionGuard {
    pub(crate) sessions: Sessions,
    pub(crate) origins: OwnOrigins,
    pub(crate) limit: UserLimit,
    pub(crate) proxies: TrustedProxies,
}

impl Authenticate for SessionGuard {
    async fn authenticate(&self, access: &Access, parts: &mut Parts) -> Result<(), ApiError> {
        parts.extensions.insert(Origin::at(ClientAddress::of(parts, &self.proxies).0));
        let changes = csrf::is_change(&parts.method);
        if changes {
            self.origins.check(&parts.headers)?;
        }
        match access {
            Access::Public => Ok(()),
            Access::Session => {
                let user = self.sessions.current(&parts.headers).await?;
                let user = user.ok_or_else(|| ApiError::unauthorized("sign in first"))?;
                if let Some(seen) = parts.extensions.get::<Seen>() {
                    seen.set(&user);
                }
                self.limit.admit(user.id).await?;
                if changes {
                    csrf::check_token(parts, user.csrf_token())?;
                }
                self.prolong(&user, parts).await;
                parts.extensions.insert(user);
                Ok(())
            }
            // Nobody but browsers calls the gateway: such a route has the wrong rule.
            Access::Internal | Access::ApiKeyOrInternal => Err(ApiError::unauthorized("this is not for services")),
        }
    }
}

impl SessionGuard {
    async fn prolong(&self, user: &CurrentUser, parts: &Parts) {
        if !self.sessions.is_due(user) {
            return;
        }
        match self.sessions.prolong(user).await {
            Ok(Some(cookie)) => {
                if let Some(renewed) = parts.extensions.get::<Renewed>() {
                    renewed.set(cookie);
                }
            }
            Ok(None) => {}
            // The session is good for days: the next request tries again.
            Err(error) => tracing::warn!(error = %error_chain(&error), "a session could not be prolonged"),
        }
    }
}
