//! `DELETE /seo-rules/{rules}`.

use axum::extract::State;
use hg_common::{
    auth::Caller,
    http::{ApiError, ErrorBody, Path},
};
use http::StatusCode;
use uuid::Uuid;

use crate::{
    api::database,
    domain::access::{Action, permit},
    state::AppState,
    store::seo_rules::{seo_rules_delete, seo_rules_fetch},
};

/// Deletes SEO rules: from then on, what they said is inherited. Their versions stay, and one can be restored.
#[utoipa::path(
    delete, path = "/seo-rules/{rules}", tag = "seo rules",
    params(("rules" = Uuid, Path, description = "Their id")),
    responses(
        (status = 204),
        (status = 403, description = "The caller is no member of their client", body = ErrorBody),
        (status = 404, body = ErrorBody),
    )
)]
pub(crate) async fn delete_seo_rules(
    State(state): State<AppState>,
    Caller(principal): Caller,
    Path(rules): Path<Uuid>,
) -> Result<StatusCode, ApiError> {
    let mut tx = state.db.tenant(principal.scope()).await?;
    let seen = seo_rules_fetch(&mut tx, rules.into()).await?.ok_or_else(|| ApiError::not_found("SEO rules"))?;
    permit(Action::DeleteSeoRules, seen.held)?;
    if !seo_rules_delete(&mut tx, seen.rules.id).await.map_err(database)? {
        return Err(ApiError::not_found("SEO rules"));
    }
    tx.commit().await?;
    state.effective.forget();
    Ok(StatusCode::NO_CONTENT)
}
