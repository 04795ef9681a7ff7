//! `POST /clients/{slug}/costs/{limits,cap}`: limits of money, from both sides.
//!
//! The form is offered to whoever may use it; whoever sends it all the same is answered by content production. It says in hidden
//! fields what it began with, so that a form that is open for long undoes nothing that somebody else has set meanwhile.

use axum::{
    Form,
    extract::rejection::FormRejection,
    response::{IntoResponse, Redirect, Response},
};
use hg_common::http::{ApiError, Path};
use hg_contracts::cpm::{ClientBudget, SetLimits};
use hg_types::{Role, Usd};
use serde::Deserialize;

use super::{
    LimitsForm,
    show::{Params, render},
};
use crate::pages::{
    forms::{OwnField, Problems, each_field_once, read},
    parts::FieldProblem,
    place::Place,
    typed::{amount, changed_meanwhile, dollars, given, same_dollars},
    visit::Visit,
};

/// From which side a limit is set.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Side {
    /// By the client's own admins.
    Own,
    /// By the admins of what stands above it.
    Cap,
}

impl Side {
    /// The ids of its fields.
    const fn fields(self) -> [&'static str; 2] {
        match self {
            Self::Own => ["own-daily", "own-monthly"],
            Self::Cap => ["cap-daily", "cap-monthly"],
        }
    }

    /// What holds from this side.
    const fn holds(self, budget: &ClientBudget) -> SetLimits {
        let (day, month) = (&budget.day, &budget.month);
        match self {
            Self::Own => SetLimits { daily_usd: day.own_limit_usd, monthly_usd: month.own_limit_usd },
            Self::Cap => SetLimits { daily_usd: day.cap_usd, monthly_usd: month.cap_usd },
        }
    }
}

/// A form as it was sent.
#[derive(Clone, Debug, Default, Deserialize)]
#[serde(default)]
pub(crate) struct Typed {
    daily: String,
    monthly: String,
    was_daily: Option<String>,
    was_monthly: Option<String>,
}

impl Typed {
    /// What was typed, on top of what holds now: what the form left as it began is as it is now. And where somebody else has changed
    /// what was changed here, too.
    fn onto(mut self, side: Side, now: SetLimits) -> (Self, Vec<FieldProblem>) {
        let [daily, monthly] = side.fields();
        let mut meanwhile = Vec::new();
        let mut field = |id: &'static str, typed: &mut String, began: Option<&str>, now: Option<Usd>| {
            let now = shown(now);
            let began = began.unwrap_or(&now);
            if same_dollars(typed.trim(), began) {
                typed.clone_from(&now);
            } else if !same_dollars(began, &now) && !same_dollars(typed.trim(), &now) {
                meanwhile.push(changed_meanwhile(id, &now));
            }
        };
        field(daily, &mut self.daily, self.was_daily.as_deref(), now.daily_usd);
        field(monthly, &mut self.monthly, self.was_monthly.as_deref(), now.monthly_usd);
        (self, meanwhile)
    }

    /// What it asks for, or what can't be asked for.
    fn limits(&self, side: Side) -> Result<SetLimits, Vec<FieldProblem>> {
        let [daily, monthly] = side.fields();
        let mut errors = Vec::new();
        let mut money = |text: &str, field| {
            given(text, &mut errors, field, "Give dollars, such as 2.50, or leave it empty for no limit.", dollars)
        };
        let limits = SetLimits { daily_usd: money(&self.daily, daily), monthly_usd: money(&self.monthly, monthly) };
        if errors.is_empty() { Ok(limits) } else { Err(errors) }
    }
}

/// A limit as its field shows it: empty for none.
fn shown(limit: Option<Usd>) -> String {
    limit.map(amount).unwrap_or_default()
}

/// What was sent, and why it wasn't taken.
#[derive(Debug)]
pub(super) struct Refused {
    pub(super) typed: (Side, Typed),
    pub(super) problems: Problems,
}

/// Sets the client's own limits, or shows the form again.
pub(crate) async fn own(
    visit: Visit,
    Path(slug): Path<String>,
    form: Result<Form<Typed>, FormRejection>,
) -> Result<Response, ApiError> {
    set(&visit, &slug, Side::Own, read(form)?).await
}

/// Sets the limits from above, or shows the form again.
pub(crate) async fn cap(
    visit: Visit,
    Path(slug): Path<String>,
    form: Result<Form<Typed>, FormRejection>,
) -> Result<Response, ApiError> {
    set(&visit, &slug, Side::Cap, read(form)?).await
}

async fn set(visit: &Visit, slug: &str, side: Side, typed: Typed) -> Result<Response, ApiError> {
    let place = Place::enter(visit, slug).await?;
    let (principal, id) = (visit.principal(), place.client.id.to_string());
    let in_words = |error| Problems::of(error, |name| own_field(side, name)).map(in_forms_words);
    let (typed, problems) = match visit.cpm().client_budget(&principal, &id).await {
        Err(error) => (typed, in_words(error)?),
        Ok(budget) => {
            let now = side.holds(&budget);
            let (typed, meanwhile) = typed.onto(side, now);
            match typed.limits(side) {
                Err(errors) => (typed, Problems::fields(each_field_once(errors, meanwhile))),
                Ok(_) if !meanwhile.is_empty() => (typed, Problems::fields(meanwhile)),
                Ok(limits) if limits == now => return Ok(Redirect::to(&place.href("/costs")).into_response()),
                Ok(limits) => {
                    let done = match side {
                        Side::Own => visit.cpm().set_limits(&principal, &id, &limits).await,
                        Side::Cap => visit.cpm().set_cap(&principal, &id, &limits).await,
                    };
                    match done {
                        Ok(_) => return Ok(Redirect::to(&place.href("/costs?notice=limits")).into_response()),
                        Err(error) => (typed, in_words(error)?),
                    }
                }
            }
        }
    };
    render(visit, &place, &Params::default(), Some(Refused { typed: (side, typed), problems })).await
}

fn own_field(side: Side, name: &str) -> Option<OwnField> {
    let [daily, monthly] = side.fields();
    match name {
        "daily_usd" => Some(OwnField::new(daily, "The limit a day")),
        "monthly_usd" => Some(OwnField::new(monthly, "The limit a month")),
        _ => None,
    }
}

/// A form has no null: an empty field says the same.
fn in_forms_words(mut problems: Problems) -> Problems {
    for problem in &mut problems.errors {
        problem.message = problem.message.replace(", or null", ", or left empty for none").into();
    }
    problems
}

/// The forms for whoever may use them: with what was typed, else with what holds.
pub(super) fn forms(
    place: &Place,
    budget: Option<&ClientBudget>,
    typed: Option<&(Side, Typed)>,
) -> (Option<LimitsForm>, Option<LimitsForm>) {
    let Some(budget) = budget else { return (None, None) };
    let form = |side: Side| {
        let holds = side.holds(budget);
        let (was_daily, was_monthly) = (shown(holds.daily_usd), shown(holds.monthly_usd));
        let (daily, monthly) = match typed {
            Some((sent, typed)) if *sent == side => (typed.daily.clone(), typed.monthly.clone()),
            _ => (was_daily.clone(), was_monthly.clone()),
        };
        let (key, title, text, path) = match side {
            Side::Own => (
                "own",
                "Its own limits",
                "They hold for this client and everything below it, beside those from above.",
                "/costs/limits",
            ),
            Side::Cap => (
                "cap",
                "Limits from above",
                "The client’s own people can’t raise them. You set them as admin of what stands above it.",
                "/costs/cap",
            ),
        };
        let action = place.href(path);
        LimitsForm {
            key: key.into(),
            title: title.into(),
            text: text.into(),
            action,
            daily,
            monthly,
            was_daily,
            was_monthly,
        }
    };
    (place.may(Role::Admin).then(|| form(Side::Own)), place.may_decide().then(|| form(Side::Cap)))
}
