//! On whose behalf a request is made.

use hg_types::{ApiKeyId, ClientId, UserId};

use super::internal::Service;
use crate::db::Scope;

/// What an API key may do.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum ApiScope {
    /// `generate`: ask for content.
    Generate,
    /// `jobs:read`: see jobs and their results.
    JobsRead,
    /// `jobs:write`: cancel and retry.
    JobsWrite,
    /// `usage:read`: see what was used and what it cost.
    UsageRead,
}

impl ApiScope {
    /// All of them.
    pub const ALL: [Self; 4] = [Self::Generate, Self::JobsRead, Self::JobsWrite, Self::UsageRead];

    /// The scope's name on the wire and in the database.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Generate => "generate",
            Self::JobsRead => "jobs:read",
            Self::JobsWrite => "jobs:write",
            Self::UsageRead => "usage:read",
        }
    }

    /// The scope by its name.
    #[must_use]
    pub fn parse(text: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|scope| scope.as_str() == text)
    }
}

/// On whose behalf a request is made. Authenticated; what it may see is decided by [`Principal::scope`] and
/// row-level security.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Principal {
    /// A person, through a service that vouches for the session.
    User(UserId),
    /// A trusted service with an API key, bound to one client and what is below it.
    Key {
        /// The key's id.
        id: ApiKeyId,
        /// The client that the key belongs to.
        client: ClientId,
        /// What the key may do.
        scopes: Vec<ApiScope>,
    },
    /// One of our own services working on a job, bound to the job's client.
    Service {
        /// Who calls.
        name: Service,
        /// The job's client.
        client: ClientId,
    },
}

impl Principal {
    /// The scope for transactions on this principal's behalf.
    #[must_use]
    pub const fn scope(&self) -> Scope {
        match self {
            Self::User(id) => Scope::User(*id),
            Self::Key { client, .. } | Self::Service { client, .. } => Scope::Client(*client),
        }
    }

    /// The person, where there is one.
    #[must_use]
    pub const fn user(&self) -> Option<UserId> {
        match self {
            Self::User(id) => Some(*id),
            Self::Key { .. } | Self::Service { .. } => None,
        }
    }

    /// The API key, where there is one.
    #[must_use]
    pub const fn api_key(&self) -> Option<ApiKeyId> {
        match self {
            Self::Key { id, .. } => Some(*id),
            Self::User(_) | Self::Service { .. } => None,
        }
    }

    /// Whether the principal may do what needs this scope. Scopes narrow API keys only; people are narrowed by roles.
    #[must_use]
    pub fn allows(&self, needed: ApiScope) -> bool {
        match self {
            Self::Key { scopes, .. } => scopes.contains(&needed),
            Self::User(_) | Self::Service { .. } => true,
        }
    }

    /// A stable name: the idempotency key's and the rate limit's owner.
    #[must_use]
    pub fn name(&self) -> String {
        match self {
            Self::User(id) => format!("user:{id}"),
            Self::Key { id, .. } => format!("key:{id}"),
            Self::Service { name, client } => format!("service:{name}:{client}"),
        }
    }
}
