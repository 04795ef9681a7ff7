//! `GET /strategy-guide`.

use hg_common::{
    auth::Caller,
    http::{ApiError, ErrorBody, Json, Query},
};
use hg_contracts::smm::{StrategyGuide, StrategyGuideQuery};

use crate::domain::fields::guide;

/// What may be written into the strategies and SEO rules of a content type: fields, bounds, suggestions, platforms.
#[utoipa::path(
    get, path = "/strategy-guide", tag = "strategies", params(StrategyGuideQuery),
    responses((status = 200, body = StrategyGuide), (status = 422, body = ErrorBody))
)]
pub(crate) async fn get_strategy_guide(
    _caller: Caller,
    Query(query): Query<StrategyGuideQuery>,
) -> Result<Json<StrategyGuide>, ApiError> {
    Ok(Json(guide(query.content_type)))
}
