//! `GET /clients/{slug}`: facts, what is below, what can be done.

use axum::response::Response;
use hg_common::http::{ApiError, Path, Query};
use hg_contracts::{
    Page,
    smm::{Archived, Client, ListClients},
};
use hg_types::{ClientType, Role};
use http::StatusCode;
use serde::Deserialize;

use super::{Actions, ClientList, ClientPage, facts, index::may_have_below, rows};
use crate::pages::{
    clients::is_writable,
    parts::{Fact, Text},
    place::{Part, Place},
    visit::{Visit, unless_away},
};

/// Clients below, per page.
const PER_PAGE: u32 = 50;
/// Archived ones that are named.
const ARCHIVED: u32 = 20;

/// What stands in the address.
#[derive(Debug, Default, Deserialize)]
pub(crate) struct Params {
    cursor: Option<String>,
    notice: Option<String>,
}

/// The page.
pub(crate) async fn show(
    visit: Visit,
    Path(slug): Path<String>,
    Query(params): Query<Params>,
) -> Result<Response, ApiError> {
    let place = Place::enter(&visit, &slug).await?;
    let said = Said { notice: params.notice.as_deref(), cursor: params.cursor, alert: None };
    render(&visit, &place, StatusCode::OK, said).await
}

/// What the page says beside what is there.
#[derive(Debug, Default)]
pub(super) struct Said<'a> {
    /// What has just happened.
    pub(super) notice: Option<&'a str>,
    /// Where the page of what is below begins.
    pub(super) cursor: Option<String>,
    /// Why what was asked for wasn't done.
    pub(super) alert: Option<Text>,
}

/// The page, with an answer to what was asked for.
pub(super) async fn render(
    visit: &Visit,
    place: &Place,
    status: StatusCode,
    said: Said<'_>,
) -> Result<Response, ApiError> {
    let Said { notice, cursor, alert } = said;
    let has_below = place.client.client_type != ClientType::Customer;
    let cursor = cursor.filter(|cursor| !cursor.is_empty());
    let below = ListClients {
        parent_id: Some(place.client.id),
        archived: Some(Archived::Exclude),
        cursor: cursor.clone(),
        limit: Some(PER_PAGE),
        ..ListClients::default()
    };
    let archived = ListClients { archived: Some(Archived::Only), cursor: None, limit: Some(ARCHIVED), ..below.clone() };
    let principal = visit.principal();
    let (below, archived) = if has_below {
        let (below, archived) =
            tokio::join!(visit.smm().list_clients(&principal, &below), visit.smm().list_clients(&principal, &archived));
        (unless_away(below)?, unless_away(archived)?)
    } else {
        (None, None)
    };
    let now = visit.now();
    let page = ClientPage {
        head: place.head(visit, Part::Overview),
        alert,
        about: about(place),
        facts: facts::as_facts(&place.client.metadata),
        below: has_below.then(|| below_view(visit, place, below.as_ref(), cursor.is_some())),
        archived_below: archived.iter().flat_map(|page| &page.data).map(|client| rows::row(client, now)).collect(),
        actions: actions(place),
    };
    let shell = place.shell(visit, Part::Overview, place.client.name.clone(), notice);
    visit.page(status, &shell, &page)
}

fn about(place: &Place) -> Vec<Fact> {
    let client = &place.client;
    let mut about = vec![
        Fact::new("Name in addresses", client.slug.clone()),
        Fact::new("Made", client.created_at.format("%-d %B %Y").to_string()),
        Fact::new("Last changed", client.updated_at.format("%-d %B %Y").to_string()),
    ];
    if let Some(role) = client.role {
        about.push(Fact::new("Your role", role.as_str()));
    }
    about
}

fn below_view(visit: &Visit, place: &Place, page: Option<&Page<Client>>, later: bool) -> ClientList {
    let now = visit.now();
    let Some(page) = page else {
        return ClientList {
            empty_title: "What is below can’t be read right now".into(),
            empty_text: "Strategy management doesn’t answer. Try again in a moment.".into(),
            ..ClientList::default()
        };
    };
    let (title, text) = match place.client.client_type {
        ClientType::Root => ("Nothing below yet", "Agencies and direct clients stand here."),
        _ => ("No customer yet", "The firms that this agency works for stand here, and inherit its strategies."),
    };
    ClientList {
        rows: page.data.iter().map(|client| rows::row(client, now)).collect(),
        summary: rows::summary(page),
        first_href: later.then(|| place.href("")),
        next_href: page.pagination.next_cursor.as_deref().map(|cursor| {
            let query: String = form_urlencoded::Serializer::new(String::new()).append_pair("cursor", cursor).finish();
            place.href(&format!("?{query}"))
        }),
        empty_title: title.into(),
        empty_text: text.into(),
        clear_href: None,
    }
}

/// What the person may do. The root stays as it is; an agency has nowhere else to go.
fn actions(place: &Place) -> Actions {
    let client = &place.client;
    let decides = place.may_decide() && client.client_type != ClientType::Root;
    let archived = client.archived_at.is_some();
    // What was archived along with what it stands below comes back with that.
    let restorable = archived && place.parent().is_none_or(|parent| parent.archived_at.is_none());
    let href = |offered: bool, rest: &str| offered.then(|| place.href(rest));
    Actions {
        write_href: is_writable(client).then(|| format!("/content/new?client={}", client.slug)),
        new_href: may_have_below(client).then(|| format!("/new-client?parent={}", client.slug)),
        edit_href: href(place.may(Role::Admin), "/edit"),
        move_href: href(decides && !archived && client.client_type == ClientType::Customer, "/move"),
        archive_href: href(decides && !archived, "/archive"),
        restore_href: href(decides && restorable, "/restore"),
        delete_href: href(decides, "/delete"),
    }
}
