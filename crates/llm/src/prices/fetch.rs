//! Fetching OpenRouter's list of models: one bounded request, no retry, no key.

use std::time::Duration;

use hg_types::Provider;
use tokio_util::sync::CancellationToken;

use crate::{
    openai::OPENROUTER,
    registry::ProviderConfig,
    timeouts::Timeouts,
    transport::{self, Guard},
};

/// The list has some hundred kilobytes; more than this is something else.
const MOST_BYTES: usize = 8 * 1024 * 1024;

const TIMEOUTS: Timeouts = Timeouts {
    connect: Duration::from_secs(10),
    first_byte: Duration::from_secs(60),
    idle: Duration::from_secs(60),
    total: Duration::from_secs(60),
};

/// Why there is no list.
#[derive(Debug, thiserror::Error)]
pub enum FetchError {
    /// TLS or the resolver can't be set up.
    #[error("no HTTP client for the list of models")]
    Client(#[source] reqwest::Error),
    /// Nobody answered, or not in time.
    #[error("the list of models can't be fetched")]
    Call(#[source] crate::Error),
    /// Another answer than a list.
    #[error("the list of models was answered with {0}")]
    Status(u16),
    /// More than any list has.
    #[error("the list of models has more than {MOST_BYTES} bytes")]
    TooLarge,
}

/// Where OpenRouter's list is.
#[must_use]
pub fn openrouter_list_url(config: &ProviderConfig) -> String {
    let base = config.base_url.as_deref().unwrap_or(OPENROUTER.base_url).trim_end_matches('/');
    format!("{base}/models")
}

/// OpenRouter's list as it is: give it to [`PriceTable::refresh_openrouter`](super::PriceTable::refresh_openrouter).
///
/// # Errors
/// When it can't be had, or isn't of a list's size.
pub async fn openrouter_list(config: &ProviderConfig) -> Result<String, FetchError> {
    let client = transport::client(&TIMEOUTS).map_err(FetchError::Client)?;
    let guard = Guard::new(TIMEOUTS, CancellationToken::new());
    let request = client.get(openrouter_list_url(config));
    let answer = transport::send(Provider::OpenRouter, request, &guard).await.map_err(FetchError::Call)?;
    if !answer.status().is_success() {
        return Err(FetchError::Status(answer.status().as_u16()));
    }
    let body = transport::body(answer, MOST_BYTES + 1, &guard).await.map_err(FetchError::Call)?;
    if body.len() > MOST_BYTES { Err(FetchError::TooLarge) } else { Ok(body) }
}
