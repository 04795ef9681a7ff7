//! The audit log: read, never written here.

pub(crate) mod export;
pub(crate) mod fetch;
pub(crate) mod list;

use hg_common::{auth::Principal, db::TenantTx, http::ApiError};
use hg_contracts::smm::ListAudit;
use uuid::Uuid;

use super::{person, seen_client};
use crate::{
    domain::access::{Action, permit},
    store::{
        audit::{AuditFilter, AuditReach, audit_clients_below, audit_reach},
        member::member_account,
    },
};

const MAX_TEXT: usize = 200;

/// What of the log a question is about.
///
/// # Errors
/// 404 for a client out of sight, 403 for one on which the caller's role is too low, 422 for a filter that can't be.
pub(super) async fn filter(
    tx: &mut TenantTx,
    principal: &Principal,
    query: &ListAudit,
) -> Result<AuditFilter, ApiError> {
    person(principal)?;
    let short = |field: &'static str, text: &Option<String>| match text.as_deref().map(str::trim) {
        Some(text) if text.chars().count() > MAX_TEXT || text.contains('\0') => {
            Err(ApiError::field(field, "must have at most 200 characters"))
        }
        Some("") | None => Ok(None),
        Some(text) => Ok(Some(text.to_owned())),
    };
    let reach = match &query.client_id {
        Some(reference) => {
            let seen = seen_client(tx, reference).await?;
            permit(Action::SeeAudit, seen.held)?;
            AuditReach::Clients(audit_clients_below(tx, seen.client.id).await?)
        }
        None => audit_reach(tx).await?,
    };
    let actor = match short("actor", &query.actor)? {
        None => None,
        Some(text) if text.contains('@') => {
            // Nobody has such an address: nobody did anything.
            Some(member_account(tx, &text.to_lowercase()).await?.map_or(Uuid::nil(), |id| id.uuid()))
        }
        Some(text) => Some(text.parse().map_err(|_| ApiError::field("actor", "must be an id or an e-mail address"))?),
    };
    if let (Some(from), Some(to)) = (query.from, query.to)
        && from > to
    {
        return Err(ApiError::field("to", "must not be before from"));
    }
    Ok(AuditFilter {
        reach,
        actor,
        action: short("action", &query.action)?,
        subject_kind: short("subject_kind", &query.subject_kind)?,
        subject_id: query.subject_id,
        from: query.from,
        to: query.to,
        text: short("q", &query.q)?,
    })
}
