//! The guard's authentication for the three services behind the gateway: internal tokens and API keys.
//!
//! It decides who calls, never what the caller may see: that is row-level security's and the handlers' business.

use std::{future::Future, sync::Arc};

use axum::extract::{FromRequestParts, OptionalFromRequestParts};
use http::{HeaderMap, header::AUTHORIZATION, request::Parts};

use super::{api_key, internal::InternalVerifier, principal::Principal};
use crate::{
    audit::{Actor, Origin},
    http::{Access, ApiError, Authenticate},
};

/// Looks API keys up. Only the service that owns them (CPM) has more to say than [`NoApiKeys`].
pub trait ApiKeys: Send + Sync + 'static {
    /// The principal behind a key's SHA-256, if the key is known, alive and its client isn't archived.
    fn look_up(&self, hash: [u8; 32]) -> impl Future<Output = Result<Option<Principal>, ApiError>> + Send;
}

/// Knows no key.
#[derive(Clone, Copy, Debug, Default)]
pub struct NoApiKeys;

impl ApiKeys for NoApiKeys {
    async fn look_up(&self, _: [u8; 32]) -> Result<Option<Principal>, ApiError> {
        Ok(None)
    }
}

/// Proves who calls by an internal token or an API key.
#[derive(Clone, Debug)]
pub struct Authenticator<K> {
    verifier: Arc<InternalVerifier>,
    keys: K,
}

impl<K: ApiKeys> Authenticator<K> {
    /// From the keys of the services that may call, and the look-up of API keys.
    pub fn new(verifier: InternalVerifier, keys: K) -> Self {
        Self { verifier: Arc::new(verifier), keys }
    }

    async fn principal(&self, access: Access, headers: &HeaderMap) -> Result<(Principal, Origin), ApiError> {
        match Credential::of(headers)? {
            Credential::Token(token) => {
                let (principal, address) = self.verifier.verify_from(token).map_err(|refusal| {
                    tracing::info!(reason = %refusal, "an internal token was refused");
                    ApiError::unauthorized("the internal token was refused")
                })?;
                // The header only repeats what the token says, for logs and proxies; a different one is an attack or a bug.
                match headers.get("x-user-id") {
                    Some(claimed)
                        if principal.user().is_none_or(|user| claimed.as_bytes() != user.to_string().as_bytes()) =>
                    {
                        Err(ApiError::unauthorized("x-user-id doesn't agree with the internal token"))
                    }
                    _ => Ok((principal, Origin { address, actor: None })),
                }
            }
            Credential::Key(_) | Credential::None if headers.contains_key("x-user-id") => {
                Err(ApiError::unauthorized("x-user-id is accepted only beside an internal token"))
            }
            Credential::Key(key) if access == Access::ApiKeyOrInternal => {
                let principal = self.keys.look_up(api_key::hash(key)).await?.ok_or_else(|| {
                    ApiError::new(
                        http::StatusCode::UNAUTHORIZED,
                        "invalid_api_key",
                        "the API key is wrong, expired or revoked",
                    )
                })?;
                let origin = Origin { address: None, actor: principal.api_key().map(Actor::ApiKey) };
                Ok((principal, origin))
            }
            Credential::Key(_) => Err(ApiError::unauthorized("an API key is not accepted here")),
            Credential::None => Err(ApiError::unauthorized(match access {
                Access::ApiKeyOrInternal => "an API key is needed: X-API-Key or Authorization: Bearer",
                Access::Public | Access::Session | Access::Internal => "authentication is required",
            })),
        }
    }
}

impl<K: ApiKeys> Authenticate for Authenticator<K> {
    async fn authenticate(&self, access: &Access, parts: &mut Parts) -> Result<(), ApiError> {
        match access {
            Access::Public => Ok(()),
            // Sessions are the gateway's: a route that asks for one here has the wrong rule.
            Access::Session => Err(ApiError::unauthorized("authentication is required")),
            Access::Internal | Access::ApiKeyOrInternal => {
                let (principal, origin) = self.principal(*access, &parts.headers).await?;
                parts.extensions.insert(origin);
                parts.extensions.insert(principal);
                Ok(())
            }
        }
    }
}

enum Credential<'a> {
    Token(&'a str),
    Key(&'a str),
    None,
}

impl<'a> Credential<'a> {
    fn of(headers: &'a HeaderMap) -> Result<Self, ApiError> {
        let malformed = || ApiError::unauthorized("the credentials can't be read");
        if let Some(key) = headers.get("x-api-key") {
            return Ok(Self::Key(key.to_str().map_err(|_| malformed())?.trim()));
        }
        let Some(value) = headers.get(AUTHORIZATION) else { return Ok(Self::None) };
        let (scheme, credential) = value.to_str().map_err(|_| malformed())?.split_once(' ').ok_or_else(malformed)?;
        if !scheme.eq_ignore_ascii_case("bearer") {
            return Err(ApiError::unauthorized("the authorization scheme is Bearer"));
        }
        let credential = credential.trim();
        // A JWT has two dots, and an API key of ours none; a bootstrap key is whatever the operator chose.
        let is_jwt = credential.starts_with("eyJ") && credential.bytes().filter(|byte| *byte == b'.').count() == 2;
        Ok(if is_jwt { Self::Token(credential) } else { Self::Key(credential) })
    }
}

/// Takes the caller that the guard has proved.
#[derive(Clone, Debug)]
pub struct Caller(pub Principal);

impl<S: Sync> FromRequestParts<S> for Caller {
    type Rejection = ApiError;

    async fn from_request_parts(parts: &mut Parts, _: &S) -> Result<Self, ApiError> {
        // Absent only on a route whose rule is Public: a handler that wants a caller there has the wrong rule.
        parts
            .extensions
            .get::<Principal>()
            .cloned()
            .map(Self)
            .ok_or_else(|| ApiError::unauthorized("authentication is required"))
    }
}

impl<S: Sync> OptionalFromRequestParts<S> for Caller {
    type Rejection = ApiError;

    async fn from_request_parts(parts: &mut Parts, _: &S) -> Result<Option<Self>, ApiError> {
        Ok(parts.extensions.get::<Principal>().cloned().map(Self))
    }
}

#[cfg(test)]
mod tests {
    use hg_types::{ApiKeyId, ClientId, UserId};
    use uuid::Uuid;

    use super::*;
    use crate::auth::{ApiScope, InternalIssuer, Service, internal::generate_key};

    struct OneKey;

    impl ApiKeys for OneKey {
        async fn look_up(&self, hash: [u8; 32]) -> Result<Option<Principal>, ApiError> {
            Ok((hash == api_key::hash("right")).then(|| Principal::Key {
                id: ApiKeyId(Uuid::from_u128(1)),
                client: ClientId(Uuid::from_u128(2)),
                scopes: vec![ApiScope::Generate],
            }))
        }
    }

    fn pair() -> (InternalIssuer, Authenticator<OneKey>) {
        let (signing, public) = generate_key(Service::Gateway, "k");
        let verifier = InternalVerifier::new(Service::Cpm, &public).unwrap();
        (InternalIssuer::new(Service::Gateway, &signing).unwrap(), Authenticator::new(verifier, OneKey))
    }

    async fn admitted(
        access: Access,
        headers: &[(&str, &str)],
        authenticator: &Authenticator<OneKey>,
    ) -> Option<Principal> {
        let mut request = http::Request::builder();
        for (name, value) in headers {
            request = request.header(*name, *value);
        }
        let (mut parts, ()) = request.body(()).unwrap().into_parts();
        authenticator.authenticate(&access, &mut parts).await.ok()?;
        parts.extensions.get().cloned()
    }

    #[tokio::test]
    async fn a_bare_user_id_makes_nobody_anybody() {
        let (issuer, authenticator) = pair();
        let user = UserId(Uuid::from_u128(5));
        let principal = Principal::User(user);
        let token = format!("Bearer {}", issuer.mint(Service::Cpm, &principal, chrono::Utc::now()).unwrap());
        let (id, other) = (user.to_string(), Uuid::from_u128(6).to_string());
        for access in [Access::Internal, Access::ApiKeyOrInternal] {
            assert_eq!(admitted(access, &[("x-user-id", &id)], &authenticator).await, None);
            assert_eq!(admitted(access, &[("x-user-id", &id), ("x-api-key", "right")], &authenticator).await, None);
            assert_eq!(
                admitted(access, &[("x-user-id", &other), ("authorization", &token)], &authenticator).await,
                None
            );
            assert_eq!(
                admitted(access, &[("x-user-id", &id), ("authorization", &token)], &authenticator).await,
                Some(principal.clone())
            );
            assert_eq!(admitted(access, &[("authorization", &token)], &authenticator).await, Some(principal.clone()));
            assert_eq!(admitted(access, &[], &authenticator).await, None);
        }
    }

    #[tokio::test]
    async fn an_api_key_is_accepted_in_both_headers_and_only_where_the_rule_says_so() {
        let (_, authenticator) = pair();
        for header in [("x-api-key", "right"), ("authorization", "Bearer right"), ("authorization", "bearer right")] {
            assert!(admitted(Access::ApiKeyOrInternal, &[header], &authenticator).await.is_some());
            assert!(admitted(Access::Internal, &[header], &authenticator).await.is_none());
        }
        for header in [("x-api-key", "wrong"), ("authorization", "Basic right"), ("authorization", "right")] {
            assert!(admitted(Access::ApiKeyOrInternal, &[header], &authenticator).await.is_none());
        }
    }
}
