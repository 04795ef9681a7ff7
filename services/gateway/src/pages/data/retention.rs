//! `POST /clients/{slug}/data/retention`: how long things are kept.

use axum::{
    Form,
    extract::rejection::FormRejection,
    response::{IntoResponse, Redirect, Response},
};
use hg_common::http::{ApiError, Path};
use hg_contracts::smm::{Level, Retention, RetentionValue, SaveRetention};
use serde::Deserialize;

use super::{
    RetentionField, RetentionForm,
    show::{Params, render},
};
use crate::pages::{
    format,
    forms::{OwnField, Problems, read},
    parts::{Fact, FieldProblem},
    place::Place,
    visit::Visit,
};

/// The longest that can be said; longer is for ever.
const MAX_DAYS: u32 = 3650;
const JOBS: &str = "Ended jobs with texts, prompts and events";
const LOGS: &str = "Values in the audit log, events of ended jobs";

/// The form as it was sent.
#[derive(Clone, Debug, Default, Deserialize)]
#[serde(default)]
pub(crate) struct Typed {
    jobs_keep: String,
    jobs_days: String,
    logs_keep: String,
    logs_days: String,
}

/// Saves it, or shows the form again.
pub(crate) async fn save(
    visit: Visit,
    Path(slug): Path<String>,
    form: Result<Form<Typed>, FormRejection>,
) -> Result<Response, ApiError> {
    let typed = read(form)?;
    let place = Place::enter(&visit, &slug).await?;
    let asked =
        (said("jobs_days", &typed.jobs_keep, &typed.jobs_days), said("logs_days", &typed.logs_keep, &typed.logs_days));
    let problems = match asked {
        (Ok(jobs_days), Ok(logs_days)) => {
            let save = SaveRetention { jobs_days, logs_days };
            match visit.smm().save_retention(&visit.principal(), place.client.id, &save).await {
                Ok(_) => return Ok(Redirect::to(&place.href("/data?notice=kept")).into_response()),
                Err(error) => Problems::of(error, own_field)?,
            }
        }
        (jobs, logs) => Problems::fields(jobs.err().into_iter().chain(logs.err()).collect()),
    };
    render(&visit, &place, &Params::default(), Some(typed), problems).await
}

/// What a choice means: nothing of its own, for ever, or so many days.
fn said(field: &'static str, keep: &str, days: &str) -> Result<Option<Option<u32>>, FieldProblem> {
    match keep {
        "inherit" => Ok(None),
        "ever" => Ok(Some(None)),
        "days" => match days.trim().parse() {
            Ok(days @ 1..=MAX_DAYS) => Ok(Some(Some(days))),
            _ => Err(FieldProblem::new(field, format!("Give 1 to {} days.", format::count(MAX_DAYS)))),
        },
        _ => Err(FieldProblem::new(field, "Choose how long it is kept.")),
    }
}

fn own_field(name: &str) -> Option<OwnField> {
    match name {
        "jobs_days" => Some(OwnField::new("jobs_days", "The days for jobs")),
        "logs_days" => Some(OwnField::new("logs_days", "The days for the log")),
        _ => None,
    }
}

/// How long things are kept, in words.
pub(super) fn facts(place: &Place, kept: &Retention) -> Vec<Fact> {
    [(JOBS, &kept.jobs), (LOGS, &kept.logs)].map(|(label, value)| Fact::new(label, in_words(place, value))).into()
}

fn in_words(place: &Place, value: &RetentionValue) -> String {
    let days = match value.days {
        None => "for ever".to_owned(),
        Some(1) => "1 day".to_owned(),
        Some(days) => format!("{} days", format::count(days)),
    };
    let from = match (&value.level, &value.client_name) {
        _ if value.client_id == Some(place.client.id) => "its own".to_owned(),
        (Level::Default, _) => "the default".to_owned(),
        (_, Some(name)) => format!("from {name}"),
        (Level::Agency, None) => "from its agency".to_owned(),
        (Level::Client | Level::Root, None) => "from above".to_owned(),
    };
    format!("{days} ({from})")
}

/// The form: with what was typed, else with what the client itself says.
pub(super) fn form(place: &Place, kept: &Retention, typed: Option<Typed>) -> RetentionForm {
    let own = |value: &RetentionValue| match value.days {
        _ if value.client_id != Some(place.client.id) => ("inherit".to_owned(), String::new()),
        None => ("ever".to_owned(), String::new()),
        Some(days) => ("days".to_owned(), days.to_string()),
    };
    let (jobs, logs) = match typed {
        Some(typed) => ((typed.jobs_keep, typed.jobs_days), (typed.logs_keep, typed.logs_days)),
        None => (own(&kept.jobs), own(&kept.logs)),
    };
    let field = |name: &'static str, label: &'static str, (keep, days): (String, String)| RetentionField {
        name: name.into(),
        label: label.into(),
        keep,
        days,
    };
    let fields = vec![field("jobs", JOBS, jobs), field("logs", LOGS, logs)];
    RetentionForm { action: place.href("/data/retention"), fields }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_choice_is_nothing_for_ever_or_days() {
        assert_eq!(said("f", "inherit", "9"), Ok(None));
        assert_eq!(said("f", "ever", ""), Ok(Some(None)));
        assert_eq!(said("f", "days", " 90 "), Ok(Some(Some(90))));
        for (keep, days) in [("days", "0"), ("days", "3651"), ("days", ""), ("", "5")] {
            assert!(said("f", keep, days).is_err(), "{keep} {days}");
        }
    }
}
