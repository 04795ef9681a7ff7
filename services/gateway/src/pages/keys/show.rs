//! `GET /clients/{slug}/keys`, and the page again after something was refused or a secret was made.

use axum::response::Response;
use hg_common::http::{ApiError, Path, Query, error_chain};
use hg_contracts::{
    ClientError,
    cpm::{ListApiKeys, ListProviderKeys, NewApiKey},
};
use hg_types::Provider;
use serde::Deserialize;

use super::{FreshSecret, KeysPage, StoreForm, form::Typed, provider::TypedKey, rows};
use crate::pages::{
    forms::Problems,
    parts::Choice,
    place::{Part, Place},
    visit::{Visit, unless_away},
};

const API_KEYS: u32 = 50;
const PROVIDER_KEYS: u32 = 100;

/// What stands in the address.
#[derive(Clone, Debug, Default, Deserialize)]
#[serde(default)]
pub(crate) struct Params {
    before: String,
    notice: Option<String>,
}

/// What the page says beside what is there.
#[derive(Debug, Default)]
pub(super) struct Said {
    /// What was wrong.
    pub(super) problems: Problems,
    /// What was typed for an API key.
    pub(super) typed: Typed,
    /// What was typed for a provider key.
    pub(super) typed_key: TypedKey,
    /// The key that was just made or rotated.
    pub(super) fresh: Option<NewApiKey>,
}

/// The page.
pub(crate) async fn show(
    visit: Visit,
    Path(slug): Path<String>,
    Query(params): Query<Params>,
) -> Result<Response, ApiError> {
    let place = Place::enter(&visit, &slug).await?;
    render(&visit, &place, &params, Said::default()).await
}

/// The page, with an answer to what was asked for. CPM away: it says so; whoever may not see keys gets CPM's refusal.
pub(super) async fn render(visit: &Visit, place: &Place, at: &Params, said: Said) -> Result<Response, ApiError> {
    let (principal, now) = (visit.principal(), visit.now());
    let cursor = Some(at.before.clone()).filter(|cursor| !cursor.is_empty());
    let api = ListApiKeys { state: None, cursor, limit: Some(API_KEYS) };
    let theirs = ListProviderKeys { cursor: None, limit: Some(PROVIDER_KEYS) };
    let (api_keys, provider_keys) = tokio::join!(
        visit.cpm().list_api_keys(&principal, place.client.id, &api),
        visit.cpm().list_provider_keys(&principal, place.client.id, &theirs),
    );
    // A secret is shown this once: whatever becomes of the lists, they don't take it along.
    let (api_keys, provider_keys) = match &said.fresh {
        Some(_) => (or_nothing(api_keys), or_nothing(provider_keys)),
        None => (unless_away(api_keys)?, unless_away(provider_keys)?),
    };
    let typed = if said.typed.is_blank() { Typed::fresh() } else { said.typed };
    let is_away = api_keys.is_none() || provider_keys.is_none();
    let older = api_keys.as_ref().and_then(|page| page.pagination.next_cursor.clone());
    let page = KeysPage {
        head: place.head(visit, Part::Keys),
        alert: said.problems.alert,
        errors: said.problems.errors,
        fresh: said.fresh.map(fresh),
        problem: is_away.then(|| "Content production doesn’t answer: keys can’t be shown right now.".into()),
        api_keys: api_keys
            .map(|page| page.data.iter().map(|key| rows::api_key(place, key, now)).collect())
            .unwrap_or_default(),
        older_href: older.map(|cursor| place.href(&format!("/keys?before={cursor}"))),
        create: typed.shown(place.href("/keys/api")),
        provider_keys: provider_keys
            .map(|page| page.data.iter().map(|key| rows::provider_key(place, key, now)).collect())
            .unwrap_or_default(),
        store: store_form(place, said.typed_key),
    };
    let shell = place.shell(visit, Part::Keys, format!("Keys of {}", place.client.name), at.notice.as_deref());
    visit.page(said.problems.status, &shell, &page)
}

/// A list, where it could be read.
fn or_nothing<T>(answer: Result<T, ClientError>) -> Option<T> {
    answer.inspect_err(|error| tracing::warn!(error = %error_chain(error), "a secret is shown without its list")).ok()
}

fn fresh(made: NewApiKey) -> FreshSecret {
    let old = match &made.api_key.old_secret {
        Some(old) => format!("The old one goes on until {}.", rows::instant(old.expires_at)).into(),
        None if made.api_key.rotated_at.is_some() => "The old one has ended.".into(),
        None => "".into(),
    };
    FreshSecret { name: made.api_key.name, secret: made.secret, old }
}

fn store_form(place: &Place, typed: TypedKey) -> StoreForm {
    StoreForm {
        action: place.href("/keys/providers"),
        provider: typed.provider,
        // CPM says which of them it has an adapter for.
        providers: Provider::ALL
            .iter()
            .filter(|it| !matches!(it, Provider::Sample | Provider::Ollama))
            .map(|it| Choice::new(it.as_str(), it.label()))
            .collect(),
        label: typed.label,
        only_me: !typed.only_me.is_empty(),
    }
}
