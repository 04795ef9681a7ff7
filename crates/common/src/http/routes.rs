//! The way to register a route: with the rule that says who may come in.
//!
//! [`Routes`] wraps utoipa's router, so that the OpenAPI document can't miss a route, and keeps the table that the guard works by. A
//! route that got into the router behind its back is never served.

use std::collections::HashMap;
use std::fmt;

use axum::Router;
use axum::routing::MethodRouter;
use http::Method;
use utoipa::openapi::{OpenApi, PathItem};
use utoipa_axum::router::{OpenApiRouter, UtoipaMethodRouter};

/// Who may ask for a route. What a caller may do with a resource is decided by the handler's extractors.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Access {
    /// Anybody.
    Public,
    /// A person with a session (gateway).
    Session,
    /// One of our services, with an internal token.
    Internal,
    /// A trusted service with an API key, or one of ours with an internal token.
    ApiKeyOrInternal,
}

impl fmt::Display for Access {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Public => "public",
            Self::Session => "session",
            Self::Internal => "internal",
            Self::ApiKeyOrInternal => "api_key_or_internal",
        })
    }
}

/// One method on one path, and who may ask for it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Route {
    /// The method.
    pub method: Method,
    /// The path as the router knows it: `/jobs/{id}`.
    pub path: String,
    /// Who may come in.
    pub access: Access,
}

/// Every route of a service with its rule.
#[derive(Debug, Clone, Default)]
pub struct RouteTable {
    routes: Vec<Route>,
    by_path: HashMap<String, Vec<usize>>,
}

/// What the table says about a request.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Lookup {
    Rule(Access),
    OtherMethods(Vec<Method>),
    Unknown,
}

impl RouteTable {
    /// Every route, in the order of registration.
    #[must_use]
    pub fn routes(&self) -> &[Route] {
        &self.routes
    }

    /// Every path once, sorted: to be compared with what is really registered.
    #[must_use]
    pub fn paths(&self) -> Vec<String> {
        let mut paths: Vec<_> = self.by_path.keys().cloned().collect();
        paths.sort();
        paths
    }

    /// Who may ask for `method` on `path`; `None` where there is no rule.
    #[must_use]
    pub fn access(&self, method: &Method, path: &str) -> Option<Access> {
        match self.look_up(method, path) {
            Lookup::Rule(access) => Some(access),
            Lookup::OtherMethods(_) | Lookup::Unknown => None,
        }
    }

    pub(super) fn look_up(&self, method: &Method, path: &str) -> Lookup {
        let Some(indices) = self.by_path.get(path) else {
            return Lookup::Unknown;
        };
        let find =
            |wanted: &Method| indices.iter().map(|&index| &self.routes[index]).find(|route| route.method == *wanted);
        // axum answers HEAD from the handler of GET.
        let route = find(method).or_else(|| if *method == Method::HEAD { find(&Method::GET) } else { None });
        match route {
            Some(route) => Lookup::Rule(route.access),
            None => Lookup::OtherMethods(indices.iter().map(|&index| self.routes[index].method.clone()).collect()),
        }
    }

    pub(super) fn insert(&mut self, access: Access, method: Method, path: impl Into<String>) {
        let path = path.into();
        self.by_path.entry(path.clone()).or_default().push(self.routes.len());
        self.routes.push(Route { method, path, access });
    }

    pub(super) fn append(&mut self, other: Self) {
        self.extend(other, "");
    }

    fn extend(&mut self, other: Self, prefix: &str) {
        for Route { method, path, access } in other.routes {
            self.insert(access, method, nested_path(prefix, &path));
        }
    }
}

/// Routes being gathered, each with its rule.
///
/// ```
/// use hg_common::http::{Access, Routes, routes};
///
/// /// Says hello.
/// #[utoipa::path(get, path = "/hello", responses((status = 200)))]
/// async fn hello() -> &'static str { "hello" }
///
/// let (_router, openapi, table) = Routes::<()>::new().add(Access::Public, routes!(hello)).into_parts();
/// assert!(openapi.paths.paths.contains_key("/hello"));
/// assert_eq!(table.access(&http::Method::GET, "/hello"), Some(Access::Public));
/// ```
#[must_use]
pub struct Routes<S = ()> {
    router: OpenApiRouter<S>,
    table: RouteTable,
}

impl<S> Default for Routes<S>
where
    S: Clone + Send + Sync + 'static,
{
    fn default() -> Self {
        Self::new()
    }
}

impl<S> Routes<S>
where
    S: Clone + Send + Sync + 'static,
{
    /// No routes yet.
    pub fn new() -> Self {
        Self { router: OpenApiRouter::default(), table: RouteTable::default() }
    }

    /// No routes yet; `openapi` brings the title, tags and security schemes.
    pub fn with_openapi(openapi: OpenApi) -> Self {
        Self { router: OpenApiRouter::with_openapi(openapi), table: RouteTable::default() }
    }

    /// Adds documented handlers: `.add(Access::Session, routes!(list, create))`. All of one call share the rule.
    pub fn add(mut self, access: Access, handlers: UtoipaMethodRouter<S>) -> Self {
        for (path, item) in &handlers.1.paths {
            let path = if path.is_empty() { "/" } else { path };
            for method in methods_of(item) {
                self.table.insert(access, method, path);
            }
        }
        self.router = self.router.routes(handlers);
        self
    }

    /// Adds a route that the OpenAPI document leaves out: pages, assets. A method that isn't listed is not served.
    pub fn hidden(mut self, access: Access, methods: &[Method], path: &str, handlers: MethodRouter<S>) -> Self {
        for method in methods {
            self.table.insert(access, method.clone(), path);
        }
        self.router = self.router.route(path, handlers);
        self
    }

    /// Adds a router that somebody else made, whose paths we know. A path that isn't listed is not served.
    pub(super) fn adopt(mut self, access: Access, methods: &[Method], paths: &[&str], router: Router<S>) -> Self {
        for path in paths {
            for method in methods {
                self.table.insert(access, method.clone(), *path);
            }
        }
        self.router = self.router.merge(router.into());
        self
    }

    /// Adds all routes of `other`.
    pub fn merge(mut self, other: Self) -> Self {
        self.router = self.router.merge(other.router);
        self.table.extend(other.table, "");
        self
    }

    /// Adds all routes of `other` below `prefix`.
    pub fn nest(mut self, prefix: &str, other: Self) -> Self {
        self.router = self.router.nest(prefix, other.router);
        self.table.extend(other.table, prefix);
        self
    }

    /// Adds to the description what holds for many routes: `complete` gets it with the rules so far.
    pub fn describe(mut self, complete: impl FnOnce(&mut OpenApi, &RouteTable)) -> Self {
        complete(self.router.get_openapi_mut(), &self.table);
        self
    }

    /// The rules so far.
    #[must_use]
    pub fn table(&self) -> &RouteTable {
        &self.table
    }

    /// The router, the OpenAPI document and the rules. The router serves nothing safely before
    /// [`protect`](super::protect): prefer [`App`](super::App).
    pub fn into_parts(self) -> (Router<S>, OpenApi, RouteTable) {
        let (router, openapi) = self.router.split_for_parts();
        (router, openapi, self.table)
    }
}

impl<S> fmt::Debug for Routes<S> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Routes").field("table", &self.table).finish_non_exhaustive()
    }
}

fn methods_of(item: &PathItem) -> Vec<Method> {
    let all = [
        (Method::GET, &item.get),
        (Method::PUT, &item.put),
        (Method::POST, &item.post),
        (Method::DELETE, &item.delete),
        (Method::OPTIONS, &item.options),
        (Method::HEAD, &item.head),
        (Method::PATCH, &item.patch),
        (Method::TRACE, &item.trace),
    ];
    all.into_iter().filter(|(_, operation)| operation.is_some()).map(|(method, _)| method).collect()
}

/// The path that axum gives to a nested route.
fn nested_path(prefix: &str, path: &str) -> String {
    if prefix.is_empty() {
        path.to_owned()
    } else if prefix.ends_with('/') {
        format!("{prefix}{}", path.trim_start_matches('/'))
    } else if path == "/" {
        prefix.to_owned()
    } else {
        format!("{prefix}{path}")
    }
}

#[cfg(test)]
mod tests {
    use axum::routing::{get, post};

    use super::*;
    use crate::http::{registered_paths, routes};

    #[utoipa::path(get, path = "/things", responses((status = 200)))]
    async fn list() {}
    #[utoipa::path(post, path = "/things", responses((status = 200)))]
    async fn create() {}
    #[utoipa::path(get, path = "/{id}", responses((status = 200)))]
    async fn one() {}
    #[utoipa::path(get, path = "/", responses((status = 200)))]
    async fn root() {}

    #[test]
    fn the_table_knows_every_registered_path() {
        let inner = Routes::<()>::new().add(Access::Internal, routes!(root)).add(Access::Internal, routes!(one));
        let routes = Routes::new()
            .add(Access::Session, routes!(list, create))
            .hidden(Access::Public, &[Method::GET], "/login", get(list).post(create))
            .nest("/sub", inner)
            .merge(Routes::new().hidden(Access::Public, &[Method::POST], "/logout", post(create)));
        let routes = routes.describe(|openapi, table| openapi.info.title = format!("{} rules", table.routes().len()));
        let (router, openapi, table) = routes.into_parts();
        assert_eq!(openapi.info.title, "6 rules");
        assert_eq!(table.paths(), ["/login", "/logout", "/sub", "/sub/{id}", "/things"]);
        assert_eq!(registered_paths(&router), table.paths());
        assert_eq!(openapi.paths.paths.keys().collect::<Vec<_>>(), ["/sub", "/sub/{id}", "/things"]);
        assert_eq!(table.access(&Method::POST, "/things"), Some(Access::Session));
        assert_eq!(table.access(&Method::HEAD, "/sub/{id}"), Some(Access::Internal));
        assert_eq!(table.access(&Method::POST, "/login"), None);
        assert_eq!(table.look_up(&Method::DELETE, "/things"), Lookup::OtherMethods(vec![Method::GET, Method::POST]));
        assert_eq!(table.look_up(&Method::GET, "/nowhere"), Lookup::Unknown);
    }
}
