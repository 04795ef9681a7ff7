//! `PUT /seo-rules/{rules}`.

use axum::extract::State;
use hg_common::{
    auth::Caller,
    http::{ApiError, ErrorBody, Json, Path},
};
use hg_contracts::smm::{SaveSeoRules, SeoRules};
use uuid::Uuid;

use super::{checked, write};
use crate::{
    domain::access::{Action, permit},
    state::AppState,
    store::{
        seo_rules::{SavedSeoRules, seo_rules_fetch},
        version::Basis,
    },
};

/// Saves a new version of SEO rules. The earlier versions stay.
#[utoipa::path(
    put, path = "/seo-rules/{rules}", tag = "seo rules", request_body = SaveSeoRules,
    params(("rules" = Uuid, Path, description = "Their id")),
    responses(
        (status = 200, body = SeoRules),
        (status = 403, description = "The caller is no member of their client", body = ErrorBody),
        (status = 404, body = ErrorBody),
        (status = 409, description = "`version_conflict`: somebody was quicker; `seo_rules_deleted`", body = ErrorBody),
        (status = 422, body = ErrorBody),
    )
)]
pub(crate) async fn update_seo_rules(
    State(state): State<AppState>,
    Caller(principal): Caller,
    Path(rules): Path<Uuid>,
    Json(save): Json<SaveSeoRules>,
) -> Result<Json<SeoRules>, ApiError> {
    let stored = checked(&save)?;
    let mut tx = state.db.tenant(principal.scope()).await?;
    let seen = seo_rules_fetch(&mut tx, rules.into()).await?.ok_or_else(|| ApiError::not_found("SEO rules"))?;
    permit(Action::SaveSeoRules, seen.held)?;
    if save.content_type != seen.rules.content_type {
        let message = format!("is fixed: these rules are for {}", seen.rules.content_type);
        return Err(ApiError::field("content_type", message));
    }
    let saved = SavedSeoRules { rules: &stored, note: save.note.as_deref(), by: principal.user() };
    let basis = Basis { expected: save.version, restored_from: None };
    let changed = write(&mut tx, seen.rules.id, &saved, basis).await?;
    tx.commit().await?;
    state.effective.forget();
    Ok(Json(changed))
}
