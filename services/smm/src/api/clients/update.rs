//! `PUT /clients/{client}`.

use axum::extract::State;
use hg_common::{
    auth::Caller,
    http::{ApiError, ErrorBody, Json, Path},
};
use hg_contracts::smm::{Client, UpdateClient};

use crate::{
    api::{database, seen_client},
    domain::{
        access::{Action, permit},
        client::check_change,
    },
    state::AppState,
    store::client::client_update,
};

/// Changes a client; what is left out stays.
#[utoipa::path(
    put, path = "/clients/{client}", tag = "clients", request_body = UpdateClient,
    params(("client" = String, Path, description = "Its id or slug")),
    responses(
        (status = 200, body = Client),
        (status = 403, description = "The caller is no admin of it", body = ErrorBody),
        (status = 404, body = ErrorBody),
        (status = 409, description = "`slug_taken`", body = ErrorBody),
        (status = 422, body = ErrorBody),
    )
)]
pub(crate) async fn update_client(
    State(state): State<AppState>,
    Caller(principal): Caller,
    Path(client): Path<String>,
    Json(change): Json<UpdateClient>,
) -> Result<Json<Client>, ApiError> {
    let change = check_change(change)?;
    let mut tx = state.db.tenant(principal.scope()).await?;
    let seen = seen_client(&mut tx, &client).await?;
    permit(Action::ChangeClient, seen.held)?;
    if !client_update(&mut tx, seen.client.id, &change).await.map_err(database)? {
        return Err(ApiError::not_found("client"));
    }
    let changed = seen_client(&mut tx, &seen.client.id.to_string()).await?;
    tx.commit().await?;
    state.effective.forget();
    Ok(Json(changed.client))
}
