//! `GET /find-clients`: the switcher's search, where there are more clients than it lists.

use axum::response::Response;
use hg_common::http::{ApiError, Query};
use hg_contracts::smm::{Archived, ListClients};
use serde::{Deserialize, Serialize};

use super::{
    parts::Text,
    shell::Switch,
    templates::Fragment,
    visit::{Visit, unless_away},
};

/// Clients that are found at most.
const MOST: u32 = 20;
/// The longest search.
const MAX_SEARCH: usize = 100;

/// What was found.
#[derive(Clone, Debug, Default, Serialize)]
#[cfg_attr(test, derive(serde::Deserialize), serde(deny_unknown_fields))]
pub struct FoundClients {
    /// The clients, by name.
    pub rows: Vec<FoundClient>,
    /// What stands below them, or in their place.
    pub note: Text,
}

/// A client that was found.
#[derive(Clone, Debug, Serialize)]
#[cfg_attr(test, derive(serde::Deserialize), serde(deny_unknown_fields))]
pub struct FoundClient {
    /// Its name.
    pub name: String,
    /// Its level.
    pub kind: Text,
    /// The page that the switcher stands on, for this client.
    pub href: String,
}

impl Fragment for FoundClients {
    const TEMPLATE: &'static str = "components/found_clients.html";
    const NAME: &'static str = "found";
}

/// What is looked for, and from where.
#[derive(Debug, Default, Deserialize)]
#[serde(default)]
pub(crate) struct Params {
    q: String,
    to: String,
}

/// The clients whose name or slug has it.
pub(crate) async fn find(visit: Visit, Query(Params { q, to }): Query<Params>) -> Result<Response, ApiError> {
    let q: String = q.trim().chars().take(MAX_SEARCH).collect();
    if q.is_empty() {
        return visit.fragment(&FoundClients::default());
    }
    let query =
        ListClients { q: Some(q), archived: Some(Archived::Exclude), limit: Some(MOST), ..ListClients::default() };
    let Some(page) = unless_away(visit.smm().list_clients(&visit.principal(), &query).await)? else {
        let note = "Strategy management doesn’t answer.".into();
        return visit.fragment(&FoundClients { note, ..FoundClients::default() });
    };
    let note = match (page.data.is_empty(), page.pagination.has_more) {
        (true, _) => "No client matches.",
        (false, true) => "There are more: type on.",
        (false, false) => "",
    };
    let rows = page.data.iter().map(|client| FoundClient {
        name: client.name.clone(),
        kind: client.client_type.as_str().into(),
        href: Switch::found(&to, &client.slug),
    });
    visit.fragment(&FoundClients { rows: rows.collect(), note: note.into() })
}
