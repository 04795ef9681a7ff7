//! Several processes of the service over one database and one Redis, with workers, and stand-ins for the other services.

use hg_common::{
    auth::{Principal, Service},
    http::ShutdownToken,
};
use hg_cpm::{
    AppState,
    worker::{Worker, WorkerHandle},
};
use hg_testkit::{Api, Identity, Tenants, TestDb, TestServer, redis_prefix, redis_url};
use hg_types::UserId;

use crate::{
    support::config,
    worker::shop::{brisk, prompts, strategies},
};

/// What the replicas share.
pub(crate) struct House {
    pub(crate) tenants: Tenants,
    identity: Identity,
    smm: TestServer,
    im: TestServer,
    redis: String,
    prefix: String,
    pub(crate) db: TestDb,
}

/// One process.
pub(crate) struct Replica {
    pub(crate) state: AppState,
    pub(crate) url: String,
    identity: Identity,
    server: TestServer,
    worker: WorkerHandle,
    shutdown: ShutdownToken,
}

impl House {
    pub(crate) async fn open() -> Self {
        let db = TestDb::new().await;
        Self {
            tenants: Tenants::plant(&db).await,
            identity: Identity::new(),
            smm: TestServer::start(strategies()).await,
            im: TestServer::start(prompts()).await,
            redis: redis_url().await,
            prefix: redis_prefix(),
            db,
        }
    }

    /// A process with a worker that runs so many jobs at once.
    pub(crate) async fn replica(&self, concurrency: usize) -> Replica {
        let (smm, im) = (self.smm.url(), self.im.url());
        let variables = [
            ("REDIS_PREFIX", self.prefix.as_str()),
            ("SMM_SERVICE_URL", smm.as_str()),
            ("IM_SERVICE_URL", im.as_str()),
            ("DEFAULT_LLM_PROVIDER", "sample"),
        ];
        let mut config = config(&self.db, &self.identity, &self.redis, &variables);
        config.jobs.settings = hg_cpm::queue::Settings { concurrency, ..brisk() };
        let shutdown = ShutdownToken::new();
        let cpm = hg_cpm::build(&config, hg_common::telemetry::init_for_tests(), &shutdown).await.unwrap();
        let worker = Worker::spawn(cpm.worker, shutdown.clone());
        let server = TestServer::start(cpm.app.router).await;
        let (url, identity) = (server.url(), self.identity.clone());
        Replica { state: cpm.state, url, identity, server, worker, shutdown }
    }
}

impl Replica {
    pub(crate) fn user(&self, user: UserId) -> Api {
        Api::anonymous(&self.url).as_principal(&self.identity, Service::Cpm, &Principal::User(user))
    }

    /// As at SIGTERM: streams end, no more jobs are taken, what runs is finished or handed back, and nobody listens any more.
    pub(crate) async fn end(mut self) {
        self.shutdown.cancel();
        tokio::time::timeout(hg_testkit::PATIENCE, self.worker.drained()).await.expect("the worker drains");
        self.server.stop().await;
    }
}
