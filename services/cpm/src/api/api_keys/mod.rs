//! API keys of trusted services: make, list, change, rotate, end. For people who administer the key's client; no key looks
//! after keys.

pub mod create;
pub mod list;
pub mod revoke;
pub mod rotate;
pub mod show;
pub mod update;

use hg_common::{auth::api_key::ApiKey, db::TenantTx, http::ApiError};
use hg_contracts::cpm::{ApiKeyInfo, ApiKeyOrigin, ApiKeyState};
use hg_types::{ApiKeyId, ClientId, Role};

use super::caller::client_with_role;
use crate::{
    domain::keys::Bounds,
    state::AppState,
    store::{
        api_keys::{NewSecret, api_key_fetch, api_key_hold},
        clients::SeenClient,
    },
};

/// A client whose keys the caller may look after.
///
/// # Errors
/// 404, or 403 for whoever is no admin of it.
async fn administered(tx: &mut TenantTx, client: &str) -> Result<SeenClient, ApiError> {
    client_with_role(tx, client, Role::Admin, "looking after API keys").await
}

/// A key that may be changed, held until the end of the transaction.
///
/// # Errors
/// 404; 409 for one that has ended.
async fn living(tx: &mut TenantTx, client: ClientId, id: ApiKeyId) -> Result<ApiKeyInfo, ApiError> {
    let key = api_key_hold(tx, client, id).await?.ok_or_else(|| ApiError::not_found("API key"))?;
    match key.state {
        ApiKeyState::Active => Ok(key),
        ApiKeyState::Expired => Err(ApiError::conflict("api_key_expired", "the API key has expired: make another")),
        ApiKeyState::Revoked => Err(ApiError::conflict("api_key_revoked", "the API key is revoked: make another")),
    }
}

/// Refuses what only the operator can do to a key of theirs.
///
/// # Errors
/// 409 for a key from `CPM_CLIENT_API_KEYS`.
fn not_the_operators(key: &ApiKeyInfo) -> Result<(), ApiError> {
    match key.origin {
        ApiKeyOrigin::Made => Ok(()),
        ApiKeyOrigin::Environment => Err(ApiError::conflict(
            "managed_by_environment",
            "the key is the operator's, from CPM_CLIENT_API_KEYS: its secret and its end are changed there",
        )),
    }
}

/// What bounds keys here and now.
fn bounds(state: &AppState) -> Bounds {
    Bounds { now: state.clock.now(), requests_per_minute: state.throttle.most_per_minute() }
}

/// A new secret: to be shown, and to be stored.
fn secret() -> (ApiKey, NewSecret) {
    let key = ApiKey::generate();
    let stored = NewSecret { hash: key.hash(), prefix: key.prefix().to_owned() };
    (key, stored)
}

/// The key as it is after a change in this transaction.
///
/// # Errors
/// When the database fails.
async fn as_it_is(tx: &mut TenantTx, client: ClientId, id: ApiKeyId) -> Result<ApiKeyInfo, ApiError> {
    api_key_fetch(tx, client, id).await?.ok_or_else(|| ApiError::not_found("API key"))
}
