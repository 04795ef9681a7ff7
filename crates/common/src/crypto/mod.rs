//! Small cryptography: digests, comparison, random tokens, and sealing of secrets at rest ([`Keyring`]).
//!
//! Passwords, internal tokens and API keys belong to those who issue them. Nothing here stores or logs anything.

mod keyring;
mod token;

use sha2::{Digest, Sha256};
use subtle::ConstantTimeEq;

pub(crate) use self::keyring::parse_keys;
pub use self::keyring::{Keyring, KeyringError, OpenError, SealContext, SealError};
pub use self::token::{base62, random_bytes, token_256};

/// The SHA-256 digest of `data`.
#[must_use]
pub fn sha256(data: impl AsRef<[u8]>) -> [u8; 32] {
    Sha256::digest(data).into()
}

/// The SHA-256 digest of `data` in lower-case hexadecimal.
#[must_use]
pub fn sha256_hex(data: impl AsRef<[u8]>) -> String {
    use std::fmt::Write as _;
    sha256(data).iter().fold(String::with_capacity(64), |mut text, byte| {
        let _ = write!(text, "{byte:02x}");
        text
    })
}

/// Compares without telling by its duration where two values differ. Their lengths are not hidden.
#[must_use]
pub fn constant_time_eq(left: impl AsRef<[u8]>, right: impl AsRef<[u8]>) -> bool {
    left.as_ref().ct_eq(right.as_ref()).into()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn digests_and_comparison() {
        // FIPS 180-4's example.
        assert_eq!(sha256_hex("abc"), "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad");
        assert!(constant_time_eq("abc", b"abc"));
        assert!(!constant_time_eq("abc", "abd") && !constant_time_eq("abc", "abcd"));
    }
}
