//! A service of a test's own: its variables, and, for those that only our own services call, the service itself.
//!
//! Which service it is, the test says: nothing here knows one.

use std::fmt::Debug;

use hg_common::{
    auth::{Principal, Service},
    config::{Env, ReadConfig},
    http::{Access, BuiltApp},
    telemetry::MetricsHandle,
};
use hg_types::{ClientId, UserId};

use crate::{Api, Identity, Tenants, TestDb, TestServer, redis_prefix, redis_url};

/// The variables of a service on a test's own database, with a Redis prefix of its own. Where a test adds the same
/// variable again, the later one counts.
pub async fn variables(service: Service, db: &TestDb, identity: &Identity) -> Vec<(String, String)> {
    [
        ("ENVIRONMENT", "test".to_owned()),
        ("DATABASE_URL", db.pooled_url().to_owned()),
        ("DATABASE_MAX_CONNECTIONS", "4".to_owned()),
        ("REDIS_URL", redis_url().await),
        ("REDIS_PREFIX", redis_prefix()),
        ("INTERNAL_SIGNING_KEY", identity.signing_key(service).to_owned()),
        ("INTERNAL_PUBLIC_KEYS", identity.public_keys().to_owned()),
    ]
    .map(|(name, value)| (name.to_owned(), value))
    .to_vec()
}

/// A running service that only our own services call, with tenants. Fields that keep something alive come last.
pub struct TestService {
    /// The hierarchy and its people.
    pub tenants: Tenants,
    /// Its database.
    pub db: TestDb,
    /// Everybody's internal keys.
    pub identity: Identity,
    /// Its router and its rules.
    pub app: BuiltApp,
    /// Where it listens.
    pub server: TestServer,
    service: Service,
}

impl TestService {
    /// Starts what `build` makes of the configuration.
    pub async fn start<C, E>(
        service: Service,
        build: impl AsyncFnOnce(&C, MetricsHandle) -> Result<BuiltApp, E>,
    ) -> Self
    where
        C: ReadConfig,
        E: Debug,
    {
        let (db, identity) = (TestDb::new().await, Identity::new());
        let tenants = Tenants::plant(&db).await;
        let variables = variables(service, &db, &identity).await;
        let config = Env::from_pairs(service.as_str(), variables).load::<C>().unwrap().config;
        let app = build(&config, hg_common::telemetry::init_for_tests()).await.unwrap();
        let server = TestServer::start(app.router.clone()).await;
        Self { tenants, db, identity, app, server, service }
    }

    /// As nobody.
    #[must_use]
    pub fn anonymous(&self) -> Api {
        Api::anonymous(&self.server.url())
    }

    /// As a person for whom the gateway vouches.
    #[must_use]
    pub fn person(&self, user: UserId) -> Api {
        self.principal(&Principal::User(user))
    }

    /// As CPM working on a client's job.
    #[must_use]
    pub fn worker(&self, client: ClientId) -> Api {
        self.principal(&Principal::Service { name: Service::Cpm, client })
    }

    fn principal(&self, principal: &Principal) -> Api {
        self.anonymous().as_principal(&self.identity, self.service, principal)
    }

    /// Every route but the standard ones refuses whoever has no token, a token for another service, or only says who it is.
    /// Returns how many there are.
    pub async fn refuses_strangers(&self) -> usize {
        assert_eq!(hg_common::http::registered_paths(&self.app.router), self.app.table.paths());
        let owner = self.tenants.root_people.owner;
        let other = if self.service == Service::Smm { Service::Im } else { Service::Smm };
        let strangers = [
            ("nobody", self.anonymous()),
            ("a token for another service", {
                self.anonymous().as_principal(&self.identity, other, &Principal::User(owner))
            }),
            ("a bare x-user-id", self.anonymous().with_header("x-user-id", &owner.to_string())),
        ];
        let (public, own): (Vec<_>, Vec<_>) =
            self.app.table.routes().iter().partition(|route| route.access == Access::Public);
        for route in &own {
            assert_eq!(route.access, Access::Internal, "{} {}", route.method, route.path);
            let path = self.concrete(&route.path);
            for (who, stranger) in &strangers {
                let answer = stranger.request(route.method.clone(), &path, None::<&()>).await;
                assert_eq!(answer.status, 401, "{} {path} for {who}", route.method);
            }
        }
        let public: Vec<&str> = public.into_iter().map(|route| route.path.as_str()).collect();
        assert_eq!(
            public,
            ["/", "/health", "/health/live", "/metrics", "/openapi.json", "/docs", "/docs/", "/docs/{*rest}"]
        );
        own.len()
    }

    /// The path with an id in place of each parameter.
    fn concrete(&self, path: &str) -> String {
        let id = self.tenants.customer.to_string();
        path.split('/').map(|part| if part.starts_with('{') { id.as_str() } else { part }).collect::<Vec<_>>().join("/")
    }

    /// The service's health is good, and its description has this path.
    pub async fn is_healthy_and_describes(&self, path: &str) {
        let health = self.anonymous().get("/health").await.expect(200).json();
        assert_eq!((health["status"].as_str(), health["service"].as_str()), (Some("ok"), Some(self.service.as_str())));
        assert_eq!(health["services"]["database"]["status"], "ok");
        let document = self.anonymous().get("/openapi.json").await.expect(200).json();
        assert!(document["paths"][path].is_object(), "{path}");
    }
}
