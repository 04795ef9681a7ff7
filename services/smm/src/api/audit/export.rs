//! `GET /audit/export`.

use axum::{
    body::{Body, Bytes},
    extract::State,
    response::{IntoResponse, Response},
};
use futures::stream;
use hg_common::{
    auth::Caller,
    http::{ApiError, ErrorBody, Query, error_chain},
};
use hg_contracts::smm::{AuditFormat, ExportAudit, ListAudit};
use http::header::{CONTENT_DISPOSITION, CONTENT_TYPE};

use super::filter;
use crate::{
    domain::audit_file::{CSV_HEADER, csv_line, json_line},
    state::AppState,
    store::audit::audit_list,
};

/// Entries per transaction: what is held in memory at a time.
const BATCH: i64 = 200;

/// The audit log as a file, newest first, with the filters of the list.
#[utoipa::path(
    get, path = "/audit/export", tag = "audit", params(ExportAudit),
    responses(
        (status = 200, content((String = "text/csv"), (String = "application/x-ndjson"))),
        (status = 403, body = ErrorBody), (status = 404, body = ErrorBody), (status = 422, body = ErrorBody)
    )
)]
pub(crate) async fn export_audit(
    State(state): State<AppState>,
    Caller(principal): Caller,
    Query(query): Query<ExportAudit>,
) -> Result<Response, ApiError> {
    let format = query.format;
    let mut tx = state.db.tenant(principal.scope()).await?;
    let filter = filter(&mut tx, &principal, &as_list(query)).await?;
    tx.commit().await?;
    let (db, scope) = (state.db.clone(), principal.scope());
    // Each batch has a transaction of its own: a slow reader holds none, and whoever loses the role loses the rest.
    let batches = stream::try_unfold(Some(None), move |at| {
        let (db, filter) = (db.clone(), filter.clone());
        async move {
            let Some(before) = at else { return Ok(None) };
            let mut tx = db.tenant(scope).await?;
            let entries = audit_list(&mut tx, &filter, before, BATCH).await?;
            tx.commit().await?;
            let mut text = String::new();
            if before.is_none() && format == AuditFormat::Csv {
                text.push_str(CSV_HEADER);
            }
            for entry in &entries {
                match format {
                    AuditFormat::Csv => csv_line(&mut text, entry),
                    AuditFormat::Ndjson => json_line(&mut text, entry),
                }
            }
            let is_full = i64::try_from(entries.len()) == Ok(BATCH);
            let next = entries.last().filter(|_| is_full).map(|last| Some(last.id));
            Ok::<_, sqlx::Error>(Some((Bytes::from(text), next)))
        }
    });
    let batches = futures::TryStreamExt::inspect_err(batches, |error| {
        tracing::error!(error = %error_chain(error), "an export of the audit log broke off");
    });
    let (kind, name) = match format {
        AuditFormat::Csv => ("text/csv; charset=utf-8", "attachment; filename=\"audit.csv\""),
        AuditFormat::Ndjson => ("application/x-ndjson", "attachment; filename=\"audit.ndjson\""),
    };
    Ok(([(CONTENT_TYPE, kind), (CONTENT_DISPOSITION, name)], Body::from_stream(batches)).into_response())
}

fn as_list(query: ExportAudit) -> ListAudit {
    ListAudit {
        client_id: query.client_id,
        actor: query.actor,
        action: query.action,
        subject_kind: query.subject_kind,
        subject_id: query.subject_id,
        from: query.from,
        to: query.to,
        q: query.q,
        cursor: None,
        limit: None,
    }
}
