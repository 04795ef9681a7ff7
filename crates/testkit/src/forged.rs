//! Tokens that nobody should believe: any header, any claims, any signature.
//!
//! A verifier is tried with these; what it should accept comes from [`Identity::token`].

use base64::{
    Engine,
    prelude::{BASE64_STANDARD, BASE64_URL_SAFE_NO_PAD},
};
use ed25519_dalek::{Signer, SigningKey};
use hg_common::auth::Service;
use hmac::{Hmac, KeyInit, Mac};
use serde_json::{Value, json};
use sha2::Sha256;

use crate::identity::Identity;

/// What stands at a token's end.
#[derive(Clone, Debug)]
pub enum Signature {
    /// A service's own key.
    Of(Service),
    /// HMAC-SHA-256 with this secret.
    Hs256(Vec<u8>),
    /// Nothing.
    None,
}

/// A token in parts, as a service would make it, to be bent before it is put together.
#[derive(Clone, Debug)]
pub struct Forgery {
    /// The header.
    pub header: Value,
    /// The claims.
    pub claims: Value,
    /// The signature.
    pub signature: Signature,
}

impl Forgery {
    /// Sets one of the header's fields.
    #[must_use]
    pub fn header(mut self, name: &str, value: impl Into<Value>) -> Self {
        self.header[name] = value.into();
        self
    }

    /// Sets a claim.
    #[must_use]
    pub fn claim(mut self, name: &str, value: impl Into<Value>) -> Self {
        self.claims[name] = value.into();
        self
    }

    /// Signs otherwise.
    #[must_use]
    pub fn signed(mut self, signature: Signature) -> Self {
        self.signature = signature;
        self
    }
}

impl Identity {
    /// What `from` would send to `to` for this subject just now: right in every part.
    #[must_use]
    pub fn forgery(&self, from: Service, to: Service, subject: &str) -> Forgery {
        let now = chrono::Utc::now().timestamp();
        let kid = self.signing_key(from).split_once(':').unwrap().0;
        Forgery {
            header: json!({"alg": "EdDSA", "typ": "hg-internal+jwt", "kid": kid}),
            claims: json!({"iss": from, "aud": to, "sub": subject, "iat": now, "exp": now + 60}),
            signature: Signature::Of(from),
        }
    }

    /// Puts a token together.
    #[must_use]
    pub fn forge(&self, forgery: &Forgery) -> String {
        let part = |value: &Value| BASE64_URL_SAFE_NO_PAD.encode(value.to_string());
        let message = format!("{}.{}", part(&forgery.header), part(&forgery.claims));
        let signature = match &forgery.signature {
            Signature::Of(service) => self.key(*service).sign(message.as_bytes()).to_bytes().to_vec(),
            Signature::Hs256(secret) => hmac_sha256(secret, message.as_bytes()),
            Signature::None => Vec::new(),
        };
        format!("{message}.{}", BASE64_URL_SAFE_NO_PAD.encode(signature))
    }

    /// The 32 bytes of a service's public key: what everybody may know.
    #[must_use]
    pub fn public_key_bytes(&self, service: Service) -> Vec<u8> {
        self.key(service).verifying_key().as_bytes().to_vec()
    }

    fn key(&self, service: Service) -> SigningKey {
        let seed = self.signing_key(service).split_once(':').unwrap().1;
        SigningKey::from_bytes(&BASE64_STANDARD.decode(seed).unwrap().try_into().unwrap())
    }
}

fn hmac_sha256(secret: &[u8], message: &[u8]) -> Vec<u8> {
    let mut mac = Hmac::<Sha256>::new_from_slice(secret).unwrap();
    mac.update(message);
    mac.finalize().into_bytes().to_vec()
}

#[cfg(test)]
mod tests {
    use hg_common::auth::Principal;
    use uuid::Uuid;

    use super::*;

    /// What isn't bent is believed: otherwise every refusal would prove nothing.
    #[test]
    fn an_unbent_forgery_is_a_token() {
        let (identity, user) = (Identity::new(), Uuid::from_u128(7));
        let forgery = identity.forgery(Service::Gateway, Service::Smm, &user.to_string());
        let principal = identity.verifier(Service::Smm).verify(&identity.forge(&forgery)).unwrap();
        assert_eq!(principal, Principal::User(hg_types::UserId(user)));
        let bent = identity.forge(&forgery.claim("aud", "im"));
        assert!(identity.verifier(Service::Smm).verify(&bent).is_err());
    }
}
