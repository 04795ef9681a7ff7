//! `POST /clients/{slug}/costs/{limits,cap}`: limits of money, from both sides.
//!
//! The form is offered to whoever may use it; whoever sends it all the same is answered by content production.

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
    forms::{OwnField, Problems, read},
    place::Place,
    typed::{amount, dollars, given},
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
}

/// A form as it was sent.
#[derive(Clone, Debug, Default, Deserialize)]
#[serde(default)]
pub(crate) struct Typed {
    daily: String,
    monthly: String,
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
    let [daily, monthly] = side.fields();
    let mut errors = Vec::new();
    let mut money = |text: &str, field| {
        given(text, &mut errors, field, "Give dollars, such as 2.50, or leave it empty for no limit.", dollars)
    };
    let limits = SetLimits { daily_usd: money(&typed.daily, daily), monthly_usd: money(&typed.monthly, monthly) };
    let problems = if errors.is_empty() {
        let (principal, id) = (visit.principal(), place.client.id.to_string());
        let done = match side {
            Side::Own => visit.cpm().set_limits(&principal, &id, &limits).await,
            Side::Cap => visit.cpm().set_cap(&principal, &id, &limits).await,
        };
        match done {
            Ok(_) => return Ok(Redirect::to(&place.href("/costs?notice=limits")).into_response()),
            Err(error) => in_forms_words(Problems::of(error, |name| own_field(side, name))?),
        }
    } else {
        Problems::fields(errors)
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
    let values = |side: Side, daily: Option<Usd>, monthly: Option<Usd>| match typed {
        Some((sent, typed)) if *sent == side => (typed.daily.clone(), typed.monthly.clone()),
        _ => (daily.map(amount).unwrap_or_default(), monthly.map(amount).unwrap_or_default()),
    };
    let own = place.may(Role::Admin).then(|| {
        let (daily, monthly) = values(Side::Own, budget.day.own_limit_usd, budget.month.own_limit_usd);
        LimitsForm {
            key: "own".into(),
            title: "Its own limits".into(),
            text: "They hold for this client and everything below it, beside those from above.".into(),
            action: place.href("/costs/limits"),
            daily,
            monthly,
        }
    });
    let cap = place.may_decide().then(|| {
        let (daily, monthly) = values(Side::Cap, budget.day.cap_usd, budget.month.cap_usd);
        LimitsForm {
            key: "cap".into(),
            title: "Limits from above".into(),
            text: "The client’s own people can’t raise them. You set them as admin of what stands above it.".into(),
            action: place.href("/costs/cap"),
            daily,
            monthly,
        }
    });
    (own, cap)
}
