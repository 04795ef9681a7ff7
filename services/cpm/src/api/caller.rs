//! What every handler asks about its caller.

use hg_common::{
    auth::{ApiScope, Caller, Principal},
    db::TenantTx,
    http::{ApiError, current_request_id},
};
use hg_types::{Role, UserId, id::ClientRef};

use crate::store::{
    accept::Asker,
    clients::{SeenClient, client_seen},
};

/// The caller, if it may do what needs this scope. Scopes narrow API keys; people are narrowed by their roles.
///
/// # Errors
/// 403 naming the scope that the key lacks.
pub fn with_scope(caller: Caller, needed: ApiScope) -> Result<Principal, ApiError> {
    let Caller(principal) = caller;
    needs(&principal, needed)?;
    Ok(principal)
}

/// The same for a further scope of a caller that was let in.
///
/// # Errors
/// 403 naming the scope that the key lacks.
pub fn needs(principal: &Principal, needed: ApiScope) -> Result<(), ApiError> {
    if principal.allows(needed) {
        return Ok(());
    }
    Err(ApiError::forbidden(format!("the API key lacks the scope {}", needed.as_str())).with_code("scope_missing"))
}

/// The caller as an accept records it.
#[must_use]
pub fn asker(principal: &Principal) -> Asker {
    Asker {
        principal: principal.name(),
        user: principal.user(),
        api_key: principal.api_key(),
        request_id: current_request_id().map(|id| id.to_string()),
    }
}

/// The person who calls, where only a person can.
///
/// # Errors
/// 403 for API keys and services.
pub fn person(principal: &Principal) -> Result<UserId, ApiError> {
    principal.user().ok_or_else(|| ApiError::forbidden("only a person can do this"))
}

/// A client on which the caller holds this role.
///
/// # Errors
/// 404 for a client that the caller doesn't see; 403 where the role is too low for `doing`.
pub(super) async fn client_with_role(
    tx: &mut TenantTx,
    client: &str,
    needed: Role,
    doing: &str,
) -> Result<SeenClient, ApiError> {
    let seen = client_seen(tx, &ClientRef::parse(client)).await?.ok_or_else(|| ApiError::not_found("client"))?;
    if seen.role >= Some(needed) {
        return Ok(seen);
    }
    Err(ApiError::forbidden(format!("{doing} needs the role {needed} on the client")))
}
