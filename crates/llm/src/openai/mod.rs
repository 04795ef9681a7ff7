//! OpenAI's chat-completions format, which OpenAI, Groq and OpenRouter speak.
//!
//! One implementation under three thin [`Profile`]s. `wire` holds the documented shapes, `request`
//! writes them, `response` reads errors, `stream` reads answers, `text` their strings.

mod profile;
mod request;
mod response;
mod stream;
mod text;
mod wire;

use std::time::Duration;

use chrono::Utc;
use futures::{FutureExt, future::BoxFuture};
use hg_types::Provider;
use http::{HeaderMap, HeaderValue, header};
use tokio_util::sync::CancellationToken;

pub use profile::{GROQ, OPENAI, OPENROUTER, Profile};

use crate::{
    adapter::{Adapter, EventStream, KeyCheck},
    error::Error,
    registry::{ConfigError, ProviderConfig},
    request::Request,
    retry_after::retry_after,
    secret::Secret,
    timeouts::Timeouts,
    transport::{self, Guard},
};

/// Error bodies are read up to here.
const ERROR_BYTES: usize = 64 * 1024;
/// A whole answer that came without streaming is read up to here.
const ANSWER_BYTES: usize = 4 * 1024 * 1024;
/// How long somebody waits to hear whether a key is taken.
const KEY_CHECK: Duration = Duration::from_secs(10);

/// An adapter of one profile with one key.
#[derive(Clone, Debug)]
pub struct ChatCompletions {
    profile: &'static Profile,
    client: reqwest::Client,
    url: reqwest::Url,
    key_check: reqwest::Url,
    headers: HeaderMap,
    key: Secret,
    timeouts: Timeouts,
}

impl ChatCompletions {
    /// Builds the adapter. `key` may be empty where the base URL needs none.
    ///
    /// # Errors
    /// When the base URL isn't one, when a header can't be written, or when TLS can't be set up.
    pub fn new(profile: &'static Profile, config: &ProviderConfig, key: &Secret) -> Result<Self, ConfigError> {
        let provider = profile.provider;
        let base = config.base_url.as_deref().unwrap_or(profile.base_url).trim_end_matches('/');
        let below = |path: &str| {
            reqwest::Url::parse(&format!("{base}/{path}"))
                .ok()
                .filter(|url| matches!(url.scheme(), "http" | "https"))
                .ok_or(ConfigError::BaseUrl { provider })
        };
        let (url, key_check) = (below("chat/completions")?, below(profile.key_check)?);
        let mut headers = HeaderMap::new();
        for (name, value) in [("http-referer", &config.origin), ("x-title", &config.app_name)] {
            if let Some(value) = value.as_ref().filter(|_| profile.names_the_app) {
                let value = HeaderValue::from_str(value).map_err(|_| ConfigError::Header { provider, name })?;
                headers.insert(name, value);
            }
        }
        let client = transport::client(&config.timeouts).map_err(|source| ConfigError::Client { provider, source })?;
        let adapter =
            Self { profile, client, url, key_check, headers, key: Secret::new(""), timeouts: config.timeouts };
        adapter.with_key(key)
    }

    /// The same adapter, sharing its connections, with another key.
    ///
    /// # Errors
    /// When the key holds characters that no header can carry.
    pub fn with_key(&self, key: &Secret) -> Result<Self, ConfigError> {
        let mut other = self.clone();
        let mut bearer = HeaderValue::from_str(&format!("Bearer {}", key.expose()))
            .map_err(|_| ConfigError::Key { provider: self.profile.provider })?;
        bearer.set_sensitive(true);
        other.headers.insert(header::AUTHORIZATION, bearer);
        other.key = key.clone();
        Ok(other)
    }

    async fn call(&self, request: Request, cancel: CancellationToken) -> Result<EventStream, Error> {
        let provider = self.profile.provider;
        let guard = Guard::new(self.timeouts, cancel);
        let body = request::Body::new(self.profile, &request);
        let call = self.client.post(self.url.clone()).headers(self.headers.clone()).json(&body);
        let response = transport::send(provider, call, &guard).await?;

        let status = response.status();
        let said = |name: &str| response.headers().get(name).and_then(|value| value.to_str().ok()).map(str::to_owned);
        if !status.is_success() {
            let wait = retry_after(response.headers(), Utc::now());
            let text = transport::body(response, ERROR_BYTES, &guard).await.unwrap_or_default();
            return Err(response::refused(
                &response::Context { provider, model: &request.model, key: &self.key },
                status.as_u16(),
                wait,
                &text,
            ));
        }
        let generation_id = said("x-generation-id");
        let content_type = said("content-type").unwrap_or_default().to_ascii_lowercase();
        let decoder = stream::Decoder::new(self.profile, request.model, self.key.clone(), generation_id);
        if content_type.starts_with("application/json") {
            // An error inside a 200, or a server that doesn't stream.
            let text = transport::body(response, ANSWER_BYTES, &guard).await?;
            return Ok(decoder.whole(&text));
        }
        if content_type.starts_with("text/html") {
            return Err(Error::Malformed { what: "an event stream, not a web page", source: None });
        }
        Ok(transport::decoded(transport::chunks(response), decoder, guard))
    }
}

impl Adapter for ChatCompletions {
    fn provider(&self) -> Provider {
        self.profile.provider
    }

    fn stream(&self, request: Request, cancel: CancellationToken) -> BoxFuture<'_, Result<EventStream, Error>> {
        self.call(request, cancel).boxed()
    }

    fn check_key(&self) -> BoxFuture<'_, KeyCheck> {
        async {
            let call = self.client.get(self.key_check.clone()).headers(self.headers.clone()).timeout(KEY_CHECK);
            // The status says it all: the body is never read.
            match call.send().await.map(|answer| answer.status().as_u16()) {
                Ok(200..=299) => KeyCheck::Accepted,
                Ok(401 | 403) => KeyCheck::Refused,
                Ok(_) | Err(_) => KeyCheck::Unknown,
            }
        }
        .boxed()
    }
}
