//! The one way in which services call each other: an internal token, the request id, time-outs, typed errors.
//!
//! Nothing is retried here: the caller knows whether a repeat is harmless.

mod stream;

use bytes::Bytes;
use hg_common::{
    audit::current_origin,
    auth::{InternalIssuer, Principal, Service, internal::TokenError},
    http_client::propagate_request_id,
};
use http::{Method, StatusCode};
use serde::{Deserialize, Serialize, de::DeserializeOwned};

/// A call to another service failed.
#[derive(Debug, thiserror::Error)]
pub enum ClientError {
    /// Nobody answered, not in time, or with a 5xx that says so: waiting may help.
    #[error("{service} is away")]
    Away {
        /// Who was called.
        service: Service,
        /// What happened.
        #[source]
        source: Box<dyn std::error::Error + Send + Sync>,
    },
    /// The service answered with an error.
    #[error("{service} answered {status}: {}", error.message)]
    Refused {
        /// Who was called.
        service: Service,
        /// The answer's status.
        status: StatusCode,
        /// The answer's error.
        error: WireError,
        /// `Retry-After`, in seconds.
        retry_after: Option<u64>,
    },
    /// The service answered with something else than the contract says.
    #[error("{service} answered with something unexpected")]
    Malformed {
        /// Who was called.
        service: Service,
        /// What happened.
        #[source]
        source: Box<dyn std::error::Error + Send + Sync>,
    },
    /// This service couldn't sign its token.
    #[error("the internal token could not be signed")]
    Token(#[from] TokenError),
}

impl ClientError {
    /// Whether waiting may help: nobody answered, or the service can't do its work just now.
    #[must_use]
    pub fn is_away(&self) -> bool {
        match self {
            Self::Away { .. } => true,
            Self::Refused { status, .. } => {
                status.is_server_error()
                    || *status == StatusCode::TOO_MANY_REQUESTS
                    || *status == StatusCode::UNAUTHORIZED
            }
            Self::Malformed { .. } | Self::Token(_) => false,
        }
    }

    /// The status of the answer, where there was one.
    #[must_use]
    pub const fn status(&self) -> Option<StatusCode> {
        match self {
            Self::Refused { status, .. } => Some(*status),
            Self::Away { .. } | Self::Malformed { .. } | Self::Token(_) => None,
        }
    }
}

/// A part of a path that may hold anything.
pub(crate) fn path_segment(segment: &str) -> String {
    use std::fmt::Write;
    segment.bytes().fold(String::with_capacity(segment.len()), |mut path, byte| {
        if byte.is_ascii_alphanumeric() || b"-_.".contains(&byte) {
            path.push(char::from(byte));
        } else {
            // Writing into a String can't fail.
            let _ = write!(path, "%{byte:02X}");
        }
        path
    })
}

/// What is wrong with a field.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct WireFieldError {
    /// The field's path.
    #[serde(default)]
    pub field: String,
    /// What is wrong with it.
    #[serde(default)]
    pub message: String,
}

/// The error that all services answer with, under `error`.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct WireError {
    /// A stable code.
    pub code: String,
    /// A sentence for people.
    pub message: String,
    /// One entry per field, for 422.
    #[serde(default)]
    pub details: Vec<WireFieldError>,
    /// The budget that stands in the way, for 402.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub budget: Option<Box<hg_common::http::BudgetProblem>>,
}

#[derive(Deserialize)]
struct WireErrorBody {
    error: WireError,
}

/// Another service, as this one reaches it.
#[derive(Clone, Debug)]
pub struct Peer {
    http: reqwest::Client,
    issuer: InternalIssuer,
    service: Service,
    base_url: String,
    /// How long the headers of a stream may take.
    opens_within: std::time::Duration,
}

impl Peer {
    /// `base_url` without a slash at its end: `http://hg-content-cpm:8000`.
    #[must_use]
    pub fn new(http: reqwest::Client, issuer: InternalIssuer, service: Service, base_url: &str) -> Self {
        Self {
            http,
            issuer,
            service,
            base_url: base_url.trim_end_matches('/').to_owned(),
            opens_within: stream::OPENS_WITHIN,
        }
    }

    /// Which service this is.
    #[must_use]
    pub const fn service(&self) -> Service {
        self.service
    }

    /// Whether the service says that it lives; for health checks.
    ///
    /// # Errors
    /// When it doesn't.
    pub async fn ping(&self) -> Result<(), ClientError> {
        let answer =
            self.http.get(format!("{}/health/live", self.base_url)).send().await.map_err(|error| self.away(error))?;
        self.accept(answer).await.map(drop)
    }

    pub(crate) async fn get<T: DeserializeOwned>(&self, on_behalf: &Principal, path: &str) -> Result<T, ClientError> {
        self.json(self.call(on_behalf, Method::GET, path)?).await
    }

    pub(crate) async fn get_query<T: DeserializeOwned, Q: Serialize + Sync>(
        &self,
        on_behalf: &Principal,
        path: &str,
        query: &Q,
    ) -> Result<T, ClientError> {
        self.json(self.call(on_behalf, Method::GET, path)?.query(query)).await
    }

    pub(crate) async fn send<T: DeserializeOwned, B: Serialize + Sync>(
        &self,
        on_behalf: &Principal,
        method: Method,
        path: &str,
        body: &B,
    ) -> Result<T, ClientError> {
        self.send_with(on_behalf, method, path, &[], body).await
    }

    pub(crate) async fn send_with<T: DeserializeOwned, B: Serialize + Sync>(
        &self,
        on_behalf: &Principal,
        method: Method,
        path: &str,
        headers: &[(&str, &str)],
        body: &B,
    ) -> Result<T, ClientError> {
        let call = self.call(on_behalf, method, path)?.json(body);
        self.json(headers.iter().fold(call, |call, (name, value)| call.header(*name, *value))).await
    }

    /// The same for what may take so long: longer than other answers.
    pub(crate) async fn send_within<T: DeserializeOwned, B: Serialize + Sync>(
        &self,
        on_behalf: &Principal,
        method: Method,
        path: &str,
        body: &B,
        patience: std::time::Duration,
    ) -> Result<T, ClientError> {
        self.json(self.call(on_behalf, method, path)?.json(body).timeout(patience)).await
    }

    /// POST whose answer may take so long, with its status.
    pub(crate) async fn send_patiently<B: Serialize + Sync>(
        &self,
        on_behalf: &Principal,
        path: &str,
        headers: &[(&str, &str)],
        body: &B,
        patience: std::time::Duration,
    ) -> Result<(StatusCode, Bytes), ClientError> {
        let call = self.post_with(on_behalf, path, headers, body)?.timeout(patience);
        let answer = self.accept(call.send().await.map_err(|error| self.away(error))?).await?;
        let status = answer.status();
        Ok((status, answer.bytes().await.map_err(|error| self.away(error))?))
    }

    fn post_with<B: Serialize + Sync>(
        &self,
        on_behalf: &Principal,
        path: &str,
        headers: &[(&str, &str)],
        body: &B,
    ) -> Result<reqwest::RequestBuilder, ClientError> {
        let call = self.call(on_behalf, Method::POST, path)?.json(body);
        Ok(headers.iter().fold(call, |call, (name, value)| call.header(*name, *value)))
    }

    /// Reads what a service answered.
    pub(crate) fn read<T: DeserializeOwned>(&self, body: &[u8]) -> Result<T, ClientError> {
        serde_json::from_slice(body)
            .map_err(|error| ClientError::Malformed { service: self.service, source: error.into() })
    }

    /// POST without a body.
    pub(crate) async fn post<T: DeserializeOwned>(&self, on_behalf: &Principal, path: &str) -> Result<T, ClientError> {
        self.json(self.call(on_behalf, Method::POST, path)?).await
    }

    /// The same for what may take so long: longer than other answers.
    pub(crate) async fn post_within<T: DeserializeOwned>(
        &self,
        on_behalf: &Principal,
        path: &str,
        patience: std::time::Duration,
    ) -> Result<T, ClientError> {
        self.json(self.call(on_behalf, Method::POST, path)?.timeout(patience)).await
    }

    /// POST without a body, answered without one.
    pub(crate) async fn post_empty(&self, on_behalf: &Principal, path: &str) -> Result<(), ClientError> {
        let answer = self.call(on_behalf, Method::POST, path)?.send().await.map_err(|error| self.away(error))?;
        self.accept(answer).await.map(drop)
    }

    pub(crate) async fn delete(&self, on_behalf: &Principal, path: &str) -> Result<(), ClientError> {
        let answer = self.call(on_behalf, Method::DELETE, path)?.send().await.map_err(|error| self.away(error))?;
        self.accept(answer).await.map(drop)
    }

    pub(crate) async fn delete_query<Q: Serialize + Sync>(
        &self,
        on_behalf: &Principal,
        path: &str,
        query: &Q,
    ) -> Result<(), ClientError> {
        let call = self.call(on_behalf, Method::DELETE, path)?.query(query);
        let answer = call.send().await.map_err(|error| self.away(error))?;
        self.accept(answer).await.map(drop)
    }

    fn call(&self, on_behalf: &Principal, method: Method, path: &str) -> Result<reqwest::RequestBuilder, ClientError> {
        let address = current_origin().address;
        let bearer = self.issuer.bearer(self.service, on_behalf, address, chrono::Utc::now())?;
        let call = self.http.request(method, format!("{}{path}", self.base_url));
        let mut call = call.header(http::header::AUTHORIZATION, bearer);
        if let Some(user) = on_behalf.user() {
            call = call.header("x-user-id", user.to_string());
        }
        Ok(propagate_request_id(call))
    }

    async fn json<T: DeserializeOwned>(&self, call: reqwest::RequestBuilder) -> Result<T, ClientError> {
        let answer = self.accept(call.send().await.map_err(|error| self.away(error))?).await?;
        let body = answer.bytes().await.map_err(|error| self.away(error))?;
        self.read(&body)
    }

    /// Passes a success on and makes an error of everything else.
    async fn accept(&self, answer: reqwest::Response) -> Result<reqwest::Response, ClientError> {
        let status = answer.status();
        if status.is_success() {
            return Ok(answer);
        }
        let retry_after = answer
            .headers()
            .get(http::header::RETRY_AFTER)
            .and_then(|value| value.to_str().ok())
            .and_then(|value| value.parse().ok());
        let body = answer.bytes().await.map_err(|error| self.away(error))?;
        match serde_json::from_slice::<WireErrorBody>(&body) {
            Ok(body) => Err(ClientError::Refused { service: self.service, status, error: body.error, retry_after }),
            // A proxy in between, say. A gateway's 502 without a body of ours means that nobody is there.
            Err(error) if status.is_server_error() => {
                Err(ClientError::Away { service: self.service, source: error.into() })
            }
            Err(error) => Err(ClientError::Malformed { service: self.service, source: error.into() }),
        }
    }

    fn away(&self, error: reqwest::Error) -> ClientError {
        // The URL says nothing new and may be long.
        ClientError::Away { service: self.service, source: error.without_url().into() }
    }
}
