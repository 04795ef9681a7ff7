//! What every handler shares. Clones are cheap and share everything.

use bytes::Bytes;
use hg_common::{
    db::{Db, Scope},
    recent::{Epochs, LIFETIME, Recent, Topic},
};
use hg_types::{ContentType, id::ClientRef};

use crate::domain::effective::Detail;

/// Whose effective strategy was asked for, by whom, and how much was to be told.
pub(crate) type EffectiveKey = (Scope, ClientRef, ContentType, Detail);

/// What every handler shares.
#[derive(Clone, Debug)]
pub struct AppState {
    /// The database.
    pub db: Db,
    /// Effective strategies as they are answered. Whatever changes clients, members or strategies forgets them.
    pub(crate) effective: Recent<EffectiveKey, Bytes>,
}

impl AppState {
    /// With nothing remembered.
    #[must_use]
    pub fn new(db: Db) -> Self {
        let effective = Recent::new(Epochs::of(db.clone(), Topic::Strategies), LIFETIME, Bytes::len);
        Self { db, effective }
    }
}
