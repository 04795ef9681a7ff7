//! Configuration: the process environment, read once at the start.
//!
//! [`Env`] is the only reader of environment variables. Each look-up names its variable, says what it means, and is
//! recorded, so that `docs/configuration.md` is generated from the very code that reads ([`render_markdown`]). Problems are
//! collected and reported all at once, one line per variable; values of secrets never appear in a message.
//!
//! A service's configuration implements [`ReadConfig`]. Read *every* variable first and combine at the end: returning
//! early hides the problems (and the documentation) of what comes after.
//!
//! ```
//! use hg_common::config::{CoreConfig, Env, ReadConfig, Secret};
//!
//! struct Config { core: CoreConfig, auth_secret: Secret }
//!
//! impl ReadConfig for Config {
//!     fn read(env: &mut Env) -> Option<Self> {
//!         let core = CoreConfig::read(env, 3000);
//!         let auth_secret = env.required::<Secret>("AUTH_SECRET").alias("NEXTAUTH_SECRET").secret().doc("Signs sessions.").read();
//!         Some(Self { core, auth_secret: auth_secret? })
//!     }
//! }
//!
//! let loaded = Env::from_pairs("gateway", [("NEXTAUTH_SECRET", "abc")]).load::<Config>().unwrap();
//! assert_eq!(loaded.config.core.port, 3000);
//! assert_eq!(loaded.config.auth_secret.expose(), "abc");
//! assert_eq!(loaded.warnings, ["NEXTAUTH_SECRET is an older name: use AUTH_SECRET"]);
//! ```
//!
//! This module must not read files, open connections or know what a service does with a value.

mod core;
mod database;
mod env;
mod identity;
mod network;
mod peers;
mod proxies;
mod redis;
mod service;
mod spec;
mod values;
mod variable;

pub use self::core::{CoreConfig, LogFilter, LogFormat};
pub use self::database::DatabaseConfig;
pub use self::env::{ConfigErrors, Env, Loaded, Problem, ReadConfig};
pub use self::identity::{read_public_keys, read_signing_key};
pub use self::network::is_private_host;
pub use self::peers::{Peer, PeerConfig, read_peer};
pub use self::proxies::{Network, NotANetwork, TrustedProxies, Unnamed};
pub use self::redis::RedisConfig;
pub use self::service::ServiceConfig;
pub use self::spec::{VariableSpec, render_markdown};
pub use self::values::{CommaList, Environment, Flag, Secret, ServiceUrl};
pub use self::variable::{Optional, Required, Variable, WithDefault};
