//! `POST /clients/{client}/archive`.

use axum::extract::State;
use hg_common::{
    auth::Caller,
    http::{ApiError, ErrorBody, Json, Path},
};
use hg_contracts::smm::Client;

use super::decided_client;
use crate::{
    api::{database, seen_client},
    domain::access::Action,
    state::AppState,
    store::client::client_archive,
};

/// Archives a client and everything below it: it gets no new jobs, and its API keys are refused. Accepted jobs go on.
/// One that is archived already stays as it is.
#[utoipa::path(
    post, path = "/clients/{client}/archive", tag = "clients",
    params(("client" = String, Path, description = "Its id or slug")),
    responses(
        (status = 200, body = Client),
        (status = 403, description = "The caller is no admin of what it stands below", body = ErrorBody),
        (status = 404, body = ErrorBody),
        (status = 409, description = "`root_stays`", body = ErrorBody),
    )
)]
pub(crate) async fn archive_client(
    State(state): State<AppState>,
    Caller(principal): Caller,
    Path(client): Path<String>,
) -> Result<Json<Client>, ApiError> {
    let mut tx = state.db.tenant(principal.scope()).await?;
    let seen = decided_client(&mut tx, &client, Action::ArchiveClient).await?;
    client_archive(&mut tx, seen.client.id).await.map_err(database)?;
    let archived = seen_client(&mut tx, &seen.client.id.to_string()).await?;
    tx.commit().await?;
    state.effective.forget();
    Ok(Json(archived.client))
}
