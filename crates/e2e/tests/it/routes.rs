//! No route without a rule, nobody in without a credential: all four services, put together as they are shipped.

use axum::{Router, body::Body};
use hg_common::{
    auth::Service,
    config::{Env, ReadConfig},
    http::{Access, BuiltApp, RouteTable, ShutdownToken, registered_paths},
};
use hg_testkit::{Identity, TestDb, redis_prefix, redis_url};
use http::{Method, Request};
use tower::ServiceExt;

/// What anybody may ask of every service.
const EVERYWHERE: [&str; 7] =
    ["/docs", "/docs/", "/docs/{*rest}", "/health", "/health/live", "/metrics", "/openapi.json"];
/// What anybody may ask of the gateway besides. A new public page is a decision: it is made here, too.
const GATEWAY: [&str; 7] = [
    "/api/auth/login",
    "/api/auth/session",
    "/api/health",
    "/assets/{file}",
    "/invitations/{token}",
    "/login",
    "/reset/{token}",
];

async fn config<C: ReadConfig>(service: Service, db: &TestDb, identity: &Identity) -> C {
    let (redis, prefix) = (redis_url().await, redis_prefix());
    let variables = [
        ("ENVIRONMENT", "test"),
        ("DATABASE_URL", db.pooled_url()),
        ("DATABASE_MAX_CONNECTIONS", "4"),
        ("REDIS_URL", &redis),
        ("REDIS_PREFIX", &prefix),
        ("INTERNAL_SIGNING_KEY", identity.signing_key(service)),
        ("INTERNAL_PUBLIC_KEYS", identity.public_keys()),
        ("AUTH_SECRET", "a secret for tests that has more than thirty-two characters"),
        ("PUBLIC_URL", "http://127.0.0.1:3000"),
    ];
    Env::from_pairs(service.as_str(), variables).load::<C>().unwrap().config
}

#[tokio::test(flavor = "multi_thread")]
async fn every_route_has_a_rule_and_the_rule_holds() {
    let (db, identity) = (TestDb::new().await, Identity::new());
    let metrics = hg_common::telemetry::init_for_tests();
    let shutdown = ShutdownToken::new();
    let smm = hg_smm::build(&config(Service::Smm, &db, &identity).await, metrics.clone()).await.unwrap();
    let im = hg_im::build(&config(Service::Im, &db, &identity).await, metrics.clone()).await.unwrap();
    let cpm = hg_cpm::build(&config(Service::Cpm, &db, &identity).await, metrics.clone(), &shutdown).await.unwrap();
    let gateway =
        hg_gateway::build(&config(Service::Gateway, &db, &identity).await, metrics, shutdown.clone()).await.unwrap();

    for (service, app) in
        [(Service::Smm, &smm), (Service::Im, &im), (Service::Cpm, &cpm.app), (Service::Gateway, &gateway.built)]
    {
        assert_eq!(registered_paths(&app.router), app.table.paths(), "{service}: a path has no rule");
        assert_public(service, &app.table);
        assert_closed(service, app).await;
        assert_standard(service, app).await;
    }
    shutdown.cancel();
}

/// What is public is on the list; a rule loosened by accident isn't.
fn assert_public(service: Service, table: &RouteTable) {
    let more: &[&str] = if service == Service::Gateway { &GATEWAY } else { &["/"] };
    let mut expected: Vec<_> = EVERYWHERE.iter().chain(more).copied().collect();
    expected.sort_unstable();
    let mut public: Vec<_> =
        table.routes().iter().filter(|route| route.access == Access::Public).map(|route| route.path.as_str()).collect();
    public.sort_unstable();
    public.dedup();
    assert_eq!(public, expected, "{service}: what anybody may ask for");
}

/// A stranger gets nothing of all the rest.
async fn assert_closed(service: Service, app: &BuiltApp) {
    let closed: Vec<_> = app.table.routes().iter().filter(|route| route.access != Access::Public).collect();
    assert!(!closed.is_empty(), "{service} has routes");
    for route in closed {
        let path = concrete(&route.path);
        let (status, location) = ask(&app.router, &route.method, &path).await;
        let to_login = status == 303 && location.starts_with("/login");
        let page = service == Service::Gateway && !route.path.starts_with("/api/");
        // A change that comes without its form's token is refused before anybody asks who sent it.
        let forged = service == Service::Gateway && status == 403 && !route.method.is_safe();
        assert!(
            status == 401 || (page && to_login) || forged,
            "{service} {} {path}: {status} {location}",
            route.method
        );
    }
}

/// What every service serves.
async fn assert_standard(service: Service, app: &BuiltApp) {
    for path in ["/health/live", "/metrics", "/openapi.json"] {
        assert_eq!(ask(&app.router, &Method::GET, path).await.0, 200, "{service} {path}");
    }
    assert_eq!(ask(&app.router, &Method::GET, "/no/such/path").await.0, 404, "{service}");
}

/// A path with something in place of its parameters.
fn concrete(path: &str) -> String {
    let parts =
        path.split('/').map(|part| if part.starts_with('{') { "018f0000-0000-7000-8000-000000000000" } else { part });
    parts.collect::<Vec<_>>().join("/")
}

async fn ask(router: &Router, method: &Method, path: &str) -> (u16, String) {
    let address: std::net::SocketAddr = ([127, 0, 0, 1], 1).into();
    let request = Request::builder()
        .method(method)
        .uri(path)
        .header("accept", "text/html")
        .extension(axum::extract::ConnectInfo(address))
        .body(Body::empty())
        .unwrap();
    let response = router.clone().oneshot(request).await.unwrap();
    let location = response.headers().get("location").and_then(|value| value.to_str().ok()).unwrap_or_default();
    (response.status().as_u16(), location.to_owned())
}
