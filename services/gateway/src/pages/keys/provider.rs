//! `POST /clients/{slug}/keys/providers`, `…/providers/{key}/test`, `…/state`, and in two steps `…/delete`.

use axum::response::{IntoResponse, Redirect, Response};
use axum::{Form, extract::rejection::FormRejection};
use hg_common::http::{ApiError, Path};
use hg_contracts::{
    ClientError,
    cpm::{ListProviderKeys, ProviderKeyState, StoreProviderKey, UpdateProviderKey},
};
use serde::Deserialize;
use uuid::Uuid;

use super::{
    ConfirmPage,
    rows::provider_label,
    show::{Params, Said, render},
};
use crate::{
    pages::{
        forms::{OwnField, Problems, read, sentence},
        parts::FieldProblem,
        place::{Part, Place},
        visit::Visit,
    },
    peer_error::peer_error,
};

/// The form of a new key as it was sent.
#[derive(Clone, Default, Deserialize)]
#[serde(default)]
pub(crate) struct TypedKey {
    pub(super) provider: String,
    key: String,
    pub(super) label: String,
    pub(super) only_me: String,
}

impl std::fmt::Debug for TypedKey {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("TypedKey").field("provider", &self.provider).finish_non_exhaustive()
    }
}

/// Stores a key, or shows the form again, without the key.
pub(crate) async fn store(
    visit: Visit,
    Path(slug): Path<String>,
    form: Result<Form<TypedKey>, FormRejection>,
) -> Result<Response, ApiError> {
    let typed = read(form)?;
    let place = Place::enter(&visit, &slug).await?;
    let problems = if typed.key.trim().is_empty() {
        Problems::fields(vec![FieldProblem::new("provider-key", "Paste the key.")])
    } else {
        let wanted = StoreProviderKey {
            provider: typed.provider.clone(),
            key: typed.key.clone(),
            name: Some(typed.label.trim().to_owned()),
            user_id: (!typed.only_me.is_empty()).then_some(visit.user.id),
        };
        match visit.cpm().store_provider_key(&visit.principal(), place.client.id, &wanted).await {
            Ok(_) => return Ok(Redirect::to(&place.href("/keys?notice=key-stored")).into_response()),
            // It is there, and says what the operator hasn't given it.
            Err(ClientError::Refused { status, error, .. }) if error.code == "secrets_not_configured" => {
                Problems::whole(status, &error.code, sentence(&error.message))
            }
            Err(error) => Problems::of(error, own_field)?,
        }
    };
    render(&visit, &place, &Params::default(), Said { problems, typed_key: typed, ..Said::default() }).await
}

fn own_field(name: &str) -> Option<OwnField> {
    match name {
        "provider" => Some(OwnField::new("provider", "The provider")),
        "key" => Some(OwnField::new("provider-key", "The key")),
        "name" => Some(OwnField::new("label", "The name")),
        _ => None,
    }
}

/// Asks the provider whether it takes a key.
pub(crate) async fn test(visit: Visit, Path((slug, key)): Path<(String, Uuid)>) -> Result<Response, ApiError> {
    let place = Place::enter(&visit, &slug).await?;
    let done = visit.cpm().test_provider_key(&visit.principal(), place.client.id, key).await;
    answer(&visit, &place, done.map(drop), "/keys?notice=key-tried").await
}

/// The state as it was chosen.
#[derive(Clone, Debug, Default, Deserialize)]
#[serde(default)]
pub(crate) struct ChosenState {
    state: String,
}

/// Disables or enables a key.
pub(crate) async fn state(
    visit: Visit,
    Path((slug, key)): Path<(String, Uuid)>,
    form: Result<Form<ChosenState>, FormRejection>,
) -> Result<Response, ApiError> {
    let ChosenState { state } = read(form)?;
    let place = Place::enter(&visit, &slug).await?;
    let (state, notice) = match state.as_str() {
        "disabled" => (ProviderKeyState::Disabled, "/keys?notice=key-disabled"),
        _ => (ProviderKeyState::Active, "/keys?notice=key-enabled"),
    };
    let change = UpdateProviderKey { name: None, state: Some(state) };
    let done = visit.cpm().update_provider_key(&visit.principal(), place.client.id, key, &change).await;
    answer(&visit, &place, done.map(drop), notice).await
}

/// What deleting means.
pub(crate) async fn delete_form(visit: Visit, Path((slug, id)): Path<(String, Uuid)>) -> Result<Response, ApiError> {
    let place = Place::enter(&visit, &slug).await?;
    // Fifty at most: one page has them all.
    let all = ListProviderKeys { cursor: None, limit: Some(100) };
    let keys = visit.cpm().list_provider_keys(&visit.principal(), place.client.id, &all).await.map_err(peer_error)?;
    // Whoever may only see keys is told so where the deed would be done.
    let key = keys.data.into_iter().find(|key| key.id == id).ok_or_else(|| ApiError::not_found("provider key"))?;
    if !place.may(hg_types::Role::Admin) {
        return Err(ApiError::forbidden("looking after provider keys needs the role admin on the client"));
    }
    let name = format!("{} {}", provider_label(&key.provider), key.hint);
    let page = ConfirmPage {
        head: place.head(&visit, Part::Keys),
        title: format!("Delete the key {name}?"),
        alert: None,
        errors: Vec::new(),
        lines: vec![
            "It goes for good, sealed as it is: nobody can read it, so keep your own copy if you need it.".into(),
            "Jobs that wait with it fail; those that ask for it are refused. To stop it for a while, disable it."
                .into(),
        ],
        overlap: Vec::new(),
        action: place.href(&format!("/keys/providers/{id}/delete")),
        button: "Delete".into(),
        is_end: true,
        cancel_href: place.href("/keys"),
    };
    let shell = place.shell(&visit, Part::Keys, format!("Delete {name}"), None);
    visit.page(http::StatusCode::OK, &shell, &page)
}

/// Deletes a key.
pub(crate) async fn delete(visit: Visit, Path((slug, key)): Path<(String, Uuid)>) -> Result<Response, ApiError> {
    let place = Place::enter(&visit, &slug).await?;
    let done = visit.cpm().delete_provider_key(&visit.principal(), place.client.id, key).await;
    answer(&visit, &place, done, "/keys?notice=key-deleted").await
}

async fn answer(visit: &Visit, place: &Place, done: Result<(), ClientError>, to: &str) -> Result<Response, ApiError> {
    match done {
        Ok(()) => Ok(Redirect::to(&place.href(to)).into_response()),
        Err(error) => {
            let said = Said { problems: Problems::of(error, |_| None)?, ..Said::default() };
            render(visit, place, &Params::default(), said).await
        }
    }
}
