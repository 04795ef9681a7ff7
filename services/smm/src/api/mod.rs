//! Handlers, one per file: extract, one call of the rules, answer.

pub(crate) mod audit;
pub(crate) mod clients;
pub(crate) mod data_jobs;
mod error;
pub(crate) mod invitations;
pub(crate) mod members;
pub(crate) mod people;
pub(crate) mod seo_rules;
pub(crate) mod strategies;
mod versioned;

pub(crate) use error::database;

use hg_common::{auth::Principal, db::TenantTx, http::ApiError};
use hg_types::{UserId, id::ClientRef};

use crate::store::client::{SeenClient, client_fetch};

/// The client that a path names by id or slug.
///
/// # Errors
/// 404 when the caller doesn't see such a client.
pub(crate) async fn seen_client(tx: &mut TenantTx, reference: &str) -> Result<SeenClient, ApiError> {
    // Nothing longer is a slug or an id, and U+0000 can't be sent to Postgres.
    if reference.len() > 255 || reference.contains('\0') {
        return Err(ApiError::not_found("client"));
    }
    client_fetch(tx, &ClientRef::parse(reference)).await?.ok_or_else(|| ApiError::not_found("client"))
}

/// The person who calls, where only a person can.
///
/// # Errors
/// 403 for API keys and services.
pub(crate) fn person(principal: &Principal) -> Result<UserId, ApiError> {
    principal.user().ok_or_else(|| ApiError::forbidden("only a person can do this"))
}
