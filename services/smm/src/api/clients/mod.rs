//! Clients: list, make, look at, change, move, archive, delete; what is above and below.

pub(crate) mod archive;
pub(crate) mod create;
pub(crate) mod delete;
pub(crate) mod deletion;
pub(crate) mod erasure;
pub(crate) mod export;
pub(crate) mod fetch;
pub(crate) mod hierarchy;
pub(crate) mod list;
pub(crate) mod relocate;
pub(crate) mod restore;
pub(crate) mod retention;
pub(crate) mod tree;
pub(crate) mod update;

use hg_common::{db::TenantTx, http::ApiError};
use hg_types::ClientId;
use http::StatusCode;

use super::seen_client;
use crate::{
    domain::access::{Action, permit},
    store::client::{SeenClient, client_role},
};

/// Contents are counted up to here.
const MOST_COUNTED: i32 = 10_000;

/// A client about which is decided from above: the action's role is needed on what it stands below.
async fn decided_client(tx: &mut TenantTx, reference: &str, action: Action) -> Result<SeenClient, ApiError> {
    let seen = seen_client(tx, reference).await?;
    let Some(parent) = seen.client.parent_id else {
        return Err(ApiError::conflict("root_stays", "the root can't be moved, archived or deleted"));
    };
    permit(action, client_role(tx, parent).await?)?;
    Ok(seen)
}

/// What a client shall stand below.
async fn seen_parent(tx: &mut TenantTx, id: ClientId) -> Result<SeenClient, ApiError> {
    seen_client(tx, &id.to_string()).await.map_err(|error| match error.status() {
        StatusCode::NOT_FOUND => ApiError::not_found("parent client"),
        _ => error,
    })
}
