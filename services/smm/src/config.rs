//! What the strategy service reads from its environment. Values only; nothing is opened here.

use std::sync::Arc;

use hg_common::{
    audit::AuditKeys,
    auth::Service,
    config::{CoreConfig, Env, ReadConfig, ServiceConfig},
};

/// The port where none is configured.
pub const DEFAULT_PORT: u16 = 8003;

/// The service's configuration.
#[derive(Clone, Debug)]
pub struct Config {
    /// What it has in common with others.
    pub common: ServiceConfig,
    /// The keys that seal the audit log; without them it isn't sealed.
    pub audit_keys: Option<Arc<AuditKeys>>,
}

impl AsRef<CoreConfig> for Config {
    fn as_ref(&self) -> &CoreConfig {
        &self.common.core
    }
}

impl ReadConfig for Config {
    fn read(env: &mut Env) -> Option<Self> {
        let common = ServiceConfig::read(env, DEFAULT_PORT, Service::Smm);
        let audit_keys = env
            .optional::<AuditKeys>("AUDIT_KEYS")
            .secret()
            .doc("Keys that seal the audit log: kid:base64 of 32 bytes, separated by commas; the first seals, all verify. Required in production; elsewhere entries wait unsealed without it. `hg admin audit verify` needs the same.")
            .read()
            .map(Arc::new);
        let common = common?;
        if audit_keys.is_none() && !env.is_set("AUDIT_KEYS") {
            if common.core.environment.is_production() {
                env.problem(
                    "AUDIT_KEYS",
                    "is needed in production: make one with `printf 'k1:%s' \"$(openssl rand -base64 32)\"`",
                );
                return None;
            }
            env.warn("AUDIT_KEYS isn't set: the audit log isn't sealed, so that nobody could see that it was altered");
        }
        Some(Self { common, audit_keys })
    }
}
