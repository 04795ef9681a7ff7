//! A service of the test's own, and what a worker would do to its jobs.

use hg_common::{
    auth::{Principal, Service},
    config::Env,
    http::ShutdownToken,
};
use hg_cpm::{AppState, Config};
use hg_testkit::{Answer, Api, Identity, Tenants, TestDb, TestServer, redis_prefix, redis_url};
use hg_types::{ClientId, JobId, UserId};
use serde_json::{Value, json};
use sqlx::{Connection, PgConnection};

/// A running service with tenants.
pub(crate) struct TestCpm {
    pub(crate) db: TestDb,
    pub(crate) tenants: Tenants,
    pub(crate) identity: Identity,
    pub(crate) state: AppState,
    pub(crate) url: String,
    _server: TestServer,
    shutdown: ShutdownToken,
}

impl Drop for TestCpm {
    fn drop(&mut self) {
        self.shutdown.cancel();
    }
}

impl TestCpm {
    /// With the sample provider and an OpenAI key.
    pub(crate) async fn start() -> Self {
        Self::with(&[]).await
    }

    /// With more variables.
    pub(crate) async fn with(variables: &[(&str, &str)]) -> Self {
        let db = TestDb::new().await;
        let tenants = Tenants::plant(&db).await;
        Self::on(db, tenants, variables).await
    }

    /// On a database that is there already.
    pub(crate) async fn on(db: TestDb, tenants: Tenants, variables: &[(&str, &str)]) -> Self {
        let identity = Identity::new();
        let config = config(&db, &identity, &redis_url().await, variables);
        let shutdown = ShutdownToken::new();
        let metrics = hg_common::telemetry::init_for_tests();
        let cpm = hg_cpm::build(&config, metrics, &shutdown).await.unwrap();
        let server = TestServer::start(cpm.app.router).await;
        Self { db, tenants, identity, state: cpm.state, url: server.url(), _server: server, shutdown }
    }

    pub(crate) fn anonymous(&self) -> Api {
        Api::anonymous(&self.url)
    }

    pub(crate) fn user(&self, user: UserId) -> Api {
        self.anonymous().as_principal(&self.identity, Service::Cpm, &Principal::User(user))
    }

    /// A member of Cincinnati Electrician Co.
    pub(crate) fn member(&self) -> Api {
        self.user(self.tenants.customer_people.member)
    }

    pub(crate) async fn superuser(&self) -> PgConnection {
        self.db.superuser().await
    }

    /// A job that was accepted.
    pub(crate) async fn accepted(&self) -> JobId {
        job_id(&self.member().post("/generate", &blog("cincinnati-electrician")).await.expect(200))
    }

    /// What a worker does when it claims a job.
    pub(crate) async fn claim(&self, job: JobId) {
        let mut db = self.superuser().await;
        sqlx::query(
            "UPDATE job_runs SET status = 'in_progress', attempt = 1, stage = 'writing', lease_until = now() + interval '1 minute' WHERE job_id = $1",
        )
        .bind(job.uuid())
        .execute(&mut db)
        .await
        .unwrap();
    }

    /// What a worker does when a job ends.
    pub(crate) async fn end(&self, job: JobId, status: &str, event: Value) {
        let mut db = self.superuser().await;
        let mut tx = db.begin().await.unwrap();
        sqlx::query("DELETE FROM job_runs WHERE job_id = $1").bind(job.uuid()).execute(&mut *tx).await.unwrap();
        let result = (status == "completed").then(|| {
            json!({"content": "Text.", "title": "Fuses", "meta_description": null, "word_count": 2, "quality": {"score": 88}})
        });
        sqlx::query(
            "UPDATE jobs SET status = $2::text::job_status, completed_at = now(), result = $3, quality_score = 88,
                    error_code = CASE WHEN $2 = 'failed' THEN 'provider_error' END, error_message = CASE WHEN $2 = 'failed' THEN 'It broke.' END
              WHERE id = $1",
        )
        .bind(job.uuid())
        .bind(status)
        .bind(result)
        .execute(&mut *tx)
        .await
        .unwrap();
        sqlx::query(
            "INSERT INTO job_events (job_id, seq, client_id, type, data)
             SELECT $1, (SELECT max(seq) + 1 FROM job_events WHERE job_id = $1), client_id, $2, $3 FROM jobs WHERE id = $1",
        )
        .bind(job.uuid())
        .bind(status)
        .bind(event)
        .execute(&mut *tx)
        .await
        .unwrap();
        tx.commit().await.unwrap();
    }

    /// One number, past every policy.
    pub(crate) async fn count(&self, query: &'static str) -> i64 {
        sqlx::query_scalar(query).fetch_one(&mut self.superuser().await).await.unwrap()
    }

    /// One amount, past every policy.
    pub(crate) async fn amount(&self, query: &'static str) -> String {
        let text: Option<String> = sqlx::query_scalar(query).fetch_one(&mut self.superuser().await).await.unwrap();
        text.unwrap_or_default()
    }
}

/// The service's configuration on a test's own database.
pub(crate) fn config(db: &TestDb, identity: &Identity, redis: &str, variables: &[(&str, &str)]) -> Config {
    let prefix = redis_prefix();
    let needed = [
        ("ENVIRONMENT", "test"),
        ("DATABASE_URL", db.pooled_url()),
        ("DATABASE_MAX_CONNECTIONS", "8"),
        ("REDIS_URL", redis),
        ("REDIS_PREFIX", &prefix),
        ("INTERNAL_SIGNING_KEY", identity.signing_key(Service::Cpm)),
        ("INTERNAL_PUBLIC_KEYS", identity.public_keys()),
        ("OPENAI_API_KEY", "sk-test-openai"),
        ("SMM_SERVICE_URL", "http://127.0.0.1:1"),
        ("IM_SERVICE_URL", "http://127.0.0.1:1"),
    ];
    // Later pairs win, so that a test can take a variable away by giving it no value.
    Env::from_pairs("cpm", needed.iter().chain(variables).copied()).load::<Config>().unwrap().config
}

/// A request for a blog post.
pub(crate) fn blog(client: &str) -> Value {
    json!({"client_id": client, "content_type": "blog_post", "topic": "Why circuit breakers trip"})
}

/// The same with other fields on top.
pub(crate) fn blog_with(fields: Value) -> Value {
    let mut body = blog("cincinnati-electrician");
    if let (Some(body), Value::Object(fields)) = (body.as_object_mut(), fields) {
        body.extend(fields);
    }
    body
}

/// The accepted job of an answer.
pub(crate) fn job_id(answer: &Answer) -> JobId {
    answer.json()["job_id"].as_str().unwrap().parse().unwrap()
}

/// A client's id as the wire has it.
pub(crate) fn text(id: ClientId) -> String {
    id.to_string()
}
