//! The pool, private, behind the three kinds of transactions.

use std::{
    str::FromStr,
    sync::Arc,
    time::{Duration, Instant},
};

use sqlx::{
    AssertSqlSafe, ConnectOptions, PgPool, SqlSafeStr,
    postgres::{PgConnectOptions, PgPoolOptions},
};
use tracing::Instrument;

use super::{
    probe::{self, PoolerMode, UnsafePooler},
    tx::{AnonymousTx, CombinedTx, Open, Scope, SystemTx, TenantTx},
};
use crate::audit::origin_text;

/// The longest that anybody waits for a connection.
const ACQUIRE: Duration = Duration::from_secs(5);
/// A slower statement is logged.
const SLOW_STATEMENT: Duration = Duration::from_millis(250);
/// How many prepared statements a connection keeps where the pooler allows it.
const STATEMENT_CACHE: usize = 200;

/// The service can't start with this database.
#[derive(Debug, thiserror::Error)]
pub enum ConnectError {
    /// The URL can't be read.
    #[error("DATABASE_URL is not a Postgres URL")]
    Url(#[source] sqlx::Error),
    /// Nobody answers, or the login is refused.
    #[error("the database can't be reached")]
    Unreachable(#[source] sqlx::Error),
    /// The pooler would hand one tenant another's rows.
    #[error(transparent)]
    Unsafe(#[from] UnsafePooler),
}

/// The database, as the application role sees it.
#[derive(Clone, Debug)]
pub struct Db {
    pool: PgPool,
    mode: PoolerMode,
    /// Who works with it, for the audit log.
    service: Arc<str>,
}

impl Db {
    /// Connects as the application role and proves that the pooler in front, if there is one, is safe.
    ///
    /// # Errors
    /// When the URL is malformed, nobody answers, or the pooler mixes up prepared statements.
    pub async fn connect(url: &str, max_connections: u32, application: &str) -> Result<Self, ConnectError> {
        Self::connect_with_system(url, max_connections, application).await.map(|(db, _)| db)
    }

    /// Connects as [`Self::connect`] does, and also hands out what crosses tenants, over the same pool. There is no other
    /// way to it, so that whoever shall have it must be given it at the start.
    ///
    /// # Errors
    /// As [`Self::connect`].
    pub async fn connect_with_system(
        url: &str,
        max_connections: u32,
        application: &str,
    ) -> Result<(Self, SystemDb), ConnectError> {
        let options = PgConnectOptions::from_str(url).map_err(ConnectError::Url)?.application_name(application);
        let mode = probe::probe(&options).await?;
        let options = options
            .statement_cache_capacity(if mode.keeps_statements() { STATEMENT_CACHE } else { 0 })
            .log_slow_statements(log::LevelFilter::Warn, SLOW_STATEMENT)
            .log_statements(log::LevelFilter::Off);
        let pool = PgPoolOptions::new()
            .max_connections(max_connections)
            // None is kept for its own sake: while the database is away, whoever looks after that tries ever more rarely, up to once a
            // minute, and holds a place in the pool meanwhile.
            .min_connections(0)
            .acquire_timeout(ACQUIRE)
            .idle_timeout(Duration::from_secs(300))
            .max_lifetime(Duration::from_secs(1800))
            // BEGIN tells soon enough whether the connection lives; a ping before each would be a round trip more.
            .test_before_acquire(false)
            .connect_lazy_with(options);
        let service = application.strip_prefix("hg-").unwrap_or(application).into();
        let db = Self { pool, mode, service };
        Ok((db.clone(), SystemDb(db)))
    }

    /// What the probe found in front of the database.
    #[must_use]
    pub const fn pooler_mode(&self) -> PoolerMode {
        self.mode
    }

    /// A transaction in the scope of a person or a client.
    ///
    /// # Errors
    /// When no connection can be had in time.
    pub async fn tenant(&self, scope: Scope) -> Result<TenantTx, sqlx::Error> {
        self.begin(scope.begin_statement(&origin_text(&self.service))).await.map(TenantTx)
    }

    /// A transaction for work of several scopes, which sees no tenant until a function in it enters a scope.
    ///
    /// # Errors
    /// When no connection can be had in time.
    pub async fn combined(&self) -> Result<CombinedTx, sqlx::Error> {
        let nobody = "BEGIN; SET LOCAL ROLE NONE; SET LOCAL app.user_id = ''; SET LOCAL app.client_id = ''";
        self.begin(nobody.to_owned()).await.map(CombinedTx)
    }

    /// A transaction that sees no tenant: for look-ups before anybody is known.
    ///
    /// # Errors
    /// When no connection can be had in time.
    pub async fn anonymous(&self) -> Result<AnonymousTx, sqlx::Error> {
        let origin = origin_text(&self.service);
        self.begin(format!("BEGIN; SET LOCAL ROLE NONE; {NOBODY}; SET LOCAL app.origin = '{origin}'"))
            .await
            .map(AnonymousTx)
    }

    /// Begins with a statement that holds nothing but constants, UUIDs and an origin, which brings no quote. A pooled connection may have died
    /// with its server (a pooler's restart): then a fresh one is tried, as often as there may be dead ones.
    ///
    /// What has been sent is seen through in a task of its own, whatever becomes of the asker. sqlx counts a transaction
    /// only when BEGIN was answered: an asker that is cancelled before would give the connection back with the transaction
    /// open and its scope set, and the next one's BEGIN would join it (`tests/it/cancelled.rs`).
    async fn begin(&self, statement: String) -> Result<Open, sqlx::Error> {
        let (mut tries, began) = (self.pool.options().get_max_connections(), Instant::now());
        let mut again = |error: &sqlx::Error| {
            let worthwhile = tries > 0 && connection_is_dead(error) && began.elapsed() < ACQUIRE;
            tries = tries.saturating_sub(1);
            worthwhile
        };
        loop {
            let connection = match self.pool.acquire().await {
                // A pooler that ends drops whoever is just connecting; the next one waits until there is a pooler again.
                Err(error @ sqlx::Error::Io(_)) if again(&error) => continue,
                acquired => acquired?,
            };
            let statement = AssertSqlSafe(statement.clone()).into_sql_str();
            let beginning = Open::begin(connection, statement).in_current_span();
            match tokio::spawn(beginning).await {
                Ok(Err(error)) if again(&error) => {}
                Ok(outcome) => return outcome,
                Err(ended) if ended.is_panic() => std::panic::resume_unwind(ended.into_panic()),
                Err(_) => return Err(sqlx::Error::WorkerCrashed),
            }
        }
    }

    /// Whether the database answers.
    ///
    /// # Errors
    /// When it doesn't.
    pub async fn ping(&self) -> Result<(), sqlx::Error> {
        let mut tx = self.anonymous().await?;
        sqlx::query("SELECT 1").execute(&mut *tx).await?;
        tx.rollback().await
    }

    /// How many connections are open and how many of them are idle, for the metrics.
    #[must_use]
    pub fn connections(&self) -> (u32, usize) {
        (self.pool.size(), self.pool.num_idle())
    }

    /// Closes the pool at shutdown: what is in use may finish.
    pub async fn close(&self) {
        self.pool.close().await;
    }
}

/// The database as `hg_system` sees it: across tenants. Made by [`Db::connect_with_system`] only; it belongs to workers and
/// starts, and not into the state of request handlers.
#[derive(Clone, Debug)]
pub struct SystemDb(Db);

impl SystemDb {
    /// A transaction as `hg_system`.
    ///
    /// # Errors
    /// When no connection can be had in time.
    pub async fn begin(&self) -> Result<SystemTx, sqlx::Error> {
        let origin = origin_text(&self.0.service);
        self.0
            .begin(format!("BEGIN; SET LOCAL ROLE hg_system; {NOBODY}; SET LOCAL app.origin = '{origin}'"))
            .await
            .map(SystemTx)
    }
}

/// What a transaction that speaks for nobody says: were the connection ever to come with somebody's leftovers, they would end here.
const NOBODY: &str = "SET LOCAL app.user_id = ''; SET LOCAL app.client_id = ''; SET LOCAL app.actor = ''";

/// Nothing was done yet on such a connection: BEGIN itself failed with it.
fn connection_is_dead(error: &sqlx::Error) -> bool {
    match error {
        sqlx::Error::Io(io) => io.kind() != std::io::ErrorKind::ConnectionRefused,
        sqlx::Error::Protocol(_) => true,
        // 57P01 admin_shutdown, 57P02 crash_shutdown, 08xxx: connection exceptions, PgBouncer's among them.
        sqlx::Error::Database(database) => {
            database.code().is_some_and(|code| code == "57P01" || code == "57P02" || code.starts_with("08"))
        }
        _ => false,
    }
}
