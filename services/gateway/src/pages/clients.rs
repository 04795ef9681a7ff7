//! The clients that the person may see, and which of them a page is about.
//!
//! The current client stands in the address (`?client=<slug>`). Where strategy management is away, pages go on with the
//! slug alone: content production judges it.

use hg_common::{
    auth::Principal,
    http::{ApiError, error_chain},
};
use hg_contracts::{
    SmmClient,
    smm::{Client, ListClients},
};
use hg_types::{ClientId, ClientType, Role};
use http::StatusCode;

use super::{shell::CurrentClient, visit::is_out_of_order};
use crate::peer_error::peer_error;

/// Clients that a switcher lists: where there are more, one searches.
const LISTED: u32 = 100;

/// A client's slug from an address or a form, with nothing in it that an address would have to encode.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Slug(String);

impl Slug {
    /// Reads a parameter; nothing for an empty one, which stands for all clients.
    ///
    /// # Errors
    /// 404 for what can't be a slug: there is no such client.
    pub fn parse(text: Option<&str>) -> Result<Option<Self>, ApiError> {
        let Some(text) = text.map(str::trim).filter(|text| !text.is_empty()) else { return Ok(None) };
        let fits = text.len() <= 100
            && text.bytes().all(|byte| byte.is_ascii_lowercase() || byte.is_ascii_digit() || byte == b'-');
        if fits { Ok(Some(Self(text.to_owned()))) } else { Err(ApiError::not_found("client")) }
    }

    /// The slug.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

/// The clients of a person.
#[derive(Clone, Debug)]
pub enum Clients {
    /// As they are.
    Known {
        /// The first of them, by name, and those that a page is about.
        clients: Vec<Client>,
        /// Whether there are no others.
        is_whole: bool,
    },
    /// Nobody can say.
    Away,
}

impl Clients {
    /// Asks for the first of those that the person may see, once.
    ///
    /// # Errors
    /// When strategy management refuses; when it is away, that is an answer too.
    pub async fn fetch(smm: &SmmClient, principal: &Principal) -> Result<Self, ApiError> {
        let query = ListClients { limit: Some(LISTED), ..ListClients::default() };
        match smm.list_clients(principal, &query).await {
            Ok(page) => Ok(Self::Known { is_whole: page.pagination.next_cursor.is_none(), clients: page.data }),
            Err(error) if is_out_of_order(&error) => {
                tracing::warn!(error = %error_chain(&error), "clients can't be listed");
                Ok(Self::Away)
            }
            Err(error) => Err(peer_error(error)),
        }
    }

    /// The same with the client of this slug or id, which may be one that the list doesn't reach.
    ///
    /// # Errors
    /// When strategy management refuses for another reason than that there is no such client.
    pub async fn with(
        mut self,
        smm: &SmmClient,
        principal: &Principal,
        id_or_slug: Option<&str>,
    ) -> Result<Self, ApiError> {
        let Self::Known { clients, is_whole: false } = &mut self else { return Ok(self) };
        let Some(wanted) = id_or_slug else { return Ok(self) };
        if clients.iter().any(|client| client.slug == wanted || client.id.to_string() == wanted) {
            return Ok(self);
        }
        match smm.get_client(principal, wanted).await {
            Ok(client) => clients.push(client),
            Err(error) if error.status() == Some(StatusCode::NOT_FOUND) || is_out_of_order(&error) => {}
            Err(error) => return Err(peer_error(error)),
        }
        Ok(self)
    }

    /// All of them.
    #[must_use]
    pub fn all(&self) -> &[Client] {
        match self {
            Self::Known { clients, .. } => clients,
            Self::Away => &[],
        }
    }

    /// Whether these are all of them, as far as anybody can say.
    #[must_use]
    pub const fn is_whole(&self) -> bool {
        !matches!(self, Self::Known { is_whole: false, .. })
    }

    /// Whether nobody can say.
    #[must_use]
    pub const fn is_away(&self) -> bool {
        matches!(self, Self::Away)
    }

    /// The client of this slug.
    #[must_use]
    pub fn by_slug(&self, slug: &str) -> Option<&Client> {
        self.all().iter().find(|client| client.slug == slug)
    }

    /// The client of this id.
    #[must_use]
    pub fn by_id(&self, id: ClientId) -> Option<&Client> {
        self.all().iter().find(|client| client.id == id)
    }

    /// The current client for the frame.
    ///
    /// # Errors
    /// 404 where the person has no such client.
    pub fn current(&self, slug: Option<&Slug>) -> Result<Option<CurrentClient>, ApiError> {
        let Some(slug) = slug else { return Ok(None) };
        match (self.by_slug(slug.as_str()), self) {
            (Some(client), _) => Ok(Some(CurrentClient::new(client))),
            (None, Self::Away) => Ok(Some(CurrentClient::unread(slug.as_str()))),
            (None, Self::Known { .. }) => Err(ApiError::not_found("client")),
        }
    }

    /// Whether the person may ask for content, for this client or for any. Where nobody can say, content production decides.
    #[must_use]
    pub fn may_write(&self, slug: Option<&str>) -> bool {
        match self {
            Self::Away => true,
            // One of those that aren't listed may be.
            Self::Known { is_whole: false, .. } if slug.is_none() => true,
            Self::Known { clients, .. } => {
                clients.iter().any(|client| slug.is_none_or(|slug| client.slug == slug) && is_writable(client))
            }
        }
    }

    /// Whom the form is for where nobody says: the first customer that the person may write for, else whoever there is.
    #[must_use]
    pub fn first_to_write_for(&self) -> Option<&Client> {
        let writable = || self.all().iter().filter(|client| is_writable(client));
        writable().find(|client| client.client_type == ClientType::Customer).or_else(|| writable().next())
    }
}

/// Whether the person may ask for this client's content.
#[must_use]
pub fn is_writable(client: &Client) -> bool {
    client.archived_at.is_none() && client.role.is_some_and(|role| role >= Role::Member)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn slugs_need_no_encoding() {
        assert_eq!(Slug::parse(Some("ohio-paving")).unwrap().unwrap().as_str(), "ohio-paving");
        assert!(Slug::parse(None).unwrap().is_none() && Slug::parse(Some(" ")).unwrap().is_none());
        for bad in ["A", "a b", "a&b=c", "ä", "../x", "a?b"] {
            assert_eq!(Slug::parse(Some(bad)).unwrap_err().status(), 404, "{bad}");
        }
    }
}
