//! `POST /clients/{client}/restore`.

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
    store::client::client_restore,
};

/// Brings a client back, with what was archived along with it; what had been archived by itself stays archived.
#[utoipa::path(
    post, path = "/clients/{client}/restore", tag = "clients",
    params(("client" = String, Path, description = "Its id or slug")),
    responses(
        (status = 200, body = Client),
        (status = 403, description = "The caller is no admin of what it stands below", body = ErrorBody),
        (status = 404, body = ErrorBody),
        (status = 409, description = "`parent_archived`, `root_stays`", body = ErrorBody),
    )
)]
pub(crate) async fn restore_client(
    State(state): State<AppState>,
    Caller(principal): Caller,
    Path(client): Path<String>,
) -> Result<Json<Client>, ApiError> {
    let mut tx = state.db.tenant(principal.scope()).await?;
    let seen = decided_client(&mut tx, &client, Action::RestoreClient).await?;
    client_restore(&mut tx, seen.client.id).await.map_err(database)?;
    let restored = seen_client(&mut tx, &seen.client.id.to_string()).await?;
    tx.commit().await?;
    state.effective.forget();
    Ok(Json(restored.client))
}
