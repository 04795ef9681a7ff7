//! `POST /clients/{client}/move`.

use axum::extract::State;
use hg_common::{
    auth::Caller,
    http::{ApiError, ErrorBody, Json, Path},
};
use hg_contracts::smm::{Client, MoveClient};

use super::{decided_client, seen_parent};
use crate::{
    api::{database, seen_client},
    domain::access::{Action, permit},
    state::AppState,
    store::client::client_move,
};

/// Puts a client, with everything below it, below another. Its costs stay where they were booked; what its jobs spend
/// from now on counts in the new place. It inherits from there, too.
#[utoipa::path(
    post, path = "/clients/{client}/move", tag = "clients", request_body = MoveClient,
    params(("client" = String, Path, description = "Its id or slug")),
    responses(
        (status = 200, body = Client),
        (status = 403, description = "The caller is no admin of what it stands below, or of the new parent", body = ErrorBody),
        (status = 404, description = "The caller sees no such client, or no such parent", body = ErrorBody),
        (status = 409, description = "`root_stays`, `parent_archived`", body = ErrorBody),
        (status = 422, description = "Below itself, or at a level where it can't stand", body = ErrorBody),
    )
)]
pub(crate) async fn move_client(
    State(state): State<AppState>,
    Caller(principal): Caller,
    Path(client): Path<String>,
    Json(to): Json<MoveClient>,
) -> Result<Json<Client>, ApiError> {
    let mut tx = state.db.tenant(principal.scope()).await?;
    let seen = decided_client(&mut tx, &client, Action::MoveClient).await?;
    let parent = seen_parent(&mut tx, to.parent_id).await?;
    permit(Action::MoveClient, parent.held)?;
    client_move(&mut tx, seen.client.id, parent.client.id).await.map_err(database)?;
    let moved = seen_client(&mut tx, &seen.client.id.to_string()).await?;
    tx.commit().await?;
    state.effective.forget();
    Ok(Json(moved.client))
}
