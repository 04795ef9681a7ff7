//! The variables of each service, as an operator would set them.

use base64::{Engine, prelude::BASE64_STANDARD};
use hg_common::auth::Service;
use hg_simulator::{DEFAULT_API_KEY, Simulator};
use hg_testkit::Identity;

use super::servers::Servers;

/// Signs sessions in tests.
const AUTH_SECRET: &str = "a secret for tests that has more than thirty-two characters";

pub(super) fn of(
    service: Service,
    ports: &[(Service, u16)],
    identity: &Identity,
    servers: &Servers,
    simulator: &Simulator,
    redis_prefix: &str,
) -> Vec<(String, String)> {
    let port = |of: Service| ports.iter().find(|(service, _)| *service == of).unwrap().1;
    let url = |of: Service| format!("http://127.0.0.1:{}", port(of));
    let mut all: Vec<(&str, String)> = vec![
        ("ENVIRONMENT", "test".into()),
        ("HOST", "127.0.0.1".into()),
        ("PORT", port(service).to_string()),
        ("LOG_LEVEL", "info".into()),
        ("DATABASE_URL", servers.pooled_url().into()),
        ("REDIS_URL", servers.redis_url().into()),
        ("REDIS_PREFIX", redis_prefix.into()),
        ("INTERNAL_SIGNING_KEY", identity.signing_key(service).into()),
        ("INTERNAL_PUBLIC_KEYS", identity.public_keys().into()),
        ("CPM_SERVICE_URL", url(Service::Cpm)),
        ("IM_SERVICE_URL", url(Service::Im)),
        ("SMM_SERVICE_URL", url(Service::Smm)),
        ("PUBLIC_URL", url(Service::Gateway)),
        ("RATE_LIMIT_PER_MINUTE", "0".into()),
    ];
    match service {
        Service::Cpm => all.extend([
            ("OPENAI_API_KEY", DEFAULT_API_KEY.into()),
            ("OPENAI_BASE_URL", simulator.openai_url()),
            ("GROQ_API_KEY", DEFAULT_API_KEY.into()),
            ("GROQ_BASE_URL", simulator.groq_url()),
            ("OPENROUTER_API_KEY", DEFAULT_API_KEY.into()),
            ("OPENROUTER_BASE_URL", simulator.openrouter_url()),
            ("DEFAULT_LLM_PROVIDER", "openai".into()),
            ("OPENAI_DEFAULT_MODEL", super::prices::DEFAULT_MODEL.into()),
            ("SECRETS_KEYS", format!("k1:{}", BASE64_STANDARD.encode([7_u8; 32]))),
        ]),
        Service::Gateway => {
            all.extend([("AUTH_SECRET", AUTH_SECRET.into()), ("LOGIN_ATTEMPTS_PER_MINUTE", "100".into())]);
        }
        Service::Smm => all.push(("AUDIT_KEYS", format!("k1:{}", BASE64_STANDARD.encode([9_u8; 32])))),
        Service::Im => {}
    }
    all.into_iter().map(|(name, value)| (name.to_owned(), value)).collect()
}
