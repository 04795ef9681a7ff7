//! The hierarchy: the list of clients, and a client's own pages with what can be done to it.

pub(crate) mod change;
pub(crate) mod deletion;
pub(crate) mod facts;
pub(crate) mod index;
pub(crate) mod new;
pub(crate) mod relocate;
pub(crate) mod rows;
pub(crate) mod show;
pub(crate) mod standing;

use serde::Serialize;

use super::{
    dashboard::Stat,
    parts::{Choice, Fact, FieldProblem, Moment, Text},
    place::{ClientHead, TabLink},
    templates::Page,
};

/// The clients: as a tree, as a list, or what is archived.
#[derive(Clone, Debug, Serialize)]
#[cfg_attr(test, derive(serde::Deserialize), serde(deny_unknown_fields))]
pub struct ClientsPage {
    /// The figures; none where they can't be read.
    pub stats: Vec<Stat>,
    /// The ways to look at them.
    pub tabs: Vec<TabLink>,
    /// Which of them this is: `tree`, `list`, `archived`.
    pub view: Text,
    /// What is searched for.
    pub q: String,
    /// The tree; empty in a list.
    pub tree: Vec<TreeRow>,
    /// What the tree leaves out, in a sentence.
    pub tree_note: String,
    /// One page of the list; none in the tree.
    pub list: Option<ClientList>,
    /// Where a client is made; none where the person may make none.
    pub new_href: Option<String>,
    /// Why nothing can be shown.
    pub problem: Option<Text>,
}

impl Page for ClientsPage {
    fn template(&self) -> &'static str {
        "pages/clients/index.html"
    }
}

/// A client in the tree.
#[derive(Clone, Debug, Serialize)]
#[cfg_attr(test, derive(serde::Deserialize), serde(deny_unknown_fields))]
pub struct TreeRow {
    /// Its name.
    pub name: String,
    /// Its page.
    pub href: String,
    /// Its level.
    pub kind: Text,
    /// The icon's name.
    pub icon: Text,
    /// How far it is indented, 0–2.
    pub depth: usize,
    /// `12 customers`; empty for none.
    pub below: String,
    /// `3 people`; empty for none.
    pub people: String,
    /// The person's role on it.
    pub role: Text,
}

/// One page of a list of clients.
#[derive(Clone, Debug, Default, Serialize)]
#[cfg_attr(test, derive(serde::Deserialize), serde(deny_unknown_fields))]
pub struct ClientList {
    /// The clients, by name.
    pub rows: Vec<ClientRow>,
    /// `50 of 312 clients`.
    pub summary: String,
    /// The first page, from a later one.
    pub first_href: Option<String>,
    /// The page after this one.
    pub next_href: Option<String>,
    /// What stands in place of rows, in a few words.
    pub empty_title: Text,
    /// And what to do.
    pub empty_text: Text,
    /// The list without a search; none where nothing is searched for.
    pub clear_href: Option<String>,
}

/// A client in a list.
#[derive(Clone, Debug, Serialize)]
#[cfg_attr(test, derive(serde::Deserialize), serde(deny_unknown_fields))]
pub struct ClientRow {
    /// Its name.
    pub name: String,
    /// Its page.
    pub href: String,
    /// Its slug.
    pub slug: String,
    /// Its level.
    pub kind: Text,
    /// The icon's name.
    pub icon: Text,
    /// The person's role on it.
    pub role: Text,
    /// Since when it is archived, if it is.
    pub archived: Option<Moment>,
    /// When it was changed last.
    pub changed: Moment,
}

/// A client: what is known of it, what is below it, what can be done.
#[derive(Clone, Debug, Serialize)]
#[cfg_attr(test, derive(serde::Deserialize), serde(deny_unknown_fields))]
pub struct ClientPage {
    /// The head.
    pub head: ClientHead,
    /// Why what was asked for wasn't done.
    pub alert: Option<Text>,
    /// Slug, dates, role.
    pub about: Vec<Fact>,
    /// Facts about the firm, which templates read.
    pub facts: Vec<Fact>,
    /// What stands directly below; none for customers, which have nothing below.
    pub below: Option<ClientList>,
    /// What is archived below.
    pub archived_below: Vec<ClientRow>,
    /// What the person may do.
    pub actions: Actions,
}

impl Page for ClientPage {
    fn template(&self) -> &'static str {
        "pages/clients/show.html"
    }
}

/// What the person may do with a client; none for what they may not.
#[derive(Clone, Debug, Default, Serialize)]
#[cfg_attr(test, derive(serde::Deserialize), serde(deny_unknown_fields))]
pub struct Actions {
    /// New content for it.
    pub write_href: Option<String>,
    /// Another client below it.
    pub new_href: Option<String>,
    /// Name, slug, facts.
    pub edit_href: Option<String>,
    /// Another place in the tree.
    pub move_href: Option<String>,
    /// Archives it.
    pub archive_href: Option<String>,
    /// Brings it back.
    pub restore_href: Option<String>,
    /// Says what deleting it would take along.
    pub delete_href: Option<String>,
}

/// The form of a client, new or known.
#[derive(Clone, Debug, Serialize)]
#[cfg_attr(test, derive(serde::Deserialize), serde(deny_unknown_fields))]
pub struct ClientFormPage {
    /// The head; none for a new client.
    pub head: Option<ClientHead>,
    /// The page's title.
    pub title: Text,
    /// A sentence below it.
    pub lead: Text,
    /// Where the form is sent.
    pub action: String,
    /// What the button says.
    pub submit: Text,
    /// Where one goes who doesn't want to.
    pub cancel_href: String,
    /// What is wrong as a whole.
    pub alert: Option<Text>,
    /// What is wrong with single fields.
    pub errors: Vec<FieldProblem>,
    /// The name.
    pub name: String,
    /// The slug.
    pub slug: String,
    /// The facts, a line each.
    pub facts: String,
    /// What a known client's form began with: it is sent along, so that only what was changed is changed.
    pub began: Option<Began>,
    /// Where a new one may stand; empty for one that stands somewhere.
    pub places: Vec<Choice>,
    /// Where it shall stand.
    pub place: String,
    /// Another agency than those, by its slug; none where all are offered.
    pub elsewhere: Option<String>,
    /// Whether there is a form: a new client needs somewhere to stand.
    pub blocked: Option<Text>,
}

/// What a client's form began with.
#[derive(Clone, Debug, Serialize)]
#[cfg_attr(test, derive(serde::Deserialize), serde(deny_unknown_fields))]
pub struct Began {
    /// The name.
    pub name: String,
    /// The slug.
    pub slug: String,
    /// The facts, a line each.
    pub facts: String,
}

impl Page for ClientFormPage {
    fn template(&self) -> &'static str {
        "pages/clients/form.html"
    }
}

/// Another place for a client.
#[derive(Clone, Debug, Serialize)]
#[cfg_attr(test, derive(serde::Deserialize), serde(deny_unknown_fields))]
pub struct MovePage {
    /// The head.
    pub head: ClientHead,
    /// What is wrong as a whole.
    pub alert: Option<Text>,
    /// What is wrong with single fields.
    pub errors: Vec<FieldProblem>,
    /// Where the form is sent.
    pub action: String,
    /// Where one goes who doesn't want to.
    pub cancel_href: String,
    /// Where it stands.
    pub from: String,
    /// Where it may stand.
    pub places: Vec<Choice>,
    /// What was chosen.
    pub place: String,
    /// Another place than those, by its slug; none where all are offered.
    pub elsewhere: Option<String>,
    /// What moving changes, a sentence each.
    pub changes: Vec<Fact>,
}

impl Page for MovePage {
    fn template(&self) -> &'static str {
        "pages/clients/move.html"
    }
}

/// What deleting a client would take along, and the second step.
#[derive(Clone, Debug, Serialize)]
#[cfg_attr(test, derive(serde::Deserialize), serde(deny_unknown_fields))]
pub struct DeletePage {
    /// The head.
    pub head: ClientHead,
    /// Why it wasn't deleted.
    pub alert: Option<Text>,
    /// What is wrong with single fields.
    pub errors: Vec<FieldProblem>,
    /// What would go, with how many; empty for nothing but the client.
    pub contents: Vec<Fact>,
    /// Why it can't be deleted at all, and what can be done instead.
    pub blocked: Option<Text>,
    /// Archives it instead; none where it is archived.
    pub archive_href: Option<String>,
    /// Where the second step is sent.
    pub action: String,
    /// What shows that these contents were seen; empty where there is nothing to confirm.
    pub confirmation: String,
    /// Where one goes who doesn't want to.
    pub cancel_href: String,
}

impl Page for DeletePage {
    fn template(&self) -> &'static str {
        "pages/clients/delete.html"
    }
}
