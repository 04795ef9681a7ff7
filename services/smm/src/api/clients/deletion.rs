//! `GET /clients/{client}/deletion`.

use axum::extract::State;
use hg_common::{
    auth::Caller,
    http::{ApiError, ErrorBody, Json, Path},
};
use hg_contracts::smm::Deletion;

use super::{MOST_COUNTED, decided_client};
use crate::{
    domain::{access::Action, deletion::deletion_of},
    state::AppState,
    store::deletion::client_contents,
};

/// What deleting a client would take along, and the confirmation that `DELETE /clients/{client}` wants for it.
#[utoipa::path(
    get, path = "/clients/{client}/deletion", tag = "clients",
    params(("client" = String, Path, description = "Its id or slug")),
    responses(
        (status = 200, body = Deletion),
        (status = 403, description = "The caller is no admin of what it stands below", body = ErrorBody),
        (status = 404, body = ErrorBody),
        (status = 409, description = "`root_stays`", body = ErrorBody),
    )
)]
pub(crate) async fn get_deletion(
    State(state): State<AppState>,
    Caller(principal): Caller,
    Path(client): Path<String>,
) -> Result<Json<Deletion>, ApiError> {
    let mut tx = state.db.tenant(principal.scope()).await?;
    let client = decided_client(&mut tx, &client, Action::DeleteClient).await?.client;
    let contents = client_contents(&mut tx, client.id, MOST_COUNTED).await?;
    tx.commit().await?;
    Ok(Json(deletion_of(client.id, contents)))
}
