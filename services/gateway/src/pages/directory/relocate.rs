//! `GET /clients/{slug}/move`, `POST /clients/{slug}/move`: another place in the tree, and what that changes.

use axum::{
    Form,
    extract::rejection::FormRejection,
    response::{IntoResponse, Redirect, Response},
};
use hg_common::http::{ApiError, Path};
use hg_contracts::smm::{Client, MoveClient};
use hg_types::{ClientId, ClientType};
use serde::Deserialize;

use super::{
    MovePage,
    new::{Parents, parents, typed},
};
use crate::pages::{
    forms::{OwnField, Problems, read},
    parts::{Choice, Fact, FieldProblem},
    place::{Part, Place},
    visit::Visit,
};

/// The form as it was sent.
#[derive(Clone, Debug, Default, Deserialize)]
#[serde(default)]
pub(crate) struct Target {
    /// The id of one that is offered.
    place: String,
    /// The slug of one that isn't.
    elsewhere: String,
}

/// Where it may go.
pub(crate) async fn form(visit: Visit, Path(slug): Path<String>) -> Result<Response, ApiError> {
    let place = Place::enter(&visit, &slug).await?;
    again(&visit, &place, Target::default(), Problems::none()).await
}

/// Moves it, or says why not.
pub(crate) async fn submit(
    visit: Visit,
    Path(slug): Path<String>,
    form: Result<Form<Target>, FormRejection>,
) -> Result<Response, ApiError> {
    let sent = read(form)?;
    let place = Place::enter(&visit, &slug).await?;
    // What is typed is meant, whatever is chosen.
    let chosen = match typed(&visit, &sent.elsewhere).await? {
        None => sent.place.parse().map_err(|_| FieldProblem::new("place", "Choose where it shall stand.")),
        Some(Ok(parent)) => fits(&place, &parent).map(|()| parent.id),
        Some(Err(problem)) => Err(problem),
    };
    let parent_id: ClientId = match chosen {
        Ok(id) => id,
        Err(problem) => return again(&visit, &place, sent, Problems::fields(vec![problem])).await,
    };
    match visit.smm().move_client(&visit.principal(), place.client.id, &MoveClient { parent_id }).await {
        Ok(client) => Ok(Redirect::to(&format!("/clients/{}?notice=moved", client.slug)).into_response()),
        Err(error) => {
            let field = if sent.elsewhere.trim().is_empty() { "place" } else { "elsewhere" };
            let own = |name: &str| (name == "parent_id").then(|| OwnField::new(field, "The new place"));
            let problems = Problems::of(error, own)?.at_field(&["parent_archived"], field);
            again(&visit, &place, sent, problems).await
        }
    }
}

/// Whether the client may stand below this one, at all and anew.
fn fits(place: &Place, parent: &Client) -> Result<(), FieldProblem> {
    let wrong = |message: String| Err(FieldProblem::new("elsewhere", message));
    if Some(parent.id) == place.client.parent_id {
        wrong(format!("It stands below {} already.", parent.name))
    } else if place.client.client_type == ClientType::Agency && parent.client_type != ClientType::Root {
        wrong("An agency stands below the root, nowhere else.".to_owned())
    } else {
        Ok(())
    }
}

/// The form with what was typed, and with where the client may stand.
async fn again(visit: &Visit, place: &Place, sent: Target, problems: Problems) -> Result<Response, ApiError> {
    let (_, mut parents) = parents(visit, None).await?;
    let takes = |parent: &Client| match place.client.client_type {
        ClientType::Customer => true,
        ClientType::Agency => parent.client_type == ClientType::Root,
        ClientType::Root => false,
    };
    parents
        .offered
        .retain(|parent| Some(parent.id) != place.client.parent_id && parent.id != place.client.id && takes(parent));
    parents.are_more &= place.client.client_type == ClientType::Customer;
    render(visit, place, &parents, sent, problems)
}

fn render(
    visit: &Visit,
    place: &Place,
    parents: &Parents,
    sent: Target,
    problems: Problems,
) -> Result<Response, ApiError> {
    let label = |client: &Client| match client.client_type {
        ClientType::Root => format!("{} (as a direct client)", client.name),
        _ => client.name.clone(),
    };
    let from = place.parent().map_or_else(|| "a client that you don’t see".to_owned(), |parent| parent.name.clone());
    let page = MovePage {
        head: place.head(visit, Part::Overview),
        alert: problems.alert,
        errors: problems.errors,
        action: place.href("/move"),
        cancel_href: place.href(""),
        changes: changes(&from),
        from,
        places: parents.offered.iter().map(|it| Choice::new(it.id.to_string(), label(it))).collect(),
        place: sent.place,
        elsewhere: parents.are_more.then_some(sent.elsewhere),
    };
    let shell = place.shell(visit, Part::Overview, format!("Move {}", place.client.name), None);
    visit.page(problems.status, &shell, &page)
}

/// What moving changes, and what it doesn't; `docs/tenancy.md` says the same.
fn changes(from: &str) -> Vec<Fact> {
    vec![
        Fact::new(
            "Strategies and SEO rules",
            format!("What it leaves open comes from its new place, no longer from {from}. Its own values stay."),
        ),
        Fact::new("Templates", "Without one of its own it uses those of its new place."),
        Fact::new(
            "Budgets",
            "Costs stay where they were booked. What is reserved from now on counts in the new place.",
        ),
        Fact::new(
            "People",
            format!(
                "Its own members stay. Whoever sees it through {from} loses it; whoever has a role in the new place gets it."
            ),
        ),
        Fact::new("Jobs", "Texts and jobs go along. Jobs under way go on."),
    ]
}
