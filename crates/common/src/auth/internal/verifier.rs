//! Checking: the tokens that others send to this service.

use std::{collections::HashMap, fmt, net::IpAddr, sync::Arc};

use base64::{Engine, prelude::BASE64_URL_SAFE_NO_PAD};
use chrono::Utc;
use hg_types::{ClientId, UserId};
use jsonwebtoken::{Algorithm, DecodingKey, Validation};

use super::{
    Claims, LEEWAY, SERVICE, TYP, TokenError,
    keys::{KeyError, bytes},
    known::{Checked, Known},
    service::{Service, Subject},
};
use crate::auth::principal::Principal;

/// Checks the tokens that others send to this service. Clones share what was found to be right.
#[derive(Clone)]
pub struct InternalVerifier {
    service: Service,
    /// By key id: the key decides who the issuer is.
    keys: HashMap<String, (Service, DecodingKey)>,
    pub(super) known: Arc<Known>,
}

impl fmt::Debug for InternalVerifier {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("InternalVerifier")
            .field("service", &self.service)
            .field("keys", &self.keys.keys())
            .finish_non_exhaustive()
    }
}

impl InternalVerifier {
    /// From `INTERNAL_PUBLIC_KEYS`: comma separated `service:kid:base64 of the public key`, at most two per service.
    ///
    /// # Errors
    /// When one of them can't be read.
    pub fn new(service: Service, public_keys: &str) -> Result<Self, KeyError> {
        let mut keys: HashMap<String, (Service, DecodingKey)> = HashMap::new();
        for entry in public_keys.split(',').map(str::trim).filter(|entry| !entry.is_empty()) {
            let mut parts = entry.splitn(3, ':');
            let (Some(issuer), Some(kid), Some(key)) = (parts.next(), parts.next(), parts.next()) else {
                return Err(KeyError::Format("service:kid:base64 of a public key, comma separated"));
            };
            let issuer: Service = issuer.parse()?;
            let key = ed25519_dalek::VerifyingKey::from_bytes(&bytes(key)?).map_err(|_| KeyError::NotAKey)?;
            let component = BASE64_URL_SAFE_NO_PAD.encode(key.as_bytes());
            let key = DecodingKey::from_ed_components(&component).map_err(|_| KeyError::NotAKey)?;
            if keys.insert(kid.to_owned(), (issuer, key)).is_some() {
                return Err(KeyError::Format("a key id of its own for each key"));
            }
            if keys.values().filter(|(owner, _)| *owner == issuer).count() > 2 {
                return Err(KeyError::TooMany);
            }
        }
        Ok(Self { service, keys, known: Arc::new(Known::new()) })
    }

    /// Who the token speaks for.
    ///
    /// # Errors
    /// When it isn't a valid token for this service from somebody who may call it.
    pub fn verify(&self, token: &str) -> Result<Principal, TokenError> {
        self.verify_from(token).map(|(principal, _)| principal)
    }

    /// Who the token speaks for, and the address that they came from, where the issuer said it. It is believed: the issuer
    /// has signed it.
    ///
    /// # Errors
    /// As [`Self::verify`].
    pub fn verify_from(&self, token: &str) -> Result<(Principal, Option<IpAddr>), TokenError> {
        let checked = match self.known.get(token, Utc::now().timestamp()) {
            Some(checked) => checked,
            None => {
                let checked = self.check(token)?;
                self.known.put(token, checked.clone());
                checked
            }
        };
        Ok((checked.principal, checked.address))
    }

    /// The whole check, of a token that isn't known or whose time may be over.
    fn check(&self, token: &str) -> Result<Checked, TokenError> {
        let header = jsonwebtoken::decode_header(token)?;
        if header.typ.as_deref() != Some(TYP) {
            return Err(TokenError::UnknownKey);
        }
        let kid = header.kid.ok_or(TokenError::UnknownKey)?;
        // The key decides who the issuer is; the claim must agree.
        let (issuer, key) = self.keys.get(&kid).ok_or(TokenError::UnknownKey)?;
        let issuer = *issuer;
        let mut validation = Validation::new(Algorithm::EdDSA);
        validation.set_audience(&[self.service.as_str()]);
        validation.set_issuer(&[issuer.as_str()]);
        validation.set_required_spec_claims(&["exp", "aud", "iss", "sub"]);
        validation.leeway = LEEWAY.into();
        let Claims { sub, client, addr, iat, exp, .. } =
            jsonwebtoken::decode::<Claims>(token, key, &validation)?.claims;
        let allowed = issuer.speaks_for(self.service).ok_or(TokenError::NotAllowed)?;
        if !Checked::may_live(iat, exp, Utc::now().timestamp()) {
            return Err(TokenError::TooLong);
        }
        let (principal, address) = match (allowed, sub.as_str()) {
            (Subject::JobsClient, SERVICE) => {
                let client = client.map(ClientId).ok_or(TokenError::Subject)?;
                (Principal::Service { name: issuer, client }, None)
            }
            (Subject::Person, SERVICE) => return Err(TokenError::NotAllowed),
            (allowed, subject) => {
                let person: UserId = subject.parse().map_err(|_| TokenError::Subject)?;
                if allowed != Subject::Person {
                    return Err(TokenError::NotAllowed);
                }
                (Principal::User(person), addr)
            }
        };
        Ok(Checked { principal, address, iat, exp })
    }
}
