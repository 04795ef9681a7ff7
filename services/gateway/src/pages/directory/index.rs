//! `GET /clients`: the tree with its counts, a list to search, and what is archived.

use axum::response::Response;
use hg_common::http::{ApiError, Query};
use hg_contracts::{
    Page,
    smm::{Archived, Client, ClientTree, ListClients, TreeNode, TreeQuery},
};
use hg_types::{ClientId, ClientType, Role};
use http::StatusCode;
use serde::Deserialize;

use super::{ClientList, ClientsPage, TreeRow, rows};
use crate::pages::{
    clients::Clients,
    dashboard::Stat,
    format, notices,
    parts::Text,
    place::{TabLink, kind_label},
    shell::{Frame, Scope, Section, Switch},
    visit::{Visit, unless_away},
};

/// Clients per page of a list.
const PER_PAGE: u32 = 50;
/// The longest search.
const MAX_SEARCH: usize = 100;
/// A tree of at most so many clients is shown whole; of a larger one the first two levels.
const WHOLE: u32 = 150;
/// Rows of a tree at most.
const MOST_ROWS: usize = 300;

/// What stands in the address, as it came.
#[derive(Debug, Default, Deserialize)]
pub(crate) struct Params {
    q: Option<String>,
    view: Option<String>,
    cursor: Option<String>,
    notice: Option<String>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum View {
    Tree,
    List,
    Archived,
}

impl View {
    const fn name(self) -> &'static str {
        match self {
            Self::Tree => "tree",
            Self::List => "list",
            Self::Archived => "archived",
        }
    }
}

/// What is asked for.
#[derive(Clone, Debug)]
struct Asked {
    view: View,
    q: String,
    cursor: Option<String>,
}

impl Asked {
    fn read(params: &Params) -> Self {
        let given = |text: &Option<String>| text.as_deref().map(str::trim).unwrap_or_default().to_owned();
        let q: String = given(&params.q).chars().take(MAX_SEARCH).collect();
        let view = match given(&params.view).as_str() {
            "archived" => View::Archived,
            "list" => View::List,
            // One searches in a list.
            _ if !q.is_empty() => View::List,
            _ => View::Tree,
        };
        Self { view, q, cursor: Some(given(&params.cursor)).filter(|cursor| !cursor.is_empty()) }
    }

    fn href(&self, cursor: Option<&str>) -> String {
        let mut query = form_urlencoded::Serializer::new(String::new());
        query.append_pair("view", self.view.name());
        if !self.q.is_empty() {
            query.append_pair("q", &self.q);
        }
        if let Some(cursor) = cursor {
            query.append_pair("cursor", cursor);
        }
        format!("/clients?{}", query.finish())
    }

    fn query(&self) -> ListClients {
        ListClients {
            q: Some(self.q.clone()).filter(|q| !q.is_empty()),
            archived: Some(if self.view == View::Archived { Archived::Only } else { Archived::Exclude }),
            cursor: self.cursor.clone(),
            limit: Some(PER_PAGE),
            ..ListClients::default()
        }
    }
}

/// The page.
pub(crate) async fn index(visit: Visit, Query(params): Query<Params>) -> Result<Response, ApiError> {
    let asked = Asked::read(&params);
    let principal = visit.principal();
    let archived = ListClients { archived: Some(Archived::Only), limit: Some(1), ..ListClients::default() };
    let (clients, tree, archived, list) = tokio::join!(
        Clients::fetch(visit.smm(), &principal),
        tree(&visit, asked.view),
        visit.smm().list_clients(&principal, &archived),
        list(&visit, &asked),
    );
    let (clients, tree, archived, list) = (clients?, tree?, unless_away(archived)?, list?);
    let known = tree.as_ref().map(Known::of);
    let page = ClientsPage {
        stats: known.as_ref().map(|known| known.stats(archived.as_ref())).unwrap_or_default(),
        tabs: tabs(&asked, archived.as_ref()),
        view: asked.view.name().into(),
        q: asked.q.clone(),
        tree: known.as_ref().filter(|_| asked.view == View::Tree).map(Known::rows).unwrap_or_default(),
        tree_note: known.as_ref().filter(|_| asked.view == View::Tree).map(Known::note).unwrap_or_default(),
        problem: (tree.is_none() || (asked.view != View::Tree && list.is_none()))
            .then(|| "Strategy management doesn’t answer. Nothing is lost: try again in a moment.".into()),
        list: list.map(|page| list_view(&visit, &asked, &page)),
        new_href: (!clients.is_whole() || clients.all().iter().any(may_have_below)).then(|| "/new-client".to_owned()),
    };
    let frame = Frame {
        title: "Clients".into(),
        section: Section::Clients,
        switch: Switch::Part(""),
        scope: Scope::AnyClient,
        client: None,
    };
    let mut shell = visit.shell(frame, &clients);
    shell.flash = shell.flash.or_else(|| notices::flash(params.notice.as_deref()));
    visit.page(StatusCode::OK, &shell, &page)
}

/// Whether the person may make a client below this one.
pub(super) fn may_have_below(client: &Client) -> bool {
    client.client_type != ClientType::Customer && client.archived_at.is_none() && client.role >= Some(Role::Admin)
}

/// The tree without what is archived: whole where it is small.
async fn tree(visit: &Visit, view: View) -> Result<Option<ClientTree>, ApiError> {
    let query = TreeQuery { below: None, depth: Some(2), archived: Some(Archived::Exclude) };
    let principal = visit.principal();
    let Some(tree) = unless_away(visit.smm().client_tree(&principal, &query).await)? else { return Ok(None) };
    let lacks_some = tree.total as usize > tree.data.len();
    if view != View::Tree || !lacks_some || tree.total > WHOLE {
        return Ok(Some(tree));
    }
    unless_away(visit.smm().client_tree(&principal, &TreeQuery { depth: None, ..query }).await)
}

async fn list(visit: &Visit, asked: &Asked) -> Result<Option<Page<Client>>, ApiError> {
    if asked.view == View::Tree {
        return Ok(None);
    }
    unless_away(visit.smm().list_clients(&visit.principal(), &asked.query()).await)
}

fn tabs(asked: &Asked, archived: Option<&Page<Client>>) -> Vec<TabLink> {
    let archived = archived.and_then(|page| page.pagination.total).filter(|total| *total > 0);
    let archived = match archived {
        Some(total) => format!("Archived ({})", format::count(i64::try_from(total).unwrap_or(i64::MAX))),
        None => "Archived".to_owned(),
    };
    let tab = |view: View, label: Text, icon: &'static str, href: &str| TabLink {
        label,
        icon: icon.into(),
        href: href.to_owned(),
        current: asked.view == view,
    };
    vec![
        tab(View::Tree, "Tree".into(), "layers", "/clients"),
        tab(View::List, "List".into(), "list", "/clients?view=list"),
        tab(View::Archived, archived.into(), "history", "/clients?view=archived"),
    ]
}

fn list_view(visit: &Visit, asked: &Asked, page: &Page<Client>) -> ClientList {
    let now = visit.now();
    let (title, text) = match (asked.view, asked.q.is_empty()) {
        (_, false) => ("No client matches", "Nothing has this in its name or slug."),
        (View::Archived, true) => {
            ("Nothing is archived", "An archived client keeps everything, and takes no new jobs.")
        }
        (_, true) => ("No client yet", "You belong to no client. An administrator can invite you to one."),
    };
    ClientList {
        rows: page.data.iter().map(|client| rows::row(client, now)).collect(),
        summary: rows::summary(page),
        first_href: asked.cursor.as_ref().map(|_| asked.href(None)),
        next_href: page.pagination.next_cursor.as_deref().map(|cursor| asked.href(Some(cursor))),
        empty_title: title.into(),
        empty_text: text.into(),
        clear_href: (!asked.q.is_empty()).then(|| Asked { q: String::new(), ..asked.clone() }.href(None)),
    }
}

/// A tree, and which of its clients is the root.
struct Known<'a> {
    tree: &'a ClientTree,
    root: Option<ClientId>,
}

impl<'a> Known<'a> {
    fn of(tree: &'a ClientTree) -> Self {
        let root = tree.data.iter().find(|node| node.client_type == ClientType::Root).map(|node| node.id);
        Self { tree, root }
    }

    fn is_direct(&self, node: &TreeNode) -> bool {
        node.client_type == ClientType::Customer && node.parent_id.is_some() && node.parent_id == self.root
    }

    fn count(&self, of: impl Fn(&TreeNode) -> bool) -> u32 {
        u32::try_from(self.tree.data.iter().filter(|node| of(node)).count()).unwrap_or(u32::MAX)
    }

    fn stats(&self, archived: Option<&Page<Client>>) -> Vec<Stat> {
        // Two levels hold every agency and every direct client; whatever is deeper is an agency's customer.
        let agencies = self.count(|node| node.client_type == ClientType::Agency);
        let direct = self.count(|node| self.is_direct(node));
        let roots = u32::from(self.root.is_some());
        let customers = self.tree.total.saturating_sub(agencies + direct + roots);
        let archived = match archived.map(|page| &page.pagination) {
            Some(page) if page.total_capped => "10,000+".to_owned(),
            Some(page) => format::count(i64::try_from(page.total.unwrap_or(0)).unwrap_or(i64::MAX)),
            None => "–".to_owned(),
        };
        let stat = |label: &'static str, icon: &'static str, value: String, note: &'static str| Stat {
            label: label.into(),
            icon: icon.into(),
            value,
            note: note.into(),
        };
        vec![
            stat("Agencies", "users", format::count(agencies), "below the root"),
            stat("Customers", "building-2", format::count(customers), "of agencies"),
            stat("Direct clients", "user", format::count(direct), "without an agency"),
            stat("Archived", "history", archived, "kept, not counted beside"),
        ]
    }

    fn rows(&self) -> Vec<TreeRow> {
        let kind = |node: &TreeNode| match self.is_direct(node) {
            true => "Direct client",
            false => kind_label(node.client_type),
        };
        self.tree.data.iter().take(MOST_ROWS).map(|node| rows::tree_row(node, kind(node).into())).collect()
    }

    fn note(&self) -> String {
        let shown = self.tree.data.len().min(MOST_ROWS);
        let left = (self.tree.total as usize).saturating_sub(shown);
        if left == 0 {
            return String::new();
        }
        let left = format::count(i64::try_from(left).unwrap_or(i64::MAX));
        format!("{left} more are not shown here: open an agency, or search by name.")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn one_searches_in_a_list_and_pages_keep_what_was_asked() {
        let read = |q: &str, view: &str| {
            Asked::read(&Params { q: Some(q.to_owned()), view: Some(view.to_owned()), ..Params::default() })
        };
        assert_eq!(read("", "").view, View::Tree);
        assert_eq!(read("ohio", "tree").view, View::List);
        assert_eq!(read("", "nonsense").view, View::Tree);
        assert_eq!(read(" a & b ", "archived").href(Some("x")), "/clients?view=archived&q=a+%26+b&cursor=x");
    }
}
