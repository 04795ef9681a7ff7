//! Keys as the configuration has them: `kid:base64` to sign with, `service:kid:base64` to check with.

use base64::{Engine, prelude::BASE64_STANDARD};
use ed25519_dalek::SigningKey;

use super::service::Service;

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

pub(super) fn bytes(base64: &str) -> Result<[u8; 32], KeyError> {
    BASE64_STANDARD.decode(base64.trim()).ok().and_then(|bytes| bytes.try_into().ok()).ok_or(KeyError::Length)
}
