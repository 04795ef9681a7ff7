//! `POST /clients/{client}/export`.

use axum::extract::State;
use hg_common::{
    auth::Caller,
    http::{ApiError, ErrorBody, Json, Path},
};
use hg_contracts::smm::{DataJob, ExportScope, RequestExport};
use hg_types::DataJobKind;
use http::StatusCode;

use crate::{
    api::{data_jobs::requested, person, seen_client},
    domain::access::{Action, permit},
    state::AppState,
    store::data_job::About,
};

/// Asks for everything of a client as a ZIP. The answer is the data job that makes it.
#[utoipa::path(
    post, path = "/clients/{client}/export", tag = "data", request_body = RequestExport,
    params(("client" = String, Path, description = "Its id or slug")),
    responses(
        (status = 202, body = DataJob),
        (status = 403, description = "The caller is no admin", body = ErrorBody),
        (status = 404, body = ErrorBody),
        (status = 409, description = "`data_job_running`", body = ErrorBody),
    )
)]
pub(crate) async fn export_client(
    State(state): State<AppState>,
    Caller(principal): Caller,
    Path(client): Path<String>,
    Json(request): Json<RequestExport>,
) -> Result<(StatusCode, Json<DataJob>), ApiError> {
    person(&principal)?;
    let mut tx = state.db.tenant(principal.scope()).await?;
    let seen = seen_client(&mut tx, &client).await?;
    permit(Action::ExportClient, seen.held)?;
    let about = match request.scope {
        ExportScope::Tree => About::Tree(seen.client.id),
        ExportScope::Client => About::Client(seen.client.id),
    };
    let job = requested(&mut tx, DataJobKind::ClientExport, about).await?;
    tx.commit().await?;
    Ok((StatusCode::ACCEPTED, Json(job)))
}
