//! A person's own data: export and erasure, by the person or by an owner of the root.

pub(crate) mod erasure;
pub(crate) mod export;

use hg_common::{auth::Principal, http::ApiError};
use hg_types::UserId;

use crate::api::person;

/// Whom a path names: `me`, or an id.
fn named(principal: &Principal, path: &str) -> Result<UserId, ApiError> {
    let caller = person(principal)?;
    if path == "me" { Ok(caller) } else { path.parse().map_err(|_| ApiError::not_found("person")) }
}
