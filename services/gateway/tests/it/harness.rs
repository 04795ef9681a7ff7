//! A gateway with its own database, Redis prefix and stand-in, and people who can sign in.

use hg_common::{
    auth::Service,
    config::Env,
    http::{BuiltApp, ShutdownToken},
    telemetry::init_for_tests,
};
use hg_gateway::{Config, build, session::SessionKeys};
use hg_testkit::{Api, Identity, Tenants, TestDb, TestServer, variables};
use hg_types::UserId;
use sqlx::PgConnection;
use tokio::sync::OnceCell;

use crate::{browser::Browser, stand_in::StandIn};

pub(crate) const SECRET: &str = "a-secret-of-more-than-thirty-two-characters";
pub(crate) const PASSWORD: &str = "correct horse battery staple";
/// The customer's member, whom tests sign in as.
pub(crate) const EMAIL: &str = "member@electrician.example.com";

/// A gateway under test.
pub(crate) struct Gateway {
    pub(crate) app: BuiltApp,
    pub(crate) server: TestServer,
    pub(crate) peers: StandIn,
    pub(crate) db: TestDb,
    pub(crate) identity: Identity,
    pub(crate) tenants: Tenants,
    pub(crate) shutdown: ShutdownToken,
    pub(crate) keys: SessionKeys,
}

impl Gateway {
    pub(crate) async fn start() -> Self {
        Self::with(&[]).await
    }

    /// With some variables set otherwise.
    pub(crate) async fn with(changes: &[(&str, &str)]) -> Self {
        let (db, peers, identity) = (TestDb::new().await, StandIn::start().await, Identity::new());
        let tenants = Tenants::plant(&db).await;
        set_password(&mut db.superuser().await, tenants.customer_people.member, &hash(PASSWORD).await).await;
        let mut pairs = variables(Service::Gateway, &db, &identity).await;
        let own = [
            ("AUTH_SECRET", SECRET.to_owned()),
            ("PUBLIC_URL", "http://gateway.localhost:3000".to_owned()),
            ("CPM_SERVICE_URL", peers.server.url()),
            ("IM_SERVICE_URL", peers.server.url()),
            ("SMM_SERVICE_URL", peers.server.url()),
        ];
        pairs.extend(own.map(|(name, value)| (name.to_owned(), value)));
        pairs.extend(changes.iter().map(|(name, value)| ((*name).to_owned(), (*value).to_owned())));
        let config = Env::from_pairs("gateway", pairs).load::<Config>().unwrap().config;
        let shutdown = ShutdownToken::new();
        let app = build(&config, init_for_tests(), shutdown.clone()).await.unwrap().built;
        let server = TestServer::start(app.router.clone()).await;
        let keys = SessionKeys::new(&config.auth_secret);
        Self { app, server, peers, db, identity, tenants, shutdown, keys }
    }

    /// Somebody without a session.
    pub(crate) fn anonymous(&self) -> Api {
        Api::anonymous(&self.server.url())
    }

    /// A browser that shows pages, without a session.
    pub(crate) fn browser(&self) -> Browser {
        Browser::new(&self.server.url())
    }

    /// The customer's member, signed in.
    pub(crate) async fn member(&self) -> Browser {
        self.browser().sign_in(EMAIL, PASSWORD).await
    }

    /// Whom [`Gateway::member`] signs in as.
    pub(crate) const fn member_id(&self) -> UserId {
        self.tenants.customer_people.member
    }
}

/// Argon2id takes its time: each password once per process.
pub(crate) async fn hash(password: &'static str) -> String {
    static USUAL: OnceCell<String> = OnceCell::const_new();
    let compute =
        async || tokio::task::spawn_blocking(move || hg_common::auth::password::hash(password).unwrap()).await.unwrap();
    if password == PASSWORD { USUAL.get_or_init(compute).await.clone() } else { compute().await }
}

pub(crate) async fn set_password(db: &mut PgConnection, user: UserId, hash: &str) {
    let done = sqlx::query("UPDATE auth.users SET password_hash = $2 WHERE id = $1")
        .bind(user.uuid())
        .bind(hash)
        .execute(db)
        .await;
    assert_eq!(done.unwrap().rows_affected(), 1);
}
