//! `GET` and `POST /clients/{slug}/keys/api/{key}/edit`: what a key may do and how much, after it was made.

use axum::{
    Form,
    extract::rejection::FormRejection,
    response::{IntoResponse, Redirect, Response},
};
use hg_common::http::{ApiError, Path};
use hg_contracts::cpm::{ApiKeyInfo, ApiKeyOrigin};
use hg_types::ApiKeyId;

use super::{
    EditKeyPage,
    api::find,
    form::{Typed, own_field},
    rows,
};
use crate::pages::{
    forms::{Problems, each_field_once, read},
    place::{Part, Place},
    visit::Visit,
};

/// The form with what the key says now.
pub(crate) async fn form(visit: Visit, Path((slug, key)): Path<(String, ApiKeyId)>) -> Result<Response, ApiError> {
    let (place, key) = find(&visit, &slug, key).await?;
    render(&visit, &place, &key, Typed::from_key(&key), Problems::none())
}

/// Saves what was changed, or shows the form again.
pub(crate) async fn save(
    visit: Visit,
    Path((slug, id)): Path<(String, ApiKeyId)>,
    form: Result<Form<Vec<(String, String)>>, FormRejection>,
) -> Result<Response, ApiError> {
    let pairs = read(form)?;
    let (began, typed) = (Typed::began(&pairs), Typed::of(pairs));
    let (place, key) = find(&visit, &slug, id).await?;
    let typed = match key.origin {
        ApiKeyOrigin::Made => typed,
        // Whatever was sent for them: they are the operator's.
        ApiKeyOrigin::Environment => {
            let Typed { name, expires, .. } = Typed::from_key(&key);
            Typed { name, expires, ..typed }
        }
    };
    let (typed, meanwhile) = typed.onto(&began.unwrap_or_else(|| Typed::from_key(&key)), &key);
    let problems = match typed.change(&key) {
        Err(errors) => Problems::fields(each_field_once(errors, meanwhile)),
        Ok(_) if !meanwhile.is_empty() => Problems::fields(meanwhile),
        Ok(None) => return Ok(Redirect::to(&place.href("/keys")).into_response()),
        Ok(Some(change)) => match visit.cpm().update_api_key(&visit.principal(), place.client.id, id, &change).await {
            Ok(_) => return Ok(Redirect::to(&place.href("/keys?notice=key-changed")).into_response()),
            Err(error) => Problems::of(error, own_field)?,
        },
    };
    render(&visit, &place, &key, typed, problems)
}

fn render(
    visit: &Visit,
    place: &Place,
    key: &ApiKeyInfo,
    typed: Typed,
    problems: Problems,
) -> Result<Response, ApiError> {
    let mut form = typed.shown(place.href(&format!("/keys/api/{}/edit", key.id)));
    form.is_operators = key.origin == ApiKeyOrigin::Environment;
    let page = EditKeyPage {
        head: place.head(visit, Part::Keys),
        title: format!("The key {}", key.name),
        alert: problems.alert,
        errors: problems.errors,
        facts: rows::facts(key),
        form,
        began: Typed::from_key(key).hidden(),
        cancel_href: place.href("/keys"),
    };
    let shell = place.shell(visit, Part::Keys, format!("The key {}", key.name), None);
    visit.page(problems.status, &shell, &page)
}
