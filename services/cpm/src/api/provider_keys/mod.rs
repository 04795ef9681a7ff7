//! Clients' own keys at providers: store, list, try, disable, delete. For people who administer the client; its members see
//! which there are. A key is opened only to be tried, and by a worker for a job that names it.

pub mod change;
pub mod delete;
pub mod list;
pub mod store;
pub mod test;

use hg_common::{
    crypto::{Keyring, SealContext},
    db::TenantTx,
    http::ApiError,
};
use hg_types::{ClientId, Provider, Role, UserId};
use uuid::Uuid;

use super::caller::client_with_role;
use crate::{state::AppState, store::clients::SeenClient};

/// A client whose keys the caller may look after.
///
/// # Errors
/// 404, or 403 for whoever is no admin of it.
async fn administered(tx: &mut TenantTx, client: &str) -> Result<SeenClient, ApiError> {
    client_with_role(tx, client, Role::Admin, "looking after provider keys").await
}

/// What seals and opens.
///
/// # Errors
/// 503 where the operator has given no key for it.
fn keyring(state: &AppState) -> Result<&Keyring, ApiError> {
    state.keyring.as_deref().ok_or_else(|| {
        ApiError::unavailable(
            "secrets_not_configured",
            "provider keys can't be kept here: SECRETS_KEYS is not configured",
        )
    })
}

/// The place for which a key is sealed, the same as where a worker opens it.
fn place(row: Uuid, client: ClientId, owner: Option<UserId>, provider: &str) -> SealContext<'_> {
    SealContext { table: "provider_keys", row, client: Some(client.uuid()), owner: owner.map(UserId::uuid), provider }
}

/// A provider by the name that stands in a row.
///
/// # Errors
/// 500 for one that nobody knows any more.
fn provider_named(name: &str) -> Result<Provider, ApiError> {
    name.parse().map_err(|_| ApiError::conflict("unknown_provider", format!("there is no provider {name:?} any more")))
}
