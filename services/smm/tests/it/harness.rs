//! A running service with the hierarchy of the reference documents.

use hg_common::{
    auth::{Principal, Service},
    config::Env,
    http::BuiltApp,
};
use hg_smm::Config;
use hg_testkit::{Api, Identity, Tenants, TestDb, TestServer, redis_prefix, redis_url};
use hg_types::{ClientId, UserId};

/// The service under test. Fields that keep something alive come last.
pub(crate) struct Smm {
    pub(crate) tenants: Tenants,
    pub(crate) db: TestDb,
    pub(crate) identity: Identity,
    pub(crate) app: BuiltApp,
    pub(crate) server: TestServer,
}

impl Smm {
    pub(crate) async fn start() -> Self {
        let db = TestDb::new().await;
        let tenants = Tenants::plant(&db).await;
        let identity = Identity::new();
        let redis = redis_url().await;
        let prefix = redis_prefix();
        let loaded = Env::from_pairs(
            "smm",
            [
                ("ENVIRONMENT", "test"),
                ("DATABASE_URL", db.pooled_url()),
                ("DATABASE_MAX_CONNECTIONS", "4"),
                ("REDIS_URL", redis.as_str()),
                ("REDIS_PREFIX", prefix.as_str()),
                ("INTERNAL_PUBLIC_KEYS", identity.public_keys()),
            ],
        )
        .load::<Config>()
        .unwrap();
        let app = hg_smm::build(&loaded.config, hg_common::telemetry::init_for_tests()).await.unwrap();
        let server = TestServer::start(app.router.clone()).await;
        Self { tenants, db, identity, app, server }
    }

    /// As a person for whom the gateway vouches.
    pub(crate) fn person(&self, user: UserId) -> Api {
        self.principal(&Principal::User(user))
    }

    /// As CPM working on a client's job.
    pub(crate) fn worker(&self, client: ClientId) -> Api {
        self.principal(&Principal::Service { name: Service::Cpm, client })
    }

    fn principal(&self, principal: &Principal) -> Api {
        self.anonymous().as_principal(&self.identity, Service::Smm, principal)
    }

    /// As nobody.
    pub(crate) fn anonymous(&self) -> Api {
        Api::anonymous(&self.server.url())
    }
}
