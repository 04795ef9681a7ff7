//! `DELETE /clients/{client}`.

use axum::extract::State;
use hg_common::{
    auth::Caller,
    db::sql_state,
    http::{ApiError, ErrorBody, Path},
};
use hg_types::Role;
use http::StatusCode;

use crate::{
    api::{database, seen_client},
    domain::access::require,
    state::AppState,
    store::client::{client_delete, client_role},
};

/// SQLSTATE of a row that something still refers to.
const STILL_REFERRED_TO: &str = "23503";

/// Deletes an empty client with its strategies, templates and memberships.
#[utoipa::path(
    delete, path = "/clients/{client}", tag = "clients",
    params(("client" = String, Path, description = "Its id or slug")),
    responses(
        (status = 204),
        (status = 403, description = "The caller is no admin of its parent", body = ErrorBody),
        (status = 404, body = ErrorBody),
        (status = 409, description = "`client_not_empty`, `root_stays`", body = ErrorBody),
    )
)]
pub(crate) async fn delete_client(
    State(state): State<AppState>,
    Caller(principal): Caller,
    Path(client): Path<String>,
) -> Result<StatusCode, ApiError> {
    let mut tx = state.db.tenant(principal.scope()).await?;
    let client = seen_client(&mut tx, &client).await?.client;
    let Some(parent) = client.parent_id else {
        return Err(ApiError::conflict("root_stays", "the root can't be deleted"));
    };
    require(client_role(&mut tx, parent).await?, Role::Admin, "deleting a client", "on its parent")?;
    let deleted = client_delete(&mut tx, client.id).await.map_err(|error| {
        if sql_state(&error).as_deref() == Some(STILL_REFERRED_TO) {
            let message = "the client still has clients below it, jobs, costs or keys";
            return ApiError::conflict("client_not_empty", message).with_source(error);
        }
        database(error)
    })?;
    if !deleted {
        return Err(ApiError::not_found("client"));
    }
    tx.commit().await?;
    state.effective.forget();
    Ok(StatusCode::NO_CONTENT)
}
