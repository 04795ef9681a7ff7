//! The one mapping from this service's errors to answers.

use hg_common::http::{ApiError, BudgetProblem, closed_client};
use serde::Serialize;
use utoipa::ToSchema;

use crate::{
    domain::{access::RoleTooLow, request::RequestError},
    store::accept::AcceptError,
};

/// The body of a 402: which budget stands in the way, and when it starts anew.
#[derive(Debug, Serialize, ToSchema)]
pub struct BudgetRefusal {
    /// What went wrong.
    pub error: BudgetRefusalDetail,
}

/// What went wrong, with the budget.
#[derive(Debug, Serialize, ToSchema)]
pub struct BudgetRefusalDetail {
    /// `budget_exceeded`.
    pub code: String,
    /// One sentence.
    pub message: String,
    /// Empty here.
    pub details: Vec<hg_common::http::FieldError>,
    /// The budget that stands in the way.
    pub budget: BudgetProblem,
    /// What to quote when asking about this answer.
    pub request_id: Option<String>,
}

impl From<RoleTooLow> for ApiError {
    fn from(refused: RoleTooLow) -> Self {
        Self::forbidden(refused.to_string())
    }
}

/// 503 in the reference's words.
fn provider_not_configured(message: String) -> ApiError {
    ApiError::unavailable("provider_not_configured", message)
}

/// The stored key of a request can't be used: to its caller that is a key that isn't there.
#[must_use]
pub fn provider_key_missing(provider: hg_types::Provider) -> ApiError {
    provider_not_configured(format!("{} API key is not configured", provider.label()))
}

impl From<RequestError> for ApiError {
    fn from(error: RequestError) -> Self {
        match error {
            RequestError::Invalid(fields) => Self::unprocessable(fields),
            RequestError::NotConfigured(reason) => provider_not_configured(reason.to_string()),
        }
    }
}

/// Maps what keeps a job from being accepted. `provider` is the one that the job was to use.
#[must_use]
pub fn accept_refused(error: AcceptError, provider: hg_types::Provider) -> ApiError {
    let message = error.to_string();
    match error {
        AcceptError::UnknownClient => ApiError::not_found("client"),
        AcceptError::Forbidden => ApiError::forbidden(message),
        AcceptError::ClientArchived => ApiError::conflict("client_archived", message),
        AcceptError::KeyReused => ApiError::conflict("idempotency_key_reused", message),
        AcceptError::ProviderKey => provider_key_missing(provider),
        AcceptError::Budget(exceeded) => ApiError::payment_required(message).with_budget(exceeded.into()),
        AcceptError::KeyEnded => ApiError::unauthorized(message).with_code("invalid_api_key"),
        AcceptError::KeyJobs(used_up) => {
            let wait = (used_up.resets_at - chrono::Utc::now()).to_std().unwrap_or_default();
            ApiError::new(http::StatusCode::TOO_MANY_REQUESTS, "job_limit_reached", message).with_retry_after(wait)
        }
        AcceptError::Database(source) => source.into(),
    }
}

/// What a write of words meets. Everything unknown stays an opaque 5xx.
pub(crate) fn text_refused(error: sqlx::Error) -> ApiError {
    match closed_client(&error) {
        Some(closed) => closed.with_source(error),
        None => error.into(),
    }
}
