//! Extractors whose rejections are [`ApiError`]s that name the field.
//!
//! 400 is for what can't be read at all, 422 for what can be read but not accepted, 404 for a malformed id in a path. They must
//! not check meaning: that is the domain's work.

use std::ops::Deref;

use axum::body::Bytes;
use axum::extract::rejection::{BytesRejection, FailedToBufferBody};
use axum::extract::{FromRequest, FromRequestParts, Request};
use axum::response::{IntoResponse, Response};
use http::request::Parts;
use http::{HeaderMap, StatusCode, header};
use serde::Serialize;
use serde::de::{DeserializeOwned, IgnoredAny};

use super::error::ApiError;
use super::zero;

/// A JSON body, in and out. What comes in must be an object.
#[derive(Debug, Clone, Copy, Default)]
pub struct Json<T>(pub T);

/// The query string.
#[derive(Debug, Clone, Copy, Default)]
pub struct Query<T>(pub T);

/// Parameters of the path. What doesn't parse names nothing: 404.
#[derive(Debug, Clone, Copy, Default)]
pub struct Path<T>(pub T);

/// How many bytes a body may have, for the answer to one that has more.
#[derive(Debug, Clone, Copy)]
pub(super) struct BodyLimit(pub(super) usize);

macro_rules! deref_to_inner {
    ($($name:ident),*) => {$(
        impl<T> Deref for $name<T> {
            type Target = T;
            fn deref(&self) -> &T {
                &self.0
            }
        }
    )*};
}
deref_to_inner!(Json, Query, Path);

impl<T, S> FromRequest<S> for Json<T>
where
    T: DeserializeOwned,
    S: Send + Sync,
{
    type Rejection = ApiError;

    async fn from_request(request: Request, state: &S) -> Result<Self, ApiError> {
        if !is_json(request.headers()) {
            return Err(ApiError::unsupported_media_type());
        }
        let limit = request.extensions().get::<BodyLimit>().copied();
        let bytes = Bytes::from_request(request, state).await.map_err(|rejection| body_error(rejection, limit))?;
        parse_json(&bytes).map(Self)
    }
}

impl<T: Serialize> IntoResponse for Json<T> {
    fn into_response(self) -> Response {
        match serde_json::to_vec(&self.0) {
            Ok(bytes) => ([(header::CONTENT_TYPE, "application/json")], bytes).into_response(),
            Err(error) => ApiError::internal(error).into_response(),
        }
    }
}

impl<T, S> FromRequestParts<S> for Query<T>
where
    T: DeserializeOwned,
    S: Send + Sync,
{
    type Rejection = ApiError;

    async fn from_request_parts(parts: &mut Parts, _: &S) -> Result<Self, ApiError> {
        let query = parts.uri.query().unwrap_or_default();
        if let Some((name, _)) = form_urlencoded::parse(query.as_bytes()).find(|(name, value)| has_zero(name, value)) {
            return Err(ApiError::field(name.replace('\0', ""), zero::MESSAGE));
        }
        let pairs = serde_urlencoded::Deserializer::new(form_urlencoded::parse(query.as_bytes()));
        serde_path_to_error::deserialize(pairs).map(Self).map_err(|error| {
            let path = error.path().to_string();
            field_error(&path, &error.into_inner().to_string())
        })
    }
}

impl<T, S> FromRequestParts<S> for Path<T>
where
    T: DeserializeOwned + Send,
    S: Send + Sync,
{
    type Rejection = ApiError;

    async fn from_request_parts(parts: &mut Parts, state: &S) -> Result<Self, ApiError> {
        // A name with U+0000 in it names nothing, and the database would choke on it.
        if parts.uri.path().contains("%00") {
            return Err(ApiError::not_found("resource"));
        }
        match axum::extract::Path::<T>::from_request_parts(parts, state).await {
            Ok(axum::extract::Path(value)) => Ok(Self(value)),
            // A route that lacks the parameter is our mistake, a malformed one is the caller's.
            Err(rejection) if rejection.status().is_server_error() => Err(ApiError::internal(rejection)),
            Err(rejection) => Err(ApiError::not_found("resource").with_source(rejection)),
        }
    }
}

fn has_zero(name: &str, value: &str) -> bool {
    name.contains('\0') || value.contains('\0')
}

fn is_json(headers: &HeaderMap) -> bool {
    let Some(value) = headers.get(header::CONTENT_TYPE).and_then(|value| value.to_str().ok()) else {
        return false;
    };
    let essence = value.split(';').next().unwrap_or_default().trim().to_ascii_lowercase();
    essence == "application/json" || (essence.starts_with("application/") && essence.ends_with("+json"))
}

fn body_error(rejection: BytesRejection, limit: Option<BodyLimit>) -> ApiError {
    match rejection {
        BytesRejection::FailedToBufferBody(FailedToBufferBody::LengthLimitError(_)) => match limit {
            Some(BodyLimit(bytes)) => {
                let message = format!("the request body has more than {bytes} bytes");
                ApiError::new(StatusCode::PAYLOAD_TOO_LARGE, "payload_too_large", message)
            }
            None => ApiError::payload_too_large(),
        },
        other => ApiError::bad_request("the request body could not be read").with_source(other),
    }
}

/// Reads JSON as [`Json`] does: 400 for what is no JSON (with line and column) or no object, 422 naming the field for what
/// doesn't fit `T`.
fn parse_json<T: DeserializeOwned>(bytes: &[u8]) -> Result<T, ApiError> {
    // serde would take an array for a struct, field by field in the order of their declaration.
    match bytes.iter().find(|byte| !byte.is_ascii_whitespace()) {
        Some(b'{') => {}
        None => {
            let message = "the request body is empty: a JSON object is expected";
            return Err(ApiError::bad_request(message).with_code("malformed_json"));
        }
        Some(_) => return Err(no_object(bytes)),
    }
    // To know where something is wrong every key on the way is copied: only what is wrong is read like that.
    let value = match serde_json::from_slice(bytes) {
        Ok(value) => value,
        Err(_) => parse_tracked(bytes)?,
    };
    if zero::holds_zero(bytes) {
        let path = serde_json::from_slice(bytes).ok().as_ref().and_then(zero::path_of_zero);
        let path = path.filter(|path| !path.is_empty()).unwrap_or_else(|| "body".to_owned());
        return Err(ApiError::field(path, zero::MESSAGE));
    }
    Ok(value)
}

/// Reads JSON and knows what is wrong, and where.
fn parse_tracked<T: DeserializeOwned>(bytes: &[u8]) -> Result<T, ApiError> {
    let mut deserializer = serde_json::Deserializer::from_slice(bytes);
    let value = serde_path_to_error::deserialize(&mut deserializer).map_err(|error| {
        let path = error.path().to_string();
        let inner = error.into_inner();
        if inner.is_data() { field_error(&path, &without_position(&inner.to_string())) } else { malformed(&inner) }
    })?;
    deserializer.end().map_err(|error| malformed(&error))?;
    Ok(value)
}

/// The 400 for a body that doesn't begin as an object does: it may be JSON or not.
fn no_object(bytes: &[u8]) -> ApiError {
    match serde_json::from_slice::<IgnoredAny>(bytes) {
        Ok(IgnoredAny) => {
            ApiError::bad_request("the request body must be a JSON object: {…}").with_code("malformed_json")
        }
        Err(error) => malformed(&error),
    }
}

fn malformed(error: &serde_json::Error) -> ApiError {
    let what = without_position(&error.to_string());
    let message = format!("the body is not valid JSON: {what} at line {}, column {}", error.line(), error.column());
    ApiError::bad_request(message).with_code("malformed_json")
}

/// serde's message without the " at line 1 column 2" at its end.
fn without_position(message: &str) -> String {
    message.rsplit_once(" at line ").map_or(message, |(text, _)| text).to_owned()
}

/// The 422 for serde's `message` about what is at `path`. serde reports a missing field at its parent, so its name comes from
/// the message.
fn field_error(path: &str, message: &str) -> ApiError {
    let named = |prefix: &str| message.strip_prefix(prefix).and_then(|rest| rest.split('`').next()).map(str::to_owned);
    let parent = if path == "." { "" } else { path };
    let child = |name: &str| {
        let ends_with_name = parent == name || parent.ends_with(&format!(".{name}"));
        match (parent.is_empty(), ends_with_name) {
            (true, _) => name.to_owned(),
            (false, true) => parent.to_owned(),
            (false, false) => format!("{parent}.{name}"),
        }
    };
    if let Some(name) = named("missing field `") {
        // Here the parent may well bear the same name as the child that it lacks.
        let field = if parent.is_empty() { name } else { format!("{parent}.{name}") };
        return ApiError::field(field, "is required");
    }
    if let Some(name) = named("unknown field `") {
        let expected = message.split_once(", ").map_or("", |(_, rest)| rest);
        return ApiError::field(child(&name), format!("is not a known field; {expected}"));
    }
    if let Some(name) = named("duplicate field `") {
        return ApiError::field(child(&name), "is given twice");
    }
    // The names of our types mean nothing outside.
    let message = match message.split_once("expected struct ") {
        Some((what, _)) => format!("{what}expected an object"),
        None => message.to_owned(),
    };
    ApiError::field(if parent.is_empty() { "body" } else { parent }, message)
}

#[cfg(test)]
mod tests {
    use axum::Router;
    use axum::body::Body;
    use axum::extract::DefaultBodyLimit;
    use axum::routing::{get, post};
    use serde::Deserialize;
    use serde_json::{Value, json};
    use tower::ServiceExt;

    use super::*;

    #[derive(Debug, Deserialize, Serialize)]
    #[serde(deny_unknown_fields)]
    struct Order {
        topic: String,
        #[serde(default)]
        lines: Vec<Line>,
    }

    #[derive(Debug, Deserialize, Serialize)]
    #[serde(deny_unknown_fields)]
    struct Line {
        count: u32,
    }

    #[derive(Debug, Deserialize)]
    #[serde(deny_unknown_fields)]
    struct Filter {
        limit: Option<u32>,
        q: Option<String>,
    }

    #[expect(clippy::disallowed_methods, reason = "a router without rules is enough to test extractors")]
    fn app() -> Router {
        Router::new()
            .route("/orders", post(async |Json(order): Json<Order>| Json(order)))
            .route("/orders/{id}", get(async |Path(id): Path<uuid::Uuid>| id.to_string()))
            .route("/slugs/{slug}", get(async |Path(slug): Path<String>| slug))
            .route(
                "/list",
                get(async |Query(filter): Query<Filter>| {
                    format!("{}{}", filter.limit.unwrap_or(7), filter.q.unwrap_or_default())
                }),
            )
            .layer(DefaultBodyLimit::max(200))
    }

    async fn send(request: http::Request<Body>) -> (u16, Value) {
        let response = app().oneshot(request).await.unwrap();
        let status = response.status().as_u16();
        let bytes = axum::body::to_bytes(response.into_body(), 64 * 1024).await.unwrap();
        (status, serde_json::from_slice(&bytes).unwrap_or(Value::Null))
    }

    async fn post_order(content_type: &str, body: impl Into<Body>) -> (u16, Value) {
        send(http::Request::post("/orders").header("content-type", content_type).body(body.into()).unwrap()).await
    }

    async fn refused_field(body: &str) -> (String, String) {
        let (status, answer) = post_order("application/json", body.to_owned()).await;
        assert_eq!(status, 422, "{answer}");
        let detail = &answer["error"]["details"][0];
        (detail["field"].as_str().unwrap().to_owned(), detail["message"].as_str().unwrap().to_owned())
    }

    #[tokio::test]
    async fn json_fields_are_named_by_their_path() {
        let (field, message) = refused_field(r#"{"topic": "x", "lines": [{"count": 1}, {"count": "two"}]}"#).await;
        assert_eq!(
            (field.as_str(), message.as_str()),
            ("lines[1].count", "invalid type: string \"two\", expected u32")
        );
        let (field, message) = refused_field(r#"{"topic": "x", "lines": [{}]}"#).await;
        assert_eq!((field.as_str(), message.as_str()), ("lines[0].count", "is required"));
        let (field, message) = refused_field(r#"{"lines": []}"#).await;
        assert_eq!((field.as_str(), message.as_str()), ("topic", "is required"));
        let (field, message) = refused_field(r#"{"topic": "x", "tpoic": 1}"#).await;
        assert_eq!(field, "tpoic");
        assert!(message.contains("expected `topic` or `lines`"), "{message}");
        let (field, _) = refused_field(r#"{"topic": "x", "lines": [{"count": 1, "size": 2}]}"#).await;
        assert_eq!(field, "lines[0].size");
        let (field, message) = refused_field(r#"{"topic": "x", "topic": "y"}"#).await;
        assert_eq!((field.as_str(), message.as_str()), ("topic", "is given twice"));
    }

    #[tokio::test]
    async fn a_body_is_an_object_and_nothing_else() {
        for body in [r#"["x", []]"#, " \n[]", "3", "\"topic\"", "null"] {
            let (status, answer) = post_order("application/json", body.to_owned()).await;
            assert_eq!((status, &answer["error"]["code"]), (400, &json!("malformed_json")), "{body}");
            let message = answer["error"]["message"].as_str().unwrap();
            assert!(message.contains("must be a JSON object"), "{body}: {message}");
        }
        assert_eq!(post_order("application/json", " \r\n\t{\"topic\": \"x\"}").await.0, 200);
    }

    #[tokio::test]
    async fn what_postgres_cannot_keep_is_refused() {
        for (body, expected) in [
            (r#"{"topic": "a\u0000b"}"#, "topic"),
            (r#"{"topic": "x", "lines": [{"count": 1}], "topic\u0000": 1}"#, "topic\0"),
        ] {
            assert_eq!(refused_field(body).await.0, expected, "{body}");
        }
        assert_eq!(post_order("application/json", r#"{"topic": "a\\u0000b"}"#).await.0, 200);
        let get = |uri: &str| send(http::Request::get(uri).body(Body::empty()).unwrap());
        let (status, answer) = get("/list?q=a%00b").await;
        assert_eq!((status, &answer["error"]["details"][0]["field"]), (422, &json!("q")));
        assert_eq!(get("/slugs/a%00b").await.0, 404);
        assert_eq!(get("/list?q=0").await.0, 200);
    }

    #[tokio::test]
    async fn what_is_no_json_is_400_with_its_place() {
        let (status, answer) = post_order("application/json", "{\n \"topic\": }").await;
        assert_eq!((status, &answer["error"]["code"]), (400, &json!("malformed_json")));
        let message = answer["error"]["message"].as_str().unwrap();
        assert!(message.ends_with("at line 2, column 11"), "{message}");
        for body in ["", " \n", "{\"topic\": \"x\"} trailing", "{\"topic\":", "[1,", "topic=x"] {
            assert_eq!(post_order("application/json", body.to_owned()).await.0, 400, "{body:?}");
        }
    }

    #[tokio::test]
    async fn media_type_and_size() {
        assert_eq!(post_order("text/plain", "{\"topic\":\"x\"}").await.0, 415);
        assert_eq!(post_order("application/json; charset=utf-8", "{\"topic\":\"x\"}").await.0, 200);
        assert_eq!(post_order("application/vnd.api+json", "{\"topic\":\"x\"}").await.0, 200);
        let long = format!("{{\"topic\":\"{}\"}}", "x".repeat(300));
        let (status, answer) = post_order("application/json", long).await;
        assert_eq!((status, &answer["error"]["code"]), (413, &json!("payload_too_large")));
    }

    #[tokio::test]
    async fn queries_and_paths() {
        let get = |uri: &str| send(http::Request::get(uri).body(Body::empty()).unwrap());
        assert_eq!(get("/list?limit=3").await.1, json!(3));
        let (status, answer) = get("/list?limit=x").await;
        assert_eq!((status, &answer["error"]["details"][0]["field"]), (422, &json!("limit")));
        let (status, answer) = get("/list?limti=3").await;
        assert_eq!((status, &answer["error"]["details"][0]["field"]), (422, &json!("limti")));
        assert_eq!(get("/orders/42").await.0, 404);
        assert_eq!(get("/orders/0191d0a0-0000-7000-8000-000000000000").await.0, 200);
    }
}
