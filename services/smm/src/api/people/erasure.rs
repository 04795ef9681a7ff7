//! `GET` and `POST /people/{person}/erasure`.

use axum::extract::State;
use hg_common::{
    auth::Caller,
    db::TenantTx,
    http::{ApiError, ErrorBody, Json, Path},
};
use hg_contracts::smm::{ConfirmErasure, DataJob, Erasure, OwnedClient};
use hg_types::{DataJobId, DataJobKind, UserId};
use http::StatusCode;

use super::named;
use crate::{
    api::{data_jobs::requested, database},
    domain::erasure::{PersonContents, check_person, of_person},
    state::AppState,
    store::{
        data_job::{About, data_job_running},
        person::{person_contents, person_sole_clients},
    },
};

/// What erasing a person would mean: for oneself, or as an owner of the root.
#[utoipa::path(
    get, path = "/people/{person}/erasure", tag = "data",
    params(("person" = String, Path, description = "`me`, or an id")),
    responses(
        (status = 200, body = Erasure),
        (status = 404, description = "Also for whoever may not decide about this person", body = ErrorBody),
    )
)]
pub(crate) async fn get_person_erasure(
    State(state): State<AppState>,
    Caller(principal): Caller,
    Path(person): Path<String>,
) -> Result<Json<Erasure>, ApiError> {
    let person = named(&principal, &person)?;
    let mut tx = state.db.tenant(principal.scope()).await?;
    let (contents, owned, running) = look(&mut tx, person).await?;
    tx.commit().await?;
    Ok(Json(of_person(person, &contents, owned, running)))
}

/// Erases a person, as it was confirmed: the account is closed at once. The answer is the data job that does it.
#[utoipa::path(
    post, path = "/people/{person}/erasure", tag = "data", request_body = ConfirmErasure,
    params(("person" = String, Path, description = "`me`, or an id")),
    responses(
        (status = 202, body = DataJob),
        (status = 404, description = "Also for whoever may not decide about this person", body = ErrorBody),
        (status = 409, description = "`confirmation_stale`, `last_owner`, `person_erased`, `data_job_running`", body = ErrorBody),
        (status = 422, body = ErrorBody),
    )
)]
pub(crate) async fn erase_person(
    State(state): State<AppState>,
    Caller(principal): Caller,
    Path(person): Path<String>,
    Json(confirmed): Json<ConfirmErasure>,
) -> Result<(StatusCode, Json<DataJob>), ApiError> {
    let person = named(&principal, &person)?;
    let mut tx = state.db.tenant(principal.scope()).await?;
    let (contents, owned, running) = look(&mut tx, person).await?;
    check_person(person, &contents, &owned, running, &confirmed.confirmation)?;
    let job = requested(&mut tx, DataJobKind::PersonErasure, About::Person(person)).await?;
    tx.commit().await?;
    Ok((StatusCode::ACCEPTED, Json(job)))
}

async fn look(
    tx: &mut TenantTx,
    person: UserId,
) -> Result<(PersonContents, Vec<OwnedClient>, Option<DataJobId>), ApiError> {
    let contents = person_contents(tx, person).await.map_err(database)?;
    let owned = person_sole_clients(tx, person).await.map_err(database)?;
    let running = data_job_running(tx, DataJobKind::PersonErasure, About::Person(person)).await?;
    Ok((contents, owned, running))
}
