//! `GET /seo-rules/{rules}`.

use axum::extract::State;
use hg_common::{
    auth::Caller,
    http::{ApiError, ErrorBody, Json, Path},
};
use hg_contracts::smm::SeoRules;
use uuid::Uuid;

use crate::{state::AppState, store::seo_rules::seo_rules_fetch};

/// SEO rules of a client that the caller sees, or of an ancestor that such a client inherits from.
#[utoipa::path(
    get, path = "/seo-rules/{rules}", tag = "seo rules",
    params(("rules" = Uuid, Path, description = "Their id")),
    responses((status = 200, body = SeoRules), (status = 404, body = ErrorBody))
)]
pub(crate) async fn get_seo_rules(
    State(state): State<AppState>,
    Caller(principal): Caller,
    Path(rules): Path<Uuid>,
) -> Result<Json<SeoRules>, ApiError> {
    let mut tx = state.db.tenant(principal.scope()).await?;
    let seen = seo_rules_fetch(&mut tx, rules.into()).await?.ok_or_else(|| ApiError::not_found("SEO rules"))?;
    tx.commit().await?;
    Ok(Json(seen.rules))
}
