//! Secrets that `hg up` makes once and keeps: `data/up/env`.

use std::path::Path;

use anyhow::Result;
use hg_common::auth::Service;
use hg_common::auth::api_key::ApiKey;
use hg_stack::random_password;

use crate::kept::{self, Kept, SigningKeys};

/// The login that is made, as in the reference's own development set-up.
pub(super) const EMAIL: &str = "dev@hgcontent.com";

const AUTH_SECRET: &str = "AUTH_SECRET";
const SECRETS_KEYS: &str = "SECRETS_KEYS";
const AUDIT_KEYS: &str = "AUDIT_KEYS";
const PASSWORD: &str = "LOGIN_PASSWORD";
const API_KEY: &str = "API_KEY";
const APP_PASSWORD: &str = "GIVEN_SERVER_APP_PASSWORD";
const GATEWAY_SEED: &str = "GATEWAY_SIGNING_SEED";
const CPM_SEED: &str = "CPM_SIGNING_SEED";

/// What the services and their first user need to be told.
pub(super) struct Secrets {
    kept: Kept,
    keys: SigningKeys,
}

impl Secrets {
    /// Reads the file, and makes what it lacks.
    pub(super) fn load(path: &Path) -> Result<Self> {
        let mut kept = Kept::load(path)?;
        kept.make(AUTH_SECRET, kept::session_secret);
        kept.make(SECRETS_KEYS, kept::sealing_key);
        kept.make(AUDIT_KEYS, kept::sealing_key);
        kept.make(PASSWORD, || random_password()[..20].to_owned());
        kept.make(API_KEY, || ApiKey::generate().reveal().to_owned());
        kept.make(APP_PASSWORD, random_password);
        let gateway = kept.make(GATEWAY_SEED, kept::seed).to_owned();
        let keys = SigningKeys::from_seeds(1, &gateway, kept.make(CPM_SEED, kept::seed))?;
        kept.save()?;
        Ok(Self { kept, keys })
    }

    /// The password of [`EMAIL`].
    pub(super) fn password(&self) -> &str {
        self.kept.get(PASSWORD)
    }

    /// What `hg_content_app` gets as its password on a server of the user's where we make that role.
    pub(super) fn app_password(&self) -> &str {
        self.kept.get(APP_PASSWORD)
    }

    /// The API key of the sample client.
    pub(super) fn api_key(&self) -> &str {
        self.kept.get(API_KEY)
    }

    /// The secret variables of one service.
    pub(super) fn variables(&self, service: Service) -> Vec<(&'static str, &str)> {
        let public = ("INTERNAL_PUBLIC_KEYS", self.keys.public.as_str());
        match service {
            Service::Gateway => {
                vec![("AUTH_SECRET", self.kept.get(AUTH_SECRET)), ("INTERNAL_SIGNING_KEY", &self.keys.gateway)]
            }
            Service::Cpm => {
                vec![("SECRETS_KEYS", self.kept.get(SECRETS_KEYS)), ("INTERNAL_SIGNING_KEY", &self.keys.cpm), public]
            }
            Service::Im => vec![public],
            Service::Smm => vec![("AUDIT_KEYS", self.kept.get(AUDIT_KEYS)), public],
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use hg_common::auth::{InternalIssuer, InternalVerifier};

    #[test]
    fn secrets_are_made_once_and_usable() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("env");
        let first = Secrets::load(&path).unwrap();
        let second = Secrets::load(&path).unwrap();
        assert_eq!(first.variables(Service::Gateway), second.variables(Service::Gateway));
        assert_eq!(first.password(), second.password());
        let variables = second.variables(Service::Cpm);
        let value = |name| variables.iter().find(|(n, _)| *n == name).unwrap().1;
        InternalIssuer::new(Service::Cpm, value("INTERNAL_SIGNING_KEY")).unwrap();
        InternalVerifier::new(Service::Cpm, value("INTERNAL_PUBLIC_KEYS")).unwrap();
        ApiKey::parse(second.api_key()).unwrap();
    }
}
