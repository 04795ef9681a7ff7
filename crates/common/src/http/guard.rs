//! The guard at every route: no rule, no service; and the rule's authentication before the handler.
//!
//! It fails closed. How a caller proves who they are is the [`Authenticate`] implementation's business.

use std::convert::Infallible;
use std::future::Future;
use std::sync::Arc;
use std::task::{Context, Poll};

use axum::Router;
use axum::extract::{MatchedPath, Request};
use axum::response::{IntoResponse, Response};
use futures::future::BoxFuture;
use http::header::ALLOW;
use http::request::Parts;
use http::{HeaderValue, Method, StatusCode};
use tower::{Layer, Service};

use super::error::ApiError;
use super::routes::{Access, Lookup, RouteTable};
use crate::audit::{Origin, with_origin};

/// Proves who is asking, as a route's rule demands.
pub trait Authenticate: Send + Sync + 'static {
    /// Lets the request through (and leaves what it learned in the request's extensions) or refuses it.
    ///
    /// It is called for public routes too, where a caller may be known but doesn't have to be.
    fn authenticate(&self, access: &Access, parts: &mut Parts) -> impl Future<Output = Result<(), ApiError>> + Send;
}

impl<A: Authenticate> Authenticate for Arc<A> {
    fn authenticate(&self, access: &Access, parts: &mut Parts) -> impl Future<Output = Result<(), ApiError>> + Send {
        A::authenticate(self, access, parts)
    }
}

/// Knows nobody: public routes are served, everything else is 401.
#[derive(Debug, Clone, Copy, Default)]
pub struct PublicOnly;

impl Authenticate for PublicOnly {
    async fn authenticate(&self, access: &Access, _: &mut Parts) -> Result<(), ApiError> {
        match access {
            Access::Public => Ok(()),
            Access::Session | Access::Internal | Access::ApiKeyOrInternal => {
                Err(ApiError::unauthorized("authentication is required"))
            }
        }
    }
}

/// Puts the guard in front of every route that `router` has by now. A request whose method and path have no rule is not served: 500
/// `route_without_rule` for an unknown path, 405 for a method that isn't in the table. The rule is left in the
/// request's extensions as [`Access`].
///
/// # Panics
/// When the router has no routes.
pub fn protect<A: Authenticate>(router: Router, table: Arc<RouteTable>, authenticator: A) -> Router {
    router.route_layer(GuardLayer(Arc::new(Guard { table, authenticator })))
}

struct Guard<A> {
    table: Arc<RouteTable>,
    authenticator: A,
}

impl<A: Authenticate> Guard<A> {
    async fn admit(&self, request: Request) -> Result<Request, Response> {
        let path = request.extensions().get::<MatchedPath>().cloned();
        let path = path.as_ref().map_or("", MatchedPath::as_str);
        match self.table.look_up(request.method(), path) {
            Lookup::Rule(access) => {
                let (mut parts, body) = request.into_parts();
                self.authenticator.authenticate(&access, &mut parts).await.map_err(IntoResponse::into_response)?;
                parts.extensions.insert(access);
                Ok(Request::from_parts(parts, body))
            }
            Lookup::OtherMethods(methods) => Err(method_not_allowed(&methods)),
            Lookup::Unknown => {
                tracing::error!(method = %request.method(), route = path, "a route has no access rule: register it with Routes");
                let message = "this route has no access rule";
                Err(ApiError::new(StatusCode::INTERNAL_SERVER_ERROR, "route_without_rule", message).into_response())
            }
        }
    }
}

fn method_not_allowed(methods: &[Method]) -> Response {
    let mut response = ApiError::method_not_allowed().into_response();
    let mut names: Vec<_> = methods.iter().map(Method::as_str).collect();
    if names.contains(&"GET") && !names.contains(&"HEAD") {
        names.push("HEAD");
    }
    if let Ok(allow) = HeaderValue::from_str(&names.join(",")) {
        response.headers_mut().insert(ALLOW, allow);
    }
    response
}

struct GuardLayer<A>(Arc<Guard<A>>);

impl<A> Clone for GuardLayer<A> {
    fn clone(&self) -> Self {
        Self(Arc::clone(&self.0))
    }
}

impl<A, S> Layer<S> for GuardLayer<A> {
    type Service = GuardService<A, S>;

    fn layer(&self, inner: S) -> Self::Service {
        GuardService { guard: Arc::clone(&self.0), inner }
    }
}

struct GuardService<A, S> {
    guard: Arc<Guard<A>>,
    inner: S,
}

impl<A, S: Clone> Clone for GuardService<A, S> {
    fn clone(&self) -> Self {
        Self { guard: Arc::clone(&self.guard), inner: self.inner.clone() }
    }
}

impl<A, S> Service<Request> for GuardService<A, S>
where
    A: Authenticate,
    S: Service<Request, Response = Response, Error = Infallible> + Clone + Send + 'static,
    S::Future: Send,
{
    type Response = Response;
    type Error = Infallible;
    type Future = BoxFuture<'static, Result<Response, Infallible>>;

    fn poll_ready(&mut self, cx: &mut Context<'_>) -> Poll<Result<(), Infallible>> {
        self.inner.poll_ready(cx)
    }

    fn call(&mut self, request: Request) -> Self::Future {
        let guard = Arc::clone(&self.guard);
        // The service that is ready goes into the future; its clone waits for the next call.
        let clone = self.inner.clone();
        let mut inner = std::mem::replace(&mut self.inner, clone);
        Box::pin(async move {
            match guard.admit(request).await {
                Ok(request) => {
                    // What the authentication learned about where the request comes from, for the audit log.
                    let origin = request.extensions().get::<Origin>().copied().unwrap_or_default();
                    with_origin(origin, inner.call(request)).await
                }
                Err(response) => Ok(response),
            }
        })
    }
}

/// The paths that are really registered in `router`, sorted: for tests that compare them with the [`RouteTable`].
///
/// axum offers no list of routes; its `Debug` output has them, and a test of ours fails if that ends.
#[must_use]
pub fn registered_paths<S>(router: &Router<S>) -> Vec<String> {
    let text = format!("{router:?}");
    // The routers of fallbacks come after the real one, and have a "/" of their own.
    let text = text.split(", fallback_router: ").next().unwrap_or_default();
    let mut paths: Vec<String> = Vec::new();
    for part in text.split("RouteId(").skip(1) {
        let Some((_, rest)) = part.split_once("): \"") else { continue };
        let Some((path, _)) = rest.split_once('"') else { continue };
        // `RouteId(3): MethodRouter(…)` may hold quoted text further on: only a path right after the id counts.
        let direct = part.split_once(')').is_some_and(|(_, after)| after.starts_with(": \""));
        if direct && path.starts_with('/') && !path.contains("__private__axum") {
            paths.push(path.to_owned());
        }
    }
    paths.sort();
    paths.dedup();
    paths
}

#[cfg(test)]
mod tests {
    use axum::body::Body;
    use axum::routing::{get, post};
    use tower::ServiceExt;

    use super::*;
    use crate::http::Routes;

    struct Doorman;
    impl Authenticate for Doorman {
        async fn authenticate(&self, access: &Access, parts: &mut Parts) -> Result<(), ApiError> {
            match (access, parts.headers.contains_key("x-friend")) {
                (Access::Public, _) | (_, true) => Ok(()),
                _ => Err(ApiError::unauthorized("who are you?")),
            }
        }
    }

    #[expect(clippy::disallowed_methods, reason = "the test adds routes behind the guard's back")]
    fn app() -> Router {
        let routes = Routes::<()>::new()
            .hidden(Access::Public, &[Method::GET], "/open", get(async || "open").post(async || "sneaky"))
            .hidden(
                Access::Session,
                &[Method::GET],
                "/mine/{id}",
                get(async |access: axum::Extension<Access>| access.to_string()),
            );
        let (router, _, table) = routes.into_parts();
        protect(router.route("/sneaky", post(async || "sneaky")), Arc::new(table), Doorman)
    }

    async fn ask(method: &str, path: &str, friend: Option<&str>) -> (u16, String) {
        let mut request = http::Request::builder().method(method).uri(path);
        if let Some(name) = friend {
            request = request.header("x-friend", name);
        }
        let response = app().oneshot(request.body(Body::empty()).unwrap()).await.unwrap();
        let status = response.status().as_u16();
        let bytes = axum::body::to_bytes(response.into_body(), 64 * 1024).await.unwrap();
        (status, String::from_utf8(bytes.to_vec()).unwrap())
    }

    #[tokio::test]
    async fn only_what_has_a_rule_is_served() {
        assert_eq!(ask("GET", "/open", None).await, (200, "open".into()));
        assert_eq!(ask("HEAD", "/open", None).await.0, 200);
        let (status, body) = ask("POST", "/open", Some("me")).await;
        assert!(status == 405 && !body.contains("sneaky"), "{status} {body}");
        let (status, body) = ask("POST", "/sneaky", Some("me")).await;
        assert!(status == 500 && body.contains("route_without_rule"), "{status} {body}");
        assert_eq!(ask("GET", "/nowhere", None).await.0, 404);
    }

    #[tokio::test]
    async fn the_rule_decides_who_comes_in() {
        assert_eq!(ask("GET", "/mine/1", None).await.0, 401);
        assert_eq!(ask("GET", "/mine/1", Some("me")).await, (200, "session".into()));
    }

    #[test]
    fn a_route_added_behind_the_table_shows() {
        assert_eq!(registered_paths(&app()), ["/mine/{id}", "/open", "/sneaky"]);
    }
}
