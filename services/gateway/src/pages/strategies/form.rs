//! The form of a strategy or of SEO rules: what the client says, what holds, and saving it.

use std::collections::BTreeMap;

use axum::{
    Form,
    extract::rejection::FormRejection,
    response::{IntoResponse, Redirect, Response},
};
use hg_common::http::{ApiError, Query};
use hg_contracts::{
    ClientError,
    smm::{EffectiveStrategyQuery, Explanation, StrategyGuide, StrategyGuideQuery},
};
use http::StatusCode;
use serde::Deserialize;
use serde_json::{Map, Value};

use super::{
    Conflict, Difference, FieldGroup, StrategyPage,
    fields::{self, Typed},
    groups::{grouped, label},
    kind::{Kind, Own, SaveFailed, Saved, Spot},
    values::short,
    view::{Known, Leaf, heading},
};
use crate::{
    pages::{
        forms::{OwnField, Problems, read},
        parts::Text,
        place::{Part, Place},
        visit::Visit,
    },
    peer_error::peer_error,
};

/// Inputs at most: more than all fields have.
const MOST_INPUTS: usize = 500;
/// Saves that came between.
const CONFLICTS: [&str; 3] = ["version_conflict", "strategy_exists", "seo_rules_exist"];

/// What stands in the address.
#[derive(Debug, Default, Deserialize)]
pub(crate) struct Params {
    notice: Option<String>,
}

/// Everything that the form is made of.
struct Seen {
    place: Place,
    spot: Spot,
    guide: StrategyGuide,
    /// What the client has, in force or not.
    own: Option<Own>,
    explanation: BTreeMap<String, Explanation>,
}

impl Seen {
    async fn look(visit: &Visit, spot: Spot) -> Result<Self, ApiError> {
        let place = Place::enter(visit, &spot.slug).await?;
        let (principal, content_type) = (visit.principal(), spot.content_type);
        let query = EffectiveStrategyQuery { content_type, explain: Some(true) };
        let (guide, own, effective) = tokio::join!(
            visit.smm().strategy_guide(&principal, StrategyGuideQuery { content_type }),
            spot.kind.own(visit, place.client.id, content_type),
            visit.smm().effective_strategy_with(&principal, place.client.id, &query),
        );
        let (guide, own, effective) =
            (guide.map_err(peer_error)?, own.map_err(peer_error)?, effective.map_err(peer_error)?);
        Ok(Self { place, spot, guide, own, explanation: effective.explanation.unwrap_or_default() })
    }

    /// What is in force.
    fn in_force(&self) -> Option<&Own> {
        self.own.as_ref().filter(|own| own.is_active)
    }

    fn default_name(&self) -> String {
        format!("{}: {}", self.place.client.name, self.spot.content_type.label().to_lowercase())
            .chars()
            .take(255)
            .collect()
    }
}

/// What stands in the form when it is shown.
#[derive(Default)]
struct Filled {
    inputs: Typed,
    name: String,
    save_note: String,
    problems: Problems,
    note: Option<Text>,
    conflict: Option<Conflict>,
    refilled: bool,
}

/// The form.
pub(crate) async fn show(visit: Visit, spot: Spot, Query(params): Query<Params>) -> Result<Response, ApiError> {
    let seen = Seen::look(&visit, spot).await?;
    let own = seen.in_force();
    let filled = Filled {
        inputs: own.map(|own| fields::typed(seen.spot.kind.fields(&seen.guide), &own.fields)).unwrap_or_default(),
        name: own.map_or_else(|| seen.default_name(), |own| own.name.clone()),
        ..Filled::default()
    };
    render(&visit, &seen, filled, params.notice.as_deref())
}

/// The form as it was sent.
#[derive(Clone, Debug, Default)]
struct Sent {
    inputs: Typed,
    name: String,
    note: String,
    version: Option<i32>,
    reset: Option<String>,
}

impl Sent {
    fn of(pairs: Vec<(String, String)>) -> Result<Self, ApiError> {
        if pairs.len() > MOST_INPUTS {
            return Err(ApiError::bad_request("the form has too many fields"));
        }
        let mut sent = Self::default();
        for (name, text) in pairs {
            match name.as_str() {
                "_csrf" => {}
                "_name" => sent.name = text,
                "_note" => sent.note = text,
                "_version" => sent.version = text.parse().ok(),
                "_reset" => sent.reset = Some(text),
                _ if text.trim().is_empty() => {}
                _ => {
                    sent.inputs.insert(name, text.replace("\r\n", "\n"));
                }
            }
        }
        Ok(sent)
    }

    fn filled(self) -> Filled {
        Filled { inputs: self.inputs, name: self.name, save_note: self.note, refilled: true, ..Filled::default() }
    }
}

/// Saves a version and shows it; or the form again, with what was typed and what is wrong.
pub(crate) async fn save(
    visit: Visit,
    spot: Spot,
    form: Result<Form<Vec<(String, String)>>, FormRejection>,
) -> Result<Response, ApiError> {
    let mut sent = Sent::of(read(form)?)?;
    let seen = Seen::look(&visit, spot).await?;
    let guide = seen.spot.kind.fields(&seen.guide);
    if let Some(name) = sent.reset.take() {
        if let Some(field) = guide.iter().find(|field| field.name == name) {
            sent.inputs.retain(|input, _| !fields::is_of(field, input));
        }
        let note = format!("{} is empty now: save, and it is inherited.", label(&name));
        return render(&visit, &seen, Filled { note: Some(note.into()), ..sent.filled() }, None);
    }
    let values = match fields::values(guide, &seen.guide.platforms, &sent.inputs) {
        Ok(values) => values,
        Err(problems) => {
            return render(&visit, &seen, Filled { problems: Problems::fields(problems), ..sent.filled() }, None);
        }
    };
    let own = seen.in_force();
    match (sent.version, own) {
        (Some(_), Some(own)) if sent.version == Some(own.version) && own.fields == values && same_name(own, &sent) => {
            return Ok(Redirect::to(&seen.spot.href(&seen.place, "?notice=unchanged")).into_response());
        }
        // It was begun without one, and there is one by now.
        (None, Some(own)) => {
            let message = format!("Version {} was saved meanwhile.", own.version);
            return conflicting(&visit, &seen, sent, &values, message);
        }
        (Some(_), None) => {
            let message =
                "It was taken out of force meanwhile. What you typed is still here: saving it makes a new one.";
            let problems = Problems::whole(StatusCode::CONFLICT, "", message);
            return render(&visit, &seen, Filled { problems, ..sent.filled() }, None);
        }
        _ => {}
    }
    let saved = Saved {
        name: Some(sent.name.trim().to_owned()).filter(|it| !it.is_empty()).unwrap_or_else(|| seen.default_name()),
        fields: values.clone(),
        note: Some(sent.note.trim().to_owned()).filter(|note| !note.is_empty()),
        version: own.and(sent.version),
    };
    let (kind, client, content_type) = (seen.spot.kind, seen.place.client.id, seen.spot.content_type);
    match kind.save(&visit, client, content_type, own.map(|own| own.id), saved).await {
        Ok(()) => Ok(Redirect::to(&seen.spot.href(&seen.place, "?notice=saved")).into_response()),
        Err(SaveFailed::Unfit(error)) => Err(ApiError::internal(error)),
        Err(SaveFailed::Client(error)) => refused(&visit, seen, sent, &values, error).await,
    }
}

fn same_name(own: &Own, sent: &Sent) -> bool {
    own.name == sent.name.trim()
}

async fn refused(
    visit: &Visit,
    seen: Seen,
    sent: Sent,
    values: &Map<String, Value>,
    error: ClientError,
) -> Result<Response, ApiError> {
    let (prefix, _) = seen.spot.kind.prefixes();
    let guide = seen.spot.kind.fields(&seen.guide);
    let own_field = |path: &str| match path {
        "name" => Some(OwnField::new("_name", "The name")),
        "note" => Some(OwnField::new("_note", "The note")),
        _ => {
            let name = path.strip_prefix(prefix).unwrap_or(path);
            let name = name.split(['[', '.']).next().unwrap_or_default();
            guide.iter().find(|field| field.name == name).map(|it| OwnField::new(it.name.clone(), label(name)))
        }
    };
    let problems = Problems::of(error, own_field)?;
    if CONFLICTS.contains(&problems.code.as_str()) {
        // What is there now is what the conflict is about.
        let seen = Seen::look(visit, seen.spot).await?;
        let message = problems.alert.map(Text::into_owned).unwrap_or_default();
        return conflicting(visit, &seen, sent, values, message);
    }
    render(visit, &seen, Filled { problems, ..sent.filled() }, None)
}

/// Somebody was quicker: what was typed stays, with what stands there now beside it. Sent again, it replaces that.
fn conflicting(
    visit: &Visit,
    seen: &Seen,
    sent: Sent,
    values: &Map<String, Value>,
    message: String,
) -> Result<Response, ApiError> {
    let nothing = Map::new();
    let theirs = seen.in_force().map_or(&nothing, |own| &own.fields);
    let shown = |value: Option<&Value>| value.map_or_else(|| "inherited".to_owned(), short);
    let differing = seen.spot.kind.fields(&seen.guide).iter().filter(|it| values.get(&it.name) != theirs.get(&it.name));
    let conflict = Conflict {
        message,
        fields: differing
            .map(|field| Difference {
                id: field.name.clone(),
                label: label(&field.name),
                yours: shown(values.get(&field.name)),
                theirs: shown(theirs.get(&field.name)),
            })
            .collect(),
        theirs_href: seen.spot.href(&seen.place, ""),
    };
    let problems = Problems { status: StatusCode::CONFLICT, ..Problems::none() };
    render(visit, seen, Filled { problems, conflict: Some(conflict), ..sent.filled() }, None)
}

fn render(visit: &Visit, seen: &Seen, filled: Filled, notice: Option<&str>) -> Result<Response, ApiError> {
    let Seen { place, spot, guide, explanation, .. } = seen;
    let own = seen.in_force();
    let known = Known { place, spot, platforms: &guide.platforms, own: own.map(|own| &own.fields), explanation };
    let heading = heading(visit, place, spot, seen.own.as_ref(), Leaf::Form);
    let title = format!("{}, {}", heading.title, place.client.name);
    let version = own.map(|own| own.version.to_string()).unwrap_or_default();
    let page = StrategyPage {
        heading,
        alert: filled.problems.alert,
        errors: filled.problems.errors,
        note: filled.note,
        conflict: filled.conflict,
        action: place.may_write().then(|| spot.href(place, "")),
        draft: format!("{}:{}:{}:{version}", spot.kind.path(), place.client.slug, spot.content_type.as_str()),
        refilled: filled.refilled,
        version,
        name: (spot.kind == Kind::Strategy).then_some(filled.name),
        save_note: filled.save_note,
        groups: grouped(spot.kind, spot.kind.fields(guide))
            .into_iter()
            .map(|(id, title, fields)| FieldGroup {
                id,
                title,
                fields: fields.into_iter().map(|field| known.field(field, &filled.inputs)).collect(),
            })
            .collect(),
    };
    let mut shell = place.shell(visit, Part::Strategies, title, notice);
    shell.draft_spent = notice == Some("saved");
    visit.page(filled.problems.status, &shell, &page)
}
