//! The frame around a page: navigation, client switcher, who is signed in.
//!
//! The current client stands in the address (`?client=<slug>`), and so every link of the frame carries it on.

use std::{borrow::Cow, cmp::Ordering, collections::HashMap};

use hg_contracts::smm::Client;
use hg_types::{ClientId, ClientType};
use http::HeaderMap;
use serde::Serialize;

use super::{assets::Assets, clients::Clients, format, parts::Text};
use crate::session::read_cookie;

/// The deepest level that the switcher indents: root, agency, customer.
const MAX_DEPTH: usize = 2;

/// What the frame shows.
#[derive(Clone, Debug, Serialize)]
#[cfg_attr(test, derive(serde::Deserialize), serde(deny_unknown_fields))]
pub struct Shell {
    /// The page's title, for the window.
    pub title: Text,
    /// Which entry of the navigation is current; empty for none.
    pub section: Text,
    /// The chosen theme: the class on the document is rendered, so that nothing flashes.
    pub theme: Theme,
    /// Scripts and styles.
    pub assets: Assets,
    /// The session's token, for forms and for htmx's header.
    pub csrf_token: String,
    /// Who is signed in; nobody on bare pages.
    pub user: Option<UserView>,
    /// The navigation.
    pub nav: Vec<NavItem>,
    /// The current client; none for all of them.
    pub client: Option<CurrentClient>,
    /// The clients that the person may see, in the order of their tree.
    pub clients: Vec<ClientEntry>,
    /// This page for all clients; none where a page needs one.
    pub all_clients_href: Option<String>,
    /// Where the switcher looks for clients that it doesn't list; none where it lists all of them.
    pub find_clients_href: Option<String>,
    /// Where new content is asked for.
    pub new_content_href: String,
    /// A message about what has just happened.
    pub flash: Option<Flash>,
    /// Whether the draft that led here has been accepted and can be forgotten.
    pub draft_spent: bool,
}

/// The theme that a person chose.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize)]
#[cfg_attr(test, derive(serde::Deserialize))]
#[serde(rename_all = "snake_case")]
pub enum Theme {
    /// As the system says.
    #[default]
    System,
    /// Always light.
    Light,
    /// Always dark.
    Dark,
}

impl Theme {
    /// The cookie that holds the choice; written by `web/src/ui/theme.ts`.
    pub const COOKIE: &str = "hg_theme";

    /// The choice of whoever sent this request.
    #[must_use]
    pub fn of_request(headers: &HeaderMap) -> Self {
        Self::from_cookie(read_cookie(headers, Self::COOKIE))
    }

    /// The choice by the cookie's value; anything else is the default.
    #[must_use]
    pub fn from_cookie(value: Option<&str>) -> Self {
        match value {
            Some("light") => Self::Light,
            Some("dark") => Self::Dark,
            _ => Self::System,
        }
    }
}

/// Who is signed in.
#[derive(Clone, Debug, Serialize)]
#[cfg_attr(test, derive(serde::Deserialize), serde(deny_unknown_fields))]
pub struct UserView {
    /// The person's name, else the address.
    pub name: String,
    /// The address.
    pub email: String,
    /// Two letters.
    pub initials: String,
}

impl UserView {
    /// A person by name and address.
    #[must_use]
    pub fn new(name: &str, email: &str) -> Self {
        let name = if name.trim().is_empty() { email } else { name };
        Self { name: name.to_owned(), email: email.to_owned(), initials: format::initials(name) }
    }
}

/// An entry of the navigation.
#[derive(Clone, Debug, Serialize)]
#[cfg_attr(test, derive(serde::Deserialize), serde(deny_unknown_fields))]
pub struct NavItem {
    /// Its section.
    pub key: Text,
    /// Its name.
    pub label: Text,
    /// Its icon.
    pub icon: Text,
    /// Where it leads.
    pub href: String,
    /// Its keys, `g j`; empty for none.
    pub shortcut: Text,
}

/// The current client.
#[derive(Clone, Debug, Serialize)]
#[cfg_attr(test, derive(serde::Deserialize), serde(deny_unknown_fields))]
pub struct CurrentClient {
    /// Its name.
    pub name: String,
    /// Its slug.
    pub slug: String,
    /// Its level; empty where that can't be read just now.
    pub kind: Text,
}

impl CurrentClient {
    /// A client as it is known.
    #[must_use]
    pub fn new(client: &Client) -> Self {
        Self { name: client.name.clone(), slug: client.slug.clone(), kind: client.client_type.as_str().into() }
    }

    /// A client of which only the slug is known, because whoever knows the rest is away.
    #[must_use]
    pub fn unread(slug: &str) -> Self {
        Self { name: slug.to_owned(), slug: slug.to_owned(), kind: Cow::Borrowed("") }
    }
}

/// A client in the switcher.
#[derive(Clone, Debug, Serialize)]
#[cfg_attr(test, derive(serde::Deserialize), serde(deny_unknown_fields))]
pub struct ClientEntry {
    /// Its name.
    pub name: String,
    /// Its slug.
    pub slug: String,
    /// Its level.
    pub kind: Text,
    /// How far it is indented, 0–2.
    pub depth: usize,
    /// This page for that client.
    pub href: String,
    /// Whether it is the current one.
    pub current: bool,
}

/// A message about what has just happened.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[cfg_attr(test, derive(serde::Deserialize), serde(deny_unknown_fields))]
pub struct Flash {
    /// How it ended.
    pub kind: FlashKind,
    /// One sentence.
    pub message: String,
}

/// How something ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[cfg_attr(test, derive(serde::Deserialize))]
#[serde(rename_all = "snake_case")]
pub enum FlashKind {
    /// Well.
    Success,
    /// Neither.
    Info,
    /// Badly.
    Error,
}

/// The sections of the navigation.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Section {
    /// Counts and recent jobs.
    Dashboard,
    /// New content.
    Content,
    /// Jobs.
    Jobs,
    /// The hierarchy.
    Clients,
    /// A client's strategies and SEO rules.
    Strategies,
    /// A client's members and invitations.
    People,
    /// A page outside of the navigation.
    None,
}

impl Section {
    const fn key(self) -> &'static str {
        match self {
            Self::Dashboard => "dashboard",
            Self::Content => "content",
            Self::Jobs => "jobs",
            Self::Clients => "clients",
            Self::Strategies => "strategies",
            Self::People => "people",
            Self::None => "",
        }
    }
}

/// What a page can be about.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Scope {
    /// One client, or all of them at once.
    AnyClient,
    /// One client only.
    OneClient,
}

/// Where switching the client leads from a page.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Switch {
    /// To this address, with the client in its query.
    Query(&'static str),
    /// To this part of the client's own pages: nothing, or `/people`.
    Part(&'static str),
}

impl Switch {
    /// This page for a client, or for all of them. Slugs need no encoding.
    #[must_use]
    pub fn href(self, slug: Option<&str>) -> String {
        match (self, slug) {
            (Self::Query(path), slug) => with_client(path, slug),
            (Self::Part(part), Some(slug)) => format!("/clients/{slug}{part}"),
            (Self::Part(_), None) => "/clients".to_owned(),
        }
    }

    /// What stands for it in the address of the switcher's search.
    fn name(self) -> String {
        match self {
            Self::Query(path) => path.to_owned(),
            Self::Part(part) => format!("*{part}"),
        }
    }

    /// Where a client's entry in that search leads; the client's own page for what is none of our addresses.
    #[must_use]
    pub fn found(name: &str, slug: &str) -> String {
        let sane = name.len() <= 60 && name.bytes().all(|byte| byte.is_ascii_lowercase() || b"/-_".contains(&byte));
        match name.strip_prefix('*') {
            Some(part) if part.bytes().all(|byte| byte.is_ascii_lowercase() || b"/-_".contains(&byte)) => {
                format!("/clients/{slug}{part}")
            }
            None if sane && name.starts_with('/') && !name.starts_with("//") => with_client(name, Some(slug)),
            _ => format!("/clients/{slug}"),
        }
    }
}

/// What a page says about itself, to get its frame.
#[derive(Clone, Debug)]
pub struct Frame {
    /// The page's title.
    pub title: Text,
    /// Its place in the navigation.
    pub section: Section,
    /// Where switching the client leads.
    pub switch: Switch,
    /// What it can be about.
    pub scope: Scope,
    /// The current client.
    pub client: Option<CurrentClient>,
}

impl Shell {
    /// The frame of a page for somebody who is signed in.
    #[must_use]
    pub fn signed_in(
        frame: Frame,
        user: UserView,
        csrf_token: String,
        clients: &Clients,
        theme: Theme,
        assets: Assets,
    ) -> Self {
        let slug = frame.client.as_ref().map(|client| client.slug.as_str());
        Self {
            title: frame.title,
            section: frame.section.key().into(),
            theme,
            assets,
            csrf_token,
            user: Some(user),
            nav: navigation(slug),
            clients: client_entries(clients.all(), frame.switch, slug),
            all_clients_href: (frame.scope == Scope::AnyClient).then(|| frame.switch.href(None)),
            find_clients_href: (!clients.is_whole()).then(|| find_href(frame.switch)),
            new_content_href: with_client("/content/new", slug),
            client: frame.client,
            flash: None,
            draft_spent: false,
        }
    }

    /// The frame of a page for nobody in particular.
    #[must_use]
    pub fn bare(title: impl Into<Text>, csrf_token: String, theme: Theme, assets: Assets) -> Self {
        Self {
            title: title.into(),
            section: Cow::Borrowed(""),
            theme,
            assets,
            csrf_token,
            user: None,
            nav: Vec::new(),
            client: None,
            clients: Vec::new(),
            all_clients_href: None,
            find_clients_href: None,
            new_content_href: "/content/new".to_owned(),
            flash: None,
            draft_spent: false,
        }
    }
}

/// An address that carries the current client on. Slugs need no encoding.
#[must_use]
pub fn with_client(path: &str, slug: Option<&str>) -> String {
    slug.map_or_else(|| path.to_owned(), |slug| format!("{path}?client={slug}"))
}

fn navigation(slug: Option<&str>) -> Vec<NavItem> {
    let item = |section: Section, label, icon, path, shortcut| NavItem {
        key: section.key().into(),
        label: Cow::Borrowed(label),
        icon: Cow::Borrowed(icon),
        href: with_client(path, slug),
        shortcut: Cow::Borrowed(shortcut),
    };
    let mut items = vec![
        item(Section::Dashboard, "Dashboard", "layout-dashboard", "/", "g d"),
        item(Section::Content, "New content", "square-pen", "/content/new", ""),
        item(Section::Jobs, "Jobs", "list", "/jobs", "g j"),
        NavItem { href: "/clients".to_owned(), ..item(Section::Clients, "Clients", "building-2", "", "g c") },
    ];
    // Parts of one client: without a current one there is nothing that they could lead to.
    if let Some(slug) = slug {
        let part = |section: Section, label, icon, part: &str, shortcut| NavItem {
            href: format!("/clients/{slug}/{part}"),
            ..item(section, label, icon, "", shortcut)
        };
        items.push(part(Section::Strategies, "Strategies", "target", "strategies", "g s"));
        items.push(part(Section::People, "People", "users", "people", "g p"));
    }
    items
}

fn find_href(switch: Switch) -> String {
    let query: String = form_urlencoded::Serializer::new(String::new()).append_pair("to", &switch.name()).finish();
    format!("/find-clients?{query}")
}

/// The clients as a tree laid flat: parents before children, siblings by name. A client whose parent the person may
/// not see stands at the top.
fn client_entries(clients: &[Client], switch: Switch, current: Option<&str>) -> Vec<ClientEntry> {
    let visible: HashMap<ClientId, &Client> = clients.iter().map(|client| (client.id, client)).collect();
    let mut children: HashMap<Option<ClientId>, Vec<&Client>> = HashMap::new();
    for client in clients.iter().filter(|client| client.archived_at.is_none()) {
        let parent = client.parent_id.filter(|parent| visible.contains_key(parent));
        children.entry(parent).or_default().push(client);
    }
    for siblings in children.values_mut() {
        siblings.sort_by(|a, b| by_level_and_name(a, b));
    }
    let mut entries = Vec::with_capacity(clients.len());
    let mut open: Vec<(&Client, usize)> =
        children.get(&None).into_iter().flatten().rev().map(|client| (*client, 0)).collect();
    while let Some((client, depth)) = open.pop() {
        entries.push(ClientEntry {
            name: client.name.clone(),
            slug: client.slug.clone(),
            kind: client.client_type.as_str().into(),
            depth: depth.min(MAX_DEPTH),
            href: switch.href(Some(&client.slug)),
            current: current == Some(client.slug.as_str()),
        });
        open.extend(children.get(&Some(client.id)).into_iter().flatten().rev().map(|child| (*child, depth + 1)));
    }
    entries
}

fn by_level_and_name(a: &Client, b: &Client) -> Ordering {
    let level = |client: &Client| match client.client_type {
        ClientType::Root => 0,
        ClientType::Agency => 1,
        ClientType::Customer => 2,
    };
    level(a).cmp(&level(b)).then_with(|| a.name.to_lowercase().cmp(&b.name.to_lowercase()))
}

#[cfg(test)]
mod tests {
    use chrono::DateTime;
    use uuid::Uuid;

    use super::*;

    fn client(id: u128, name: &str, client_type: ClientType, parent: Option<u128>) -> Client {
        Client {
            id: ClientId(Uuid::from_u128(id)),
            name: name.to_owned(),
            slug: name.to_lowercase().replace(' ', "-"),
            client_type,
            parent_id: parent.map(|id| ClientId(Uuid::from_u128(id))),
            metadata: serde_json::Map::new(),
            archived_at: None,
            role: None,
            created_at: DateTime::UNIX_EPOCH,
            updated_at: DateTime::UNIX_EPOCH,
        }
    }

    #[test]
    fn the_switcher_shows_the_tree() {
        let clients = [
            client(4, "Ohio Paving", ClientType::Customer, Some(3)),
            client(5, "Cincinnati Electrician", ClientType::Customer, Some(2)),
            client(2, "Heaviside Digital", ClientType::Agency, Some(1)),
            client(3, "Paving Marketers", ClientType::Agency, Some(1)),
            client(1, "HG Content", ClientType::Root, None),
            client(9, "Elsewhere", ClientType::Customer, Some(8)),
        ];
        let entries = client_entries(&clients, Switch::Query("/jobs"), Some("ohio-paving"));
        let shown: Vec<_> = entries.iter().map(|entry| (entry.depth, entry.name.as_str())).collect();
        assert_eq!(
            shown,
            [
                (0, "HG Content"),
                (1, "Heaviside Digital"),
                (2, "Cincinnati Electrician"),
                (1, "Paving Marketers"),
                (2, "Ohio Paving"),
                (0, "Elsewhere"),
            ]
        );
        assert_eq!(entries.iter().filter(|entry| entry.current).count(), 1);
        assert_eq!(entries[4].href, "/jobs?client=ohio-paving");
    }

    #[test]
    fn switching_stays_on_the_page() {
        for switch in [Switch::Query("/jobs"), Switch::Part("/people"), Switch::Part("")] {
            assert_eq!(Switch::found(&switch.name(), "ohio-paving"), switch.href(Some("ohio-paving")));
        }
        assert_eq!(Switch::Part("/people").href(None), "/clients");
        for bad in ["//evil.example", "https://evil.example", "*?x=1", "", "javascript:alert(1)", "/a?b"] {
            assert_eq!(Switch::found(bad, "ohio-paving"), "/clients/ohio-paving", "{bad}");
        }
    }

    #[test]
    fn an_unknown_theme_follows_the_system() {
        assert_eq!(Theme::from_cookie(Some("dark")), Theme::Dark);
        assert_eq!(Theme::from_cookie(Some("<script>")), Theme::System);
        assert_eq!(Theme::from_cookie(None), Theme::System);
    }
}
