//! `GET /new-client`, `POST /clients`: another client. Where it stands decides what it is.

use axum::{
    Form,
    extract::rejection::FormRejection,
    response::{IntoResponse, Redirect, Response},
};
use hg_common::http::{ApiError, Query};
use hg_contracts::smm::{Archived, Client, CreateClient, ListClients};
use hg_types::{ClientType, Role};
use http::StatusCode;
use serde::Deserialize;
use serde_json::Map;

use super::{ClientFormPage, facts, index::may_have_below};
use crate::{
    pages::{
        clients::{Clients, Slug},
        forms::{OwnField, Problems, read},
        parts::{Choice, FieldProblem},
        shell::{CurrentClient, Frame, Scope, Section, Switch},
        visit::{Visit, is_out_of_order, unless_away},
    },
    peer_error::peer_error,
};

/// Agencies that are offered at most; the others are typed.
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
    /// The slug of an agency that isn't offered.
    elsewhere: String,
}

/// The form.
pub(crate) async fn form(visit: Visit, Query(params): Query<Params>) -> Result<Response, ApiError> {
    let parent = Slug::parse(params.parent.as_deref())?;
    let (clients, parents) = parents(&visit, parent.as_ref()).await?;
    let chosen = parent.as_ref().and_then(|slug| parents.by_slug(slug));
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
    let parent = place.as_ref().and_then(|(kind, slug)| Some((*kind, parents.by_slug(slug)?.id)));
    // What is typed is meant, whatever is chosen.
    let (parent, misplaced) = match typed(&visit, &sent.elsewhere).await? {
        None => (parent, parent.is_none().then(|| FieldProblem::new("place", "Choose where it stands."))),
        Some(Ok(agency)) if agency.client_type == ClientType::Root => {
            let message = "The root can be chosen above: there it says as what.";
            (None, Some(FieldProblem::new("elsewhere", message)))
        }
        Some(Ok(agency)) => (Some((ClientType::Customer, agency.id)), None),
        Some(Err(problem)) => (None, Some(problem)),
    };
    let facts = facts::merged(&sent.facts, "", &Map::new());
    let mut errors = Vec::new();
    if sent.name.trim().is_empty() {
        errors.push(FieldProblem::new("name", "Give it a name."));
    }
    errors.extend(misplaced);
    if let Err(problem) = &facts {
        errors.push(problem.clone());
    }
    let (Some((client_type, parent_id)), Ok(metadata), true) = (parent, facts, errors.is_empty()) else {
        return render(&visit, &clients, &parents, sent, Problems::fields(errors));
    };
    let slug = Some(sent.slug.trim().to_owned()).filter(|slug| !slug.is_empty());
    let new = CreateClient { name: sent.name.clone(), slug, client_type, parent_id, metadata };
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

/// Below which clients the person may make others.
pub(super) struct Parents {
    /// Those that are offered: root first, then by name.
    pub(super) offered: Vec<Client>,
    /// Whether there may be others, which are typed.
    pub(super) are_more: bool,
}

impl Parents {
    fn by_slug(&self, slug: &Slug) -> Option<&Client> {
        self.offered.iter().find(|client| client.slug == slug.as_str())
    }
}

/// Asks for them: the root and the agencies by themselves where there are many clients.
pub(super) async fn parents(visit: &Visit, wanted: Option<&Slug>) -> Result<(Clients, Parents), ApiError> {
    let principal = visit.principal();
    let clients = Clients::fetch(visit.smm(), &principal).await?;
    let clients = clients.with(visit.smm(), &principal, wanted.map(Slug::as_str)).await?;
    let mut offered: Vec<Client> = clients.all().iter().filter(|client| may_have_below(client)).cloned().collect();
    let mut are_more = false;
    if !clients.is_whole() {
        let query = |client_type: ClientType| ListClients {
            client_type: Some(client_type),
            archived: Some(Archived::Exclude),
            limit: Some(MOST_AGENCIES),
            ..ListClients::default()
        };
        let (root, agencies) = (query(ClientType::Root), query(ClientType::Agency));
        let (root, agencies) =
            tokio::join!(visit.smm().list_clients(&principal, &root), visit.smm().list_clients(&principal, &agencies));
        for page in [unless_away(root)?, unless_away(agencies)?].into_iter().flatten() {
            are_more |= page.pagination.has_more;
            for client in page.data {
                if may_have_below(&client) && !offered.iter().any(|known| known.id == client.id) {
                    offered.push(client);
                }
            }
        }
    }
    offered.sort_by_key(|client| (client.client_type != ClientType::Root, client.name.to_lowercase()));
    Ok((clients, Parents { offered, are_more }))
}

/// The place that somebody typed, by its name in addresses; none where nothing was typed. Or what is wrong with it.
pub(super) async fn typed(visit: &Visit, slug: &str) -> Result<Option<Result<Client, FieldProblem>>, ApiError> {
    let slug = slug.trim().trim_start_matches('/').trim_start_matches("clients/");
    if slug.is_empty() {
        return Ok(None);
    }
    let wrong = |message: String| Ok(Some(Err(FieldProblem::new("elsewhere", message))));
    let Ok(Some(slug)) = Slug::parse(Some(slug)) else {
        return wrong("That is no name in addresses: it has lower-case letters, digits and hyphens.".to_owned());
    };
    let client = match visit.smm().get_client(&visit.principal(), slug.as_str()).await {
        Ok(client) => client,
        Err(error) if error.status() == Some(StatusCode::NOT_FOUND) => {
            return wrong(format!("There is no client “{}” that you see.", slug.as_str()));
        }
        Err(error) if is_out_of_order(&error) => return wrong("Strategy management doesn’t answer: try again.".into()),
        Err(error) => return Err(peer_error(error)),
    };
    match client.role {
        _ if client.client_type == ClientType::Customer => {
            wrong(format!("{} is a customer: nothing stands below one.", client.name))
        }
        _ if client.archived_at.is_some() => wrong(format!("{} is archived: restore it first.", client.name)),
        role if role >= Some(Role::Admin) => Ok(Some(Ok(client))),
        role => {
            let role = role.map_or("no role", Role::as_str);
            wrong(format!("On {} you are {role}: it needs admin.", client.name))
        }
    }
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
    parents: &Parents,
    sent: NewClient,
    problems: Problems,
) -> Result<Response, ApiError> {
    let blocked = if clients.is_away() {
        Some("Strategy management doesn’t answer: nobody can say where it could stand. Try again in a moment.".into())
    } else if parents.offered.is_empty() && !parents.are_more {
        Some("A client is made below one on which you are admin, and there is none.".into())
    } else {
        None
    };
    let parent = parents.offered.iter().find(|parent| sent.place.ends_with(&format!(":{}", parent.slug)));
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
        places: places(&parents.offered),
        place: sent.place,
        elsewhere: parents.are_more.then_some(sent.elsewhere),
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
