//! What people type into fields of forms, as values: numbers, money, days. Ranges are the services' to judge.

use chrono::{DateTime, NaiveDate, NaiveTime, Utc};
use hg_types::Usd;

use super::parts::FieldProblem;

/// The value of a field; nothing where nothing was typed. What can't be one is noted.
pub(crate) fn given<T>(
    text: &str,
    errors: &mut Vec<FieldProblem>,
    field: &'static str,
    wrong: &'static str,
    parse: fn(&str) -> Option<T>,
) -> Option<T> {
    let text = text.trim();
    if text.is_empty() {
        return None;
    }
    let value = parse(text);
    if value.is_none() {
        errors.push(FieldProblem::new(field, wrong));
    }
    value
}

/// A whole number.
pub(crate) fn number(text: &str) -> Option<i64> {
    text.parse().ok()
}

/// Dollars, with or without their sign.
pub(crate) fn dollars(text: &str) -> Option<Usd> {
    text.trim_start_matches('$').trim_start().parse().ok()
}

/// A day.
pub(crate) fn day(text: &str) -> Option<NaiveDate> {
    NaiveDate::parse_from_str(text, "%Y-%m-%d").ok()
}

/// The last moment of a day: what ends on a day still holds on it.
pub(crate) fn end_of_day(text: &str) -> Option<DateTime<Utc>> {
    Some(day(text)?.succ_opt()?.and_time(NaiveTime::MIN).and_utc())
}

/// The day whose last moment this is, as [`end_of_day`] reads it: what ends at midnight has held on the day before.
#[must_use]
pub(crate) fn last_day(end: DateTime<Utc>) -> String {
    let last = end.checked_sub_signed(chrono::TimeDelta::nanoseconds(1)).unwrap_or(end);
    last.date_naive().to_string()
}

/// Money as a field shows it: `5.00`, `0.0375`, without a sign that would have to be typed.
#[must_use]
pub(crate) fn amount(amount: Usd) -> String {
    let text = amount.to_string();
    let Some((whole, decimals)) = text.split_once('.') else { return text };
    let significant = decimals.trim_end_matches('0').len().max(2).min(decimals.len());
    format!("{whole}.{}", &decimals[..significant])
}

/// Whether two fields say the same money, however it is written.
#[must_use]
pub(crate) fn same_dollars(a: &str, b: &str) -> bool {
    a == b || dollars(a).is_some_and(|value| dollars(b) == Some(value))
}

/// What is wrong with a field that somebody else has changed since the form was shown.
#[must_use]
pub(crate) fn changed_meanwhile(field: &'static str, now: &str) -> FieldProblem {
    let now = if now.is_empty() { "empty" } else { now };
    FieldProblem::new(field, format!("Somebody has changed this meanwhile; it is {now} now."))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_shown_can_be_typed_again() {
        for text in ["5.00", "0.0375", "1234.50", "0.000000001"] {
            assert_eq!(amount(dollars(text).unwrap()), text);
        }
        assert_eq!(dollars("$ 2.5").map(amount).as_deref(), Some("2.50"));
        for wrong in ["free", "1,000", "2.5 USD"] {
            assert_eq!(dollars(wrong), None, "{wrong}");
        }
        assert_eq!(last_day(end_of_day("2027-03-31").unwrap()), "2027-03-31");
        assert_eq!(last_day("2027-03-31T12:00:00Z".parse().unwrap()), "2027-03-31");
    }
}
