//! `/api/*`, as the reference documents list it: a thin face over the services, in the reference's envelope.
//!
//! A handler extracts, makes one call on the signed-in user's behalf, and puts the answer into an envelope. Rules are the
//! services' business; errors are dressed by the layer in `dress`. One file per resource.

pub(crate) mod api_keys;
mod at_client;
pub(crate) mod auth;
pub(crate) mod budgets;
pub(crate) mod clients;
pub(crate) mod content;
pub mod envelope;
pub(crate) mod hierarchy;
pub(crate) mod invitations;
pub(crate) mod jobs;
pub(crate) mod me;
pub(crate) mod members;
mod paging;
pub(crate) mod provider_keys;
pub(crate) mod providers;
pub(crate) mod retention;
pub(crate) mod seo_rules;
pub(crate) mod strategies;
pub(crate) mod templates;
pub(crate) mod texts;
pub(crate) mod versions;

use hg_common::{auth::Principal, http::ApiError};
use hg_types::{ClientId, id::ClientRef};

use crate::{peer_error::peer_error, state::AppState};

/// The client that a path or a query names by id or slug.
async fn client_id(state: &AppState, on_behalf: &Principal, text: &str) -> Result<ClientId, ApiError> {
    match ClientRef::parse(text) {
        ClientRef::Id(id) => Ok(id),
        ClientRef::Slug(slug) => {
            state.smm.get_client(on_behalf, &slug).await.map(|client| client.id).map_err(peer_error)
        }
    }
}
