//! Budgets as cards and lines: spent, held, left, whose limit holds, and when it starts anew.

use chrono::{DateTime, SecondsFormat, Utc};
use hg_contracts::cpm::{BudgetAbove, BudgetState, ClientBudget};
use hg_types::Usd;

use super::{AboveRow, BelowRow, BudgetCard};
use crate::pages::{
    format,
    parts::{Fact, StatusBadge, Text, Tone},
};

/// The budgets of the running day and month.
pub(super) fn cards(budget: &ClientBudget) -> Vec<BudgetCard> {
    [("day", "Today", &budget.day), ("month", "This month", &budget.month)]
        .map(|(key, title, state)| BudgetCard {
            key: key.into(),
            title: title.into(),
            status: status(state),
            spent: format::money(state.spent_usd),
            reserved: format::money(state.reserved_usd),
            left: state.left_usd.map(format::money).unwrap_or_default(),
            limit: state.limit_usd.map(format::money).unwrap_or_default(),
            limit_note: limit_note(state),
            percent: state.limit_usd.map(|limit| percent(state.spent_usd + state.reserved_usd, limit)),
            resets_iso: state.resets_at.to_rfc3339_opts(SecondsFormat::Secs, true),
            resets: state.resets_at.format("%-d %b, %H:%M UTC").to_string(),
            notes: notes(state, tightest(&budget.above, key)),
        })
        .into()
}

/// How much of it that is, 0–100.
pub(super) fn percent(part: Usd, whole: Usd) -> u8 {
    let (part, whole) = (i128::from(part.nanos().max(0)), i128::from(whole.nanos()));
    if whole <= 0 {
        return 100;
    }
    u8::try_from((part * 100 / whole).min(100)).unwrap_or(100)
}

fn status(state: &BudgetState) -> StatusBadge {
    let nothing_left = state.left_usd.is_some_and(|left| !left.is_positive());
    // What is held may come back; what is spent doesn't.
    let is_held = state.limit_usd.is_some_and(|limit| state.spent_usd < limit);
    let is_refusing = state.warnings.iter().any(|warning| warning.refusing);
    match (state.warning_percent, state.limit_usd) {
        _ if nothing_left && is_held => StatusBadge::new("All held", Tone::Danger, "circle-x"),
        _ if nothing_left => StatusBadge::new("Used up", Tone::Danger, "circle-x"),
        (Some(100), _) if is_refusing => StatusBadge::new("Too little left", Tone::Danger, "circle-x"),
        (Some(100), _) => StatusBadge::new("Used up", Tone::Danger, "circle-x"),
        (Some(_), _) => StatusBadge::new("Over 80 %", Tone::Warning, "triangle-alert"),
        (None, Some(_)) => StatusBadge::new("Within its limit", Tone::Success, "circle-check"),
        (None, None) => StatusBadge::new("No limit", Tone::Neutral, "minus"),
    }
}

/// Whose limit holds, and which other there is.
fn limit_note(state: &BudgetState) -> Text {
    match (state.own_limit_usd, state.cap_usd) {
        (None, None) => "No limit of its own, and none was set from above".into(),
        (Some(_), None) => "Its own limit".into(),
        (None, Some(_)) => "Set from above".into(),
        (Some(own), Some(cap)) if own <= cap => {
            format!("Its own limit; {} was set from above", format::money(cap)).into()
        }
        (Some(own), Some(_)) => format!("Set from above; its own limit is {}", format::money(own)).into(),
    }
}

/// What is left of the tightest limit above, where it can be seen.
fn tightest(above: &[BudgetAbove], period: &str) -> Option<Usd> {
    above.iter().filter(|it| it.period == period).filter_map(|it| it.left_usd).min()
}

fn notes(state: &BudgetState, left_above: Option<Usd>) -> Vec<Text> {
    let mut notes: Vec<Text> = Vec::new();
    if state.over_usd.is_positive() {
        let over = format::money(state.over_usd);
        notes.push(
            format!("{over} above the limit, which was lowered meanwhile: nothing is started before there is room.")
                .into(),
        );
    }
    if let Some(left) = left_above.filter(|left| state.left_usd.is_none_or(|own| *left < own)) {
        notes.push(format!("A limit above it leaves {}.", format::money(left)).into());
    }
    for warning in &state.warnings {
        let what = match (warning.percent, warning.refusing) {
            (100, true) => "too little was left for a job".to_owned(),
            (100, false) => "the limit was reached".to_owned(),
            (percent, _) => format!("{percent} % were reached"),
        };
        let (spent, limit) = (format::money(warning.spent_usd), format::money(warning.limit_usd));
        notes.push(format!("{}: {what}, {spent} of {limit}.", instant(warning.at)).into());
    }
    let without_text = state.spent.failed_usd + state.spent.cancelled_usd + state.spent.unknown_usd;
    if without_text.is_positive() {
        notes.push(format!("{} of it brought no text.", format::money(without_text)).into());
    }
    notes
}

/// What is left of each limit, and when it starts anew: for where a budget was in the way.
pub(crate) fn standing(budget: &ClientBudget) -> Vec<Fact> {
    let left = |left: Usd, limit: Usd, resets_at| {
        format!("{} of {} left, starts anew {}", format::money(left), format::money(limit), instant(resets_at))
    };
    let own = [("Today", &budget.day), ("This month", &budget.month)]
        .into_iter()
        .filter_map(|(label, state)| Some(Fact::new(label, left(state.left_usd?, state.limit_usd?, state.resets_at))));
    let above = budget.above.iter().map(|it| {
        let label = if it.period == "day" { "Above it, today" } else { "Above it, this month" };
        let value = match (it.left_usd, it.limit_usd) {
            (Some(rest), Some(limit)) => left(rest, limit, it.resets_at),
            _ => {
                let rest = if it.is_used_up { "nothing left" } else { "something left" };
                format!("{rest}, starts anew {}", instant(it.resets_at))
            }
        };
        Fact::new(label, value)
    });
    own.chain(above).collect()
}

/// Limits above the client.
pub(super) fn above(budget: &ClientBudget) -> Vec<AboveRow> {
    budget
        .above
        .iter()
        .map(|it| AboveRow {
            whose: if it.scope == "global" { "The operator’s" } else { "Above it" }.into(),
            per: if it.period == "day" { "a day" } else { "a month" }.into(),
            left: match (it.left_usd, it.limit_usd) {
                (Some(left), Some(limit)) => format!("{} of {} left", format::money(left), format::money(limit)).into(),
                _ => "".into(),
            },
            status: if it.is_used_up {
                StatusBadge::new("Used up", Tone::Danger, "circle-x")
            } else {
                StatusBadge::new("Has room", Tone::Success, "circle-check")
            },
            resets: instant(it.resets_at),
        })
        .collect()
}

/// A client's budgets in a line.
pub(super) fn line(budget: &ClientBudget) -> BelowRow {
    let used = |state: &BudgetState| {
        let used = format::money(state.spent_usd + state.reserved_usd);
        match state.limit_usd {
            Some(limit) => format!("{used} of {}", format::money(limit)),
            None => format!("{used}, no limit"),
        }
    };
    // The one of the two that needs looking at.
    let (day, month) = (status(&budget.day), status(&budget.month));
    let worse = if urgency(day.tone) > urgency(month.tone) { day } else { month };
    BelowRow {
        name: budget.client_name.clone(),
        href: format!("/clients/{}/costs", budget.client_slug),
        day: used(&budget.day),
        month: used(&budget.month),
        status: worse,
    }
}

/// How much it needs looking at.
const fn urgency(tone: Tone) -> u8 {
    match tone {
        Tone::Neutral => 0,
        Tone::Info | Tone::Success => 1,
        Tone::Warning => 2,
        Tone::Danger => 3,
    }
}

/// An instant as people read it in a sentence.
pub(super) fn instant(at: DateTime<Utc>) -> String {
    at.format("%-d %B %Y, %H:%M UTC").to_string()
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn usd(text: &str) -> Usd {
        text.parse().unwrap()
    }

    fn state(own: Option<&str>, cap: Option<&str>, warning: Option<i16>) -> BudgetState {
        let limit = [own, cap].into_iter().flatten().map(usd).min();
        serde_json::from_value(json!({
            "starts_on": "2026-11-21", "resets_at": "2026-11-22T00:00:00Z", "limit_usd": limit, "own_limit_usd": own, "cap_usd": cap,
            "spent_usd": "4", "spent": {"charged_usd": "3.5", "failed_usd": "0.5", "cancelled_usd": "0", "unknown_usd": "0"},
            "reserved_usd": "0.5", "left_usd": limit.map(|limit| limit.saturating_sub(usd("4.5"))), "over_usd": "0",
            "warning_percent": warning, "warnings": [],
        }))
        .unwrap()
    }

    #[test]
    fn the_smaller_limit_holds_and_the_other_is_named() {
        assert_eq!(limit_note(&state(Some("5"), Some("20"), None)), "Its own limit; $20.00 was set from above");
        assert_eq!(limit_note(&state(Some("20"), Some("5"), None)), "Set from above; its own limit is $20.00");
        assert_eq!(limit_note(&state(None, Some("5"), None)), "Set from above");
        assert_eq!(limit_note(&state(Some("5"), None, None)), "Its own limit");
    }

    #[test]
    fn a_badge_says_how_near_the_limit_is() {
        let label = |state: &BudgetState| status(state).label.into_owned();
        assert_eq!(label(&state(None, None, None)), "No limit");
        assert_eq!(label(&state(Some("20"), None, None)), "Within its limit");
        assert_eq!(label(&state(Some("5"), None, Some(80))), "Over 80 %");
        assert_eq!(label(&state(Some("4"), None, Some(100))), "Used up");
        assert_eq!(label(&state(Some("4.5"), None, Some(80))), "All held", "running jobs may give some of it back");
        assert_eq!(label(&state(Some("0"), None, None)), "Used up", "a limit of nothing leaves nothing");
    }

    #[test]
    fn a_line_says_what_needs_looking_at() {
        let of = |day: BudgetState, month: BudgetState| {
            let budget: ClientBudget = serde_json::from_value(json!({
                "client_id": "0191d0a0-0000-7000-8000-000000000001", "client_name": "Pasco", "client_slug": "pasco",
                "day": day, "month": month, "above": [],
            }))
            .unwrap();
            line(&budget).status.label.into_owned()
        };
        let (fine, near, none) =
            (state(Some("20"), None, None), state(Some("5"), None, Some(80)), state(None, None, None));
        let used_up = state(Some("4"), None, None);
        assert_eq!(of(used_up.clone(), fine.clone()), "Used up", "whatever was warned of");
        assert_eq!(of(used_up.clone(), near.clone()), "Used up");
        assert_eq!(of(near.clone(), used_up), "Used up");
        assert_eq!(of(fine.clone(), near), "Over 80 %");
        assert_eq!(of(fine.clone(), none.clone()), "Within its limit");
        assert_eq!(of(none.clone(), fine), "Within its limit");
        assert_eq!(of(none.clone(), none), "No limit");
    }

    #[test]
    fn a_limit_above_is_named_where_it_leaves_less() {
        let own = state(Some("20"), None, None);
        let said = |left: &str| notes(&own, Some(usd(left))).iter().any(|note| note.contains("above it leaves"));
        assert!(said("1") && !said("16"));
        assert!(notes(&own, None).iter().any(|note| note == "$0.5000 of it brought no text."));
    }

    #[test]
    fn parts_stay_between_nothing_and_all() {
        assert_eq!(
            [("0", "5"), ("4", "5"), ("9", "5"), ("1", "0")].map(|(a, b)| percent(usd(a), usd(b))),
            [0, 80, 100, 100]
        );
    }
}
