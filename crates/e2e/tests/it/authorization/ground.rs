//! What the matrix stands on: a service as it is built, with what it needs behind it, and victims to plant.
//!
//! It builds and plants; it must not know who is going to ask for what.

use std::collections::BTreeMap;

use hg_common::{
    auth::{Service, api_key::ApiKey},
    config::{Env, ReadConfig, Secret},
    crypto::{Keyring, SealContext},
    http::{BuiltApp, ShutdownToken},
};
use hg_gateway::session::SessionKeys;
use hg_testkit::{Identity, Tenants, TestDb, TestServer, variables};
use hg_types::{SessionId, UserId};
use sqlx::PgConnection;
use tokio::sync::Mutex;
use uuid::Uuid;

/// In every text of a victim. An answer to a stranger that has it has leaked.
pub(crate) const MARK: &str = "kqzvcanary";
/// Signs sessions in tests.
const AUTH_SECRET: &str = "a secret for tests that has more than thirty-two characters";

/// Seals provider keys in tests.
const SECRETS_KEYS: &str = "k1:BwcHBwcHBwcHBwcHBwcHBwcHBwcHBwcHBwcHBwcHBwc=";

/// A service with everything that it calls, on a database of its own.
pub(crate) struct Ground {
    pub(crate) service: Service,
    pub(crate) app: BuiltApp,
    pub(crate) db: TestDb,
    pub(crate) identity: Identity,
    pub(crate) tenants: Tenants,
    /// The owner of the customer beside the victim, of the same agency.
    pub(crate) sibling_owner: UserId,
    /// Was an administrator of each victim, and isn't any more.
    pub(crate) removed: UserId,
    /// The gateway's keys.
    pub(crate) sessions: SessionKeys,
    superuser: Mutex<PgConnection>,
    shutdown: ShutdownToken,
    _servers: Vec<TestServer>,
}

impl Drop for Ground {
    fn drop(&mut self) {
        self.shutdown.cancel();
    }
}

impl Ground {
    /// Starts a service, and for the gateway the other three behind it.
    pub(crate) async fn start(service: Service) -> Self {
        let (db, identity, shutdown) = (TestDb::new().await, Identity::new(), ShutdownToken::new());
        let tenants = Tenants::plant(&db).await;
        let mut superuser = db.superuser().await;
        sqlx::raw_sql(include_str!("plant.sql")).execute(&mut superuser).await.unwrap();
        let sibling_owner = person(&mut superuser, "owner@local-business.example.com").await;
        sqlx::query("INSERT INTO client_users (client_id, user_id, role) VALUES ($1, $2, 'owner')")
            .bind(tenants.sibling.uuid())
            .bind(sibling_owner.uuid())
            .execute(&mut superuser)
            .await
            .unwrap();
        let removed = person(&mut superuser, "removed@example.com").await;

        let mut urls: Vec<(&str, String)> = vec![("PUBLIC_URL", "http://gateway.localhost:3000".to_owned())];
        let mut servers = Vec::new();
        let behind = if service == Service::Gateway {
            [Some(Service::Smm), Some(Service::Im), Some(Service::Cpm)]
        } else {
            [None; 3]
        };
        for peer in behind.into_iter().flatten() {
            let app = build(peer, &db, &identity, &[], &shutdown).await;
            let server = TestServer::start(app.router).await;
            urls.push((url_variable(peer), server.url()));
            servers.push(server);
        }
        let app = build(service, &db, &identity, &urls, &shutdown).await;
        Self {
            service,
            app,
            identity,
            tenants,
            sibling_owner,
            removed,
            sessions: SessionKeys::new(&Secret::new(AUTH_SECRET)),
            superuser: Mutex::new(superuser),
            shutdown,
            _servers: servers,
            db,
        }
    }

    /// A new victim: a customer of the agency with one of everything. Its people are the customer's of the reference documents.
    pub(crate) async fn plant(&self) -> Victim {
        let people = self.tenants.customer_people;
        let people = [people.viewer, people.member, people.admin, people.owner].map(UserId::uuid);
        let keys: Vec<ApiKey> = (0..VictimKey::ALL.len()).map(|_| ApiKey::generate()).collect();
        let (hashes, scopes): (Vec<Vec<u8>>, Vec<&str>) =
            keys.iter().zip(VictimKey::ALL).map(|(key, kind)| (key.hash().to_vec(), kind.scopes())).unzip();
        let names: sqlx::types::Json<BTreeMap<String, String>> =
            sqlx::query_scalar("SELECT proof.plant($1, $2, $3, $4, $5, $6, $7)")
                .bind(self.tenants.agency.uuid())
                .bind(people)
                .bind(self.removed.uuid())
                .bind(MARK)
                .bind(format!("secret-{}", Uuid::new_v4().simple()))
                .bind(hashes)
                .bind(scopes)
                .fetch_one(&mut *self.superuser.lock().await)
                .await
                .unwrap();
        let mut names = names.0;
        names.insert("root".to_owned(), self.tenants.root.to_string());
        self.seal_provider_key(&names).await;
        Victim { names, keys: keys.iter().map(|key| key.reveal().to_owned()).collect() }
    }

    /// Puts a sealed key in the place of the mark: only what opens can be tried.
    async fn seal_provider_key(&self, names: &BTreeMap<String, String>) {
        let id = |name: &str| names[name].parse::<Uuid>().unwrap();
        let context = SealContext {
            table: "provider_keys",
            row: id("provider_key"),
            client: Some(id("client")),
            owner: None,
            provider: "openai",
        };
        let sealed = SECRETS_KEYS.parse::<Keyring>().unwrap().seal(&context, b"sk-a-key-of-the-victims").unwrap();
        sqlx::query("UPDATE provider_keys SET sealed = $2 WHERE id = $1")
            .bind(id("provider_key"))
            .bind(sealed)
            .execute(&mut *self.superuser.lock().await)
            .await
            .unwrap();
    }

    /// What every table holds.
    pub(crate) async fn fingerprints(&self) -> BTreeMap<String, String> {
        let found: sqlx::types::Json<BTreeMap<String, String>> = sqlx::query_scalar("SELECT proof.fingerprints()")
            .fetch_one(&mut *self.superuser.lock().await)
            .await
            .unwrap();
        found.0
    }

    /// A session of somebody's, which began `age` ago: what the cookie says.
    pub(crate) async fn session(&self, user: UserId, kind: SessionKind) -> Session {
        let (expires, revoked) = match kind {
            SessionKind::Live => ("7 days", false),
            SessionKind::Revoked => ("7 days", true),
            SessionKind::Expired => ("-1 minute", false),
        };
        let id: Uuid = sqlx::query_scalar(
            "INSERT INTO auth.sessions (user_id, expires_at, revoked_at)
             VALUES ($1, now() + $2::text::interval, CASE WHEN $3 THEN now() END) RETURNING id",
        )
        .bind(user.uuid())
        .bind(expires)
        .bind(revoked)
        .fetch_one(&mut *self.superuser.lock().await)
        .await
        .unwrap();
        let (id, now) = (SessionId(id), chrono::Utc::now());
        let token = self.sessions.sign(user, id, now, now + chrono::TimeDelta::days(7)).unwrap();
        Session { id, token, csrf: self.sessions.csrf_token(id) }
    }

    /// An API key of a client with all scopes.
    pub(crate) async fn api_key(&self, client: Uuid) -> String {
        let key = ApiKey::generate();
        sqlx::query(
            "INSERT INTO api_keys (client_id, name, prefix, key_hash, scopes)
             VALUES ($1, 'a stranger''s', 'hgc_', $2, '{generate,jobs:read,jobs:write,usage:read}')",
        )
        .bind(client)
        .bind(key.hash().to_vec())
        .execute(&mut *self.superuser.lock().await)
        .await
        .unwrap();
        key.reveal().to_owned()
    }

    /// A person with an account and a profile. `disabled` accounts may not sign in.
    pub(crate) async fn disabled_person(&self) -> UserId {
        let mut superuser = self.superuser.lock().await;
        let user = person(&mut superuser, &format!("{}@example.com", Uuid::new_v4().simple())).await;
        sqlx::query("UPDATE auth.users SET disabled_at = now() WHERE id = $1")
            .bind(user.uuid())
            .execute(&mut *superuser)
            .await
            .unwrap();
        user
    }
}

/// How a session stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum SessionKind {
    Live,
    Revoked,
    Expired,
}

/// A session: its row, its cookie, and the token of its forms.
#[derive(Clone, Debug)]
pub(crate) struct Session {
    pub(crate) id: SessionId,
    pub(crate) token: String,
    pub(crate) csrf: String,
}

/// An API key of the victim's.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum VictimKey {
    Generate,
    JobsRead,
    JobsWrite,
    UsageRead,
    Scopeless,
    Revoked,
    Expired,
}

impl VictimKey {
    /// In the order of `plant.sql`: the revoked and the expired one come last.
    const ALL: [Self; 7] = [
        Self::Generate,
        Self::JobsRead,
        Self::JobsWrite,
        Self::UsageRead,
        Self::Scopeless,
        Self::Revoked,
        Self::Expired,
    ];

    const fn scopes(self) -> &'static str {
        match self {
            Self::Generate => "generate",
            Self::JobsRead => "jobs:read",
            Self::JobsWrite => "jobs:write",
            Self::UsageRead => "usage:read",
            Self::Scopeless => "",
            Self::Revoked | Self::Expired => "generate,jobs:read,jobs:write,usage:read",
        }
    }
}

/// A customer with one of everything, by name.
#[derive(Clone, Debug)]
pub(crate) struct Victim {
    names: BTreeMap<String, String>,
    keys: Vec<String>,
}

impl Victim {
    /// The text with every `<name>` replaced.
    pub(crate) fn fill(&self, text: &str) -> String {
        let filled =
            self.names.iter().fold(text.to_owned(), |text, (name, value)| text.replace(&format!("<{name}>"), value));
        assert!(!filled.contains('<'), "nothing of this name is planted: {filled}");
        filled
    }

    /// Gives something of it a name.
    pub(crate) fn name(&mut self, name: &str, value: String) {
        self.names.insert(name.to_owned(), value);
    }

    /// The same, with another client in its place where one is named.
    pub(crate) fn with_client(&self, id: Uuid, slug: &str) -> Self {
        let mut other = self.clone();
        other.name("client", id.to_string());
        other.name("slug", slug.to_owned());
        other
    }

    /// One of its objects.
    pub(crate) fn id(&self, name: &str) -> Uuid {
        self.names[name].parse().unwrap()
    }

    /// One of its API keys.
    pub(crate) fn key(&self, kind: VictimKey) -> &str {
        &self.keys[VictimKey::ALL.iter().position(|each| *each == kind).unwrap()]
    }

    /// What of it stands in an answer: the mark, or an id or slug, unless the question has named it. Its agency and the root
    /// aren't its own.
    pub(crate) fn traces(&self, question: &str, answer: &str) -> Vec<String> {
        let answer = answer.to_lowercase();
        let ids = self.names.iter().filter(|(name, value)| {
            !["agency", "root"].contains(&name.as_str())
                && !question.contains(value.as_str())
                && answer.contains(value.as_str())
        });
        let mut traces: Vec<String> = ids.map(|(name, _)| name.clone()).collect();
        if answer.contains(MARK) && !question.contains(MARK) {
            traces.push("mark".to_owned());
        }
        traces
    }
}

/// A service, put together as it is shipped. `more` variables count before the usual ones.
pub(crate) async fn build(
    service: Service,
    db: &TestDb,
    identity: &Identity,
    more: &[(&str, String)],
    shutdown: &ShutdownToken,
) -> BuiltApp {
    let metrics = hg_common::telemetry::init_for_tests();
    let mut pairs = variables(service, db, identity).await;
    let own = [
        ("RATE_LIMIT_PER_MINUTE", "0"),
        ("AUTH_SECRET", AUTH_SECRET),
        ("LOGIN_ATTEMPTS_PER_MINUTE", "1000"),
        ("SECRETS_KEYS", SECRETS_KEYS),
        ("OPENAI_BASE_URL", "http://127.0.0.1:1"),
    ];
    pairs.extend(own.map(|(name, value)| (name.to_owned(), value.to_owned())));
    pairs.extend(more.iter().map(|(name, value)| ((*name).to_owned(), value.clone())));
    match service {
        Service::Smm => hg_smm::build(&config(service, pairs), metrics).await.unwrap(),
        Service::Im => hg_im::build(&config(service, pairs), metrics).await.unwrap(),
        Service::Cpm => hg_cpm::build(&config(service, pairs), metrics, shutdown).await.unwrap().app,
        Service::Gateway => hg_gateway::build(&config(service, pairs), metrics, shutdown.clone()).await.unwrap().built,
    }
}

fn config<C: ReadConfig>(service: Service, pairs: Vec<(String, String)>) -> C {
    Env::from_pairs(service.as_str(), pairs).load::<C>().unwrap().config
}

const fn url_variable(service: Service) -> &'static str {
    match service {
        Service::Smm => "SMM_SERVICE_URL",
        Service::Im => "IM_SERVICE_URL",
        Service::Cpm => "CPM_SERVICE_URL",
        Service::Gateway => "PUBLIC_URL",
    }
}

async fn person(db: &mut PgConnection, email: &str) -> UserId {
    let id: Uuid = sqlx::query_scalar("INSERT INTO auth.users (email) VALUES ($1) RETURNING id")
        .bind(email)
        .fetch_one(&mut *db)
        .await
        .unwrap();
    UserId(id)
}
