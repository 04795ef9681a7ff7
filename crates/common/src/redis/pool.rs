//! The pool, which looks whether a connection still answers only now and then.
//!
//! deadpool-redis asks each time a connection is taken, which doubles the round trips of everything. Whoever gets a dead
//! connection within a second gets an error, as if Redis had died a moment later.

use std::{
    ops::{Deref, DerefMut},
    time::Duration,
};

use deadpool::managed::{self, Metrics, RecycleResult};
use deadpool_redis::{
    Manager,
    redis::{
        self as driver, Cmd, Pipeline, RedisError, RedisFuture, Value,
        aio::{ConnectionLike, MultiplexedConnection},
    },
};
use tokio::time::Instant;

/// A connection that answered this recently is believed to live.
const BELIEVED: Duration = Duration::from_secs(1);

/// Connections of one server.
pub(super) type Pool = managed::Pool<Sometimes>;
/// No connection could be had.
pub type PoolError = managed::PoolError<RedisError>;

/// Makes connections as deadpool-redis does, and tries them less often.
#[derive(Debug)]
pub(super) struct Sometimes(pub(super) Manager);

/// A pooled connection, and when it last was known to live.
pub(super) struct Tried {
    connection: MultiplexedConnection,
    at: Instant,
}

impl managed::Manager for Sometimes {
    type Type = Tried;
    type Error = RedisError;

    async fn create(&self) -> Result<Tried, RedisError> {
        Ok(Tried { connection: self.0.create().await?, at: Instant::now() })
    }

    async fn recycle(&self, tried: &mut Tried, metrics: &Metrics) -> RecycleResult<RedisError> {
        if tried.at.elapsed() >= BELIEVED {
            self.0.recycle(&mut tried.connection, metrics).await?;
            tried.at = Instant::now();
        }
        Ok(())
    }
}

/// A connection from the pool.
pub struct Connection(pub(super) managed::Object<Sometimes>);

impl Deref for Connection {
    type Target = MultiplexedConnection;
    fn deref(&self) -> &MultiplexedConnection {
        &self.0.connection
    }
}

impl DerefMut for Connection {
    fn deref_mut(&mut self) -> &mut MultiplexedConnection {
        &mut self.0.connection
    }
}

impl ConnectionLike for Connection {
    fn req_packed_command<'a>(&'a mut self, command: &'a Cmd) -> RedisFuture<'a, Value> {
        self.0.connection.req_packed_command(command)
    }

    fn req_packed_commands<'a>(
        &'a mut self,
        commands: &'a Pipeline,
        offset: usize,
        count: usize,
    ) -> RedisFuture<'a, Vec<Value>> {
        self.0.connection.req_packed_commands(commands, offset, count)
    }

    fn get_db(&self) -> i64 {
        driver::aio::ConnectionLike::get_db(&self.0.connection)
    }
}
