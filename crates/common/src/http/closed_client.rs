//! What is answered to whoever writes for a client that is archived or erased. The database decides which that is
//! (`app.client_takes_changes`, `app.client_not_erased`), so that no service can forget to ask.

use super::ApiError;
use crate::db::{detail, sql_state};

/// The refusal, if that is why a statement failed.
#[must_use]
pub fn closed_client(error: &sqlx::Error) -> Option<ApiError> {
    if sql_state(error).as_deref() != Some("HG409") {
        return None;
    }
    match detail(error)? {
        "client_erased" => Some(ApiError::conflict(
            "client_erased",
            "the client is erased, or is being erased: it takes nothing in any more",
        )),
        "client_archived" => Some(ApiError::conflict(
            "client_archived",
            "the client is archived: it can be read, and changed again once it is restored",
        )),
        _ => None,
    }
}
