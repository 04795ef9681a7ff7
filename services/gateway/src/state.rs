//! What every handler is given. Clones are cheap and share everything.

use std::sync::Arc;

use axum::extract::FromRef;
use hg_common::{
    config::{ServiceUrl, TrustedProxies},
    db::Db,
    http::ShutdownToken,
};
use hg_contracts::{CpmClient, ImClient, SmmClient};

use crate::{
    pages::{Assets, Templates},
    rate_limit::Attempts,
    session::{Hashing, Sessions},
};

/// What every handler is given.
#[derive(Clone, Debug)]
pub struct AppState {
    /// The database: accounts and sessions only.
    pub db: Db,
    /// Content production.
    pub cpm: CpmClient,
    /// Instructions.
    pub im: ImClient,
    /// Strategy management.
    pub smm: SmmClient,
    /// The templates of pages and fragments.
    pub templates: Arc<Templates>,
    /// The addresses of scripts and styles.
    pub assets: Assets,
    /// Who is signed in.
    pub sessions: Sessions,
    /// Ends what would go on for ever, when the process ends.
    pub shutdown: ShutdownToken,
    pub(crate) attempts: Attempts,
    pub(crate) hashing: Hashing,
    pub(crate) trusted_proxies: TrustedProxies,
    pub(crate) public_url: ServiceUrl,
}

impl FromRef<AppState> for TrustedProxies {
    fn from_ref(state: &AppState) -> Self {
        state.trusted_proxies.clone()
    }
}
