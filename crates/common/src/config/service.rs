//! What each service that only our own services call reads. Values only; nothing is opened here.

use super::{CoreConfig, DatabaseConfig, Env, RedisConfig, read_public_keys};
use crate::auth::{InternalVerifier, Service};

/// What a service needs that stands on the database and Redis and knows its callers.
#[derive(Clone, Debug)]
pub struct ServiceConfig {
    /// What every process needs.
    pub core: CoreConfig,
    /// Where the data is.
    pub database: DatabaseConfig,
    /// Where Redis is.
    pub redis: RedisConfig,
    /// Whose tokens are believed.
    pub callers: InternalVerifier,
}

impl ServiceConfig {
    /// Reads the sections; `None` when a problem was recorded.
    pub fn read(env: &mut Env, default_port: u16, service: Service) -> Option<Self> {
        let core = CoreConfig::read(env, default_port);
        let database = DatabaseConfig::read(env, core.environment);
        let redis = RedisConfig::read(env, core.environment);
        let callers = read_public_keys(env, service);
        Some(Self { core, database: database?, redis: redis?, callers: callers? })
    }
}
