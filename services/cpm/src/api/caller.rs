//! What every handler asks about its caller.

use hg_common::{
    auth::{ApiScope, Caller, Principal},
    http::{ApiError, current_request_id},
};

use crate::store::accept::Asker;

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
