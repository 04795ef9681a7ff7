//! Newtypes over UUIDs, so that a client's id can't be passed where a job's is meant.

use std::{fmt, str::FromStr};

use serde::{Deserialize, Serialize};
use uuid::Uuid;

macro_rules! id {
    ($(#[$doc:meta])* $name:ident) => {
        $(#[$doc])*
        #[derive(Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize, utoipa::ToSchema)]
        #[serde(transparent)]
        pub struct $name(pub Uuid);

        impl $name {
            /// The plain UUID, for SQL parameters.
            #[must_use]
            pub const fn uuid(self) -> Uuid {
                self.0
            }
        }

        impl fmt::Display for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                self.0.fmt(f)
            }
        }

        impl fmt::Debug for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                write!(f, concat!(stringify!($name), "({})"), self.0)
            }
        }

        impl FromStr for $name {
            type Err = uuid::Error;
            fn from_str(text: &str) -> Result<Self, Self::Err> {
                Uuid::parse_str(text).map(Self)
            }
        }

        impl From<Uuid> for $name {
            fn from(id: Uuid) -> Self {
                Self(id)
            }
        }

        impl From<$name> for Uuid {
            fn from(id: $name) -> Self {
                id.0
            }
        }
    };
}

id!(
    /// A node of the client hierarchy: root, agency or customer.
    ClientId
);
id!(
    /// A person with an account.
    UserId
);
id!(
    /// A generation job. A UUIDv7: its creation time is in it, which partitioning relies on.
    JobId
);
id!(
    /// A strategy of one client for one content type.
    StrategyId
);
id!(
    /// SEO rules of one client for one content type.
    SeoRulesId
);
id!(
    /// A prompt template.
    TemplateId
);
id!(
    /// A trusted service's API key (the key's id, never the key).
    ApiKeyId
);
id!(
    /// An invitation to become a member of a client.
    InvitationId
);
id!(
    /// An export, an erasure, or a run of retention.
    DataJobId
);
id!(
    /// A signed-in browser's session.
    SessionId
);

/// Either of the two ways in which a caller names a client.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub enum ClientRef {
    /// By id.
    Id(ClientId),
    /// By its unique slug.
    Slug(String),
}

impl ClientRef {
    /// What the caller wrote, read as a UUID if it is one, otherwise as a slug.
    #[must_use]
    pub fn parse(text: &str) -> Self {
        Uuid::parse_str(text).map_or_else(|_| Self::Slug(text.to_owned()), |id| Self::Id(ClientId(id)))
    }
}

impl fmt::Display for ClientRef {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Id(id) => id.fmt(f),
            Self::Slug(slug) => f.write_str(slug),
        }
    }
}

impl Serialize for ClientRef {
    fn serialize<S: serde::Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(self)
    }
}

impl<'de> Deserialize<'de> for ClientRef {
    fn deserialize<D: serde::Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        String::deserialize(deserializer).map(|text| Self::parse(&text))
    }
}
