//! The four services, and who of them may call whom, for whom.

use std::{fmt, str::FromStr};

use serde::{Deserialize, Serialize};

use super::keys::KeyError;

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
    pub(super) const fn speaks_for(self, callee: Self) -> Option<Subject> {
        match (self, callee) {
            (Self::Gateway, Self::Cpm | Self::Im | Self::Smm) => Some(Subject::Person),
            (Self::Cpm, Self::Im | Self::Smm) => Some(Subject::JobsClient),
            _ => None,
        }
    }
}

/// For whom an issuer may speak.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Subject {
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
