//! Redis: the pool, our key prefix, and what is built on them.
//!
//! The pool is private, so that every key goes through [`Redis::key`] at least once. Nothing that a user was promised may live only here:
//! Redis may be wiped at any time.

mod pool;
pub mod rate_limit;

use std::fmt;
use std::sync::Arc;
use std::time::Duration;

/// The driver: commands (`AsyncCommands`), scripts, pipelines, types.
pub use deadpool_redis::redis as driver;
use deadpool_redis::{Manager, Runtime};
use driver::aio::{MultiplexedConnection, PubSub};
use driver::io::tcp::TcpSettings;
use driver::{AsyncConnectionConfig, IntoConnectionInfo};

pub use self::pool::{Connection, PoolError};
use self::pool::{Pool, Sometimes};
use crate::config::RedisConfig;

/// The driver's own limit is 500 ms, which a busy machine exceeds without anything being wrong.
const RESPONSE_TIMEOUT: Duration = Duration::from_secs(3);
const CONNECT_TIMEOUT: Duration = Duration::from_secs(2);
const POOL_WAIT: Duration = Duration::from_secs(2);

/// Redis could not be used.
#[derive(Debug, thiserror::Error)]
pub enum RedisError {
    /// No connection could be had.
    #[error("no connection to Redis")]
    Pool(#[from] PoolError),
    /// The pool could not be made.
    #[error("the Redis pool could not be made")]
    Build(#[from] deadpool_redis::BuildError),
    /// A command failed.
    #[error("Redis failed")]
    Command(#[from] driver::RedisError),
}

/// Access to Redis. Clones share one pool.
#[derive(Clone)]
pub struct Redis {
    pool: Pool,
    client: driver::Client,
    prefix: Arc<str>,
}

impl Redis {
    /// Prepares the pool; connections are made when they are needed.
    ///
    /// # Errors
    /// When the URL doesn't parse.
    pub fn new(config: &RedisConfig) -> Result<Self, RedisError> {
        crate::tls::install_provider();
        let connection = connection_config(Some(RESPONSE_TIMEOUT));
        // Without it the kernel holds a small command back until the answer to the one before is acknowledged: 40 ms.
        let tcp = TcpSettings::default().set_nodelay(true);
        let server = config.url.expose().into_connection_info()?.set_tcp_settings(tcp);
        let client = driver::Client::open(server.clone())?;
        let manager = Manager::new_with_config(server, connection)?;
        let pool = Pool::builder(Sometimes(manager))
            .max_size(config.max_connections)
            .wait_timeout(Some(POOL_WAIT))
            .create_timeout(Some(CONNECT_TIMEOUT))
            .recycle_timeout(Some(RESPONSE_TIMEOUT))
            .runtime(Runtime::Tokio1)
            .build()?;
        Ok(Self { pool, client, prefix: config.prefix.as_str().into() })
    }

    /// The same pool under another prefix: for tests that must not see each other's keys.
    #[must_use]
    pub fn with_prefix(&self, prefix: impl Into<Arc<str>>) -> Self {
        Self { prefix: prefix.into(), ..self.clone() }
    }

    /// The full name of a key: `key("jobs:ready")` is `hg:jobs:ready`.
    #[must_use]
    pub fn key(&self, name: impl fmt::Display) -> String {
        format!("{}:{name}", self.prefix)
    }

    /// What every key begins with.
    #[must_use]
    pub fn prefix(&self) -> &str {
        &self.prefix
    }

    /// A connection from the pool. Never block on it (`BLPOP`, `XREAD BLOCK`): use [`dedicated`](Self::dedicated).
    ///
    /// # Errors
    /// When none can be had in time.
    pub async fn conn(&self) -> Result<Connection, RedisError> {
        Ok(Connection(self.pool.get().await?))
    }

    /// A connection of one's own, for blocking commands. `response_timeout` must be longer than they block; `None` waits for ever.
    ///
    /// # Errors
    /// When Redis can't be reached.
    pub async fn dedicated(&self, response_timeout: Option<Duration>) -> Result<MultiplexedConnection, RedisError> {
        let config = connection_config(response_timeout);
        Ok(self.client.get_multiplexed_async_connection_with_config(&config).await?)
    }

    /// A connection of one's own that listens to channels.
    ///
    /// # Errors
    /// When Redis can't be reached.
    pub async fn pubsub(&self) -> Result<PubSub, RedisError> {
        match tokio::time::timeout(CONNECT_TIMEOUT, self.client.get_async_pubsub()).await {
            Ok(result) => Ok(result?),
            Err(_) => Err(RedisError::Command(std::io::Error::from(std::io::ErrorKind::TimedOut).into())),
        }
    }

    /// Whether Redis answers.
    ///
    /// # Errors
    /// When it doesn't.
    pub async fn ping(&self) -> Result<(), RedisError> {
        let mut conn = self.conn().await?;
        driver::cmd("PING").query_async::<()>(&mut conn).await?;
        Ok(())
    }

    /// Warns when Redis may evict keys under memory pressure: job indexes and rate limits would vanish silently.
    /// A Redis that doesn't say (managed ones forbid `CONFIG` and may hide it) is left alone.
    pub async fn warn_unless_noeviction(&self) {
        match self.eviction_policy().await {
            Ok(Some(policy)) if policy != "noeviction" => {
                tracing::warn!(policy, "Redis may evict keys: set maxmemory-policy noeviction");
            }
            Ok(_) => {}
            Err(error) => {
                tracing::debug!(error = %crate::http::error_chain(&error), "the eviction policy of Redis is unknown");
            }
        }
    }

    /// The `maxmemory_policy` that Redis reports.
    async fn eviction_policy(&self) -> Result<Option<String>, RedisError> {
        let mut conn = self.conn().await?;
        let info: String = driver::cmd("INFO").arg("memory").query_async(&mut conn).await?;
        Ok(info.lines().find_map(|line| line.strip_prefix("maxmemory_policy:")).map(|policy| policy.trim().to_owned()))
    }
}

impl fmt::Debug for Redis {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        // The client's own output has the password in it.
        f.debug_struct("Redis").field("prefix", &self.prefix).field("pool", &self.pool.status()).finish_non_exhaustive()
    }
}

fn connection_config(response_timeout: Option<Duration>) -> AsyncConnectionConfig {
    AsyncConnectionConfig::new().set_connection_timeout(Some(CONNECT_TIMEOUT)).set_response_timeout(response_timeout)
}

#[cfg(test)]
pub(crate) mod test_server {
    //! A Redis of one's own for this crate's tests: the test kit depends on this crate, so it can't be used here.

    use std::path::PathBuf;
    use std::process::{Child, Command, Stdio};

    use super::*;
    use crate::config::Secret;

    /// Dies with the test.
    pub(crate) struct TestRedis {
        child: Child,
        directory: PathBuf,
        pub(crate) redis: Redis,
    }

    impl TestRedis {
        /// # Panics
        /// Where no `redis-server` is installed: a test that tests nothing must not pass.
        pub(crate) async fn start() -> Self {
            let directory = std::env::temp_dir().join(format!("hg-redis-{}", uuid::Uuid::now_v7()));
            std::fs::create_dir(&directory).unwrap();
            let socket = directory.join("s");
            let child = Command::new("redis-server")
                .args(["--port", "0", "--save", "", "--appendonly", "no", "--unixsocket"])
                .arg(&socket)
                .current_dir(&directory)
                .stdout(Stdio::null())
                .spawn()
                .expect("redis-server is installed (apt-get install redis-server)");
            let config = RedisConfig {
                url: Secret::new(format!("redis+unix://{}", socket.display())),
                prefix: "t".into(),
                max_connections: 4,
            };
            let redis = Redis::new(&config).unwrap();
            let started = Self { child, directory, redis };
            let ready = async {
                while started.redis.ping().await.is_err() {
                    tokio::task::yield_now().await;
                }
            };
            tokio::time::timeout(Duration::from_secs(20), ready).await.expect("redis-server starts");
            started
        }
    }

    impl Drop for TestRedis {
        fn drop(&mut self) {
            let _ = self.child.kill();
            let _ = self.child.wait();
            let _ = std::fs::remove_dir_all(&self.directory);
        }
    }
}

#[cfg(test)]
mod tests {
    use driver::AsyncCommands;

    use super::test_server::TestRedis;
    use super::*;
    use crate::config::Secret;

    fn nowhere() -> Redis {
        let config =
            RedisConfig { url: Secret::new("redis://:hunter2@127.0.0.1:1"), prefix: "hg".into(), max_connections: 1 };
        Redis::new(&config).unwrap()
    }

    #[tokio::test]
    async fn keys_have_the_prefix_and_passwords_are_not_printed() {
        let redis = nowhere();
        assert_eq!(redis.key("a:b"), "hg:a:b");
        assert_eq!(redis.with_prefix("t1").key(format_args!("x:{}", 7)), "t1:x:7");
        assert!(!format!("{redis:?}").contains("hunter2"));
    }

    #[tokio::test]
    async fn a_redis_that_is_away_is_an_error_not_a_panic() {
        let redis = nowhere();
        assert!(redis.ping().await.is_err());
        let answer = crate::http::ApiError::from(redis.conn().await.err().unwrap());
        assert_eq!((answer.status().as_u16(), answer.code()), (503, "redis_unavailable"));
        redis.warn_unless_noeviction().await;
    }

    #[tokio::test]
    async fn blocking_needs_a_connection_of_its_own() {
        let server = TestRedis::start().await;
        let redis = &server.redis;
        let mut blocking = redis.dedicated(None).await.unwrap();
        let waiting = tokio::spawn(async move { blocking.blpop::<_, (String, String)>("t:list", 30.0).await });
        let mut conn = redis.conn().await.unwrap();
        let _: i64 = conn.rpush(redis.key("list"), "v").await.unwrap();
        assert_eq!(waiting.await.unwrap().unwrap().1, "v");
        let mut pubsub = redis.pubsub().await.unwrap();
        pubsub.subscribe("t:channel").await.unwrap();
        assert_eq!(redis.eviction_policy().await.unwrap().as_deref(), Some("noeviction"));
    }
}
