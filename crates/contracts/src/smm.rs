//! Strategy management: clients, memberships, strategies.

mod strategy;

use chrono::{DateTime, Utc};
use hg_common::auth::Principal;
use hg_types::{ClientId, ClientType, ContentType, Role, StrategyId, UserId};
use http::Method;
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};
use utoipa::{IntoParams, ToSchema};

pub use self::strategy::{
    ClientFacts, EffectiveStrategy, EffectiveStrategyQuery, Level, SaveStrategy, Strategy, StrategyFields,
    StrategySource, WordRange,
};
use crate::{
    Page,
    client::{ClientError, Peer},
};

/// A node of the hierarchy.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, ToSchema)]
pub struct Client {
    /// Its id.
    pub id: ClientId,
    /// Its name for people.
    pub name: String,
    /// Its unique name in addresses.
    pub slug: String,
    /// Its level.
    #[serde(rename = "type")]
    pub client_type: ClientType,
    /// What it stands below; none for the root.
    pub parent_id: Option<ClientId>,
    /// Facts about the firm: `industry`, `location`, `services`, …; templates can read them.
    #[schema(value_type = Object)]
    pub metadata: Map<String, Value>,
    /// When it was archived, if it was.
    pub archived_at: Option<DateTime<Utc>>,
    /// The caller's role on it, inherited from above; none for API keys and services.
    #[serde(default)]
    pub role: Option<Role>,
    /// When it was made.
    pub created_at: DateTime<Utc>,
    /// When it was changed last.
    pub updated_at: DateTime<Utc>,
}

/// A new client.
#[derive(Clone, Debug, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct CreateClient {
    /// 1–255 characters.
    pub name: String,
    /// Lower-case letters, digits and single hyphens, at most 100; made from the name where it is left out.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub slug: Option<String>,
    /// Its level.
    #[serde(rename = "type")]
    pub client_type: ClientType,
    /// What it stands below.
    pub parent_id: ClientId,
    /// At most 64 KiB.
    #[serde(default)]
    #[schema(value_type = Object)]
    pub metadata: Map<String, Value>,
}

/// A change of a client; what is left out stays.
#[derive(Clone, Debug, Default, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct UpdateClient {
    /// 1–255 characters.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub name: Option<String>,
    /// A new unique slug.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub slug: Option<String>,
    /// Replaces all metadata.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schema(value_type = Option<Object>)]
    pub metadata: Option<Map<String, Value>>,
}

/// Which clients to list.
#[derive(Clone, Debug, Default, Serialize, Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub struct ListClients {
    /// Part of the name or slug.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub q: Option<String>,
    /// Only this level.
    #[serde(default, rename = "type", skip_serializing_if = "Option::is_none")]
    pub client_type: Option<ClientType>,
    /// Only what stands directly below this client.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub parent_id: Option<ClientId>,
    /// Where the previous page ended.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub cursor: Option<String>,
    /// 1–100, 20 by default.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub limit: Option<u32>,
}

/// A client with all that is above and below it, as far as the caller may see it.
#[derive(Clone, Debug, Serialize, Deserialize, ToSchema)]
pub struct Hierarchy {
    /// The client itself.
    pub client: Client,
    /// What it stands directly below, where the caller may see that.
    pub parent: Option<Client>,
    /// From the root down to the parent, as far as the caller may see them.
    pub ancestors: Vec<Client>,
    /// What stands directly below.
    pub children: Vec<Client>,
    /// Everything below, the nearest first.
    pub descendants: Vec<Client>,
}

/// A person's membership of a client.
#[derive(Clone, Debug, Serialize, Deserialize, ToSchema)]
pub struct Member {
    /// The person.
    pub user_id: UserId,
    /// The person's address.
    pub email: String,
    /// The person's name.
    pub display_name: String,
    /// The role, which also holds for everything below the client.
    pub role: Role,
    /// Since when.
    pub created_at: DateTime<Utc>,
}

/// Makes somebody a member, or changes the role.
#[derive(Clone, Debug, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct PutMember {
    /// The address of an existing account.
    pub email: String,
    /// The role to give; at most the caller's own.
    pub role: Role,
}

/// Talks to SMM.
#[derive(Clone, Debug)]
pub struct SmmClient(pub Peer);

impl SmmClient {
    /// A page of the clients that the caller may see, by name.
    ///
    /// # Errors
    /// When SMM is away or refuses.
    pub async fn list_clients(&self, on_behalf: &Principal, query: &ListClients) -> Result<Page<Client>, ClientError> {
        self.0.get_query(on_behalf, "/clients", query).await
    }

    /// One client by id or slug.
    ///
    /// # Errors
    /// When SMM is away, or the caller can't see such a client.
    pub async fn get_client(&self, on_behalf: &Principal, id_or_slug: &str) -> Result<Client, ClientError> {
        self.0.get(on_behalf, &format!("/clients/{}", encode(id_or_slug))).await
    }

    /// Makes a client.
    ///
    /// # Errors
    /// When SMM is away or refuses.
    pub async fn create_client(&self, on_behalf: &Principal, new: &CreateClient) -> Result<Client, ClientError> {
        self.0.send(on_behalf, Method::POST, "/clients", new).await
    }

    /// Changes a client.
    ///
    /// # Errors
    /// When SMM is away or refuses.
    pub async fn update_client(
        &self,
        on_behalf: &Principal,
        id: ClientId,
        change: &UpdateClient,
    ) -> Result<Client, ClientError> {
        self.0.send(on_behalf, Method::PUT, &format!("/clients/{id}"), change).await
    }

    /// Deletes an empty client.
    ///
    /// # Errors
    /// When SMM is away or refuses; 409 for a client that isn't empty.
    pub async fn delete_client(&self, on_behalf: &Principal, id: ClientId) -> Result<(), ClientError> {
        self.0.delete(on_behalf, &format!("/clients/{id}")).await
    }

    /// What is above and below a client.
    ///
    /// # Errors
    /// When SMM is away, or the caller can't see such a client.
    pub async fn hierarchy(&self, on_behalf: &Principal, id: ClientId) -> Result<Hierarchy, ClientError> {
        self.0.get(on_behalf, &format!("/clients/{id}/hierarchy")).await
    }

    /// The members of a client, the strongest first.
    ///
    /// # Errors
    /// When SMM is away, or the caller can't see such a client.
    pub async fn members(&self, on_behalf: &Principal, id: ClientId) -> Result<Page<Member>, ClientError> {
        self.0.get(on_behalf, &format!("/clients/{id}/members")).await
    }

    /// Makes somebody a member, or changes the role.
    ///
    /// # Errors
    /// When SMM is away or refuses.
    pub async fn put_member(
        &self,
        on_behalf: &Principal,
        id: ClientId,
        member: &PutMember,
    ) -> Result<Member, ClientError> {
        self.0.send(on_behalf, Method::PUT, &format!("/clients/{id}/members"), member).await
    }

    /// Ends a membership.
    ///
    /// # Errors
    /// When SMM is away or refuses; 409 for the last owner.
    pub async fn remove_member(&self, on_behalf: &Principal, id: ClientId, user: UserId) -> Result<(), ClientError> {
        self.0.delete(on_behalf, &format!("/clients/{id}/members/{user}")).await
    }

    /// A client's own strategies.
    ///
    /// # Errors
    /// When SMM is away, or the caller can't see such a client.
    pub async fn strategies(&self, on_behalf: &Principal, id: ClientId) -> Result<Page<Strategy>, ClientError> {
        self.0.get(on_behalf, &format!("/clients/{id}/strategies")).await
    }

    /// Makes a client's strategy for a content type.
    ///
    /// # Errors
    /// When SMM is away or refuses.
    pub async fn create_strategy(
        &self,
        on_behalf: &Principal,
        id: ClientId,
        new: &SaveStrategy,
    ) -> Result<Strategy, ClientError> {
        self.0.send(on_behalf, Method::POST, &format!("/clients/{id}/strategies"), new).await
    }

    /// One strategy.
    ///
    /// # Errors
    /// When SMM is away, or the caller can't see such a strategy.
    pub async fn get_strategy(&self, on_behalf: &Principal, id: StrategyId) -> Result<Strategy, ClientError> {
        self.0.get(on_behalf, &format!("/strategies/{id}")).await
    }

    /// Saves a new version of a strategy.
    ///
    /// # Errors
    /// When SMM is away or refuses.
    pub async fn update_strategy(
        &self,
        on_behalf: &Principal,
        id: StrategyId,
        change: &SaveStrategy,
    ) -> Result<Strategy, ClientError> {
        self.0.send(on_behalf, Method::PUT, &format!("/strategies/{id}"), change).await
    }

    /// Deletes a strategy: what it said is inherited from then on.
    ///
    /// # Errors
    /// When SMM is away or refuses.
    pub async fn delete_strategy(&self, on_behalf: &Principal, id: StrategyId) -> Result<(), ClientError> {
        self.0.delete(on_behalf, &format!("/strategies/{id}")).await
    }

    /// The strategy that holds for a client.
    ///
    /// # Errors
    /// When SMM is away, or the caller can't see such a client.
    pub async fn effective_strategy(
        &self,
        on_behalf: &Principal,
        client: ClientId,
        content_type: ContentType,
    ) -> Result<EffectiveStrategy, ClientError> {
        let path = format!("/clients/{client}/effective-strategy");
        self.0.get_query(on_behalf, &path, &EffectiveStrategyQuery { content_type }).await
    }
}

fn encode(segment: &str) -> String {
    use std::fmt::Write;
    segment.bytes().fold(String::with_capacity(segment.len()), |mut path, byte| {
        if byte.is_ascii_alphanumeric() || b"-_.".contains(&byte) {
            path.push(char::from(byte));
        } else {
            // Writing into a String can't fail.
            let _ = write!(path, "%{byte:02X}");
        }
        path
    })
}
