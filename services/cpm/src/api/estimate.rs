//! `POST /estimate`: what a request would cost, without asking for it.

use axum::extract::State;
use hg_common::{
    auth::{ApiScope, Caller},
    http::{ApiError, ErrorBody, Json},
};
use hg_contracts::cpm::{Estimate, GenerateRequest};

use super::caller::with_scope;
use crate::{domain::request::understand, state::AppState, store::clients::client_subtree};

/// What a request would cost at most, and probably.
#[utoipa::path(
    post,
    path = "/estimate",
    tag = "content",
    request_body(content = GenerateRequest, example = json!({
        "topic": "Why circuit breakers trip", "content_type": "blog_post", "client_id": "cincinnati-electrician"})),
    responses(
        (status = 200, body = Estimate, example = json!({
            "provider": "openrouter", "model": "openai/gpt-4o-mini", "input_tokens": 8013, "max_tokens": 3500,
            "worst_case_usd": "0.003301950", "expected_usd": "0.001104450"})),
        (status = 401, body = ErrorBody), (status = 403, body = ErrorBody), (status = 404, body = ErrorBody),
        (status = 422, body = ErrorBody), (status = 429, body = ErrorBody), (status = 503, body = ErrorBody),
    )
)]
pub async fn estimate(
    State(state): State<AppState>,
    caller: Caller,
    Json(request): Json<GenerateRequest>,
) -> Result<Json<Estimate>, ApiError> {
    let principal = with_scope(caller, ApiScope::Generate)?;
    state.throttle.admit_person(&principal).await?;
    let job = understand(request, &state.catalogue, &state.bounds)?;
    let mut tx = state.db.tenant(principal.scope()).await?;
    client_subtree(&mut tx, &job.client).await?.ok_or_else(|| ApiError::not_found("client"))?;
    tx.commit().await?;
    Ok(Json(Estimate {
        provider: job.choice.provider,
        model: job.choice.model,
        input_tokens: u32::try_from(job.parameters.input_bound).unwrap_or(u32::MAX),
        max_tokens: job.parameters.reserved_max_tokens,
        worst_case_usd: job.worst_case,
        expected_usd: job.expected,
    }))
}
