//! `GET /audit`.

use axum::extract::State;
use hg_common::{
    auth::Caller,
    http::{ApiError, ErrorBody, Json, Page, PageQuery, Query},
};
use hg_contracts::smm::{AuditEntry, ListAudit};

use super::filter;
use crate::{state::AppState, store::audit::audit_list};

/// The audit log, newest first: of a client and everything below it, or of all that the caller may read.
#[utoipa::path(
    get, path = "/audit", tag = "audit", params(ListAudit),
    responses((status = 200, body = Page<AuditEntry>), (status = 403, body = ErrorBody), (status = 404, body = ErrorBody), (status = 422, body = ErrorBody))
)]
pub(crate) async fn list_audit(
    State(state): State<AppState>,
    Caller(principal): Caller,
    Query(query): Query<ListAudit>,
) -> Result<Json<Page<AuditEntry>>, ApiError> {
    let request = PageQuery {
        cursor: query.cursor.clone(),
        limit: query.limit.map(|limit| limit.to_string()),
        ..PageQuery::default()
    }
    .resolve()?;
    let before = request.cursor()?;
    let mut tx = state.db.tenant(principal.scope()).await?;
    let filter = filter(&mut tx, &principal, &query).await?;
    let entries = audit_list(&mut tx, &filter, before, request.fetch_limit()).await?;
    tx.commit().await?;
    Ok(Json(Page::from_rows(entries, &request, |entry| entry.id)?))
}
