//! `GET /audit/{entry}`.

use axum::extract::State;
use hg_common::{
    auth::Caller,
    http::{ApiError, ErrorBody, Json, Path},
};
use hg_contracts::smm::AuditEntry;
use uuid::Uuid;

use crate::{api::person, state::AppState, store::audit::audit_fetch};

/// One entry of the audit log.
#[utoipa::path(
    get, path = "/audit/{entry}", tag = "audit", params(("entry" = Uuid, Path, description = "Its id")),
    responses((status = 200, body = AuditEntry), (status = 404, body = ErrorBody))
)]
pub(crate) async fn get_audit_entry(
    State(state): State<AppState>,
    Caller(principal): Caller,
    Path(entry): Path<Uuid>,
) -> Result<Json<AuditEntry>, ApiError> {
    person(&principal)?;
    let mut tx = state.db.tenant(principal.scope()).await?;
    let entry = audit_fetch(&mut tx, entry).await?.ok_or_else(|| ApiError::not_found("entry"))?;
    tx.commit().await?;
    Ok(Json(entry))
}
