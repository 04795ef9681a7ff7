//! `GET /new-client`, `POST /clients`: another client. Where it stands decides what it is.

use axum::{
    Form,
    extract::rejection::FormRejection,
    response::{IntoResponse, Redirect, Response},
};
use hg_common::http::{ApiError, Query};
use hg_contracts::smm::{Archived, Client, CreateClient, ListClients};
use hg_types::ClientType;
use serde::Deserialize;
use serde_json::Map;

use super::{ClientFormPage, facts, index::may_have_below};
use crate::pages::{
    clients::{Clients, Slug},
    forms::{OwnField, Problems, read},
    parts::{Choice, FieldProblem},
    shell::{CurrentClient, Frame, Scope, Section, Switch},
    visit::{Visit, unless_away},
};

/// Agencies that are offered at most.
const MOST_AGENCIES: u32 = 100;

/// What stands in the address.
#[derive(Debug, Default, Deserialize)]
pub(crate) struct Params {
    parent: Option<String>,
}

/// The form as it was sent.
#[derive(Clone, Debug, Default, Deserialize)]
#[serde(default)]
pub(crate) struct NewClient {
    name: String,
    slug: String,
    facts: String,
    place: String,
}

/// The form.
pub(crate) async fn form(visit: Visit, Query(params): Query<Params>) -> Result<Response, ApiError> {
    let parent = Slug::parse(params.parent.as_deref())?;
    let (clients, parents) = parents(&visit, parent.as_ref()).await?;
    let chosen = parent.as_ref().and_then(|slug| parents.iter().find(|client| client.slug == slug.as_str()));
    let place = chosen.map(first_place).unwrap_or_default();
    render(&visit, &clients, &parents, NewClient { place, ..NewClient::default() }, Problems::none())
}

/// Makes it and leads there, or shows the form again.
pub(crate) async fn create(visit: Visit, form: Result<Form<NewClient>, FormRejection>) -> Result<Response, ApiError> {
    let sent = read(form)?;
    let place = sent.place.split_once(':').and_then(|(kind, slug)| {
        let kind = kind.parse::<ClientType>().ok()?;
        Some((kind, Slug::parse(Some(slug)).ok().flatten()?))
    });
    let (clients, parents) = parents(&visit, place.as_ref().map(|(_, slug)| slug)).await?;
    let parent = place
        .as_ref()
        .and_then(|(kind, slug)| Some((*kind, parents.iter().find(|client| client.slug == slug.as_str())?)));
    let facts = facts::merged(&sent.facts, "", &Map::new());
    let mut errors = Vec::new();
    if sent.name.trim().is_empty() {
        errors.push(FieldProblem::new("name", "Give it a name."));
    }
    if parent.is_none() {
        errors.push(FieldProblem::new("place", "Choose where it stands."));
    }
    if let Err(problem) = &facts {
        errors.push(problem.clone());
    }
    let (Some((client_type, parent)), Ok(metadata), true) = (parent, facts, errors.is_empty()) else {
        return render(&visit, &clients, &parents, sent, Problems::fields(errors));
    };
    let slug = Some(sent.slug.trim().to_owned()).filter(|slug| !slug.is_empty());
    let new = CreateClient { name: sent.name.clone(), slug, client_type, parent_id: parent.id, metadata };
    match visit.smm().create_client(&visit.principal(), &new).await {
        Ok(client) => Ok(Redirect::to(&format!("/clients/{}?notice=made", client.slug)).into_response()),
        Err(error) => {
            let problems = Problems::of(error, own_field)?.at_field(&["slug_taken"], "slug");
            let problems = problems.at_field(&["parent_archived"], "place");
            render(&visit, &clients, &parents, sent, problems)
        }
    }
}

/// The form's field for one of the request's.
pub(super) fn own_field(field: &str) -> Option<OwnField> {
    Some(match field {
        "name" => OwnField::new("name", "The name"),
        "slug" => OwnField::new("slug", "The name in addresses"),
        "parent_id" | "type" => OwnField::new("place", "The place"),
        "metadata" => OwnField::new("facts", "The facts"),
        _ => return None,
    })
}

/// Below which clients the person may make others: the agencies are asked for by themselves where there are many clients.
pub(super) async fn parents(visit: &Visit, wanted: Option<&Slug>) -> Result<(Clients, Vec<Client>), ApiError> {
    let principal = visit.principal();
    let clients = Clients::fetch(visit.smm(), &principal).await?;
    let clients = clients.with(visit.smm(), &principal, wanted.map(Slug::as_str)).await?;
    let mut parents: Vec<Client> = clients.all().iter().filter(|client| may_have_below(client)).cloned().collect();
    if !clients.is_whole() {
        for client_type in [ClientType::Root, ClientType::Agency] {
            let query = ListClients {
                client_type: Some(client_type),
                archived: Some(Archived::Exclude),
                limit: Some(MOST_AGENCIES),
                ..ListClients::default()
            };
            let page = unless_away(visit.smm().list_clients(&principal, &query).await)?;
            for client in page.into_iter().flat_map(|page| page.data) {
                if may_have_below(&client) && !parents.iter().any(|known| known.id == client.id) {
                    parents.push(client);
                }
            }
        }
    }
    parents.sort_by_key(|client| (client.client_type != ClientType::Root, client.name.to_lowercase()));
    Ok((clients, parents))
}

fn first_place(parent: &Client) -> String {
    let kind = if parent.client_type == ClientType::Root { ClientType::Agency } else { ClientType::Customer };
    format!("{}:{}", kind.as_str(), parent.slug)
}

fn places(parents: &[Client]) -> Vec<Choice> {
    let mut places = Vec::new();
    for parent in parents {
        let mut offer = |kind: ClientType, label: String| {
            places.push(Choice::new(format!("{}:{}", kind.as_str(), parent.slug), label));
        };
        if parent.client_type == ClientType::Root {
            offer(ClientType::Agency, format!("An agency below {}", parent.name));
            offer(ClientType::Customer, format!("A direct client of {}", parent.name));
        } else {
            offer(ClientType::Customer, format!("A customer of {}", parent.name));
        }
    }
    places
}

fn render(
    visit: &Visit,
    clients: &Clients,
    parents: &[Client],
    sent: NewClient,
    problems: Problems,
) -> Result<Response, ApiError> {
    let blocked = if clients.is_away() {
        Some("Strategy management doesn’t answer: nobody can say where it could stand. Try again in a moment.".into())
    } else if parents.is_empty() {
        Some("A client is made below one on which you are admin, and there is none.".into())
    } else {
        None
    };
    let parent = parents.iter().find(|parent| sent.place.ends_with(&format!(":{}", parent.slug)));
    let page = ClientFormPage {
        head: None,
        title: "New client".into(),
        lead: "Where it stands decides what it inherits, and who sees it.".into(),
        action: "/clients".to_owned(),
        submit: "Make the client".into(),
        cancel_href: parent.map_or_else(|| "/clients".to_owned(), |parent| format!("/clients/{}", parent.slug)),
        alert: problems.alert,
        errors: problems.errors,
        name: sent.name,
        slug: sent.slug,
        facts: sent.facts,
        began: None,
        places: places(parents),
        place: sent.place,
        blocked,
    };
    let frame = Frame {
        title: "New client".into(),
        section: Section::Clients,
        switch: Switch::Part(""),
        scope: Scope::AnyClient,
        client: parent.map(CurrentClient::new),
    };
    visit.page(problems.status, &visit.shell(frame, clients), &page)
}
