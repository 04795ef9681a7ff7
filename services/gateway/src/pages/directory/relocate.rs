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

use super::{MovePage, new::parents};
use crate::pages::{
    clients::Slug,
    forms::{OwnField, Problems, read},
    parts::{Choice, Fact, FieldProblem},
    place::{Part, Place},
    visit::Visit,
};

/// The form as it was sent.
#[derive(Clone, Debug, Default, Deserialize)]
#[serde(default)]
pub(crate) struct Target {
    place: String,
}

/// Where it may go.
pub(crate) async fn form(visit: Visit, Path(slug): Path<String>) -> Result<Response, ApiError> {
    let place = Place::enter(&visit, &slug).await?;
    let candidates = candidates(&visit, &place, None).await?;
    render(&visit, &place, &candidates, String::new(), Problems::none())
}

/// Moves it, or says why not.
pub(crate) async fn submit(
    visit: Visit,
    Path(slug): Path<String>,
    form: Result<Form<Target>, FormRejection>,
) -> Result<Response, ApiError> {
    let Target { place: wanted } = read(form)?;
    let place = Place::enter(&visit, &slug).await?;
    let id: Option<ClientId> = wanted.parse().ok();
    let Some(parent_id) = id else {
        let candidates = candidates(&visit, &place, None).await?;
        let problems = Problems::fields(vec![FieldProblem::new("place", "Choose where it shall stand.")]);
        return render(&visit, &place, &candidates, wanted, problems);
    };
    match visit.smm().move_client(&visit.principal(), place.client.id, &MoveClient { parent_id }).await {
        Ok(client) => Ok(Redirect::to(&format!("/clients/{}?notice=moved", client.slug)).into_response()),
        Err(error) => {
            let own = |field: &str| (field == "parent_id").then(|| OwnField::new("place", "The new place"));
            let problems = Problems::of(error, own)?.at_field(&["parent_archived"], "place");
            let candidates = candidates(&visit, &place, None).await?;
            render(&visit, &place, &candidates, wanted, problems)
        }
    }
}

/// Where the client may stand, but for where it does.
async fn candidates(visit: &Visit, place: &Place, wanted: Option<&Slug>) -> Result<Vec<Client>, ApiError> {
    let (_, mut parents) = parents(visit, wanted).await?;
    let fits = |parent: &Client| match place.client.client_type {
        ClientType::Customer => true,
        ClientType::Agency => parent.client_type == ClientType::Root,
        ClientType::Root => false,
    };
    parents.retain(|parent| Some(parent.id) != place.client.parent_id && parent.id != place.client.id && fits(parent));
    Ok(parents)
}

fn render(
    visit: &Visit,
    place: &Place,
    candidates: &[Client],
    chosen: String,
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
        places: candidates.iter().map(|it| Choice::new(it.id.to_string(), label(it))).collect(),
        place: chosen,
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
