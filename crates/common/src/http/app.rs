//! A service's HTTP side put together: its routes, the standard ones, the guard, the common layers.
//!
//! The order matters and is decided here once: request id and span outermost, then compression and panics, then the service's own layers,
//! then the guard, then the handler.

use std::sync::Arc;

use axum::Router;
use axum::routing::{MethodRouter, any};
use utoipa::openapi::{Info, OpenApi};

use super::error::ApiError;
use super::guard::{Authenticate, protect};
use super::health::HealthChecks;
use super::layers;
use super::routes::{RouteTable, Routes};
use super::standard::{health_handler, standard_routes};
use crate::telemetry::MetricsHandle;

/// What a service says about itself.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct ServiceInfo {
    /// Short name: `cpm`.
    pub name: &'static str,
    /// Name for people: `Content production`.
    pub title: &'static str,
    /// Version of the build.
    pub version: &'static str,
}

/// What `GET /` is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum RootPage {
    /// A line that says that the service is live.
    Live,
    /// A page of the service's own.
    Own,
}

/// An application being put together.
#[must_use]
pub struct App<A> {
    info: ServiceInfo,
    authenticator: A,
    health: HealthChecks,
    root: RootPage,
    metrics: Option<MetricsHandle>,
    body_limit: usize,
    fallback: MethodRouter,
    layers: Vec<Box<dyn FnOnce(Router) -> Router + Send>>,
}

/// An application ready to serve.
#[derive(Clone)]
pub struct BuiltApp {
    /// Serves everything.
    pub router: Router,
    /// Describes the service's API.
    pub openapi: OpenApi,
    /// Every route with its rule, the standard ones included.
    pub table: Arc<RouteTable>,
}

impl<A: Authenticate> App<A> {
    /// Starts with what can't be left out.
    pub fn new(info: ServiceInfo, authenticator: A, health: HealthChecks) -> Self {
        Self {
            info,
            authenticator,
            health,
            root: RootPage::Live,
            metrics: None,
            body_limit: 1024 * 1024,
            fallback: any(async || ApiError::not_found("resource")),
            layers: Vec::new(),
        }
    }

    /// Whether `/` is the standard line or the service's own page.
    pub fn root(mut self, root: RootPage) -> Self {
        self.root = root;
        self
    }

    /// Serves the metrics at `/metrics`.
    pub fn metrics(mut self, handle: MetricsHandle) -> Self {
        self.metrics = Some(handle);
        self
    }

    /// Largest request body in bytes (1 MiB otherwise). Single routes change it with axum's `DefaultBodyLimit`.
    pub fn body_limit(mut self, bytes: usize) -> Self {
        self.body_limit = bytes;
        self
    }

    /// What answers unknown paths, instead of a JSON 404.
    pub fn fallback(mut self, handler: MethodRouter) -> Self {
        self.fallback = handler;
        self
    }

    /// Adds layers of the service's own (CORS, CSP, another dress for errors). They run inside the common ones, so the request id is known,
    /// and outside the guard, so they see refusals too. Later calls end up further out.
    pub fn layer(mut self, add: impl FnOnce(Router) -> Router + Send + 'static) -> Self {
        self.layers.push(Box::new(add));
        self
    }

    /// Puts everything together.
    ///
    /// # Errors
    /// When the API description can't be written as JSON.
    pub fn build<S>(self, routes: Routes<S>, state: S) -> Result<BuiltApp, serde_json::Error>
    where
        S: Clone + Send + Sync + 'static,
    {
        let (router, mut openapi, mut table) = routes.into_parts();
        if openapi.info.title.is_empty() {
            openapi.info = Info::new(self.info.title, self.info.version);
        }
        let standard = standard_routes(self.info, self.root, &self.health, self.metrics, &openapi)?;
        let (standard, _, standard_table) = standard.into_parts();
        table.append(standard_table);
        let table = Arc::new(table);
        let router = router.with_state(state).merge(standard);
        let mut router = protect(router, Arc::clone(&table), self.authenticator).fallback_service(self.fallback);
        for add in self.layers {
            router = add(router);
        }
        Ok(BuiltApp { router: layers::common(router, self.body_limit), openapi, table })
    }
}

impl HealthChecks {
    /// `GET` handler for a further path, such as the gateway's `/api/health`.
    pub fn handler<S: Clone + Send + Sync + 'static>(&self) -> MethodRouter<S> {
        health_handler(self)
    }
}

#[cfg(test)]
mod tests {
    use axum::body::Body;
    use axum::routing::get;
    use http::{Method, Response};
    use serde_json::Value;
    use tower::ServiceExt;

    use super::*;
    use crate::http::{Access, PublicOnly, current_request_id, registered_paths};

    fn built() -> BuiltApp {
        let info = ServiceInfo { name: "cpm", title: "Content production", version: "1.2.3" };
        let health =
            HealthChecks::builder(info).check("database", crate::http::Criticality::Critical, async || Ok(())).build();
        let get_only = &[Method::GET];
        let routes = Routes::<()>::new()
            .hidden(
                Access::Public,
                get_only,
                "/id",
                get(async || current_request_id().map(|id| id.to_string()).unwrap_or_default()),
            )
            .hidden(
                Access::Public,
                get_only,
                "/boom",
                get(async || {
                    if true {
                        panic!("secret detail")
                    }
                }),
            )
            .hidden(Access::Public, get_only, "/long", get(async || "long ".repeat(1000)))
            .hidden(
                Access::Public,
                get_only,
                "/events",
                get(async || ([("content-type", "text/event-stream")], "data: x\n\n".repeat(500))),
            )
            .hidden(Access::Session, get_only, "/mine", get(async || "mine"));
        App::new(info, PublicOnly, health)
            .metrics(crate::telemetry::init_for_tests())
            .layer(|router| {
                router.layer(axum::middleware::map_response(async |mut response: Response<Body>| {
                    response.headers_mut().insert("x-own", "1".parse().unwrap());
                    response
                }))
            })
            .build(routes, ())
            .unwrap()
    }

    async fn ask(request: http::request::Builder) -> (http::response::Parts, String) {
        let (parts, body) = built().router.oneshot(request.body(Body::empty()).unwrap()).await.unwrap().into_parts();
        let bytes = axum::body::to_bytes(body, 1 << 22).await.unwrap();
        (parts, String::from_utf8_lossy(&bytes).into_owned())
    }

    #[tokio::test]
    async fn the_request_id_is_taken_made_and_answered() {
        let (parts, body) = ask(http::Request::get("/id").header("x-request-id", "abc.1")).await;
        assert_eq!((parts.headers["x-request-id"].to_str().unwrap(), body.as_str()), ("abc.1", "abc.1"));
        let (parts, body) = ask(http::Request::get("/id").header("x-request-id", "no good")).await;
        assert!(uuid::Uuid::parse_str(&body).is_ok());
        assert_eq!(parts.headers["x-request-id"].to_str().unwrap(), body);
        assert_eq!(parts.headers["x-content-type-options"], "nosniff");
    }

    #[tokio::test]
    async fn a_panic_is_an_opaque_500_with_the_request_id() {
        let (parts, body) = ask(http::Request::get("/boom").header("x-request-id", "r1")).await;
        assert_eq!(parts.status, 500);
        assert!(body.contains("\"r1\"") && !body.contains("secret detail"), "{body}");
    }

    #[tokio::test]
    async fn refusals_have_the_common_shape_and_pass_the_services_own_layers() {
        for (path, status, code) in [("/nowhere", 404, "not_found"), ("/mine", 401, "unauthorized")] {
            let (parts, body) = ask(http::Request::get(path)).await;
            let body: Value = serde_json::from_str(&body).unwrap();
            assert_eq!((parts.status.as_u16(), body["error"]["code"].as_str()), (status, Some(code)));
            assert!(parts.headers.contains_key("x-own") && body["error"]["request_id"].is_string());
        }
        let (parts, body) = ask(http::Request::post("/id")).await;
        assert_eq!((parts.status.as_u16(), parts.headers["allow"].to_str().unwrap()), (405, "GET,HEAD"));
        assert!(body.contains("method_not_allowed"));
    }

    #[tokio::test]
    async fn answers_are_compressed_but_event_streams_are_not() {
        let (parts, _) = ask(http::Request::get("/long").header("accept-encoding", "gzip")).await;
        assert_eq!(parts.headers["content-encoding"], "gzip");
        let (parts, _) = ask(http::Request::get("/events").header("accept-encoding", "gzip")).await;
        assert!(!parts.headers.contains_key("content-encoding"));
    }

    #[tokio::test]
    async fn the_standard_endpoints() {
        let (_, live) = ask(http::Request::get("/")).await;
        assert_eq!(live, "Content production is live\n");
        let (parts, body) = ask(http::Request::get("/health")).await;
        let body: Value = serde_json::from_str(&body).unwrap();
        assert_eq!(
            (parts.status.as_u16(), body["status"].as_str(), body["service"].as_str()),
            (200, Some("ok"), Some("cpm"))
        );
        assert_eq!(body["services"]["database"]["status"], "ok");
        assert_eq!(ask(http::Request::get("/health/live")).await.0.status, 200);
        let (_, openapi) = ask(http::Request::get("/openapi.json")).await;
        assert_eq!(serde_json::from_str::<Value>(&openapi).unwrap()["info"]["title"], "Content production");
        // Embedded compressed, and served like that: every browser takes it.
        let (parts, _) = ask(http::Request::get("/docs/")).await;
        assert!(parts.status == 200 && parts.headers["content-encoding"] == "gzip", "{parts:?}");
        assert_eq!(parts.headers["content-type"], "text/html");
        let (parts, script) = ask(http::Request::get("/docs/swagger-initializer.js")).await;
        assert!(parts.status == 200 && script.contains("/openapi.json"), "{script}");
        ask(http::Request::get("/id")).await;
        let (_, metrics) = ask(http::Request::get("/metrics")).await;
        assert!(metrics.contains("http_requests_total{method=\"GET\",path=\"/id\",status=\"200\"}"), "{metrics}");
        assert!(metrics.contains("http_request_duration_seconds_bucket"), "{metrics}");
    }

    #[tokio::test]
    async fn the_table_has_exactly_what_is_registered() {
        let built = built();
        assert_eq!(registered_paths(&built.router), built.table.paths());
    }
}
