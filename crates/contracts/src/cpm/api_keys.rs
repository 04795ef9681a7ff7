//! API keys of trusted services: what people make of them, and how they look afterwards. A secret appears in the one answer that
//! makes it, and nowhere else.

use std::fmt;

use chrono::{DateTime, Utc};
use hg_common::auth::Principal;
use hg_types::{ApiKeyId, ClientId, Usd, UserId};
use http::Method;
use serde::{Deserialize, Deserializer, Serialize};
use utoipa::{IntoParams, ToSchema};

use super::{CpmClient, patience::LIMITED_WITHIN};
use crate::{Page, client::ClientError};

/// Whether a key opens anything.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum ApiKeyState {
    /// It does.
    Active,
    /// Its time is over.
    Expired,
    /// Somebody ended it.
    Revoked,
}

/// Who made a key.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum ApiKeyOrigin {
    /// Somebody, here or with `hg admin`.
    Made,
    /// The operator's `CPM_CLIENT_API_KEYS`: its secret and its end are looked after there.
    Environment,
}

/// The secret before the present one, for as long as it goes on.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct OldSecret {
    /// How it begins.
    pub prefix: String,
    /// When it ends.
    pub expires_at: DateTime<Utc>,
    /// When it was last used, to the minute: who still holds it has not changed over.
    pub last_used_at: Option<DateTime<Utc>>,
}

/// What a key with limits has used, in the running day and month (UTC).
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct ApiKeyUse {
    /// Jobs accepted today.
    pub jobs_today: u32,
    /// What ended jobs of today cost.
    pub spent_today_usd: Usd,
    /// What is held for running jobs of today.
    pub reserved_today_usd: Usd,
    /// What ended jobs of this month cost.
    pub spent_this_month_usd: Usd,
    /// What is held for running jobs of this month.
    pub reserved_this_month_usd: Usd,
}

/// A key, without its secret.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct ApiKeyInfo {
    /// Its id; stays when the secret changes.
    pub id: ApiKeyId,
    /// Whose it is. It reaches this client and what is below it.
    pub client_id: ClientId,
    /// What people call it.
    pub name: String,
    /// How its secret begins.
    pub prefix: String,
    /// Who made it.
    pub origin: ApiKeyOrigin,
    /// What it may do: `generate`, `jobs:read`, `jobs:write`, `usage:read`.
    pub scopes: Vec<String>,
    /// Whether it opens anything.
    pub state: ApiKeyState,
    /// Requests per minute; none: the operator's default.
    pub requests_per_minute: Option<u32>,
    /// Jobs accepted per day (UTC); none: no limit.
    pub jobs_per_day: Option<u32>,
    /// Money per day (UTC); none: no limit but the client's.
    pub daily_limit_usd: Option<Usd>,
    /// Money per month (UTC); none: no limit but the client's.
    pub monthly_limit_usd: Option<Usd>,
    /// What it has used, where it has a limit of jobs or money.
    pub used: Option<ApiKeyUse>,
    /// When it was made.
    pub created_at: DateTime<Utc>,
    /// By whom; none for the operator's.
    pub created_by: Option<UserId>,
    /// When it was last used, to the minute.
    pub last_used_at: Option<DateTime<Utc>>,
    /// When it ends.
    pub expires_at: Option<DateTime<Utc>>,
    /// When it got its present secret, where that isn't its first.
    pub rotated_at: Option<DateTime<Utc>>,
    /// Who gave it that.
    pub rotated_by: Option<UserId>,
    /// The secret before, for as long as it goes on.
    pub old_secret: Option<OldSecret>,
    /// When somebody ended it.
    pub revoked_at: Option<DateTime<Utc>>,
    /// Who.
    pub revoked_by: Option<UserId>,
}

/// A key with its secret: shown this once.
#[derive(Clone, Serialize, Deserialize, ToSchema)]
pub struct NewApiKey {
    /// What to send as `X-API-Key` or `Authorization: Bearer`. Nobody can show it again.
    pub secret: String,
    /// The key.
    pub api_key: ApiKeyInfo,
}

impl fmt::Debug for NewApiKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("NewApiKey").field("api_key", &self.api_key).finish_non_exhaustive()
    }
}

/// Makes a key.
#[derive(Clone, Debug, Default, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct CreateApiKey {
    /// What people call it; 1–200 characters.
    pub name: String,
    /// What it may do: one or more of `generate`, `jobs:read`, `jobs:write`, `usage:read`.
    pub scopes: Vec<String>,
    /// When it ends; left out: never.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub expires_at: Option<DateTime<Utc>>,
    /// 1–100,000 requests per minute; left out: the operator's default.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub requests_per_minute: Option<i64>,
    /// 1–1,000,000 accepted jobs per day (UTC); left out: no limit.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub jobs_per_day: Option<i64>,
    /// Money per day (UTC), from 0; left out: no limit but the client's.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub daily_limit_usd: Option<Usd>,
    /// Money per month (UTC), from 0; left out: no limit but the client's.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub monthly_limit_usd: Option<Usd>,
}

/// Changes a key. What is left out stays; `null` takes an end or a limit away.
#[derive(Clone, Debug, Default, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct UpdateApiKey {
    /// Another name.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub name: Option<String>,
    /// Other scopes, all of them.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub scopes: Option<Vec<String>>,
    /// Another end.
    #[serde(default, deserialize_with = "given", skip_serializing_if = "Option::is_none")]
    #[schema(value_type = Option<DateTime<Utc>>)]
    pub expires_at: Option<Option<DateTime<Utc>>>,
    /// Another number of requests per minute.
    #[serde(default, deserialize_with = "given", skip_serializing_if = "Option::is_none")]
    #[schema(value_type = Option<i64>)]
    pub requests_per_minute: Option<Option<i64>>,
    /// Another number of jobs per day.
    #[serde(default, deserialize_with = "given", skip_serializing_if = "Option::is_none")]
    #[schema(value_type = Option<i64>)]
    pub jobs_per_day: Option<Option<i64>>,
    /// Another limit of money per day.
    #[serde(default, deserialize_with = "given", skip_serializing_if = "Option::is_none")]
    #[schema(value_type = Option<Usd>)]
    pub daily_limit_usd: Option<Option<Usd>>,
    /// Another limit of money per month.
    #[serde(default, deserialize_with = "given", skip_serializing_if = "Option::is_none")]
    #[schema(value_type = Option<Usd>)]
    pub monthly_limit_usd: Option<Option<Usd>>,
}

/// What is there, if only `null`, is given.
fn given<'de, D: Deserializer<'de>, T: Deserialize<'de>>(deserializer: D) -> Result<Option<Option<T>>, D::Error> {
    Option::deserialize(deserializer).map(Some)
}

/// Gives a key a new secret.
#[derive(Clone, Copy, Debug, Default, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct RotateApiKey {
    /// For how many seconds the present secret goes on: 0 (it ends at once) to 2,592,000 (30 days); left out: 86,400 (a day).
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub overlap_seconds: Option<i64>,
}

/// Which keys to list, the newest first.
#[derive(Clone, Debug, Default, Serialize, Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub struct ListApiKeys {
    /// Only in this state.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[param(inline)]
    pub state: Option<ApiKeyState>,
    /// Where the previous page ended.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub cursor: Option<String>,
    /// 1–100, 20 by default.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub limit: Option<u32>,
}

impl CpmClient {
    /// The keys of this very client.
    ///
    /// # Errors
    /// When CPM is away or refuses.
    pub async fn list_api_keys(
        &self,
        on_behalf: &Principal,
        client: ClientId,
        query: &ListApiKeys,
    ) -> Result<Page<ApiKeyInfo>, ClientError> {
        self.0.get_query(on_behalf, &format!("/clients/{client}/api-keys"), query).await
    }

    /// Makes a key.
    ///
    /// # Errors
    /// When CPM is away or refuses.
    pub async fn create_api_key(
        &self,
        on_behalf: &Principal,
        client: ClientId,
        wanted: &CreateApiKey,
    ) -> Result<NewApiKey, ClientError> {
        self.0.send(on_behalf, Method::POST, &format!("/clients/{client}/api-keys"), wanted).await
    }

    /// One key.
    ///
    /// # Errors
    /// When CPM is away or refuses.
    pub async fn get_api_key(
        &self,
        on_behalf: &Principal,
        client: ClientId,
        key: ApiKeyId,
    ) -> Result<ApiKeyInfo, ClientError> {
        self.0.get(on_behalf, &format!("/clients/{client}/api-keys/{key}")).await
    }

    /// Changes a key.
    ///
    /// # Errors
    /// When CPM is away or refuses.
    pub async fn update_api_key(
        &self,
        on_behalf: &Principal,
        client: ClientId,
        key: ApiKeyId,
        change: &UpdateApiKey,
    ) -> Result<ApiKeyInfo, ClientError> {
        let path = format!("/clients/{client}/api-keys/{key}");
        self.0.send_within(on_behalf, Method::PATCH, &path, change, LIMITED_WITHIN).await
    }

    /// Gives a key a new secret.
    ///
    /// # Errors
    /// When CPM is away or refuses.
    pub async fn rotate_api_key(
        &self,
        on_behalf: &Principal,
        client: ClientId,
        key: ApiKeyId,
        wanted: &RotateApiKey,
    ) -> Result<NewApiKey, ClientError> {
        self.0.send(on_behalf, Method::POST, &format!("/clients/{client}/api-keys/{key}/rotate"), wanted).await
    }

    /// Ends a key.
    ///
    /// # Errors
    /// When CPM is away or refuses.
    pub async fn revoke_api_key(
        &self,
        on_behalf: &Principal,
        client: ClientId,
        key: ApiKeyId,
    ) -> Result<ApiKeyInfo, ClientError> {
        self.0.send(on_behalf, Method::DELETE, &format!("/clients/{client}/api-keys/{key}"), &()).await
    }
}
