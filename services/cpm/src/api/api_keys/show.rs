//! `GET /clients/{client}/api-keys/{api_key}`.

use axum::extract::State;
use hg_common::{
    auth::Caller,
    http::{ApiError, ErrorBody, Json, Path},
};
use hg_contracts::cpm::ApiKeyInfo;
use hg_types::ApiKeyId;
use uuid::Uuid;

use super::{administered, as_it_is};
use crate::state::AppState;

/// One key, without its secret.
#[utoipa::path(
    get, path = "/clients/{client}/api-keys/{api_key}", tag = "api keys",
    params(("client" = String, Path, description = "The client's id or slug"), ("api_key" = Uuid, Path, description = "The key")),
    responses(
        (status = 200, body = ApiKeyInfo),
        (status = 401, body = ErrorBody),
        (status = 403, description = "The caller is no admin of the client", body = ErrorBody),
        (status = 404, body = ErrorBody),
    )
)]
pub async fn api_key_show(
    State(state): State<AppState>,
    Caller(principal): Caller,
    Path((client, key)): Path<(String, Uuid)>,
) -> Result<Json<ApiKeyInfo>, ApiError> {
    let mut tx = state.db.tenant(principal.scope()).await?;
    let seen = administered(&mut tx, &client).await?;
    let key = as_it_is(&mut tx, seen.id, ApiKeyId(key)).await?;
    tx.commit().await?;
    Ok(Json(key))
}
