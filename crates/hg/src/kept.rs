//! Secrets that are made once and kept: a file of `NAME=value` lines, readable by its owner alone.
//!
//! It must not know what a secret is for, except the few that both `hg up` and `hg setup` make.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use anyhow::{Context as _, Result};
use base64::Engine as _;
use base64::prelude::BASE64_STANDARD;
use hg_common::auth::Service;
use hg_common::auth::internal::key_from_seed;
use hg_stack::{random_password, write_private};

/// The kept secrets, by name.
pub(crate) struct Kept {
    path: PathBuf,
    values: BTreeMap<String, String>,
    stored: BTreeMap<String, String>,
}

impl Kept {
    /// Reads the file; an absent one is empty.
    pub(crate) fn load(path: &Path) -> Result<Self> {
        let text = match std::fs::read_to_string(path) {
            Ok(text) => text,
            Err(error) if error.kind() == std::io::ErrorKind::NotFound => String::new(),
            Err(error) => return Err(error).with_context(|| format!("cannot read {}", path.display())),
        };
        let values: BTreeMap<String, String> =
            text.lines().filter_map(|line| line.split_once('=')).map(|(k, v)| (k.to_owned(), v.to_owned())).collect();
        Ok(Self { path: path.to_owned(), stored: values.clone(), values })
    }

    /// The value, made now if there was none.
    pub(crate) fn make(&mut self, name: &str, value: impl FnOnce() -> String) -> &str {
        self.values.entry(name.to_owned()).or_insert_with(value)
    }

    /// Replaces a value by one that somebody gave.
    pub(crate) fn put(&mut self, name: &str, value: String) {
        self.values.insert(name.to_owned(), value);
    }

    /// The value; empty where there is none.
    pub(crate) fn get(&self, name: &str) -> &str {
        self.values.get(name).map_or("", String::as_str)
    }

    /// Writes the file where something is new.
    pub(crate) fn save(&mut self) -> Result<()> {
        if self.values == self.stored {
            return Ok(());
        }
        let lines: String = self.values.iter().map(|(name, value)| format!("{name}={value}\n")).collect();
        write_private(&self.path, &lines)?;
        self.stored.clone_from(&self.values);
        Ok(())
    }
}

/// A secret for signing sessions: 64 characters.
pub(crate) fn session_secret() -> String {
    random_password() + &random_password()
}

/// A key for sealing stored secrets: `kid:base64 of 32 bytes`.
pub(crate) fn sealing_key() -> String {
    format!("k1:{}", seed())
}

/// What a signing key is made from: base64 of 32 random bytes.
pub(crate) fn seed() -> String {
    BASE64_STANDARD.encode(rand::random::<[u8; 32]>())
}

/// The keys by which the services know each other: each signer's own, and everybody's public ones.
pub(crate) struct SigningKeys {
    /// `INTERNAL_SIGNING_KEY` of the gateway.
    pub(crate) gateway: String,
    /// `INTERNAL_SIGNING_KEY` of CPM.
    pub(crate) cpm: String,
    /// `INTERNAL_PUBLIC_KEYS` of all.
    pub(crate) public: String,
}

impl SigningKeys {
    /// From two seeds, see [`seed`].
    pub(crate) fn from_seeds(generation: u16, gateway: &str, cpm: &str) -> Result<Self> {
        let key = |service: Service, seed| {
            key_from_seed(service, &format!("{service}-{generation}"), seed)
                .with_context(|| format!("the seed of the signing key of {service}"))
        };
        let ((gateway, gateway_public), (cpm, cpm_public)) = (key(Service::Gateway, gateway)?, key(Service::Cpm, cpm)?);
        Ok(Self { gateway, cpm, public: format!("{gateway_public},{cpm_public}") })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn values_are_made_once_and_kept() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("env");
        let mut first = Kept::load(&path).unwrap();
        let made = first.make("A", session_secret).to_owned();
        first.put("B", "given".to_owned());
        first.save().unwrap();
        let mut second = Kept::load(&path).unwrap();
        assert_eq!(second.make("A", || panic!("it is there")), made);
        assert_eq!((second.get("B"), second.get("C")), ("given", ""));
    }

    #[test]
    fn the_file_is_for_its_owner_alone() {
        use std::os::unix::fs::MetadataExt as _;
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("env");
        let mut kept = Kept::load(&path).unwrap();
        kept.put("A", "b".to_owned());
        kept.save().unwrap();
        assert_eq!(std::fs::metadata(&path).unwrap().mode() & 0o777, 0o600);
    }

    #[test]
    fn bad_seeds_are_refused() {
        let error = SigningKeys::from_seeds(1, &seed(), "c2hvcnQ=").err().unwrap();
        assert!(format!("{error:#}").contains("cpm"), "{error:#}");
    }
}
