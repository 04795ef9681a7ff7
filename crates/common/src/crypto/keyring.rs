//! Sealing of secrets at rest: XChaCha20-Poly1305 under keys that the database doesn't have.
//!
//! A sealed value is bound to the place where it stands (table, row, client, owner, provider): moved elsewhere, it doesn't open. The first key
//! seals, every key opens, so a new key goes first and old values are re-sealed at leisure. Plaintext must never reach a log.
//!
//! Sealed bytes: version (1) · length of the key id (1) · key id · nonce (24) · ciphertext and tag (n + 16).

use std::fmt;
use std::str::FromStr;

use base64::Engine as _;
use base64::engine::general_purpose::{STANDARD_NO_PAD, URL_SAFE_NO_PAD};
use chacha20poly1305::aead::{Aead, KeyInit, Payload};
use chacha20poly1305::{XChaCha20Poly1305, XNonce};
use uuid::Uuid;

use super::token::random_bytes;

const VERSION: u8 = 1;
const NONCE_LENGTH: usize = 24;
const MAX_KEY_ID: usize = 32;

/// The place that a sealed value belongs to. All of it must be the same for it to open.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct SealContext<'a> {
    /// The table.
    pub table: &'a str,
    /// The row's id.
    pub row: Uuid,
    /// The client that the row belongs to.
    pub client: Option<Uuid>,
    /// The person who owns it.
    pub owner: Option<Uuid>,
    /// The provider (or the kind of secret).
    pub provider: &'a str,
}

impl SealContext<'_> {
    /// Each part with its length before it, so that no two contexts give the same bytes.
    fn associated_data(&self, key_id: &str) -> Vec<u8> {
        let mut data = vec![VERSION];
        let mut part = |bytes: &[u8]| {
            data.extend_from_slice(&(bytes.len() as u64).to_be_bytes());
            data.extend_from_slice(bytes);
        };
        part(self.table.as_bytes());
        part(self.row.as_bytes());
        for id in [self.client, self.owner] {
            match id {
                Some(id) => part(id.as_bytes()),
                None => part(&[]),
            }
        }
        part(self.provider.as_bytes());
        part(key_id.as_bytes());
        data
    }
}

/// The keys don't read: `kid:base64` separated by commas, 32 bytes each.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum KeyringError {
    /// No key at all.
    #[error("no key is given: expected kid:base64, separated by commas")]
    Empty,
    /// An entry without a colon.
    #[error("entry {0} has no key id: expected kid:base64")]
    NoId(usize),
    /// An id that is empty, too long or has strange characters.
    #[error("the key id of entry {0} must be 1 to 32 letters, digits, dashes and underscores")]
    BadId(usize),
    /// Not 32 bytes of base64.
    #[error("key {0} must be 32 bytes in base64")]
    BadKey(String),
    /// The same id twice.
    #[error("key {0} is given twice")]
    Duplicate(String),
}

/// A secret could not be sealed.
#[derive(Debug, thiserror::Error)]
#[error("the secret is too long to be sealed")]
pub struct SealError;

/// Sealed bytes don't open. None of these says anything about the plaintext.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum OpenError {
    /// Not bytes that [`Keyring::seal`] made.
    #[error("these are no sealed bytes of a known version")]
    Format,
    /// The key is not in the ring.
    #[error("the key {0} is not configured: add it to SECRETS_KEYS")]
    UnknownKey(String),
    /// Altered, or standing in another place than where it was sealed.
    #[error("the sealed bytes were altered or moved")]
    Authentication,
}

struct RingKey {
    id: String,
    cipher: XChaCha20Poly1305,
}

/// The keys of `SECRETS_KEYS`. The first seals, all open.
pub struct Keyring {
    first: RingKey,
    others: Vec<RingKey>,
}

impl Keyring {
    /// Seals `plaintext` for the place `context`.
    ///
    /// # Errors
    /// When it is longer than the cipher can take (256 GiB).
    pub fn seal(&self, context: &SealContext<'_>, plaintext: &[u8]) -> Result<Vec<u8>, SealError> {
        let RingKey { id, cipher } = &self.first;
        let nonce = random_bytes::<NONCE_LENGTH>();
        let aad = context.associated_data(id);
        let ciphertext =
            cipher.encrypt(&XNonce::from(nonce), Payload { msg: plaintext, aad: &aad }).map_err(|_| SealError)?;
        let id_length = u8::try_from(id.len()).map_err(|_| SealError)?;
        let mut sealed = Vec::with_capacity(2 + id.len() + NONCE_LENGTH + ciphertext.len());
        sealed.extend_from_slice(&[VERSION, id_length]);
        sealed.extend_from_slice(id.as_bytes());
        sealed.extend_from_slice(&nonce);
        sealed.extend_from_slice(&ciphertext);
        Ok(sealed)
    }

    /// Opens what was sealed for the same `context`.
    ///
    /// # Errors
    /// When the bytes are not ours, the key is not in the ring, or anything was altered or moved.
    pub fn open(&self, context: &SealContext<'_>, sealed: &[u8]) -> Result<Vec<u8>, OpenError> {
        let (id, rest) = split_key_id(sealed)?;
        let (nonce, ciphertext) = rest.split_at_checked(NONCE_LENGTH).ok_or(OpenError::Format)?;
        let nonce: [u8; NONCE_LENGTH] = nonce.try_into().map_err(|_| OpenError::Format)?;
        let key = self.keys().find(|key| key.id == id).ok_or_else(|| OpenError::UnknownKey(id.to_owned()))?;
        let aad = context.associated_data(id);
        key.cipher
            .decrypt(&XNonce::from(nonce), Payload { msg: ciphertext, aad: &aad })
            .map_err(|_| OpenError::Authentication)
    }

    /// Whether the value was sealed with another key than the first, and should be sealed again.
    ///
    /// # Errors
    /// When the bytes are not ours.
    pub fn is_stale(&self, sealed: &[u8]) -> Result<bool, OpenError> {
        Ok(split_key_id(sealed)?.0 != self.first.id)
    }

    /// The id of the key that seals.
    #[must_use]
    pub fn sealing_key_id(&self) -> &str {
        &self.first.id
    }

    fn keys(&self) -> impl Iterator<Item = &RingKey> {
        std::iter::once(&self.first).chain(&self.others)
    }
}

fn split_key_id(sealed: &[u8]) -> Result<(&str, &[u8]), OpenError> {
    let [VERSION, id_length, rest @ ..] = sealed else { return Err(OpenError::Format) };
    let (id, rest) = rest.split_at_checked(usize::from(*id_length)).ok_or(OpenError::Format)?;
    let id = std::str::from_utf8(id).map_err(|_| OpenError::Format)?;
    if is_key_id(id) { Ok((id, rest)) } else { Err(OpenError::Format) }
}

fn is_key_id(id: &str) -> bool {
    (1..=MAX_KEY_ID).contains(&id.len())
        && id.bytes().all(|byte| byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'_'))
}

impl FromStr for Keyring {
    type Err = KeyringError;

    fn from_str(text: &str) -> Result<Self, KeyringError> {
        let mut keys = parse_keys(text)?
            .into_iter()
            .map(|(id, bytes)| RingKey { id, cipher: XChaCha20Poly1305::new(&bytes.into()) });
        let first = keys.next().ok_or(KeyringError::Empty)?;
        Ok(Self { first, others: keys.collect() })
    }
}

/// Keys as operators write them: `kid:base64` of 32 bytes, separated by commas; at least one, each id once.
pub(crate) fn parse_keys(text: &str) -> Result<Vec<(String, [u8; 32])>, KeyringError> {
    let mut keys: Vec<(String, [u8; 32])> = Vec::new();
    for (index, entry) in text.split(',').map(str::trim).filter(|entry| !entry.is_empty()).enumerate() {
        let number = index + 1;
        let (id, key) = entry.split_once(':').ok_or(KeyringError::NoId(number))?;
        if !is_key_id(id) {
            return Err(KeyringError::BadId(number));
        }
        if keys.iter().any(|(other, _)| other == id) {
            return Err(KeyringError::Duplicate(id.to_owned()));
        }
        let bytes = decode_key(key).ok_or_else(|| KeyringError::BadKey(id.to_owned()))?;
        keys.push((id.to_owned(), bytes));
    }
    if keys.is_empty() { Err(KeyringError::Empty) } else { Ok(keys) }
}

/// 32 bytes from either alphabet of base64, padded or not.
fn decode_key(text: &str) -> Option<[u8; 32]> {
    let text = text.trim_end_matches('=');
    let bytes = STANDARD_NO_PAD.decode(text).or_else(|_| URL_SAFE_NO_PAD.decode(text)).ok()?;
    bytes.try_into().ok()
}

impl fmt::Debug for Keyring {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_list().entries(self.keys().map(|key| &key.id)).finish()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn key(byte: u8) -> String {
        STANDARD_NO_PAD.encode([byte; 32])
    }

    fn context() -> SealContext<'static> {
        let id = |n| Uuid::from_u128(n);
        SealContext { table: "provider_keys", row: id(1), client: Some(id(2)), owner: None, provider: "openai" }
    }

    #[test]
    fn what_is_sealed_opens_in_its_place_only() {
        let ring: Keyring = format!("k1:{}", key(1)).parse().unwrap();
        let sealed = ring.seal(&context(), b"sk-secret").unwrap();
        assert!(!sealed.windows(9).any(|window| window == b"sk-secret"));
        assert_eq!(ring.open(&context(), &sealed).unwrap(), b"sk-secret");
        assert_ne!(ring.seal(&context(), b"sk-secret").unwrap(), sealed);
        let here = context();
        let elsewhere = [
            SealContext { table: "provider_key", ..here },
            SealContext { row: Uuid::from_u128(9), ..here },
            SealContext { client: None, ..here },
            SealContext { client: None, owner: here.client, ..here },
            SealContext { provider: "openaj", ..here },
        ];
        for place in elsewhere {
            assert_eq!(ring.open(&place, &sealed), Err(OpenError::Authentication), "{place:?}");
        }
    }

    #[test]
    fn altered_and_foreign_bytes_are_refused() {
        let ring: Keyring = format!("k1:{}", key(1)).parse().unwrap();
        let sealed = ring.seal(&context(), b"x").unwrap();
        for index in 0..sealed.len() {
            let mut altered = sealed.clone();
            altered[index] ^= 1;
            assert!(ring.open(&context(), &altered).is_err(), "byte {index}");
        }
        for length in 0..sealed.len() {
            assert!(ring.open(&context(), &sealed[..length]).is_err(), "length {length}");
        }
    }

    #[test]
    fn keys_rotate() {
        let old: Keyring = format!("k1:{}", key(1)).parse().unwrap();
        let new: Keyring = format!("k2:{}, k1:{}", key(2), key(1)).parse().unwrap();
        let sealed = old.seal(&context(), b"x").unwrap();
        assert_eq!(new.open(&context(), &sealed).unwrap(), b"x");
        assert!(new.is_stale(&sealed).unwrap());
        let again = new.seal(&context(), b"x").unwrap();
        assert!(!new.is_stale(&again).unwrap());
        assert_eq!(old.open(&context(), &again), Err(OpenError::UnknownKey("k2".into())));
        assert_eq!(format!("{new:?}"), "[\"k2\", \"k1\"]");
    }

    #[test]
    fn bad_keyrings_are_named_without_showing_keys() {
        let bad = |text: &str| text.parse::<Keyring>().unwrap_err();
        assert_eq!(bad(" , "), KeyringError::Empty);
        assert_eq!(bad(&key(1)), KeyringError::NoId(1));
        assert_eq!(bad(&format!("a b:{}", key(1))), KeyringError::BadId(1));
        assert_eq!(bad("k:c2hvcnQ"), KeyringError::BadKey("k".into()));
        assert_eq!(bad(&format!("k:{0},k:{0}", key(1))), KeyringError::Duplicate("k".into()));
        let padded = base64::engine::general_purpose::URL_SAFE.encode([0xff; 32]);
        assert!(format!("k:{padded}").parse::<Keyring>().is_ok());
    }
}
