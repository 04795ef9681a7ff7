//! What every handler shares. Clones are cheap and share everything.

use std::sync::Arc;

use hg_common::{
    db::{Db, Scope},
    recent::{Epochs, LIFETIME, Recent, Topic},
};
use hg_types::{ClientId, ContentType};

use crate::{domain::engine::Engine, store::choice::Chosen};

/// For whom a template was picked, and who asked.
pub(crate) type ChoiceKey = (Scope, ClientId, ContentType);

/// What every handler shares.
#[derive(Clone, Debug)]
pub struct AppState {
    /// The database.
    pub db: Db,
    /// Compiles, keeps and renders templates.
    pub(crate) engine: Arc<Engine>,
    /// Templates that were picked of late. Whatever changes a template forgets them.
    pub(crate) chosen: Recent<ChoiceKey, Chosen>,
}

impl AppState {
    /// With an engine that has compiled nothing yet, and nothing remembered.
    #[must_use]
    pub fn new(db: Db) -> Self {
        let chosen = Recent::new(Epochs::of(db.clone(), Topic::Templates), LIFETIME, Chosen::bytes);
        Self { db, engine: Arc::new(Engine::new()), chosen }
    }
}
