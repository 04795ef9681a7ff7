//! Clients: the nodes of the hierarchy, how they are listed, made, changed, moved, archived and deleted.

use chrono::{DateTime, Utc};
use hg_common::auth::Principal;
use hg_types::{ClientId, ClientType, Role};
use http::Method;
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};
use utoipa::{IntoParams, ToSchema};

use super::{SmmClient, encode};
use crate::{Page, client::ClientError};

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
    /// When it was archived, if it was: by itself or with what it stands below.
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
    /// Lower-case letters a–z, digits and single hyphens between, at most 100, and no id. Left out: made from the
    /// name, with a number behind it where that is taken.
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

/// Where a client goes, with everything below it.
#[derive(Clone, Debug, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct MoveClient {
    /// What it will stand below.
    pub parent_id: ClientId,
}

/// What a list does with archived clients.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum Archived {
    /// Shows them among the others.
    #[default]
    Include,
    /// Leaves them out.
    Exclude,
    /// Shows nothing else.
    Only,
}

/// Which clients to list.
#[derive(Clone, Debug, Default, Serialize, Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub struct ListClients {
    /// Part of the name or slug; from three characters on anywhere in it, before that at its beginning.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub q: Option<String>,
    /// Only this level.
    #[serde(default, rename = "type", skip_serializing_if = "Option::is_none")]
    pub client_type: Option<ClientType>,
    /// Only what stands directly below this client.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub parent_id: Option<ClientId>,
    /// What to do with archived clients; `include` where it is left out.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[param(inline)]
    pub archived: Option<Archived>,
    /// Where the previous page ended.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub cursor: Option<String>,
    /// 1–100, 20 by default.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub limit: Option<u32>,
    /// Number of the page, from 1; instead of a cursor.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub page: Option<u32>,
    /// Another name of `limit`; `pageSize` is understood too.
    #[serde(default, alias = "pageSize", skip_serializing_if = "Option::is_none")]
    pub page_size: Option<u32>,
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
    /// Whether there is more on these levels than this answer holds; `GET /client-tree` and `GET /clients` have the rest.
    #[serde(default)]
    pub has_more: bool,
}

/// How much of a client's surroundings to show.
#[derive(Clone, Copy, Debug, Default, Serialize, Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub struct HierarchyQuery {
    /// How many levels below it, 0–10; all of them where it is left out. With 0 there is only what stands above.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub depth: Option<u32>,
}

/// Which part of the tree to show, and how deep.
#[derive(Clone, Debug, Default, Serialize, Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub struct TreeQuery {
    /// Id or slug of the client to begin with; left out: everything that the caller sees.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub below: Option<String>,
    /// How many levels, 1–10; all of them where it is left out.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub depth: Option<u32>,
    /// What to do with archived clients: `include` (where it is left out) or `exclude`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[param(inline)]
    pub archived: Option<Archived>,
}

/// A client in the tree.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct TreeNode {
    /// Its id.
    pub id: ClientId,
    /// Its name for people.
    pub name: String,
    /// Its unique name in addresses.
    pub slug: String,
    /// Its level.
    #[serde(rename = "type")]
    pub client_type: ClientType,
    /// What it stands below, where that is in this tree.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub parent_id: Option<ClientId>,
    /// 0 at the top of this tree.
    pub depth: u32,
    /// When it was archived, if it was.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub archived_at: Option<DateTime<Utc>>,
    /// The caller's role on it; none for API keys and services.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub role: Option<Role>,
    /// How many clients stand directly below it, whether this tree is deep enough to show them or not.
    pub children: u32,
    /// How many people are members of this very client.
    pub members: u32,
}

/// The tree, flat: each client is followed by what stands below it, by name.
#[derive(Clone, Debug, Serialize, Deserialize, ToSchema)]
pub struct ClientTree {
    /// The clients.
    pub data: Vec<TreeNode>,
    /// How many clients there are, those too deep to be shown included.
    pub total: u32,
    /// Whether there are more than one answer holds (20,000): then ask for less depth, or below one client.
    pub has_more: bool,
}

/// How many of each kind belong to a client and to what stands below it; counted up to 10,000 each.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct ClientContents {
    /// Clients below.
    pub clients: u32,
    /// Memberships.
    pub members: u32,
    /// Invitations that are still open.
    pub invitations: u32,
    /// Strategies.
    pub strategies: u32,
    /// SEO rules.
    pub seo_rules: u32,
    /// Prompt templates.
    pub templates: u32,
    /// API keys that work.
    pub api_keys: u32,
    /// Provider keys.
    pub provider_keys: u32,
    /// Jobs, whatever became of them.
    pub jobs: u32,
    /// Charges and provider calls: what cost money, or may have.
    pub costs: u32,
}

/// What deleting a client would take along.
#[derive(Clone, Debug, Serialize, Deserialize, ToSchema)]
pub struct Deletion {
    /// What would go with it.
    pub contents: ClientContents,
    /// Whether it can be deleted without a confirmation: nobody works with it.
    pub empty: bool,
    /// Why it can't be deleted at all, as a code: `client_has_costs`, `client_has_jobs`.
    pub blocked_by: Option<String>,
    /// What to give as `confirmation` to delete it with all of this; none where it can't be deleted. It holds until
    /// something in the contents changes.
    pub confirmation: Option<String>,
}

/// A deletion, confirmed or not.
#[derive(Clone, Debug, Default, Serialize, Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub struct DeleteClient {
    /// The `confirmation` of `GET /clients/{client}/deletion`; needed for a client that isn't empty.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub confirmation: Option<String>,
}

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

    /// Puts a client, with everything below it, below another.
    ///
    /// # Errors
    /// When SMM is away or refuses.
    pub async fn move_client(
        &self,
        on_behalf: &Principal,
        id: ClientId,
        to: &MoveClient,
    ) -> Result<Client, ClientError> {
        self.0.send(on_behalf, Method::POST, &format!("/clients/{id}/move"), to).await
    }

    /// Archives a client and everything below it: no new jobs, no API keys.
    ///
    /// # Errors
    /// When SMM is away or refuses.
    pub async fn archive_client(&self, on_behalf: &Principal, id: ClientId) -> Result<Client, ClientError> {
        self.0.post(on_behalf, &format!("/clients/{id}/archive")).await
    }

    /// Brings a client back, with what was archived along with it.
    ///
    /// # Errors
    /// When SMM is away or refuses; 409 where what it stands below is archived.
    pub async fn restore_client(&self, on_behalf: &Principal, id: ClientId) -> Result<Client, ClientError> {
        self.0.post(on_behalf, &format!("/clients/{id}/restore")).await
    }

    /// What deleting a client would take along.
    ///
    /// # Errors
    /// When SMM is away or refuses.
    pub async fn client_deletion(&self, on_behalf: &Principal, id: ClientId) -> Result<Deletion, ClientError> {
        self.0.get(on_behalf, &format!("/clients/{id}/deletion")).await
    }

    /// Deletes an empty client.
    ///
    /// # Errors
    /// When SMM is away or refuses; 409 for a client that isn't empty.
    pub async fn delete_client(&self, on_behalf: &Principal, id: ClientId) -> Result<(), ClientError> {
        self.0.delete(on_behalf, &format!("/clients/{id}")).await
    }

    /// Deletes a client with everything that [`Deletion`] said.
    ///
    /// # Errors
    /// When SMM is away or refuses; 409 where the contents have changed since, or hold what can't be deleted.
    pub async fn delete_client_whole(
        &self,
        on_behalf: &Principal,
        id: ClientId,
        confirmation: &str,
    ) -> Result<(), ClientError> {
        self.0.delete(on_behalf, &format!("/clients/{id}?confirmation={}", encode(confirmation))).await
    }

    /// What is above and below a client.
    ///
    /// # Errors
    /// When SMM is away, or the caller can't see such a client.
    pub async fn hierarchy(
        &self,
        on_behalf: &Principal,
        id: ClientId,
        query: &HierarchyQuery,
    ) -> Result<Hierarchy, ClientError> {
        self.0.get_query(on_behalf, &format!("/clients/{id}/hierarchy"), query).await
    }

    /// The tree that the caller sees, with counts.
    ///
    /// # Errors
    /// When SMM is away or refuses.
    pub async fn client_tree(&self, on_behalf: &Principal, query: &TreeQuery) -> Result<ClientTree, ClientError> {
        self.0.get_query(on_behalf, "/client-tree", query).await
    }
}
