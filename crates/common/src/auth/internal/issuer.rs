//! Signing: the tokens of this service.

use std::{fmt, net::IpAddr, sync::Arc};

use chrono::{DateTime, Utc};
use ed25519_dalek::{SigningKey, pkcs8::EncodePrivateKey};
use http::HeaderValue;
use jsonwebtoken::{Algorithm, EncodingKey, Header};

use super::{
    Claims, LIFETIME, SERVICE, TYP, TokenError,
    kept::{Kept, SpeaksFor, Spoken},
    keys::{KeyError, bytes},
    service::Service,
};
use crate::auth::principal::Principal;

/// Signs this service's tokens. Clones share what was signed.
#[derive(Clone)]
pub struct InternalIssuer {
    service: Service,
    kid: String,
    pub(super) key: EncodingKey,
    kept: Arc<Kept>,
}

impl fmt::Debug for InternalIssuer {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("InternalIssuer").field("service", &self.service).field("kid", &self.kid).finish_non_exhaustive()
    }
}

impl InternalIssuer {
    /// From `INTERNAL_SIGNING_KEY`: `kid:base64 of the 32-byte seed`.
    ///
    /// # Errors
    /// When it isn't one.
    pub fn new(service: Service, signing_key: &str) -> Result<Self, KeyError> {
        let (kid, seed) = signing_key.split_once(':').ok_or(KeyError::Format("kid:base64 of a 32-byte seed"))?;
        let der = SigningKey::from_bytes(&bytes(seed)?).to_pkcs8_der().map_err(|_| KeyError::Unusable)?;
        let key = EncodingKey::from_ed_der(der.as_bytes());
        Ok(Self { service, kid: kid.to_owned(), key, kept: Arc::new(Kept::new()) })
    }

    /// The value of `Authorization` for a call to `audience` on somebody's behalf; their address goes along where it is known,
    /// for the audit log. The token is good for at least half a minute more: others to the same service, for the same
    /// subject, may have had it.
    ///
    /// # Errors
    /// When signing fails, or for an API key.
    pub fn bearer(
        &self,
        audience: Service,
        principal: &Principal,
        address: Option<IpAddr>,
        now: DateTime<Utc>,
    ) -> Result<HeaderValue, TokenError> {
        let spoken = Spoken { audience, subject: subject(principal)?, address };
        let iat = now.timestamp();
        if let Some(bearer) = self.kept.get(&spoken, iat) {
            return Ok(bearer);
        }
        let mut bearer = HeaderValue::try_from(format!("Bearer {}", self.sign(spoken, iat)?))?;
        bearer.set_sensitive(true);
        self.kept.put(spoken, bearer.clone(), iat);
        Ok(bearer)
    }

    /// A new token for one callee on somebody's behalf, good for a minute.
    ///
    /// # Errors
    /// When signing fails, or for an API key.
    pub fn mint(&self, audience: Service, principal: &Principal, now: DateTime<Utc>) -> Result<String, TokenError> {
        self.mint_from(audience, principal, None, now)
    }

    /// As [`Self::mint`], for somebody whose address is known: it goes along, for the audit log.
    ///
    /// # Errors
    /// As [`Self::mint`].
    pub fn mint_from(
        &self,
        audience: Service,
        principal: &Principal,
        address: Option<IpAddr>,
        now: DateTime<Utc>,
    ) -> Result<String, TokenError> {
        self.sign(Spoken { audience, subject: subject(principal)?, address }, now.timestamp())
    }

    fn sign(&self, Spoken { audience, subject, address }: Spoken, iat: i64) -> Result<String, TokenError> {
        let (sub, client) = match subject {
            SpeaksFor::Person(id) => (id.to_string(), None),
            SpeaksFor::JobsClient(client) => (SERVICE.to_owned(), Some(client.uuid())),
        };
        let claims = Claims { iss: self.service, aud: audience, sub, client, addr: address, iat, exp: iat + LIFETIME };
        let mut header = Header::new(Algorithm::EdDSA);
        header.typ = Some(TYP.to_owned());
        header.kid = Some(self.kid.clone());
        Ok(jsonwebtoken::encode(&header, &claims, &self.key)?)
    }
}

/// For whom a token for this principal speaks.
fn subject(principal: &Principal) -> Result<SpeaksFor, TokenError> {
    match principal {
        Principal::User(id) => Ok(SpeaksFor::Person(*id)),
        Principal::Service { client, .. } => Ok(SpeaksFor::JobsClient(*client)),
        Principal::Key { .. } => Err(TokenError::Key),
    }
}
