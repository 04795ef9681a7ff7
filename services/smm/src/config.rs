//! What the strategy service reads from its environment. Values only; nothing is opened here.

use hg_common::{
    auth::Service,
    config::{CoreConfig, Env, ReadConfig, ServiceConfig},
};

/// The port where none is configured.
pub const DEFAULT_PORT: u16 = 8003;

/// The service's configuration.
#[derive(Clone, Debug)]
pub struct Config {
    /// What it has in common with others; there is nothing else so far.
    pub common: ServiceConfig,
}

impl AsRef<CoreConfig> for Config {
    fn as_ref(&self) -> &CoreConfig {
        &self.common.core
    }
}

impl ReadConfig for Config {
    fn read(env: &mut Env) -> Option<Self> {
        let common = ServiceConfig::read(env, DEFAULT_PORT, Service::Smm)?;
        Some(Self { common })
    }
}
