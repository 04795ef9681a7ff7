//! `GET` and `PUT /clients/{client}/retention`.

use axum::extract::State;
use hg_common::{
    auth::Caller,
    http::{ApiError, ErrorBody, Json, Path},
};
use hg_contracts::smm::{Retention, SaveRetention};

use crate::{
    api::{database, seen_client},
    domain::{
        access::{Action, permit},
        retention::{check, check_above, resolve},
    },
    state::AppState,
    store::retention::{retention_chain, retention_put},
};

/// How long a client's jobs and logs are kept, and who says so.
#[utoipa::path(
    get, path = "/clients/{client}/retention", tag = "data",
    params(("client" = String, Path, description = "Its id or slug")),
    responses((status = 200, body = Retention), (status = 404, body = ErrorBody))
)]
pub(crate) async fn get_retention(
    State(state): State<AppState>,
    Caller(principal): Caller,
    Path(client): Path<String>,
) -> Result<Json<Retention>, ApiError> {
    let mut tx = state.db.tenant(principal.scope()).await?;
    let seen = seen_client(&mut tx, &client).await?;
    permit(Action::SeeClient, seen.held)?;
    let chain = retention_chain(&mut tx, seen.client.id).await?;
    tx.commit().await?;
    Ok(Json(resolve(&chain)))
}

/// Says how long a client's jobs and logs are kept; it replaces what the client said before. What is older goes within a day.
/// What stands above is the least: 422 for fewer days.
#[utoipa::path(
    put, path = "/clients/{client}/retention", tag = "data", request_body = SaveRetention,
    params(("client" = String, Path, description = "Its id or slug")),
    responses(
        (status = 200, body = Retention),
        (status = 403, description = "The caller is no owner", body = ErrorBody),
        (status = 404, body = ErrorBody),
        (status = 422, body = ErrorBody),
    )
)]
pub(crate) async fn put_retention(
    State(state): State<AppState>,
    Caller(principal): Caller,
    Path(client): Path<String>,
    Json(save): Json<SaveRetention>,
) -> Result<Json<Retention>, ApiError> {
    let mut tx = state.db.tenant(principal.scope()).await?;
    let seen = seen_client(&mut tx, &client).await?;
    permit(Action::ChangeRetention, seen.held)?;
    check(&save)?;
    let chain = retention_chain(&mut tx, seen.client.id).await?;
    check_above(&save, chain.get(1..).unwrap_or_default())?;
    retention_put(&mut tx, seen.client.id, &save, principal.user()).await.map_err(database)?;
    let chain = retention_chain(&mut tx, seen.client.id).await?;
    tx.commit().await?;
    Ok(Json(resolve(&chain)))
}
