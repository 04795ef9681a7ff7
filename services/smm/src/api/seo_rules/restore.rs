//! `POST /seo-rules/{rules}/versions/{version}/restore`.

use axum::extract::State;
use hg_common::{
    auth::Caller,
    http::{ApiError, ErrorBody, FieldErrors, Json, Path},
};
use hg_contracts::smm::{RestoreVersion, SeoRules};
use uuid::Uuid;

use crate::{
    api::{seo_rules::write, versions::check_note},
    domain::{
        access::{Action, permit},
        seo_rules::check,
        strategy::{from_stored, to_stored},
    },
    state::AppState,
    store::{
        seo_rules::{SavedSeoRules, seo_rules_fetch},
        seo_rules_version::seo_rules_version_fetch,
        version::Basis,
    },
};

/// Saves an earlier version of SEO rules as a new one. What was deleted is in force again.
#[utoipa::path(
    post, path = "/seo-rules/{rules}/versions/{version}/restore", tag = "seo rules", request_body = RestoreVersion,
    params(("rules" = Uuid, Path, description = "Their id"), ("version" = i32, Path, description = "The one to bring back")),
    responses(
        (status = 200, body = SeoRules),
        (status = 403, description = "The caller is no member of their client", body = ErrorBody),
        (status = 404, body = ErrorBody),
        (status = 409, description = "`version_conflict`, or another one is in force by now", body = ErrorBody),
        (status = 422, description = "It breaks a rule that has come since", body = ErrorBody),
    )
)]
pub(crate) async fn restore_seo_rules(
    State(state): State<AppState>,
    Caller(principal): Caller,
    Path((rules, version)): Path<(Uuid, i32)>,
    Json(how): Json<RestoreVersion>,
) -> Result<Json<SeoRules>, ApiError> {
    let mut errors = FieldErrors::new();
    check_note(&mut errors, how.note.as_deref());
    errors.into_result()?;
    let mut tx = state.db.tenant(principal.scope()).await?;
    let seen = seo_rules_fetch(&mut tx, rules.into()).await?.ok_or_else(|| ApiError::not_found("SEO rules"))?;
    permit(Action::SaveSeoRules, seen.held)?;
    let found = seo_rules_version_fetch(&mut tx, seen.rules.id, version).await?;
    let found = found.ok_or_else(|| ApiError::not_found("version"))?;
    // The bounds may have become stricter since it was saved.
    let rules = check(seen.rules.content_type, from_stored(found.fields))?;
    let rules = to_stored(rules.fields());
    let saved = SavedSeoRules { rules: &rules, note: how.note.as_deref(), by: principal.user() };
    let basis = Basis { expected: how.version, restored_from: Some(version) };
    let restored = write(&mut tx, seen.rules.id, &saved, basis).await?;
    tx.commit().await?;
    state.effective.forget();
    Ok(Json(restored))
}
