//! `GET /clients/{slug}/costs`, and the page again after a limit was refused.

use axum::response::Response;
use chrono::NaiveDate;
use hg_common::http::{ApiError, Path, Query};
use hg_contracts::{
    ClientError,
    cpm::{Costs, ListBudgets, UsageQuery},
};
use hg_types::ClientType;
use serde::Deserialize;

use super::{
    BelowList, CostsPage, DaysForm, budget,
    figures::{Answers, view},
    limits::{self, Refused},
};
use crate::pages::{
    forms::{OwnField, Problems},
    parts::Text,
    place::{Part, Place},
    typed::{day, given},
    visit::{Visit, unless_away},
};

/// Rows of a table; the rest is summed up.
const ROWS: u32 = 12;
/// As many days as content production tells of at once.
const DAYS: u32 = 366;
/// Clients below, per page.
const BELOW: u32 = 20;
const AWAY: &str = "Content production doesn’t answer: costs can’t be shown right now.";
const WRONG_DAYS: &str = "These days can’t be shown";

/// What stands in the address.
#[derive(Clone, Debug, Default, Deserialize)]
#[serde(default)]
pub(crate) struct Params {
    from: String,
    to: String,
    warned: String,
    cursor: String,
    notice: Option<String>,
}

impl Params {
    /// What is asked of content production, and what is wrong with it.
    fn asked(&self, place: &Place) -> (UsageQuery, Problems) {
        let mut errors = Vec::new();
        let mut read = |text: &str, field| given(text, &mut errors, field, "Give a day, such as 2026-11-01.", day);
        let (from, to) = (read(&self.from, "from"), read(&self.to, "to"));
        let asked = UsageQuery { client_id: Some(place.client.id.to_string()), from, to, ..UsageQuery::default() };
        (asked, if errors.is_empty() { Problems::none() } else { Problems::fields(errors) })
    }
}

/// The page.
pub(crate) async fn show(
    visit: Visit,
    Path(slug): Path<String>,
    Query(params): Query<Params>,
) -> Result<Response, ApiError> {
    let place = Place::enter(&visit, &slug).await?;
    render(&visit, &place, &params, None).await
}

/// The page, with an answer to what was asked for. Content production away: it says so.
pub(super) async fn render(
    visit: &Visit,
    place: &Place,
    at: &Params,
    refused: Option<Refused>,
) -> Result<Response, ApiError> {
    let principal = visit.principal();
    let id = place.client.id.to_string();
    let (asked, wrong) = at.asked(place);
    let figures = async { if wrong.errors.is_empty() { figures(visit, place, &asked).await } else { Ok(Err(wrong)) } };
    let (budget, below, figures) =
        tokio::join!(visit.cpm().client_budget(&principal, &id), below(visit, place, at), figures);
    let (budget, below, figures) = (unless_away(budget)?, below?, figures?);
    let (answers, wrong) = match figures {
        Ok(answers) => (answers, Problems::none()),
        Err(mut wrong) => {
            // Nothing was to be saved, as the words above forms say else.
            wrong.alert.get_or_insert(Text::Borrowed(WRONG_DAYS));
            (None, wrong)
        }
    };
    let days = answers.as_ref().map(|answers| (answers.by_day.from, answers.by_day.to));
    let figures = answers.map(|answers| view(&answers, &place.clients));
    let is_away = budget.is_none() || (figures.is_none() && wrong.alert.is_none());
    let typed = refused.as_ref().map(|refused| &refused.typed);
    let (own, cap) = limits::forms(place, budget.as_ref(), typed);
    let problems = refused.map_or(wrong, |refused| refused.problems);
    let page = CostsPage {
        head: place.head(visit, Part::Costs),
        alert: problems.alert,
        errors: problems.errors,
        problem: is_away.then_some(Text::Borrowed(AWAY)),
        budgets: budget.as_ref().map(budget::cards).unwrap_or_default(),
        above: budget.as_ref().map(budget::above).unwrap_or_default(),
        days: DaysForm {
            action: place.href("/costs"),
            from: typed_or(&at.from, days.map(|(from, _)| from)),
            to: typed_or(&at.to, days.map(|(_, to)| to)),
            is_chosen: !(at.from.is_empty() && at.to.is_empty()),
        },
        figures,
        below,
        own,
        cap,
    };
    let shell = place.shell(visit, Part::Costs, format!("Costs of {}", place.client.name), at.notice.as_deref());
    visit.page(problems.status, &shell, &page)
}

/// What was typed, else the day that is shown.
fn typed_or(typed: &str, shown: Option<NaiveDate>) -> String {
    if typed.is_empty() { shown.map(|day| day.to_string()).unwrap_or_default() } else { typed.to_owned() }
}

/// What was paid and used in those days; nothing where content production is away, or what is wrong with the days.
async fn figures(
    visit: &Visit,
    place: &Place,
    asked: &UsageQuery,
) -> Result<Result<Option<Answers>, Problems>, ApiError> {
    let (cpm, principal) = (visit.cpm(), visit.principal());
    let by =
        |dims: &str, limit: u32| UsageQuery { group_by: Some(dims.to_owned()), limit: Some(limit), ..asked.clone() };
    let (day, model, kind, client) =
        (by("day", DAYS), by("provider,model", ROWS), by("content_type", ROWS), by("client", ROWS));
    let by_client =
        async { if may_have_below(place) { cpm.costs(&principal, &client).await.map(Some) } else { Ok(None) } };
    let answers = tokio::try_join!(
        cpm.costs(&principal, &day),
        cpm.costs(&principal, &model),
        cpm.costs(&principal, &kind),
        by_client,
        cpm.usage(&principal, asked),
    );
    let answers = answers.map(|(by_day, by_model, by_type, by_client, usage): (Costs, Costs, Costs, _, _)| Answers {
        by_day,
        by_model,
        by_type,
        by_client,
        usage,
    });
    match answers {
        Err(error @ ClientError::Refused { status: http::StatusCode::UNPROCESSABLE_ENTITY, .. }) => {
            Problems::of(error, own_field).map(Err)
        }
        answers => unless_away(answers).map(Ok),
    }
}

fn own_field(name: &str) -> Option<OwnField> {
    match name {
        "from" => Some(OwnField::new("from", "The first day")),
        "to" => Some(OwnField::new("to", "The last day")),
        _ => None,
    }
}

fn may_have_below(place: &Place) -> bool {
    place.client.client_type != ClientType::Customer
}

/// The budgets of what stands below; none where nothing can.
async fn below(visit: &Visit, place: &Place, at: &Params) -> Result<Option<BelowList>, ApiError> {
    if !may_have_below(place) {
        return Ok(None);
    }
    let warned = !at.warned.is_empty();
    let cursor = Some(at.cursor.clone()).filter(|cursor| !cursor.is_empty());
    let is_later = cursor.is_some();
    let query = ListBudgets {
        client_id: Some(place.client.id.to_string()),
        warned: warned.then_some(true),
        cursor,
        limit: Some(BELOW),
    };
    let Some(page) = unless_away(visit.cpm().budgets(&visit.principal(), &query).await)? else { return Ok(None) };
    // The list begins with the client itself, whose budgets stand above it.
    let rows = page.data.iter().filter(|it| it.client_id != place.client.id).map(budget::line).collect();
    let href = |warned: bool, cursor: Option<&str>| {
        let pairs = [
            ("from", at.from.as_str()),
            ("to", at.to.as_str()),
            ("warned", if warned { "1" } else { "" }),
            ("cursor", cursor.unwrap_or_default()),
        ];
        let mut query = form_urlencoded::Serializer::new(String::new());
        query.extend_pairs(pairs.into_iter().filter(|(_, value)| !value.is_empty()));
        place.href(&format!("/costs?{}#below", query.finish()))
    };
    Ok(Some(BelowList {
        rows,
        warned,
        all_href: href(false, None),
        warned_href: href(true, None),
        first_href: is_later.then(|| href(warned, None)),
        next_href: page.pagination.next_cursor.as_deref().map(|cursor| href(warned, Some(cursor))),
    }))
}
