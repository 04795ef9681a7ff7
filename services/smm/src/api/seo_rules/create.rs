//! `POST /clients/{client}/seo-rules`.

use axum::extract::State;
use hg_common::{
    auth::Caller,
    http::{ApiError, ErrorBody, Json, Path},
};
use hg_contracts::smm::{SaveSeoRules, SeoRules};
use http::StatusCode;

use super::checked;
use crate::{
    api::{database, seen_client, versions::nothing_before},
    domain::access::{Action, permit},
    state::AppState,
    store::seo_rules::{SavedSeoRules, seo_rules_create, seo_rules_fetch},
};

/// Makes a client's SEO rules for a content type.
#[utoipa::path(
    post, path = "/clients/{client}/seo-rules", tag = "seo rules", request_body = SaveSeoRules,
    params(("client" = String, Path, description = "The client's id or slug")),
    responses(
        (status = 201, body = SeoRules),
        (status = 403, description = "The caller is no member of the client", body = ErrorBody),
        (status = 404, body = ErrorBody),
        (status = 409, description = "`seo_rules_exist`", body = ErrorBody),
        (status = 422, body = ErrorBody),
    )
)]
pub(crate) async fn create_seo_rules(
    State(state): State<AppState>,
    Caller(principal): Caller,
    Path(client): Path<String>,
    Json(save): Json<SaveSeoRules>,
) -> Result<(StatusCode, Json<SeoRules>), ApiError> {
    let rules = checked(&save)?;
    nothing_before(save.version)?;
    let mut tx = state.db.tenant(principal.scope()).await?;
    let seen = seen_client(&mut tx, &client).await?;
    permit(Action::SaveSeoRules, seen.held)?;
    let saved = SavedSeoRules { rules: &rules, note: save.note.as_deref(), by: principal.user() };
    let id = seo_rules_create(&mut tx, seen.client.id, save.content_type, &saved).await.map_err(database)?;
    let made = seo_rules_fetch(&mut tx, id).await?.ok_or_else(|| ApiError::not_found("SEO rules"))?;
    tx.commit().await?;
    state.effective.forget();
    Ok((StatusCode::CREATED, Json(made.rules)))
}
