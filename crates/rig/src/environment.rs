//! The variables of each service, as in production but on loopback, and the keys by which the services know each other.

use std::path::PathBuf;

use anyhow::{Context as _, Result};
use base64::{Engine as _, prelude::BASE64_STANDARD};
use hg_common::auth::{InternalIssuer, Principal, Service, internal::generate_key};

use crate::process::Program;

/// What every service is started with: as in production, but on loopback and without the limits on requests.
pub const SHARED_VARIABLES: [(&str, &str); 4] =
    [("ENVIRONMENT", "production"), ("HOST", "127.0.0.1"), ("LOG_LEVEL", "info"), ("RATE_LIMIT_PER_MINUTE", "0")];

/// In the order of starting: those that are called come before those that call.
pub const SERVICES: [Service; 4] = [Service::Smm, Service::Im, Service::Cpm, Service::Gateway];

/// The simulated provider's own.
const PROVIDER_KEY: &str = "sim-key";
/// The model of requests that ask for none.
const MODEL: &str = "gpt-4o-mini";

/// The services' program files.
#[derive(Clone, Debug)]
pub struct Programs {
    /// `hg-smm`.
    pub smm: PathBuf,
    /// `hg-im`.
    pub im: PathBuf,
    /// `hg-cpm`.
    pub cpm: PathBuf,
    /// `hg-gateway`.
    pub gateway: PathBuf,
}

impl Programs {
    /// Those in this program's folder, where cargo puts them.
    ///
    /// # Errors
    /// This program can't be found.
    pub fn beside_us() -> Result<Self> {
        Ok(Self {
            smm: beside_us("hg-smm")?,
            im: beside_us("hg-im")?,
            cpm: beside_us("hg-cpm")?,
            gateway: beside_us("hg-gateway")?,
        })
    }
}

/// A file in this program's folder.
///
/// # Errors
/// This program can't be found.
pub fn beside_us(file: &str) -> Result<PathBuf> {
    let this = std::env::current_exe().context("cannot find this program")?;
    Ok(this.parent().context("this program has no folder")?.join(file))
}

/// What the services are to find.
#[derive(Clone, Debug)]
pub struct Surroundings {
    /// Where each service is, on loopback. One that is never started needs a port all the same: others name it.
    pub ports: Vec<(Service, u16)>,
    /// Postgres, through the pooler.
    pub database_url: String,
    /// Redis.
    pub redis_url: String,
    /// The simulated provider, as `OPENAI_BASE_URL`.
    pub provider_url: String,
}

/// From which each service's variables are made. Replicas and restarts of a service share its keys.
#[derive(Clone, Debug)]
pub struct Environment {
    around: Surroundings,
    programs: Programs,
    signing: Vec<(Service, String)>,
    public: String,
    /// What only we know, per variable.
    secrets: Vec<(Service, &'static str, String)>,
}

impl Environment {
    /// With new keys.
    #[must_use]
    pub fn new(programs: Programs, around: Surroundings) -> Self {
        let (gateway, gateway_public) = generate_key(Service::Gateway, "gateway-1");
        let (cpm, cpm_public) = generate_key(Service::Cpm, "cpm-1");
        let keyring = || format!("k1:{}", BASE64_STANDARD.encode(rand::random::<[u8; 32]>()));
        let secrets = vec![
            (Service::Cpm, "SECRETS_KEYS", keyring()),
            (Service::Smm, "AUDIT_KEYS", keyring()),
            (Service::Gateway, "AUTH_SECRET", BASE64_STANDARD.encode(rand::random::<[u8; 48]>())),
        ];
        Self {
            around,
            programs,
            signing: vec![(Service::Gateway, gateway), (Service::Cpm, cpm)],
            public: format!("{gateway_public},{cpm_public}"),
            secrets,
        }
    }

    /// How a service is started.
    ///
    /// # Errors
    /// It has no port.
    pub fn program(&self, service: Service) -> Result<Program> {
        let (name, file) = match service {
            Service::Smm => ("smm", &self.programs.smm),
            Service::Im => ("im", &self.programs.im),
            Service::Cpm => ("cpm", &self.programs.cpm),
            Service::Gateway => ("gateway", &self.programs.gateway),
        };
        Ok(Program {
            name: name.to_owned(),
            file: file.clone(),
            arguments: Vec::new(),
            variables: self.variables(service)?,
            port: self.port(service)?,
            health: "/health",
        })
    }

    /// A token by which `from` asks `to` on somebody's behalf; good for a minute.
    ///
    /// # Errors
    /// `from` signs nothing, or may not call `to`.
    pub fn token(&self, from: Service, to: Service, on_behalf: &Principal) -> Result<String> {
        let (_, key) = self.signing.iter().find(|(of, _)| *of == from).context("that service signs nothing")?;
        Ok(InternalIssuer::new(from, key)?.mint(to, on_behalf, chrono::Utc::now())?)
    }

    fn port(&self, service: Service) -> Result<u16> {
        let found = self.around.ports.iter().find(|(of, _)| *of == service);
        found.map(|(_, port)| *port).context("a service has no port")
    }

    fn variables(&self, service: Service) -> Result<Vec<(String, String)>> {
        let url = |of| self.port(of).map(|port| format!("http://127.0.0.1:{port}"));
        let mut all: Vec<(&str, String)> =
            SHARED_VARIABLES.iter().map(|(name, value)| (*name, (*value).to_owned())).collect();
        all.extend([
            ("PORT", self.port(service)?.to_string()),
            ("DATABASE_URL", self.around.database_url.clone()),
            ("REDIS_URL", self.around.redis_url.clone()),
            ("CPM_SERVICE_URL", url(Service::Cpm)?),
            ("IM_SERVICE_URL", url(Service::Im)?),
            ("SMM_SERVICE_URL", url(Service::Smm)?),
            ("PUBLIC_URL", url(Service::Gateway)?),
            ("INTERNAL_PUBLIC_KEYS", self.public.clone()),
        ]);
        if let Some((_, key)) = self.signing.iter().find(|(of, _)| *of == service) {
            all.push(("INTERNAL_SIGNING_KEY", key.clone()));
        }
        all.extend(
            self.secrets.iter().filter(|(of, ..)| *of == service).map(|(_, name, value)| (*name, value.clone())),
        );
        match service {
            Service::Cpm => all.extend([
                ("OPENAI_API_KEY", PROVIDER_KEY.to_owned()),
                ("OPENAI_BASE_URL", self.around.provider_url.clone()),
                ("OPENAI_DEFAULT_MODEL", MODEL.to_owned()),
                ("DEFAULT_LLM_PROVIDER", "openai".to_owned()),
            ]),
            Service::Gateway => all.push(("LOGIN_ATTEMPTS_PER_MINUTE", "1000".to_owned())),
            Service::Im | Service::Smm => {}
        }
        Ok(all.into_iter().map(|(name, value)| (name.to_owned(), value)).collect())
    }
}
