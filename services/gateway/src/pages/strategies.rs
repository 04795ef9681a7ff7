//! A client's strategies and SEO rules: what it says itself, what it inherits and from whom, and what was saved when.
//!
//! Both are fields that are inherited and versions that are kept, so they share their pages: [`kind::Kind`] is all that
//! tells them apart. Fields and bounds come from strategy management's guide; no field is known here but by its group.

pub(crate) mod compare;
pub(crate) mod diff;
pub(crate) mod fields;
pub(crate) mod form;
pub(crate) mod groups;
pub(crate) mod history;
pub(crate) mod index;
pub(crate) mod kind;
pub(crate) mod values;
pub(crate) mod view;

use serde::Serialize;

use self::diff::Piece;
use super::{
    parts::{Choice, FieldProblem, Moment, Text},
    place::{ClientHead, TabLink},
    templates::Page,
};

/// All of a client's strategies and SEO rules.
#[derive(Clone, Debug, Serialize)]
#[cfg_attr(test, derive(serde::Deserialize), serde(deny_unknown_fields))]
pub struct StrategiesPage {
    /// The head.
    pub head: ClientHead,
    /// One per content type.
    pub types: Vec<TypeCard>,
}

impl Page for StrategiesPage {
    fn template(&self) -> &'static str {
        "pages/strategies/index.html"
    }
}

/// What a client says about a content type.
#[derive(Clone, Debug, Serialize)]
#[cfg_attr(test, derive(serde::Deserialize), serde(deny_unknown_fields))]
pub struct TypeCard {
    /// The content type.
    pub label: Text,
    /// The icon's name.
    pub icon: Text,
    /// Its strategy, and its SEO rules where they apply.
    pub parts: Vec<TypePart>,
}

/// The strategy, or the SEO rules.
#[derive(Clone, Debug, Serialize)]
#[cfg_attr(test, derive(serde::Deserialize), serde(deny_unknown_fields))]
pub struct TypePart {
    /// Which of the two.
    pub label: Text,
    /// Its page.
    pub href: String,
    /// `Version 3, 2 days ago`, or that everything is inherited.
    pub state: String,
    /// How many fields it sets; 0 for none of its own.
    pub own_fields: usize,
}

/// What stands above each page about one strategy or one set of SEO rules.
#[derive(Clone, Debug, Serialize)]
#[cfg_attr(test, derive(serde::Deserialize), serde(deny_unknown_fields))]
pub struct Heading {
    /// The client's head.
    pub head: ClientHead,
    /// `Blog post: strategy`.
    pub title: Text,
    /// `Version 3`, or that it has none of its own.
    pub state: String,
    /// The content types and both kinds, to go to.
    pub others: Vec<TabLink>,
    /// Form and history.
    pub tabs: Vec<TabLink>,
}

/// The form.
#[derive(Clone, Debug, Serialize)]
#[cfg_attr(test, derive(serde::Deserialize), serde(deny_unknown_fields))]
pub struct StrategyPage {
    /// What stands above.
    pub heading: Heading,
    /// What is wrong as a whole.
    pub alert: Option<Text>,
    /// What is wrong with single fields.
    pub errors: Vec<FieldProblem>,
    /// What isn't wrong, but worth saying.
    pub note: Option<Text>,
    /// What somebody else saved meanwhile.
    pub conflict: Option<Conflict>,
    /// Where the form is sent; none where the person may only read.
    pub action: Option<String>,
    /// Names the draft: it must not come back over a newer version.
    pub draft: String,
    /// Whether it holds what was just sent; a stored draft must not replace that.
    pub refilled: bool,
    /// The version that it is based on; empty for none.
    pub version: String,
    /// The strategy's name; none for SEO rules, which have none.
    pub name: Option<String>,
    /// Why it is saved.
    pub save_note: String,
    /// The fields.
    pub groups: Vec<FieldGroup>,
}

impl Page for StrategyPage {
    fn template(&self) -> &'static str {
        "pages/strategies/form.html"
    }
}

/// Somebody was quicker.
#[derive(Clone, Debug, Serialize)]
#[cfg_attr(test, derive(serde::Deserialize), serde(deny_unknown_fields))]
pub struct Conflict {
    /// Who, when, which version.
    pub message: String,
    /// The fields that differ, with what stands there now; both are kept.
    pub fields: Vec<Difference>,
    /// The form with what stands there now.
    pub theirs_href: String,
}

/// A field that two people want differently.
#[derive(Clone, Debug, Serialize)]
#[cfg_attr(test, derive(serde::Deserialize), serde(deny_unknown_fields))]
pub struct Difference {
    /// The field's element.
    pub id: String,
    /// Its name for people.
    pub label: Text,
    /// What was typed.
    pub yours: String,
    /// What was saved meanwhile.
    pub theirs: String,
}

/// Fields that belong together.
#[derive(Clone, Debug, Serialize)]
#[cfg_attr(test, derive(serde::Deserialize), serde(deny_unknown_fields))]
pub struct FieldGroup {
    /// Its element.
    pub id: Text,
    /// Its heading.
    pub title: Text,
    /// Its fields.
    pub fields: Vec<FieldView>,
}

/// A field with its control and where its value comes from.
#[derive(Clone, Debug, Serialize)]
#[cfg_attr(test, derive(serde::Deserialize), serde(deny_unknown_fields))]
pub struct FieldView {
    /// Its element, and the beginning of its inputs' names.
    pub id: String,
    /// Its name for people.
    pub label: Text,
    /// What it is for, and its bounds.
    pub hint: String,
    /// Which control it has: `text`, `area`, `number`, `flag`, `many`, `ticks`.
    pub control: Text,
    /// What stands in a single control.
    pub value: String,
    /// What holds where it is left empty.
    pub placeholder: String,
    /// Values to choose from or to offer.
    pub options: Vec<Choice>,
    /// The inputs of `many` and `ticks`.
    pub inputs: Vec<FieldInput>,
    /// `step` of numbers.
    pub step: Text,
    /// The least number; empty for none.
    pub min: String,
    /// The largest number; empty for none.
    pub max: String,
    /// The most characters; empty for none, or where they are not those of the whole.
    pub max_length: String,
    /// Lines of an area.
    pub rows: usize,
    /// Whether the list is explicitly empty; none for what isn't a list.
    pub none: Option<bool>,
    /// Whether the client sets it itself.
    pub is_own: bool,
    /// Where what holds comes from.
    pub source: SourceView,
    /// What holds by inheritance, where the client sets it itself: what a reset would bring back.
    pub without: Option<SourceView>,
    /// Whether it takes the whole width.
    pub wide: bool,
}

/// Where a value comes from.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize)]
#[cfg_attr(test, derive(serde::Deserialize), serde(deny_unknown_fields))]
pub struct SourceView {
    /// How near it is: `own`, `above`, `built_in`, `nobody`.
    pub level: Text,
    /// `Heaviside Digital, version 2`; the version alone for its own; words for the rest.
    pub label: String,
    /// The page where that is said, where the person sees it.
    pub href: Option<String>,
    /// The value in words; empty for none.
    pub value: String,
}

/// One input of several.
#[derive(Clone, Debug, Serialize)]
#[cfg_attr(test, derive(serde::Deserialize), serde(deny_unknown_fields))]
pub struct FieldInput {
    /// Its name and its element.
    pub id: String,
    /// What it is.
    pub label: Text,
    /// What stands in it.
    pub value: String,
    /// Whether it is ticked.
    pub ticked: bool,
    /// What holds where it is left empty.
    pub placeholder: String,
}

/// The versions.
#[derive(Clone, Debug, Serialize)]
#[cfg_attr(test, derive(serde::Deserialize), serde(deny_unknown_fields))]
pub struct HistoryPage {
    /// What stands above.
    pub heading: Heading,
    /// Why what was asked for wasn't done.
    pub alert: Option<Text>,
    /// The versions, newest first.
    pub versions: Vec<VersionRow>,
    /// Versions before these.
    pub older_href: Option<String>,
    /// The newest, from older ones.
    pub newest_href: Option<String>,
    /// Where two are compared; none for fewer than two.
    pub compare_href: Option<String>,
    /// Brings one back; none where the person may only read.
    pub restore_href: Option<String>,
    /// Takes it out of force; none where it isn't in force or the person may only read.
    pub delete_href: Option<String>,
    /// What that takes away.
    pub deleting: Text,
    /// Its id, for whoever acts on it; empty where there is none.
    pub id: String,
    /// The newest version: what bringing one back, or deleting, is based on.
    pub newest: i32,
    /// What came of it; none for what isn't measured or can't be read.
    pub figures: Option<Figures>,
}

impl Page for HistoryPage {
    fn template(&self) -> &'static str {
        "pages/strategies/history.html"
    }
}

/// A version.
#[derive(Clone, Debug, Serialize)]
#[cfg_attr(test, derive(serde::Deserialize), serde(deny_unknown_fields))]
pub struct VersionRow {
    /// Its number.
    pub number: i32,
    /// Whether it is the newest.
    pub is_current: bool,
    /// Who saved it; empty where that isn't told.
    pub author: String,
    /// When.
    pub at: Moment,
    /// Why; empty for no note.
    pub note: String,
    /// What it changed: `Tone, Audience`.
    pub changed: String,
    /// `brings back version 2`; empty for none.
    pub origin: String,
    /// Whether it is chosen as the earlier one to compare.
    pub from: bool,
    /// Whether it is chosen as the later one.
    pub to: bool,
}

/// What came of a strategy.
#[derive(Clone, Debug, Serialize)]
#[cfg_attr(test, derive(serde::Deserialize), serde(deny_unknown_fields))]
pub struct Figures {
    /// Since when jobs are counted.
    pub since: String,
    /// The columns after the version.
    pub columns: Vec<Text>,
    /// Versions from which texts were made.
    pub rows: Vec<FiguresRow>,
}

/// What came of a version.
#[derive(Clone, Debug, Serialize)]
#[cfg_attr(test, derive(serde::Deserialize), serde(deny_unknown_fields))]
pub struct FiguresRow {
    /// The version.
    pub version: i32,
    /// A cell per column.
    pub cells: Vec<String>,
}

/// Two versions, field by field.
#[derive(Clone, Debug, Serialize)]
#[cfg_attr(test, derive(serde::Deserialize), serde(deny_unknown_fields))]
pub struct ComparePage {
    /// What stands above.
    pub heading: Heading,
    /// The earlier one.
    pub from: VersionRow,
    /// The later one.
    pub to: VersionRow,
    /// What differs.
    pub changes: Vec<ChangeView>,
    /// All versions.
    pub history_href: String,
    /// Brings the earlier one back; none where the person may only read.
    pub restore_href: Option<String>,
    /// Its id, for whoever acts on it; empty where there is none.
    pub id: String,
    /// The newest version: what bringing one back, or deleting, is based on.
    pub newest: i32,
}

impl Page for ComparePage {
    fn template(&self) -> &'static str {
        "pages/strategies/compare.html"
    }
}

/// A field that differs.
#[derive(Clone, Debug, Serialize)]
#[cfg_attr(test, derive(serde::Deserialize), serde(deny_unknown_fields))]
pub struct ChangeView {
    /// The field.
    pub label: Text,
    /// What happened: `added`, `removed`, `changed`.
    pub kind: Text,
    /// In words: `set since`, `inherited since`, `changed`.
    pub kind_label: Text,
    /// Word by word.
    pub pieces: Vec<Piece>,
}
