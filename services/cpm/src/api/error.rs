//! The one mapping from this service's errors to answers.

use hg_common::http::{ApiError, closed_client};

use crate::{domain::request::RequestError, store::accept::AcceptError};

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
        AcceptError::Budget(_) => ApiError::payment_required(message),
        AcceptError::Database(source) => source.into(),
    }
}

/// What a write about a job's text meets. Everything unknown stays an opaque 5xx.
pub(crate) fn text_refused(error: sqlx::Error) -> ApiError {
    match closed_client(&error) {
        Some(closed) => closed.with_source(error),
        None => error.into(),
    }
}
