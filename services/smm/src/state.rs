//! What every handler shares. Clones are cheap and share everything.

use hg_common::{
    db::{Db, Scope},
    recent::Recent,
};
use hg_contracts::smm::EffectiveStrategy;
use hg_types::{ContentType, id::ClientRef};

use crate::domain::effective::Detail;

/// Whose effective strategy was asked for, by whom, and how much was to be told.
pub(crate) type EffectiveKey = (Scope, ClientRef, ContentType, Detail);

/// What every handler shares.
#[derive(Clone, Debug)]
pub struct AppState {
    /// The database.
    pub db: Db,
    /// Effective strategies that were just put together. Whatever changes clients, members or strategies forgets them.
    pub(crate) effective: Recent<EffectiveKey, EffectiveStrategy>,
}

impl AppState {
    /// With nothing remembered.
    #[must_use]
    pub fn new(db: Db) -> Self {
        Self { db, effective: Recent::new() }
    }
}
