//! `GET` and `POST /clients/{client}/erasure`.

use axum::extract::State;
use hg_common::{
    auth::{Caller, Principal},
    db::TenantTx,
    http::{ApiError, ErrorBody, Json, Path},
};
use hg_contracts::smm::{ClientContents, ConfirmErasure, DataJob, Erasure};
use hg_types::{ClientId, DataJobId, DataJobKind};
use http::StatusCode;

use super::MOST_COUNTED;
use crate::{
    api::{data_jobs::requested, person, seen_client},
    domain::{
        access::{Action, permit},
        erasure::{check_client, of_client},
    },
    state::AppState,
    store::{
        client::client_role,
        data_job::{About, data_job_running},
        deletion::{client_contents, client_lock_tree},
    },
};

/// What erasing a client with everything below it would mean: what goes, what stays and why, and the confirmation for it.
#[utoipa::path(
    get, path = "/clients/{client}/erasure", tag = "data",
    params(("client" = String, Path, description = "Its id or slug")),
    responses(
        (status = 200, body = Erasure),
        (status = 403, description = "The caller is no owner of what it stands below", body = ErrorBody),
        (status = 404, body = ErrorBody),
        (status = 409, description = "`root_stays`", body = ErrorBody),
    )
)]
pub(crate) async fn get_client_erasure(
    State(state): State<AppState>,
    Caller(principal): Caller,
    Path(client): Path<String>,
) -> Result<Json<Erasure>, ApiError> {
    let mut tx = state.db.tenant(principal.scope()).await?;
    let id = erasable(&mut tx, &principal, &client).await?;
    let (contents, running) = look(&mut tx, id).await?;
    tx.commit().await?;
    Ok(Json(of_client(id, &contents, running)))
}

/// Erases a client with everything below it, as it was confirmed: archives it at once, and then removes what
/// `GET /clients/{client}/erasure` said. The answer is the data job that does it.
#[utoipa::path(
    post, path = "/clients/{client}/erasure", tag = "data", request_body = ConfirmErasure,
    params(("client" = String, Path, description = "Its id or slug")),
    responses(
        (status = 202, body = DataJob),
        (status = 403, description = "The caller is no owner of what it stands below", body = ErrorBody),
        (status = 404, body = ErrorBody),
        (status = 409, description = "`root_stays`, `confirmation_stale`, `data_job_running`", body = ErrorBody),
        (status = 422, body = ErrorBody),
    )
)]
pub(crate) async fn erase_client(
    State(state): State<AppState>,
    Caller(principal): Caller,
    Path(client): Path<String>,
    Json(confirmed): Json<ConfirmErasure>,
) -> Result<(StatusCode, Json<DataJob>), ApiError> {
    let mut tx = state.db.tenant(principal.scope()).await?;
    let id = erasable(&mut tx, &principal, &client).await?;
    client_lock_tree(&mut tx, id).await?;
    let (contents, running) = look(&mut tx, id).await?;
    check_client(id, &contents, running, &confirmed.confirmation)?;
    let job = requested(&mut tx, DataJobKind::ClientErasure, About::Tree(id)).await?;
    tx.commit().await?;
    state.effective.forget();
    Ok((StatusCode::ACCEPTED, Json(job)))
}

/// The client, if the caller may have it erased.
async fn erasable(tx: &mut TenantTx, principal: &Principal, reference: &str) -> Result<ClientId, ApiError> {
    person(principal)?;
    let seen = seen_client(tx, reference).await?;
    let Some(parent) = seen.client.parent_id else {
        return Err(ApiError::conflict(
            "root_stays",
            "the root can't be erased: erase the clients below it, one by one",
        ));
    };
    permit(Action::EraseClient, client_role(tx, parent).await?)?;
    Ok(seen.client.id)
}

async fn look(tx: &mut TenantTx, id: ClientId) -> Result<(ClientContents, Option<DataJobId>), ApiError> {
    let contents = client_contents(tx, id, MOST_COUNTED).await?;
    let running = data_job_running(tx, DataJobKind::ClientErasure, About::Tree(id)).await?;
    Ok((contents, running))
}
