//! `POST /clients/{slug}/keys/api`, and in two steps `…/api/{key}/rotate`, `…/api/{key}/revoke`.
//!
//! The answer with a secret is a page, not a redirect: the secret is in no address, and is shown this once.

use axum::response::{IntoResponse, Redirect, Response};
use axum::{Form, extract::rejection::FormRejection};
use hg_common::http::{ApiError, Path};
use hg_contracts::cpm::{ApiKeyInfo, RotateApiKey};
use hg_types::ApiKeyId;
use serde::Deserialize;

use super::{
    ConfirmPage,
    form::{Typed, own_field},
    rows,
    show::{Params, Said, render},
};
use crate::{
    pages::{
        forms::{OwnField, Problems, read},
        parts::{Choice, FieldProblem, Text},
        place::{Part, Place},
        visit::Visit,
    },
    peer_error::peer_error,
};

/// Makes a key and shows its secret, or the form again.
pub(crate) async fn create(
    visit: Visit,
    Path(slug): Path<String>,
    form: Result<Form<Vec<(String, String)>>, FormRejection>,
) -> Result<Response, ApiError> {
    let typed = Typed::of(read(form)?);
    let place = Place::enter(&visit, &slug).await?;
    let said = match typed.wanted() {
        Err(errors) => Said { problems: Problems::fields(errors), typed, ..Said::default() },
        Ok(wanted) => match visit.cpm().create_api_key(&visit.principal(), place.client.id, &wanted).await {
            Ok(made) => Said { fresh: Some(made), ..Said::default() },
            Err(error) => Said { problems: Problems::of(error, own_field)?, typed, ..Said::default() },
        },
    };
    render(&visit, &place, &Params::default(), said).await
}

/// How long the old secret goes on, as it was chosen.
#[derive(Clone, Debug, Default, Deserialize)]
#[serde(default)]
pub(crate) struct ChosenOverlap {
    overlap: String,
}

/// What a new secret means.
pub(crate) async fn rotate_form(
    visit: Visit,
    Path((slug, key)): Path<(String, ApiKeyId)>,
) -> Result<Response, ApiError> {
    let (place, key) = find(&visit, &slug, key).await?;
    ask_rotate(&visit, &place, &key, Problems::none())
}

/// Makes a new secret and shows it, or says why not.
pub(crate) async fn rotate(
    visit: Visit,
    Path((slug, id)): Path<(String, ApiKeyId)>,
    form: Result<Form<ChosenOverlap>, FormRejection>,
) -> Result<Response, ApiError> {
    let ChosenOverlap { overlap } = read(form)?;
    let (place, key) = find(&visit, &slug, id).await?;
    let Ok(seconds) = overlap.parse::<i64>() else {
        let problem = FieldProblem::new("overlap", "Choose how long the old secret goes on.");
        return ask_rotate(&visit, &place, &key, Problems::fields(vec![problem]));
    };
    let wanted = RotateApiKey { overlap_seconds: Some(seconds) };
    match visit.cpm().rotate_api_key(&visit.principal(), place.client.id, id, &wanted).await {
        Ok(made) => render(&visit, &place, &Params::default(), Said { fresh: Some(made), ..Said::default() }).await,
        Err(error) => {
            let own = |name: &str| (name == "overlap_seconds").then(|| OwnField::new("overlap", "The time"));
            ask_rotate(&visit, &place, &key, Problems::of(error, own)?)
        }
    }
}

fn ask_rotate(visit: &Visit, place: &Place, key: &ApiKeyInfo, problems: Problems) -> Result<Response, ApiError> {
    let mut lines: Vec<Text> = vec![
        "The key gets a new secret, which is shown once. Its name, scopes, limits and jobs stay.".into(),
        "The old secret goes on for as long as you choose, so that the service can change over.".into(),
    ];
    if let Some(old) = &key.old_secret {
        let until = rows::instant(old.expires_at);
        lines.push(format!("An earlier secret still goes on until {until}. Only “ends at once” is possible until then, and ends both.").into());
    }
    let overlap = [("86400", "for a day"), ("3600", "for an hour"), ("604800", "for a week"), ("0", "ends at once")];
    let page = ConfirmPage {
        head: place.head(visit, Part::Keys),
        title: format!("A new secret for {}?", key.name),
        alert: problems.alert,
        errors: problems.errors,
        lines,
        overlap: overlap.into_iter().map(|(value, label)| Choice::new(value, label)).collect(),
        action: place.href(&format!("/keys/api/{}/rotate", key.id)),
        button: "Make a new secret".into(),
        is_end: false,
        cancel_href: place.href("/keys"),
    };
    let shell = place.shell(visit, Part::Keys, format!("A new secret for {}", key.name), None);
    visit.page(problems.status, &shell, &page)
}

/// What revoking means.
pub(crate) async fn revoke_form(
    visit: Visit,
    Path((slug, key)): Path<(String, ApiKeyId)>,
) -> Result<Response, ApiError> {
    let (place, key) = find(&visit, &slug, key).await?;
    let used = match key.last_used_at {
        Some(at) => format!("It was last used on {}.", rows::instant(at)),
        None => "It was never used.".to_owned(),
    };
    let page = ConfirmPage {
        head: place.head(&visit, Part::Keys),
        title: format!("Revoke the key {}?", key.name),
        alert: None,
        errors: Vec::new(),
        lines: vec![
            used.into(),
            "Whoever uses it is refused within a second, under every secret that it has.".into(),
            "Jobs that it has asked for go on. It can’t be brought back; you can make another.".into(),
        ],
        overlap: Vec::new(),
        action: place.href(&format!("/keys/api/{}/revoke", key.id)),
        button: "Revoke".into(),
        is_end: true,
        cancel_href: place.href("/keys"),
    };
    let shell = place.shell(&visit, Part::Keys, format!("Revoke {}", key.name), None);
    visit.page(http::StatusCode::OK, &shell, &page)
}

/// Ends a key.
pub(crate) async fn revoke(visit: Visit, Path((slug, key)): Path<(String, ApiKeyId)>) -> Result<Response, ApiError> {
    let place = Place::enter(&visit, &slug).await?;
    match visit.cpm().revoke_api_key(&visit.principal(), place.client.id, key).await {
        Ok(_) => Ok(Redirect::to(&place.href("/keys?notice=key-revoked")).into_response()),
        Err(error) => {
            let said = Said { problems: Problems::of(error, |_| None)?, ..Said::default() };
            render(&visit, &place, &Params::default(), said).await
        }
    }
}

pub(super) async fn find(visit: &Visit, slug: &str, key: ApiKeyId) -> Result<(Place, ApiKeyInfo), ApiError> {
    let place = Place::enter(visit, slug).await?;
    let key = visit.cpm().get_api_key(&visit.principal(), place.client.id, key).await.map_err(peer_error)?;
    Ok((place, key))
}
