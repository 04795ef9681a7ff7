//! Internal tokens: short-lived Ed25519 JWTs by which one service speaks to another on somebody's behalf.
//!
//! Each service signs with its own key and holds the others' public keys, so one stolen service can't mint the
//! rest; who may call whom, and for whom, is one table below. The algorithm is pinned, never read from the token, and the
//! header's `typ` is our own, so a session's JWT can't stand in for one of these or the other way round.

use std::{collections::HashMap, fmt, net::IpAddr, str::FromStr};

use base64::{Engine, prelude::BASE64_STANDARD, prelude::BASE64_URL_SAFE_NO_PAD};
use chrono::{DateTime, Utc};
use ed25519_dalek::{SigningKey, pkcs8::EncodePrivateKey};
use hg_types::{ClientId, UserId};
use jsonwebtoken::{Algorithm, DecodingKey, EncodingKey, Header, Validation};
use serde::{Deserialize, Serialize};
use uuid::Uuid;

use super::principal::Principal;

const TYP: &str = "hg-internal+jwt";
/// How long a token lives, in seconds. The clocks of our hosts may differ by [`LEEWAY`].
const LIFETIME: i64 = 60;
const LEEWAY: u32 = 5;
/// The subject of a service that works on a job.
const SERVICE: &str = "service";

/// One of the four services, as issuer or audience.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Service {
    /// The web interface and public API.
    Gateway,
    /// Content production.
    Cpm,
    /// Instructions (prompts).
    Im,
    /// Strategy management.
    Smm,
}

impl Service {
    /// All four.
    pub const ALL: [Self; 4] = [Self::Gateway, Self::Cpm, Self::Im, Self::Smm];

    /// The service's name on the wire.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Gateway => "gateway",
            Self::Cpm => "cpm",
            Self::Im => "im",
            Self::Smm => "smm",
        }
    }

    /// Who may call whom, and for whom: the gateway all for people, CPM IM and SMM for a job's client, and nobody else
    /// anybody. `None`: it may not call at all.
    #[must_use]
    const fn speaks_for(self, callee: Self) -> Option<Subject> {
        match (self, callee) {
            (Self::Gateway, Self::Cpm | Self::Im | Self::Smm) => Some(Subject::Person),
            (Self::Cpm, Self::Im | Self::Smm) => Some(Subject::JobsClient),
            _ => None,
        }
    }
}

/// For whom an issuer may speak.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Subject {
    /// A person whose session the issuer has checked.
    Person,
    /// The issuer itself, at work for the client of a job.
    JobsClient,
}

impl fmt::Display for Service {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

impl FromStr for Service {
    type Err = KeyError;
    fn from_str(text: &str) -> Result<Self, KeyError> {
        Self::ALL.into_iter().find(|service| service.as_str() == text).ok_or(KeyError::UnknownService)
    }
}

/// `INTERNAL_SIGNING_KEY` or `INTERNAL_PUBLIC_KEYS` can't be used.
#[derive(Debug, thiserror::Error)]
pub enum KeyError {
    /// Not `kid:base64` (signing) or `service:kid:base64` (public).
    #[error("expected {0}")]
    Format(&'static str),
    /// Not 32 bytes of base64.
    #[error("the key is not 32 bytes of base64")]
    Length,
    /// Not a point on the curve.
    #[error("the key is not an Ed25519 public key")]
    NotAKey,
    /// A name that isn't one of the four services.
    #[error("unknown service; known are gateway, cpm, im, smm")]
    UnknownService,
    /// More than two live keys for an issuer: rotation needs two.
    #[error("at most two keys per service")]
    TooMany,
    /// The signing library refused the key.
    #[error("the key can't be used for signing")]
    Unusable,
}

/// The token wasn't accepted. Callers learn no more than that.
#[derive(Debug, thiserror::Error)]
pub enum TokenError {
    /// Malformed, expired, wrongly signed, of another type, or for somebody else.
    #[error("the internal token was refused")]
    Refused(#[from] jsonwebtoken::errors::Error),
    /// Its key id is unknown.
    #[error("the internal token names an unknown key")]
    UnknownKey,
    /// Its issuer may not call this service, or not for this subject.
    #[error("the internal token's issuer may not call this service for this subject")]
    NotAllowed,
    /// Its subject can't be read.
    #[error("the internal token's subject is malformed")]
    Subject,
    /// It lives longer than an internal token may, or begins in the future.
    #[error("the internal token lives too long, or was made in the future")]
    TooLong,
    /// The principal is an API key: it ends at the service that it was made for.
    #[error("an API key's principal isn't passed on")]
    Key,
}

#[derive(Debug, Serialize, Deserialize)]
struct Claims {
    iss: Service,
    aud: Service,
    sub: String,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    client: Option<Uuid>,
    /// The browser's address, as the gateway saw it. Services of before 0.4 neither give nor read it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    addr: Option<IpAddr>,
    iat: i64,
    exp: i64,
}

/// Signs this service's tokens.
#[derive(Clone)]
pub struct InternalIssuer {
    service: Service,
    kid: String,
    key: EncodingKey,
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
        Ok(Self { service, kid: kid.to_owned(), key: EncodingKey::from_ed_der(der.as_bytes()) })
    }

    /// A token for one callee on somebody's behalf, good for a minute.
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
        let (sub, client) = match principal {
            Principal::User(id) => (id.to_string(), None),
            Principal::Service { client, .. } => (SERVICE.to_owned(), Some(client.uuid())),
            Principal::Key { .. } => return Err(TokenError::Key),
        };
        let iat = now.timestamp();
        let claims = Claims { iss: self.service, aud: audience, sub, client, addr: address, iat, exp: iat + LIFETIME };
        let mut header = Header::new(Algorithm::EdDSA);
        header.typ = Some(TYP.to_owned());
        header.kid = Some(self.kid.clone());
        Ok(jsonwebtoken::encode(&header, &claims, &self.key)?)
    }
}

/// Checks the tokens that others send to this service.
#[derive(Clone)]
pub struct InternalVerifier {
    service: Service,
    /// By key id: the key decides who the issuer is.
    keys: HashMap<String, (Service, DecodingKey)>,
}

impl fmt::Debug for InternalVerifier {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("InternalVerifier").field("service", &self.service).field("keys", &self.keys.keys()).finish()
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
        Ok(Self { service, keys })
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
        let claims = jsonwebtoken::decode::<Claims>(token, key, &validation)?.claims;
        let allowed = issuer.speaks_for(self.service).ok_or(TokenError::NotAllowed)?;
        // An overflow is no lifetime of ours either.
        if claims.exp.checked_sub(claims.iat).is_none_or(|lifetime| lifetime > LIFETIME)
            || claims.iat > Utc::now().timestamp() + i64::from(LEEWAY)
        {
            return Err(TokenError::TooLong);
        }
        match (allowed, claims.sub.as_str()) {
            (Subject::JobsClient, SERVICE) => {
                let client = claims.client.map(ClientId).ok_or(TokenError::Subject)?;
                Ok((Principal::Service { name: issuer, client }, None))
            }
            (Subject::Person, SERVICE) => Err(TokenError::NotAllowed),
            (allowed, subject) => {
                let person: UserId = subject.parse().map_err(|_| TokenError::Subject)?;
                if allowed == Subject::Person {
                    Ok((Principal::User(person), claims.addr))
                } else {
                    Err(TokenError::NotAllowed)
                }
            }
        }
    }
}

/// A new key pair: what goes into `INTERNAL_SIGNING_KEY`, and its entry in everybody's `INTERNAL_PUBLIC_KEYS`.
///
/// # Panics
/// When the system has no randomness; nothing secret can be made then.
#[must_use]
pub fn generate_key(service: Service, kid: &str) -> (String, String) {
    let mut seed = [0_u8; 32];
    getrandom::fill(&mut seed).expect("the system's randomness is there");
    key_of(service, kid, &seed)
}

/// As [`generate_key`], from a seed that is there already: base64 of 32 random bytes.
///
/// # Errors
/// When it isn't 32 bytes of base64.
pub fn key_from_seed(service: Service, kid: &str, seed: &str) -> Result<(String, String), KeyError> {
    Ok(key_of(service, kid, &bytes(seed)?))
}

fn key_of(service: Service, kid: &str, seed: &[u8; 32]) -> (String, String) {
    let public = SigningKey::from_bytes(seed).verifying_key();
    let encode = |bytes: &[u8]| BASE64_STANDARD.encode(bytes);
    (format!("{kid}:{}", encode(seed)), format!("{service}:{kid}:{}", encode(public.as_bytes())))
}

fn bytes(base64: &str) -> Result<[u8; 32], KeyError> {
    BASE64_STANDARD.decode(base64.trim()).ok().and_then(|bytes| bytes.try_into().ok()).ok_or(KeyError::Length)
}

#[cfg(test)]
mod tests {
    use chrono::TimeDelta;

    use super::*;

    fn pair(issuer: Service, callee: Service) -> (InternalIssuer, InternalVerifier) {
        let (signing, public) = generate_key(issuer, "k1");
        (InternalIssuer::new(issuer, &signing).unwrap(), InternalVerifier::new(callee, &public).unwrap())
    }

    fn user() -> Principal {
        Principal::User(UserId(Uuid::from_u128(7)))
    }

    fn service() -> Principal {
        Principal::Service { name: Service::Cpm, client: ClientId(Uuid::from_u128(9)) }
    }

    #[test]
    fn each_issuer_speaks_for_its_own_subjects_only() {
        let Principal::Service { client, .. } = service() else { unreachable!() };
        for (from, to, principal, accepted) in [
            (Service::Gateway, Service::Cpm, user(), true),
            (Service::Gateway, Service::Im, user(), true),
            (Service::Gateway, Service::Smm, user(), true),
            (Service::Gateway, Service::Smm, service(), false),
            (Service::Cpm, Service::Im, service(), true),
            (Service::Cpm, Service::Smm, service(), true),
            (Service::Cpm, Service::Im, user(), false),
            (Service::Cpm, Service::Smm, user(), false),
            (Service::Cpm, Service::Cpm, service(), false),
            (Service::Im, Service::Smm, user(), false),
            (Service::Smm, Service::Im, service(), false),
        ] {
            let (issuer, verifier) = pair(from, to);
            let verdict = verifier.verify(&issuer.mint(to, &principal, Utc::now()).unwrap());
            if accepted {
                assert_eq!(verdict.unwrap(), principal);
            } else {
                assert!(matches!(verdict, Err(TokenError::NotAllowed)), "{from} to {to}: {verdict:?}");
            }
        }
        let (issuer, _) = pair(Service::Cpm, Service::Smm);
        let key = Principal::Key { id: hg_types::ApiKeyId(Uuid::from_u128(3)), client, scopes: Vec::new() };
        assert!(matches!(issuer.mint(Service::Smm, &key, Utc::now()), Err(TokenError::Key)));
    }

    #[test]
    fn an_address_goes_along_and_an_older_token_has_none() {
        let (issuer, verifier) = pair(Service::Gateway, Service::Smm);
        for address in [None, Some("203.0.113.9".parse().unwrap()), Some("2001:db8::7".parse().unwrap())] {
            let token = issuer.mint_from(Service::Smm, &user(), address, Utc::now()).unwrap();
            assert_eq!(verifier.verify_from(&token).unwrap(), (user(), address));
        }
        let (issuer, verifier) = pair(Service::Cpm, Service::Smm);
        let token =
            issuer.mint_from(Service::Smm, &service(), Some("203.0.113.9".parse().unwrap()), Utc::now()).unwrap();
        assert_eq!(verifier.verify_from(&token).unwrap().1, None, "a worker has no browser");
    }

    #[test]
    fn refuses_another_audience_an_old_token_and_a_stranger() {
        let (issuer, verifier) = pair(Service::Gateway, Service::Im);
        let elsewhere = issuer.mint(Service::Smm, &user(), Utc::now()).unwrap();
        assert!(verifier.verify(&elsewhere).is_err());
        let old = issuer.mint(Service::Im, &user(), Utc::now() - TimeDelta::minutes(10)).unwrap();
        assert!(verifier.verify(&old).is_err());
        let (stranger, _) = pair(Service::Gateway, Service::Im);
        assert!(verifier.verify(&stranger.mint(Service::Im, &user(), Utc::now()).unwrap()).is_err());
    }

    #[test]
    fn refuses_other_algorithms_and_types() {
        let (issuer, verifier) = pair(Service::Gateway, Service::Im);
        let token = issuer.mint(Service::Im, &user(), Utc::now()).unwrap();
        let claims = token.split('.').nth(1).unwrap();
        let with_header = |header: &str| format!("{}.{claims}.", BASE64_URL_SAFE_NO_PAD.encode(header));
        assert!(verifier.verify(&with_header(r#"{"alg":"none","typ":"hg-internal+jwt","kid":"k1"}"#)).is_err());
        assert!(verifier.verify(&with_header(r#"{"alg":"HS256","typ":"hg-internal+jwt","kid":"k1"}"#)).is_err());
        let mut header = Header::new(Algorithm::EdDSA);
        header.kid = Some("k1".to_owned());
        let now = Utc::now().timestamp();
        let claims = Claims {
            iss: Service::Gateway,
            aud: Service::Im,
            sub: Uuid::nil().to_string(),
            client: None,
            addr: None,
            iat: now,
            exp: now + 60,
        };
        let session_like = jsonwebtoken::encode(&header, &claims, &issuer.key).unwrap();
        assert!(verifier.verify(&session_like).is_err());
        header.typ = Some(TYP.to_owned());
        let later = now + 86_400;
        for (iat, exp) in [(now, later), (later, later + 60), (i64::MIN, now + 60), (i64::MAX, now + 60)] {
            let long = Claims { iat, exp, sub: claims.sub.clone(), ..claims };
            let long_lived = jsonwebtoken::encode(&header, &long, &issuer.key).unwrap();
            assert!(matches!(verifier.verify(&long_lived), Err(TokenError::TooLong)), "{iat} to {exp}");
        }
    }

    #[test]
    fn names_what_is_wrong_with_a_key() {
        assert!(InternalIssuer::new(Service::Cpm, "no-colon").is_err());
        assert!(InternalVerifier::new(Service::Cpm, "gateway:k1:short").is_err());
        assert!(InternalVerifier::new(Service::Cpm, "mars:k1:AAAA").is_err());
        let three: Vec<String> = (0..3).map(|n| generate_key(Service::Gateway, &format!("k{n}")).1).collect();
        assert!(matches!(InternalVerifier::new(Service::Cpm, &three.join(",")), Err(KeyError::TooMany)));
    }
}
