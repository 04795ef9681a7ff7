//! `POST /people/{person}/export`.

use axum::extract::State;
use hg_common::{
    auth::Caller,
    http::{ApiError, ErrorBody, Json, Path},
};
use hg_contracts::smm::DataJob;
use hg_types::DataJobKind;
use http::StatusCode;

use super::named;
use crate::{api::data_jobs::requested, state::AppState, store::data_job::About};

/// Asks for everything of a person as a ZIP: for oneself, or as an owner of the root. The answer is the data job that makes it.
#[utoipa::path(
    post, path = "/people/{person}/export", tag = "data",
    params(("person" = String, Path, description = "`me`, or an id")),
    responses(
        (status = 202, body = DataJob),
        (status = 404, description = "Also for whoever may not decide about this person", body = ErrorBody),
        (status = 409, description = "`data_job_running`", body = ErrorBody),
    )
)]
pub(crate) async fn export_person(
    State(state): State<AppState>,
    Caller(principal): Caller,
    Path(person): Path<String>,
) -> Result<(StatusCode, Json<DataJob>), ApiError> {
    let person = named(&principal, &person)?;
    let mut tx = state.db.tenant(principal.scope()).await?;
    let job = requested(&mut tx, DataJobKind::PersonExport, About::Person(person)).await?;
    tx.commit().await?;
    Ok((StatusCode::ACCEPTED, Json(job)))
}
