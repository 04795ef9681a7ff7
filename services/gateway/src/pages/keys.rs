//! A client's keys: those by which trusted services call us, and its own at providers. What ends a key asks first.
//!
//! A secret is on the one page that answers its making, never in an address, and never comes back into a form.

pub(crate) mod api;
pub(crate) mod edit;
mod form;
pub(crate) mod provider;
pub(crate) mod rows;
pub(crate) mod show;

use serde::Serialize;

use super::{
    parts::{Choice, FieldProblem, Moment, StatusBadge, Text},
    place::ClientHead,
    templates::Page,
};

/// The page.
#[derive(Clone, Debug, Serialize)]
#[cfg_attr(test, derive(serde::Deserialize), serde(deny_unknown_fields))]
pub struct KeysPage {
    /// The head.
    pub head: ClientHead,
    /// Why something wasn't done.
    pub alert: Option<Text>,
    /// What is wrong with single fields.
    pub errors: Vec<FieldProblem>,
    /// The secret that was just made.
    pub fresh: Option<FreshSecret>,
    /// Why there are no lists.
    pub problem: Option<Text>,
    /// The API keys, the newest first.
    pub api_keys: Vec<ApiKeyRow>,
    /// API keys before these.
    pub older_href: Option<String>,
    /// Makes an API key.
    pub create: KeyForm,
    /// The provider keys, the newest first.
    pub provider_keys: Vec<ProviderKeyRow>,
    /// Stores a provider key.
    pub store: StoreForm,
}

impl Page for KeysPage {
    fn template(&self) -> &'static str {
        "pages/keys/show.html"
    }
}

/// A secret, shown this once.
#[derive(Clone, Serialize)]
#[cfg_attr(test, derive(serde::Deserialize), serde(deny_unknown_fields))]
pub struct FreshSecret {
    /// The key's name.
    pub name: String,
    /// The secret.
    pub secret: String,
    /// What becomes of the one before; empty for a new key.
    pub old: Text,
}

impl std::fmt::Debug for FreshSecret {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("FreshSecret").field("name", &self.name).finish_non_exhaustive()
    }
}

/// An API key.
#[derive(Clone, Debug, Serialize)]
#[cfg_attr(test, derive(serde::Deserialize), serde(deny_unknown_fields))]
pub struct ApiKeyRow {
    /// What people call it.
    pub name: String,
    /// How its secret begins.
    pub prefix: String,
    /// Whether it opens anything.
    pub status: StatusBadge,
    /// What it may do.
    pub scopes: String,
    /// Its limits, its end, its old secret: a line each.
    pub facts: Vec<Text>,
    /// When it was made.
    pub created: Moment,
    /// When it was last used.
    pub used: Option<Moment>,
    /// Changes it; none for what has ended.
    pub edit_href: Option<String>,
    /// Asks about a new secret; none for what has ended and for the operator's.
    pub rotate_href: Option<String>,
    /// Asks about ending it; none for what has ended.
    pub revoke_href: Option<String>,
}

/// The form of an API key.
#[derive(Clone, Debug, Serialize)]
#[cfg_attr(test, derive(serde::Deserialize), serde(deny_unknown_fields))]
pub struct KeyForm {
    /// Where it is sent.
    pub action: String,
    /// What people call it.
    pub name: String,
    /// What it may do.
    pub scopes: Vec<ScopeChoice>,
    /// The last day on which it opens anything; empty for none.
    pub expires: String,
    /// Requests per minute; empty for the usual number.
    pub requests: String,
    /// Jobs per day; empty for no limit.
    pub jobs: String,
    /// Dollars per day; empty for no limit.
    pub daily: String,
    /// Dollars per month; empty for no limit.
    pub monthly: String,
    /// Whether name and end are the operator's, so that they can't be changed here.
    pub is_operators: bool,
}

/// What a form begins with in one of its fields: a hidden field.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[cfg_attr(test, derive(serde::Deserialize), serde(deny_unknown_fields))]
pub struct Began {
    /// The hidden field's name.
    pub name: String,
    /// What the key said.
    pub value: String,
}

/// Something that a key may do.
#[derive(Clone, Debug, Serialize)]
#[cfg_attr(test, derive(serde::Deserialize), serde(deny_unknown_fields))]
pub struct ScopeChoice {
    /// Its name on the wire, which is also the field's.
    pub value: Text,
    /// What it is.
    pub label: Text,
    /// Whether it is ticked.
    pub checked: bool,
}

/// A provider key.
#[derive(Clone, Debug, Serialize)]
#[cfg_attr(test, derive(serde::Deserialize), serde(deny_unknown_fields))]
pub struct ProviderKeyRow {
    /// Its id, which requests name.
    pub id: String,
    /// Its provider.
    pub provider: String,
    /// What people call it; may be empty.
    pub name: String,
    /// Its last characters.
    pub hint: String,
    /// Whether it is used, and what the provider said.
    pub status: StatusBadge,
    /// For one person alone.
    pub personal: bool,
    /// When it was stored.
    pub created: Moment,
    /// When it was last tried.
    pub tested: Option<Moment>,
    /// Tries it; none for a disabled one.
    pub test_href: Option<String>,
    /// Disables or enables it.
    pub state_href: String,
    /// The state that the button brings: `disabled` or `active`.
    pub state: Text,
    /// Asks about deleting it.
    pub delete_href: String,
}

/// The form of a new provider key. The key itself never comes back.
#[derive(Clone, Debug, Serialize)]
#[cfg_attr(test, derive(serde::Deserialize), serde(deny_unknown_fields))]
pub struct StoreForm {
    /// Where it is sent.
    pub action: String,
    /// The provider.
    pub provider: String,
    /// Those that take keys.
    pub providers: Vec<Choice>,
    /// What people call it.
    pub label: String,
    /// Whether it is for the person alone.
    pub only_me: bool,
}

/// What comes of something that can't be undone, and the button that does it.
#[derive(Clone, Debug, Serialize)]
#[cfg_attr(test, derive(serde::Deserialize), serde(deny_unknown_fields))]
pub struct ConfirmPage {
    /// The head.
    pub head: ClientHead,
    /// `Revoke the key Shop?`
    pub title: String,
    /// Why it wasn't done.
    pub alert: Option<Text>,
    /// What is wrong with single fields.
    pub errors: Vec<FieldProblem>,
    /// What comes of it, a line each.
    pub lines: Vec<Text>,
    /// How long the old secret goes on, where that is the question.
    pub overlap: Vec<Choice>,
    /// Where it is sent.
    pub action: String,
    /// The button.
    pub button: Text,
    /// Whether something goes for good.
    pub is_end: bool,
    /// Back.
    pub cancel_href: String,
}

impl Page for ConfirmPage {
    fn template(&self) -> &'static str {
        "pages/keys/confirm.html"
    }
}

/// An API key's form alone.
#[derive(Clone, Debug, Serialize)]
#[cfg_attr(test, derive(serde::Deserialize), serde(deny_unknown_fields))]
pub struct EditKeyPage {
    /// The head.
    pub head: ClientHead,
    /// `The key Shop`.
    pub title: String,
    /// Why it wasn't saved.
    pub alert: Option<Text>,
    /// What is wrong with single fields.
    pub errors: Vec<FieldProblem>,
    /// What the key has used of its limits, a line each.
    pub facts: Vec<Text>,
    /// The form.
    pub form: KeyForm,
    /// What it begins with, sent along.
    pub began: Vec<Began>,
    /// Back.
    pub cancel_href: String,
}

impl Page for EditKeyPage {
    fn template(&self) -> &'static str {
        "pages/keys/edit.html"
    }
}
