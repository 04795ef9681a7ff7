//! A client's money: budgets of the running day and month with their limits, and what texts have cost.
//!
//! Amounts come formatted; what is left and which limit holds is content production's to say.

mod budget;
mod figures;
pub(crate) mod limits;
pub(crate) mod show;

use serde::Serialize;

pub(super) use self::budget::standing;

use super::{
    parts::{FieldProblem, StatusBadge, Text},
    place::ClientHead,
    templates::Page,
};

/// The page.
#[derive(Clone, Debug, Serialize)]
#[cfg_attr(test, derive(serde::Deserialize), serde(deny_unknown_fields))]
pub struct CostsPage {
    /// The head.
    pub head: ClientHead,
    /// Why something wasn't done.
    pub alert: Option<Text>,
    /// What is wrong with single fields.
    pub errors: Vec<FieldProblem>,
    /// Why there is nothing to show.
    pub problem: Option<Text>,
    /// The budgets of the running day and month.
    pub budgets: Vec<BudgetCard>,
    /// Limits above the client that bind it, too.
    pub above: Vec<AboveRow>,
    /// Of which days costs are shown.
    pub days: DaysForm,
    /// What was paid.
    pub figures: Option<CostsView>,
    /// The budgets of what is below; none where nothing can be.
    pub below: Option<BelowList>,
    /// The client's own limits; none for who may not set them.
    pub own: Option<LimitsForm>,
    /// The limits from above; none for who may not set them.
    pub cap: Option<LimitsForm>,
}

impl Page for CostsPage {
    fn template(&self) -> &'static str {
        "pages/costs/show.html"
    }
}

/// One budget in its running period.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[cfg_attr(test, derive(serde::Deserialize), serde(deny_unknown_fields))]
pub struct BudgetCard {
    /// `day` or `month`: for element ids.
    pub key: Text,
    /// `Today`.
    pub title: Text,
    /// How near its limit it is.
    pub status: StatusBadge,
    /// What was spent.
    pub spent: String,
    /// What is held for jobs that haven't ended.
    pub reserved: String,
    /// What is left; empty without a limit.
    pub left: String,
    /// The limit in force; empty for none.
    pub limit: String,
    /// Whose limit that is, and which other there is.
    pub limit_note: Text,
    /// How much of the limit is spent and held, 0–100; none without a limit.
    pub percent: Option<u8>,
    /// When it starts anew: RFC 3339.
    pub resets_iso: String,
    /// The same for people.
    pub resets: String,
    /// What else there is to know: a limit that was passed, thresholds that were reached, texts that failed.
    pub notes: Vec<Text>,
}

/// A limit above the client.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[cfg_attr(test, derive(serde::Deserialize), serde(deny_unknown_fields))]
pub struct AboveRow {
    /// Whose.
    pub whose: Text,
    /// `a day`, `a month`.
    pub per: Text,
    /// What is left of it, for those who see its holder.
    pub left: Text,
    /// Whether there is room.
    pub status: StatusBadge,
    /// When it starts anew.
    pub resets: String,
}

/// Of which days costs are shown.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize)]
#[cfg_attr(test, derive(serde::Deserialize), serde(deny_unknown_fields))]
pub struct DaysForm {
    /// Where it is sent.
    pub action: String,
    /// The first day.
    pub from: String,
    /// The last day.
    pub to: String,
    /// Whether somebody has chosen them.
    pub is_chosen: bool,
}

/// What ended jobs have cost.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[cfg_attr(test, derive(serde::Deserialize), serde(deny_unknown_fields))]
pub struct CostsView {
    /// The days, in words.
    pub period: String,
    /// All of it.
    pub total: String,
    /// Texts, calls and tokens.
    pub summary: String,
    /// What went where no text came of it; empty for nothing.
    pub lost: String,
    /// The days as bars.
    pub chart: Option<Chart>,
    /// By provider and model, by type, by client.
    pub tables: Vec<CostTable>,
}

/// Days as bars.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[cfg_attr(test, derive(serde::Deserialize), serde(deny_unknown_fields))]
pub struct Chart {
    /// The picture's width in its own units; its height is 100.
    pub width: u32,
    /// The bars, a day each.
    pub bars: Vec<Bar>,
    /// The dearest day's cost: the top of the picture.
    pub most: String,
    /// The first day.
    pub first: String,
    /// The last day.
    pub last: String,
    /// What the picture shows, in a sentence.
    pub label: String,
    /// The days on which something was paid, the newest first.
    pub rows: Vec<CostRow>,
}

/// A day.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[cfg_attr(test, derive(serde::Deserialize), serde(deny_unknown_fields))]
pub struct Bar {
    /// Where it stands.
    pub x: u32,
    /// Its top.
    pub y: u32,
    /// Its width.
    pub width: u32,
    /// Its height.
    pub height: u32,
    /// `12 November: $1.93`.
    pub label: String,
}

/// Costs by something.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[cfg_attr(test, derive(serde::Deserialize), serde(deny_unknown_fields))]
pub struct CostTable {
    /// For element ids.
    pub key: Text,
    /// `By model`.
    pub title: Text,
    /// `Model`.
    pub column: Text,
    /// The dearest first.
    pub rows: Vec<CostRow>,
    /// What is left off; empty for nothing.
    pub others: String,
}

/// What something has cost.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[cfg_attr(test, derive(serde::Deserialize), serde(deny_unknown_fields))]
pub struct CostRow {
    /// What.
    pub label: String,
    /// More about it; may be empty.
    pub note: Text,
    /// Its own page.
    pub href: Option<String>,
    /// What it has cost.
    pub total: String,
    /// How much of that brought no text; empty for nothing.
    pub lost: String,
    /// Its part of everything, 0–100.
    pub share: u8,
}

/// The budgets of what stands below.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[cfg_attr(test, derive(serde::Deserialize), serde(deny_unknown_fields))]
pub struct BelowList {
    /// One page of them.
    pub rows: Vec<BelowRow>,
    /// Whether only those near their limit are shown.
    pub warned: bool,
    /// All of them.
    pub all_href: String,
    /// Only those near their limit.
    pub warned_href: String,
    /// The first page, from a later one.
    pub first_href: Option<String>,
    /// The page after this one.
    pub next_href: Option<String>,
}

/// A client's budgets in a line.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[cfg_attr(test, derive(serde::Deserialize), serde(deny_unknown_fields))]
pub struct BelowRow {
    /// Its name.
    pub name: String,
    /// Its page of costs.
    pub href: String,
    /// `$0.42 of $5.00`.
    pub day: String,
    /// `$12.00, no limit`.
    pub month: String,
    /// How near a limit it is.
    pub status: StatusBadge,
}

/// Two limits to set.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[cfg_attr(test, derive(serde::Deserialize), serde(deny_unknown_fields))]
pub struct LimitsForm {
    /// `own` or `cap`: the beginning of its fields' ids.
    pub key: Text,
    /// `Its own limits`.
    pub title: Text,
    /// What they do.
    pub text: Text,
    /// Where it is sent.
    pub action: String,
    /// Dollars a day; empty for no limit.
    pub daily: String,
    /// Dollars a month; empty for no limit.
    pub monthly: String,
    /// What holds a day as the form is shown: what is left at it isn't set.
    pub was_daily: String,
    /// The same a month.
    pub was_monthly: String,
}
