//! Clients' own keys at providers. A key goes in and never comes out: only its last characters are shown.

use std::fmt;

use chrono::{DateTime, Utc};
use hg_common::auth::Principal;
use hg_types::{ClientId, UserId};
use http::Method;
use serde::{Deserialize, Serialize};
use utoipa::{IntoParams, ToSchema};
use uuid::Uuid;

use super::{CpmClient, patience::TRIED_WITHIN};
use crate::{Page, client::ClientError};

/// Whether a provider key is used.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum ProviderKeyState {
    /// Jobs may name it.
    Active,
    /// Jobs that name it are refused, until it is enabled again.
    Disabled,
}

/// What the provider said to a key.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum ProviderKeyVerdict {
    /// It takes it.
    Accepted,
    /// It doesn't.
    Refused,
    /// It gave no answer that says.
    Unknown,
}

/// A stored provider key.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct ProviderKeyInfo {
    /// Its id: what `provider_key_id` of a request names.
    pub id: Uuid,
    /// Whose it is. Only jobs of this very client use it.
    pub client_id: ClientId,
    /// At which provider.
    pub provider: String,
    /// What people call it; may be empty.
    pub name: String,
    /// Its last characters.
    pub hint: String,
    /// The person who alone may use it; none: everybody who may ask for content.
    pub user_id: Option<UserId>,
    /// Whether it is used.
    pub state: ProviderKeyState,
    /// When it was stored.
    pub created_at: DateTime<Utc>,
    /// By whom.
    pub created_by: Option<UserId>,
    /// Since when it is disabled.
    pub disabled_at: Option<DateTime<Utc>>,
    /// When it was last tried.
    pub tested_at: Option<DateTime<Utc>>,
    /// What the provider said then.
    pub verdict: Option<ProviderKeyVerdict>,
}

/// Stores a key.
#[derive(Clone, Default, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct StoreProviderKey {
    /// At which provider: `openrouter`, `openai`, `groq`, …
    pub provider: String,
    /// The key; 8–512 visible ASCII characters.
    pub key: String,
    /// What people call it; at most 100 characters.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub name: Option<String>,
    /// The caller's own id, for a key that nobody else may use; left out: everybody who may ask for content.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub user_id: Option<UserId>,
}

impl fmt::Debug for StoreProviderKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("StoreProviderKey")
            .field("provider", &self.provider)
            .field("name", &self.name)
            .finish_non_exhaustive()
    }
}

/// Changes a stored key. What is left out stays.
#[derive(Clone, Debug, Default, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct UpdateProviderKey {
    /// Another name.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub name: Option<String>,
    /// `disabled` or `active`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub state: Option<ProviderKeyState>,
}

/// Which keys to list, the newest first.
#[derive(Clone, Debug, Default, Serialize, Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub struct ListProviderKeys {
    /// Where the previous page ended.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub cursor: Option<String>,
    /// 1–100, 20 by default.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub limit: Option<u32>,
}

impl CpmClient {
    /// The provider keys of this very client.
    ///
    /// # Errors
    /// When CPM is away or refuses.
    pub async fn list_provider_keys(
        &self,
        on_behalf: &Principal,
        client: ClientId,
        query: &ListProviderKeys,
    ) -> Result<Page<ProviderKeyInfo>, ClientError> {
        self.0.get_query(on_behalf, &format!("/clients/{client}/provider-keys"), query).await
    }

    /// Stores a provider key.
    ///
    /// # Errors
    /// When CPM is away or refuses.
    pub async fn store_provider_key(
        &self,
        on_behalf: &Principal,
        client: ClientId,
        wanted: &StoreProviderKey,
    ) -> Result<ProviderKeyInfo, ClientError> {
        self.0.send(on_behalf, Method::POST, &format!("/clients/{client}/provider-keys"), wanted).await
    }

    /// Renames, disables or enables a provider key.
    ///
    /// # Errors
    /// When CPM is away or refuses.
    pub async fn update_provider_key(
        &self,
        on_behalf: &Principal,
        client: ClientId,
        key: Uuid,
        change: &UpdateProviderKey,
    ) -> Result<ProviderKeyInfo, ClientError> {
        self.0.send(on_behalf, Method::PATCH, &format!("/clients/{client}/provider-keys/{key}"), change).await
    }

    /// Asks the provider whether it takes a key.
    ///
    /// # Errors
    /// When CPM is away or refuses.
    pub async fn test_provider_key(
        &self,
        on_behalf: &Principal,
        client: ClientId,
        key: Uuid,
    ) -> Result<ProviderKeyInfo, ClientError> {
        self.0.post_within(on_behalf, &format!("/clients/{client}/provider-keys/{key}/test"), TRIED_WITHIN).await
    }

    /// Deletes a provider key.
    ///
    /// # Errors
    /// When CPM is away or refuses.
    pub async fn delete_provider_key(
        &self,
        on_behalf: &Principal,
        client: ClientId,
        key: Uuid,
    ) -> Result<(), ClientError> {
        self.0.delete(on_behalf, &format!("/clients/{client}/provider-keys/{key}")).await
    }
}
