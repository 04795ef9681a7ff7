//! The one error type of every handler, and its one mapping to an answer.
//!
//! Domain errors become an [`ApiError`] at the edge. 5xx answers say nothing about their cause; the cause is logged once, with the
//! request id, when the answer is made. It must not know a service's domain: codes and messages come from the caller.

use std::borrow::Cow;
use std::error::Error as StdError;
use std::fmt;
use std::sync::Arc;
use std::time::Duration;

use axum::response::{IntoResponse, Response};
use chrono::{DateTime, Utc};
use hg_types::Usd;
use http::header::RETRY_AFTER;
use http::{HeaderValue, StatusCode};
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use super::field_errors::FieldError;
use super::request_id::current_request_id;

type BoxError = Box<dyn StdError + Send + Sync>;

/// The body of every error answer.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct ErrorBody {
    /// What went wrong.
    pub error: ErrorDetail,
}

/// What went wrong, for a program (`code`) and for a person (`message`).
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct ErrorDetail {
    /// Stable, snake_case.
    pub code: String,
    /// One sentence.
    pub message: String,
    /// One entry per field that can't be accepted.
    #[serde(default)]
    pub details: Vec<FieldError>,
    /// The budget that stands in the way, where that is what went wrong (402). Documented with the answers that may have it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schema(ignore)]
    pub budget: Option<BudgetProblem>,
    /// What to quote when asking about this answer.
    pub request_id: Option<String>,
}

/// A budget that has too little left. It names nobody, and says of others' budgets only what their refusal tells anyway.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct BudgetProblem {
    /// Whose: `key` (the API key's own limit), `client`, `agency` (somebody above the client) or `global`.
    pub scope: String,
    /// `day` or `month`, in UTC.
    pub period: String,
    /// What was to be reserved: the worst case.
    pub needed_usd: Usd,
    /// What is left, where the budget is the key's or the client's own.
    pub left_usd: Option<Usd>,
    /// When it starts anew.
    pub resets_at: DateTime<Utc>,
}

/// The error behind an answer, left in the response's extensions for a layer that dresses errors differently.
#[derive(Debug, Clone)]
pub struct ErrorInfo(pub Arc<ErrorBody>);

/// An error on its way to a caller.
#[derive(Debug)]
pub struct ApiError(Box<Inner>);

#[derive(Debug)]
struct Inner {
    status: StatusCode,
    code: Cow<'static, str>,
    message: Cow<'static, str>,
    details: Vec<FieldError>,
    budget: Option<BudgetProblem>,
    retry_after: Option<Duration>,
    source: Option<BoxError>,
}

impl ApiError {
    /// An error with a status, a stable code and a message of its own. Prefer the named helpers.
    #[must_use]
    pub fn new(status: StatusCode, code: impl Into<Cow<'static, str>>, message: impl Into<Cow<'static, str>>) -> Self {
        let (code, message) = (code.into(), message.into());
        Self(Box::new(Inner {
            status,
            code,
            message,
            details: Vec::new(),
            budget: None,
            retry_after: None,
            source: None,
        }))
    }

    /// 400: the request can't be read.
    #[must_use]
    pub fn bad_request(message: impl Into<Cow<'static, str>>) -> Self {
        Self::new(StatusCode::BAD_REQUEST, "bad_request", message)
    }

    /// 401: nobody we know.
    #[must_use]
    pub fn unauthorized(message: impl Into<Cow<'static, str>>) -> Self {
        Self::new(StatusCode::UNAUTHORIZED, "unauthorized", message)
    }

    /// 402: the budget is spent.
    #[must_use]
    pub fn payment_required(message: impl Into<Cow<'static, str>>) -> Self {
        Self::new(StatusCode::PAYMENT_REQUIRED, "budget_exceeded", message)
    }

    /// 403: known, and sees the object, but may not do this. Another tenant's object is [`not_found`](Self::not_found).
    #[must_use]
    pub fn forbidden(message: impl Into<Cow<'static, str>>) -> Self {
        Self::new(StatusCode::FORBIDDEN, "forbidden", message)
    }

    /// 404: there is no such `what` (`"client"`) for this caller.
    #[must_use]
    pub fn not_found(what: &str) -> Self {
        Self::new(StatusCode::NOT_FOUND, "not_found", format!("{what} not found"))
    }

    /// 405.
    #[must_use]
    pub fn method_not_allowed() -> Self {
        Self::new(StatusCode::METHOD_NOT_ALLOWED, "method_not_allowed", "this method is not allowed here")
    }

    /// 409: what is there doesn't admit this.
    #[must_use]
    pub fn conflict(code: impl Into<Cow<'static, str>>, message: impl Into<Cow<'static, str>>) -> Self {
        Self::new(StatusCode::CONFLICT, code, message)
    }

    /// 413: more than `limit` says.
    #[must_use]
    pub fn payload_too_large() -> Self {
        Self::new(StatusCode::PAYLOAD_TOO_LARGE, "payload_too_large", "the request body is too large")
    }

    /// 415.
    #[must_use]
    pub fn unsupported_media_type() -> Self {
        let message = "the request needs Content-Type: application/json";
        Self::new(StatusCode::UNSUPPORTED_MEDIA_TYPE, "unsupported_media_type", message)
    }

    /// 422: these fields can't be accepted.
    #[must_use]
    pub fn unprocessable(details: Vec<FieldError>) -> Self {
        let message = match details.as_slice() {
            [only] => format!("{}: {}", only.field, only.message),
            many => format!("{} fields can't be accepted", many.len()),
        };
        let mut error = Self::new(StatusCode::UNPROCESSABLE_ENTITY, "validation_failed", message);
        error.0.details = details;
        error
    }

    /// 422: this one field can't be accepted.
    #[must_use]
    pub fn field(field: impl Into<String>, message: impl Into<String>) -> Self {
        Self::unprocessable(vec![FieldError { field: field.into(), message: message.into() }])
    }

    /// 429: come back after `retry_after`.
    #[must_use]
    pub fn too_many_requests(retry_after: Duration) -> Self {
        Self::new(StatusCode::TOO_MANY_REQUESTS, "rate_limited", "too many requests: try again later")
            .with_retry_after(retry_after)
    }

    /// 503: something that this needs is missing, and the code says what.
    #[must_use]
    pub fn unavailable(code: impl Into<Cow<'static, str>>, message: impl Into<Cow<'static, str>>) -> Self {
        Self::new(StatusCode::SERVICE_UNAVAILABLE, code, message)
    }

    /// 500: our mistake. `source` is logged, never shown.
    #[must_use]
    pub fn internal(source: impl Into<BoxError>) -> Self {
        let message = "something went wrong on our side";
        Self::new(StatusCode::INTERNAL_SERVER_ERROR, "internal_error", message).with_source(source)
    }

    /// Another code with the same status.
    #[must_use]
    pub fn with_code(mut self, code: impl Into<Cow<'static, str>>) -> Self {
        self.0.code = code.into();
        self
    }

    /// The budget that stands in the way.
    #[must_use]
    pub fn with_budget(mut self, budget: BudgetProblem) -> Self {
        self.0.budget = Some(budget);
        self
    }

    /// What caused it: logged, never shown.
    #[must_use]
    pub fn with_source(mut self, source: impl Into<BoxError>) -> Self {
        self.0.source = Some(source.into());
        self
    }

    /// When to try again.
    #[must_use]
    pub fn with_retry_after(mut self, after: Duration) -> Self {
        self.0.retry_after = Some(after);
        self
    }

    /// The status of the answer.
    #[must_use]
    pub fn status(&self) -> StatusCode {
        self.0.status
    }

    /// The stable code.
    #[must_use]
    pub fn code(&self) -> &str {
        &self.0.code
    }

    /// The message for a person.
    #[must_use]
    pub fn message(&self) -> &str {
        &self.0.message
    }

    /// The fields that can't be accepted.
    #[must_use]
    pub fn details(&self) -> &[FieldError] {
        &self.0.details
    }

    /// When to try again, where known.
    #[must_use]
    pub fn retry_after(&self) -> Option<Duration> {
        self.0.retry_after
    }

    /// The body of the answer, with the id of the request being served.
    #[must_use]
    pub fn body(&self) -> ErrorBody {
        ErrorBody {
            error: ErrorDetail {
                code: self.0.code.clone().into_owned(),
                message: self.0.message.clone().into_owned(),
                details: self.0.details.clone(),
                budget: self.0.budget.clone(),
                request_id: current_request_id().map(|id| id.to_string()),
            },
        }
    }

    /// Logs the cause, at the level that the status deserves. Making the answer does this: call it only where none is made.
    pub fn log(&self) {
        let Inner { status, code, source, message, .. } = &*self.0;
        let cause = source.as_ref().map(|source| error_chain(source.as_ref()));
        let cause = cause.as_deref().unwrap_or(message);
        let request_id = current_request_id();
        let request_id = request_id.as_ref().map(super::RequestId::as_str);
        match status.as_u16() {
            503 => tracing::warn!(code = %code, status = 503, error = cause, request_id, "a request was turned away"),
            500.. => {
                tracing::error!(code = %code, status = status.as_u16(), error = cause, request_id, "a request failed");
            }
            _ if source.is_some() => {
                tracing::debug!(code = %code, status = status.as_u16(), error = cause, request_id, "a request was refused");
            }
            _ => {}
        }
    }
}

impl fmt::Display for ApiError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} {}: {}", self.0.status.as_u16(), self.0.code, self.0.message)
    }
}

impl StdError for ApiError {
    fn source(&self) -> Option<&(dyn StdError + 'static)> {
        self.0.source.as_ref().map(|source| source.as_ref() as _)
    }
}

impl IntoResponse for ApiError {
    fn into_response(self) -> Response {
        self.log();
        let body = self.body();
        let mut response = (self.0.status, axum::Json(&body)).into_response();
        if let Some(after) = self.0.retry_after {
            // At least one second: "0" would invite an immediate retry.
            let seconds = (after.as_secs() + u64::from(after.subsec_nanos() > 0)).max(1);
            response.headers_mut().insert(RETRY_AFTER, HeaderValue::from(seconds));
        }
        response.extensions_mut().insert(ErrorInfo(Arc::new(body)));
        response
    }
}

impl From<sqlx::Error> for ApiError {
    fn from(error: sqlx::Error) -> Self {
        if database_is_away(&error) {
            return Self::unavailable("database_unavailable", "the database is not available: try again shortly")
                .with_retry_after(Duration::from_secs(2))
                .with_source(error);
        }
        if lost_to_another(&error) {
            return Self::unavailable("busy", "others are changing the same thing just now: try again")
                .with_retry_after(Duration::from_secs(1))
                .with_source(error);
        }
        Self::internal(error)
    }
}

impl From<crate::redis::RedisError> for ApiError {
    fn from(error: crate::redis::RedisError) -> Self {
        match error {
            crate::redis::RedisError::Command(error) => error.into(),
            other => redis_away(other),
        }
    }
}

impl From<deadpool_redis::redis::RedisError> for ApiError {
    fn from(error: deadpool_redis::redis::RedisError) -> Self {
        if redis_is_away(&error) { redis_away(error) } else { Self::internal(error) }
    }
}

impl From<serde_json::Error> for ApiError {
    fn from(error: serde_json::Error) -> Self {
        Self::internal(error)
    }
}

impl From<tokio::task::JoinError> for ApiError {
    fn from(error: tokio::task::JoinError) -> Self {
        Self::internal(error)
    }
}

fn redis_away(error: impl Into<BoxError>) -> ApiError {
    ApiError::unavailable("redis_unavailable", "the queue and cache are not available: try again shortly")
        .with_retry_after(Duration::from_secs(2))
        .with_source(error)
}

/// Whether Redis could not do its work, as opposed to having been asked wrongly.
fn redis_is_away(error: &deadpool_redis::redis::RedisError) -> bool {
    const STATES: [&str; 9] =
        ["LOADING", "READONLY", "MASTERDOWN", "OOM", "BUSY", "MISCONF", "CLUSTERDOWN", "NOAUTH", "WRONGPASS"];
    error.is_io_error()
        || error.is_timeout()
        || error.is_connection_dropped()
        || error.is_connection_refusal()
        || error.code().is_some_and(|code| STATES.contains(&code))
}

/// Whether the database could not be reached, as opposed to having refused a statement.
fn database_is_away(error: &sqlx::Error) -> bool {
    match error {
        sqlx::Error::PoolTimedOut
        | sqlx::Error::PoolClosed
        | sqlx::Error::WorkerCrashed
        | sqlx::Error::Io(_)
        | sqlx::Error::Tls(_) => true,
        // 08: connection trouble; 53: out of connections or space; 57P: shut down, starting up. PgBouncer uses 08P01 and 58000.
        sqlx::Error::Database(error) => error.code().is_some_and(|code| {
            code.starts_with("08") || code.starts_with("53") || code.starts_with("57P") || code == "58000"
        }),
        _ => false,
    }
}

/// Whether a transaction was given up for another's sake, and may well succeed the next time: a deadlock, a lock that was
/// waited for too long, a serialization failure.
fn lost_to_another(error: &sqlx::Error) -> bool {
    let code = error.as_database_error().and_then(sqlx::error::DatabaseError::code);
    code.is_some_and(|code| matches!(&*code, "40P01" | "55P03" | "40001"))
}

/// The name of the constraint that a statement violated, if that is what went wrong.
#[must_use]
pub fn constraint_name(error: &sqlx::Error) -> Option<&str> {
    error.as_database_error().and_then(sqlx::error::DatabaseError::constraint)
}

/// An error and all its sources, in one line.
#[must_use]
pub fn error_chain(error: &(dyn StdError + 'static)) -> String {
    let mut line = error.to_string();
    let mut next = error.source();
    while let Some(source) = next {
        let text = source.to_string();
        // Some errors repeat their source in their own message.
        if !line.ends_with(&text) {
            line.push_str(": ");
            line.push_str(&text);
        }
        next = source.source();
    }
    line
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::http::field_errors::FieldErrors;
    use crate::http::request_id::{RequestId, with_request_id};

    async fn answer(error: ApiError) -> (StatusCode, http::HeaderMap, serde_json::Value) {
        let response = error.into_response();
        let (parts, body) = response.into_parts();
        let bytes = axum::body::to_bytes(body, 64 * 1024).await.unwrap();
        (parts.status, parts.headers, serde_json::from_slice(&bytes).unwrap())
    }

    #[tokio::test]
    async fn the_shape_of_an_error() {
        let mut fields = FieldErrors::new();
        fields.check(false, "topic", "must not be empty");
        fields.check(true, "tone", "unused");
        fields.push("keywords[2]", "too long");
        let id = RequestId::parse("r-9").unwrap();
        let (status, _, body) = with_request_id(id, async { answer(fields.into_result().unwrap_err()).await }).await;
        assert_eq!(status, 422);
        assert_eq!(
            body,
            serde_json::json!({"error": {"code": "validation_failed", "message": "2 fields can't be accepted", "request_id": "r-9", "details": [
                {"field": "topic", "message": "must not be empty"}, {"field": "keywords[2]", "message": "too long"}]}})
        );
        assert!(FieldErrors::new().into_result().is_ok());
    }

    #[tokio::test]
    async fn causes_of_5xx_stay_inside() {
        let (status, _, body) = answer(ApiError::internal(std::io::Error::other("password=hunter2"))).await;
        assert_eq!(status, 500);
        assert!(!body.to_string().contains("hunter2"), "{body}");
        let (status, headers, body) = answer(sqlx::Error::PoolTimedOut.into()).await;
        assert_eq!((status.as_u16(), body["error"]["code"].as_str()), (503, Some("database_unavailable")));
        assert_eq!(headers[RETRY_AFTER], "2");
        let (status, _, _) = answer(sqlx::Error::RowNotFound.into()).await;
        assert_eq!(status, 500);
    }

    #[tokio::test]
    async fn retry_after_is_rounded_up() {
        for (millis, shown) in [(0, "1"), (1_001, "2"), (2_000, "2")] {
            let (status, headers, _) = answer(ApiError::too_many_requests(Duration::from_millis(millis))).await;
            assert_eq!((status.as_u16(), headers[RETRY_AFTER].to_str().unwrap()), (429, shown));
        }
    }
}
