//! `POST /clients/{slug}/keys/api`, and in two steps `…/api/{key}/rotate`, `…/api/{key}/revoke`.
//!
//! The answer with a secret is a page, not a redirect: the secret is in no address, and is shown this once.

use axum::response::{IntoResponse, Redirect, Response};
use axum::{Form, extract::rejection::FormRejection};
use chrono::{DateTime, NaiveDate, NaiveTime, Utc};
use hg_common::http::{ApiError, Path};
use hg_contracts::cpm::{ApiKeyInfo, CreateApiKey, RotateApiKey};
use hg_types::{ApiKeyId, Usd};
use serde::Deserialize;

use super::{
    ConfirmPage, rows,
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

/// The form of a new key as it was sent.
#[derive(Clone, Debug, Default)]
pub(crate) struct Typed {
    pub(super) name: String,
    pub(super) scopes: Vec<String>,
    pub(super) expires: String,
    pub(super) requests: String,
    pub(super) jobs: String,
    pub(super) daily: String,
    pub(super) monthly: String,
}

impl Typed {
    /// A form's pairs: a tick box is sent by its name.
    fn of(pairs: Vec<(String, String)>) -> Self {
        let mut typed = Self::default();
        for (name, value) in pairs {
            let value = value.trim().to_owned();
            match name.as_str() {
                "name" => typed.name = value,
                "scope" => typed.scopes.push(value),
                "expires" => typed.expires = value,
                "requests" => typed.requests = value,
                "jobs" => typed.jobs = value,
                "daily" => typed.daily = value,
                "monthly" => typed.monthly = value,
                _ => {}
            }
        }
        typed
    }

    /// What is asked for, or what can't be asked for. Ranges are CPM's to judge.
    fn wanted(&self) -> Result<CreateApiKey, Vec<FieldProblem>> {
        let mut errors = Vec::new();
        let wanted = CreateApiKey {
            name: self.name.clone(),
            scopes: self.scopes.clone(),
            expires_at: given(&self.expires, &mut errors, "expires", "Give a day, such as 2027-03-31.", end_of_day),
            requests_per_minute: given(&self.requests, &mut errors, "requests", "Give a whole number.", number),
            jobs_per_day: given(&self.jobs, &mut errors, "jobs", "Give a whole number.", number),
            daily_limit_usd: given(&self.daily, &mut errors, "daily", "Give dollars, such as 2.50.", dollars),
            monthly_limit_usd: given(&self.monthly, &mut errors, "monthly", "Give dollars, such as 50.", dollars),
        };
        if self.name.is_empty() {
            errors.insert(0, FieldProblem::new("name", "Give it a name: whose key is it?"));
        }
        if self.scopes.is_empty() {
            errors.push(FieldProblem::new("scopes", "Tick what the key may do."));
        }
        if errors.is_empty() { Ok(wanted) } else { Err(errors) }
    }
}

fn given<T>(
    text: &str,
    errors: &mut Vec<FieldProblem>,
    field: &'static str,
    wrong: &'static str,
    parse: fn(&str) -> Option<T>,
) -> Option<T> {
    if text.is_empty() {
        return None;
    }
    let value = parse(text);
    if value.is_none() {
        errors.push(FieldProblem::new(field, wrong));
    }
    value
}

fn number(text: &str) -> Option<i64> {
    text.parse().ok()
}

fn dollars(text: &str) -> Option<Usd> {
    text.trim_start_matches('$').parse().ok()
}

/// The last moment of a day: a key holds on the day that is named.
fn end_of_day(text: &str) -> Option<DateTime<Utc>> {
    let day = NaiveDate::parse_from_str(text, "%Y-%m-%d").ok()?.succ_opt()?;
    Some(day.and_time(NaiveTime::MIN).and_utc())
}

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

fn own_field(name: &str) -> Option<OwnField> {
    match name {
        "name" => Some(OwnField::new("name", "The name")),
        "expires_at" => Some(OwnField::new("expires", "The last day")),
        "requests_per_minute" => Some(OwnField::new("requests", "The requests")),
        "jobs_per_day" => Some(OwnField::new("jobs", "The jobs")),
        "daily_limit_usd" => Some(OwnField::new("daily", "The daily limit")),
        "monthly_limit_usd" => Some(OwnField::new("monthly", "The monthly limit")),
        name if name.starts_with("scopes") => Some(OwnField::new("scopes", "What it may do")),
        _ => None,
    }
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

async fn find(visit: &Visit, slug: &str, key: ApiKeyId) -> Result<(Place, ApiKeyInfo), ApiError> {
    let place = Place::enter(visit, slug).await?;
    let key = visit.cpm().get_api_key(&visit.principal(), place.client.id, key).await.map_err(peer_error)?;
    Ok((place, key))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn typed(pairs: &[(&str, &str)]) -> Typed {
        Typed::of(pairs.iter().map(|(name, value)| ((*name).to_owned(), (*value).to_owned())).collect())
    }

    #[test]
    fn a_form_is_a_request_or_says_what_is_wrong() {
        let good = typed(&[
            ("name", " Shop "),
            ("scope", "generate"),
            ("scope", "jobs:read"),
            ("expires", "2027-03-31"),
            ("daily", "$2.50"),
        ]);
        let wanted = good.wanted().unwrap();
        assert_eq!((wanted.name.as_str(), wanted.scopes.len(), wanted.jobs_per_day), ("Shop", 2, None));
        assert_eq!(wanted.expires_at.unwrap().to_rfc3339(), "2027-04-01T00:00:00+00:00");
        assert_eq!(wanted.daily_limit_usd.unwrap().to_string(), "2.500000000");
        let bad = typed(&[("expires", "soon"), ("requests", "many"), ("daily", "free")]).wanted().unwrap_err();
        let fields: Vec<_> = bad.iter().map(|problem| problem.field.as_ref()).collect();
        assert_eq!(fields, ["name", "expires", "requests", "daily", "scopes"]);
    }
}
