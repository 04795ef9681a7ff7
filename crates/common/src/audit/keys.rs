//! The keys of `AUDIT_KEYS`, which the database doesn't have. The first seals, all verify.

use std::{fmt, str::FromStr};

use hmac::{Hmac, KeyInit, Mac};
use sha2::Sha256;
use uuid::Uuid;

use super::entry::Entry;
use crate::crypto::{KeyringError, constant_time_eq, parse_keys};

const ENTRY: &[u8] = b"hg-audit-entry-1";
const HEAD: &[u8] = b"hg-audit-head-1";

/// The keys that seal the audit log.
#[derive(Clone)]
pub struct AuditKeys(Vec<(String, [u8; 32])>);

impl AuditKeys {
    /// The id of the key that seals.
    pub(super) fn sealing(&self) -> &str {
        // FromStr makes none without a key.
        self.0.first().map_or("", |(id, _)| id)
    }

    /// The seal of the entry at a position of a chain, over the seal before it. `None`: the key is unknown.
    pub(super) fn seal(
        &self,
        key_id: &str,
        chain: Uuid,
        position: i64,
        before: &[u8],
        entry: &Entry,
    ) -> Option<Vec<u8>> {
        self.mac(key_id, &[ENTRY, chain.as_bytes(), &position.to_be_bytes(), before, &entry.canonical()])
    }

    /// The seal of a chain's end: so many entries, the last with this seal. `None`: the key is unknown.
    pub(super) fn seal_head(&self, key_id: &str, chain: Uuid, length: i64, last: &[u8]) -> Option<Vec<u8>> {
        self.mac(key_id, &[HEAD, chain.as_bytes(), &length.to_be_bytes(), last])
    }

    /// Whether a chain's end is what the key says it is.
    pub(super) fn head_fits(&self, key_id: &str, chain: Uuid, length: i64, last: &[u8], seal: &[u8]) -> bool {
        self.seal_head(key_id, chain, length, last).is_some_and(|wanted| constant_time_eq(wanted, seal))
    }

    /// Each part with its length before it, so that no two lists of parts give the same bytes; the key's id among them.
    fn mac(&self, key_id: &str, parts: &[&[u8]]) -> Option<Vec<u8>> {
        let (_, key) = self.0.iter().find(|(id, _)| id == key_id)?;
        let mut mac = Hmac::<Sha256>::new_from_slice(key).ok()?;
        for part in [key_id.as_bytes()].iter().chain(parts) {
            mac.update(&(part.len() as u64).to_be_bytes());
            mac.update(part);
        }
        Some(mac.finalize().into_bytes().to_vec())
    }
}

impl FromStr for AuditKeys {
    type Err = KeyringError;

    fn from_str(text: &str) -> Result<Self, KeyringError> {
        parse_keys(text).map(Self)
    }
}

impl fmt::Debug for AuditKeys {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_list().entries(self.0.iter().map(|(id, _)| id)).finish()
    }
}

#[cfg(test)]
mod tests {
    use base64::{Engine as _, prelude::BASE64_STANDARD};

    use super::super::entry::tests::entry;
    use super::*;

    fn keys(of: &[(&str, u8)]) -> AuditKeys {
        let entries: Vec<String> =
            of.iter().map(|(id, byte)| format!("{id}:{}", BASE64_STANDARD.encode([*byte; 32]))).collect();
        entries.join(",").parse().unwrap()
    }

    #[test]
    fn a_seal_is_of_one_place_one_past_and_one_key() {
        let ring = keys(&[("k1", 1)]);
        let chain = Uuid::from_u128(7);
        let seal = ring.seal("k1", chain, 1, b"", &entry()).unwrap();
        assert_eq!(ring.seal("k1", chain, 1, b"", &entry()).unwrap(), seal);
        assert_ne!(ring.seal("k1", NO_ONE, 1, b"", &entry()).unwrap(), seal);
        assert_ne!(ring.seal("k1", chain, 2, b"", &entry()).unwrap(), seal);
        assert_ne!(ring.seal("k1", chain, 1, b"x", &entry()).unwrap(), seal);
        assert_ne!(keys(&[("k1", 2)]).seal("k1", chain, 1, b"", &entry()).unwrap(), seal);
        assert_ne!(keys(&[("k2", 1)]).seal("k2", chain, 1, b"", &entry()).unwrap(), seal);
        assert!(ring.seal("k2", chain, 1, b"", &entry()).is_none());
        // After a rotation the old key still verifies.
        let rotated = keys(&[("k2", 2), ("k1", 1)]);
        assert_eq!(rotated.sealing(), "k2");
        assert_eq!(rotated.seal("k1", chain, 1, b"", &entry()).unwrap(), seal);
        assert_eq!(format!("{rotated:?}"), r#"["k2", "k1"]"#);
    }

    const NO_ONE: Uuid = Uuid::nil();

    #[test]
    fn a_head_is_of_one_length() {
        let ring = keys(&[("k1", 1)]);
        let chain = Uuid::from_u128(7);
        let head = ring.seal_head("k1", chain, 3, b"mac").unwrap();
        assert!(ring.head_fits("k1", chain, 3, b"mac", &head));
        assert!(!ring.head_fits("k1", chain, 2, b"mac", &head));
        assert!(!ring.head_fits("k1", chain, 3, b"other", &head));
        assert!(!ring.head_fits("k9", chain, 3, b"mac", &head));
    }
}
