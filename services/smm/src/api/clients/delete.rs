//! `DELETE /clients/{client}`.

use axum::extract::State;
use hg_common::{
    auth::Caller,
    db::sql_state,
    http::{ApiError, ErrorBody, Path, Query},
};
use hg_contracts::smm::DeleteClient;
use http::StatusCode;

use super::{MOST_COUNTED, decided_client};
use crate::{
    api::database,
    domain::{access::Action, deletion::check},
    state::AppState,
    store::deletion::{client_contents, client_delete_tree, client_lock_tree},
};

/// SQLSTATE of a row that something still refers to.
const STILL_REFERRED_TO: &str = "23503";

/// Deletes a client: an empty one at once, any other with all that `GET /clients/{client}/deletion` showed, when its
/// confirmation is given. A client with jobs or costs can't be deleted, but archived.
#[utoipa::path(
    delete, path = "/clients/{client}", tag = "clients",
    params(("client" = String, Path, description = "Its id or slug"), DeleteClient),
    responses(
        (status = 204),
        (status = 403, description = "The caller is no admin of what it stands below", body = ErrorBody),
        (status = 404, body = ErrorBody),
        (status = 409, description = "`client_not_empty`, `confirmation_stale`, `client_has_jobs`, `client_has_costs`, `root_stays`", body = ErrorBody),
    )
)]
pub(crate) async fn delete_client(
    State(state): State<AppState>,
    Caller(principal): Caller,
    Path(client): Path<String>,
    Query(query): Query<DeleteClient>,
) -> Result<StatusCode, ApiError> {
    let mut tx = state.db.tenant(principal.scope()).await?;
    let client = decided_client(&mut tx, &client, Action::DeleteClient).await?.client;
    client_lock_tree(&mut tx, client.id).await?;
    let contents = client_contents(&mut tx, client.id, MOST_COUNTED).await?;
    check(client.id, &contents, query.confirmation.as_deref())?;
    let deleted = client_delete_tree(&mut tx, client.id).await.map_err(|error| {
        if sql_state(&error).as_deref() == Some(STILL_REFERRED_TO) {
            // A job that came in between, say.
            let message = "something still belongs to it: look again what would go";
            return ApiError::conflict("client_not_empty", message).with_source(error);
        }
        database(error)
    })?;
    if !deleted {
        return Err(ApiError::not_found("client"));
    }
    tx.commit().await.map_err(database)?;
    state.effective.forget();
    Ok(StatusCode::NO_CONTENT)
}
