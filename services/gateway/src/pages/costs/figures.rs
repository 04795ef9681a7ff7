//! What texts have cost: days as bars, and tables by what they were spent on.

use chrono::{Datelike as _, NaiveDate};
use hg_contracts::cpm::{CostFigures, CostRow as Paid, Costs, Usage};
use hg_types::{ContentType, Usd};

use super::{Bar, Chart, CostRow, CostTable, CostsView, budget::percent};
use crate::pages::{clients::Clients, format, keys::rows::provider_label, parts::Text};

/// The width of a bar and the gap after it, in the picture's units.
const BAR: u32 = 8;
const GAP: u32 = 2;
/// The picture's height.
const HEIGHT: u32 = 100;

/// What was asked of content production for one page.
#[derive(Debug)]
pub(super) struct Answers {
    pub(super) by_day: Costs,
    pub(super) by_model: Costs,
    pub(super) by_type: Costs,
    /// None where nothing can be below.
    pub(super) by_client: Option<Costs>,
    pub(super) usage: Usage,
}

/// What ended jobs have cost.
pub(super) fn view(answers: &Answers, clients: &Clients) -> CostsView {
    let (days, used) = (&answers.by_day, &answers.usage.totals);
    let tokens = used.input_tokens.saturating_add(used.output_tokens);
    let many =
        |count: i64, one: &str, more: &str| format!("{} {}", format::count(count), if count == 1 { one } else { more });
    let mut tables = vec![
        table("model", "By model", "Model", &answers.by_model, |row| {
            let provider = provider_label(row.group.provider.as_deref().unwrap_or("unknown"));
            Named { label: row.group.model.clone().unwrap_or_default(), note: provider.into(), href: None }
        }),
        table("type", "By type", "Type", &answers.by_type, |row| {
            let name = row.group.content_type.as_deref().unwrap_or("unknown");
            let label = name.parse::<ContentType>().map_or("Unknown", ContentType::label).to_owned();
            Named { label, note: "".into(), href: None }
        }),
    ];
    if let Some(costs) = &answers.by_client {
        tables.push(table("client", "By client", "Client", costs, |row| Named {
            label: row.group.client_name.clone().unwrap_or_default(),
            note: "".into(),
            href: row.group.client_id.and_then(|id| clients.by_id(id)).map(|it| format!("/clients/{}/costs", it.slug)),
        }));
    }
    CostsView {
        period: period(days.from, days.to),
        total: format::money(days.totals.total_usd),
        summary: [
            many(used.results, "text", "texts"),
            many(used.calls, "call", "calls"),
            many(tokens, "token", "tokens"),
        ]
        .join(", "),
        lost: positive(lost(&days.totals)),
        chart: chart(days),
        tables: tables.into_iter().filter(|table| !table.rows.is_empty()).collect(),
    }
}

/// `1–21 November 2026`, `28 October – 3 November 2026`, `1 December 2025 – 2 January 2026`.
fn period(from: NaiveDate, to: NaiveDate) -> String {
    let last = to.format("%-d %B %Y");
    if from == to {
        return last.to_string();
    }
    if from.format("%Y-%m").to_string() == to.format("%Y-%m").to_string() {
        return format!("{}–{last}", from.format("%-d"));
    }
    if from.format("%Y").to_string() == to.format("%Y").to_string() {
        return format!("{} – {last}", from.format("%-d %B"));
    }
    format!("{} – {last}", from.format("%-d %B %Y"))
}

/// What brought no text.
fn lost(figures: &CostFigures) -> Usd {
    let by = figures.by_heading;
    by.failed_usd + by.cancelled_usd + by.unknown_usd
}

fn positive(amount: Usd) -> String {
    if amount.is_positive() { format::money(amount) } else { String::new() }
}

/// What a row is about.
struct Named {
    label: String,
    note: Text,
    href: Option<String>,
}

fn row(named: Named, figures: &CostFigures, whole: Usd) -> CostRow {
    let share = if whole.is_positive() { percent(figures.total_usd, whole) } else { 0 };
    CostRow {
        label: named.label,
        note: named.note,
        href: named.href,
        total: format::money(figures.total_usd),
        lost: positive(lost(figures)),
        share,
    }
}

fn table(
    key: &'static str,
    title: &'static str,
    column: &'static str,
    costs: &Costs,
    name: impl Fn(&Paid) -> Named,
) -> CostTable {
    let whole = costs.totals.total_usd;
    CostTable {
        key: key.into(),
        title: title.into(),
        column: column.into(),
        rows: costs.data.iter().map(|paid| row(name(paid), &paid.figures, whole)).collect(),
        others: costs.others.as_ref().map_or_else(String::new, |others| {
            format!("and {} more: {}", format::count(others.rows), format::money(others.figures.total_usd))
        }),
    }
}

/// The days as bars; none where nothing was paid.
fn chart(costs: &Costs) -> Option<Chart> {
    let paid: Vec<(NaiveDate, &CostFigures)> =
        costs.data.iter().filter_map(|row| Some((row.group.day?, &row.figures))).collect();
    let (dearest, most) = paid.iter().map(|(day, it)| (*day, it.total_usd)).max_by_key(|(_, total)| *total)?;
    if !most.is_positive() {
        return None;
    }
    // The year where the days are of two.
    let form = if costs.from.year() == costs.to.year() { "%-d %B" } else { "%-d %B %Y" };
    let of = |day: NaiveDate| paid.iter().find(|(it, _)| *it == day).map_or(Usd::ZERO, |(_, it)| it.total_usd);
    let bars: Vec<Bar> = costs
        .from
        .iter_days()
        .take_while(|day| *day <= costs.to)
        .zip(0_u32..)
        .map(|(day, place)| {
            let total = of(day);
            // What was paid is seen, however little it is beside the dearest day.
            let height = if total.is_positive() { u32::from(percent(total, most)).max(2) } else { 0 };
            let label = format!("{}: {}", day.format(form), format::money(total));
            Bar { x: place * (BAR + GAP), y: HEIGHT - height, width: BAR, height, label }
        })
        .collect();
    let width = u32::try_from(bars.len()).unwrap_or(1) * (BAR + GAP);
    let rows = paid.iter().map(|(day, figures)| {
        let label = day.format("%-d %B %Y").to_string();
        row(Named { label, note: "".into(), href: None }, figures, costs.totals.total_usd)
    });
    Some(Chart {
        // A few days are no wide bars.
        width: width.max(14 * (BAR + GAP)),
        most: format::money(most),
        first: costs.from.format(form).to_string(),
        last: costs.to.format(form).to_string(),
        label: format!("Costs by day. The dearest is {} with {}.", dearest.format(form), format::money(most)),
        rows: rows.collect(),
        bars,
    })
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn day(text: &str) -> NaiveDate {
        text.parse().unwrap()
    }

    fn costs(from: &str, to: &str, days: &[(&str, &str)]) -> Costs {
        let figures = |total: &str| {
            json!({"total_usd": total, "by_heading": {"charged_usd": total, "failed_usd": "0", "cancelled_usd": "0", "unknown_usd": "0"},
                "by_knowledge": {"reported_usd": "0", "computed_usd": total, "estimated_usd": "0", "unknown_usd": "0"}})
        };
        let rows: Vec<_> = days
            .iter()
            .map(|(day, total)| {
                let mut row = figures(total);
                row["day"] = json!(day);
                row
            })
            .collect();
        let sum: Usd = days.iter().map(|(_, total)| total.parse::<Usd>().unwrap()).sum();
        serde_json::from_value(
            json!({"from": from, "to": to, "totals": figures(&sum.to_string()), "data": rows, "others": null}),
        )
        .unwrap()
    }

    #[test]
    fn each_day_has_its_place_and_each_cost_is_seen() {
        let chart =
            chart(&costs("2026-11-01", "2026-11-21", &[("2026-11-20", "10"), ("2026-11-02", "0.0001")])).unwrap();
        assert_eq!((chart.bars.len(), chart.width, chart.rows.len()), (21, 210, 2));
        assert_eq!((chart.bars[19].height, chart.bars[19].y), (100, 0));
        assert_eq!((chart.bars[1].height, chart.bars[1].y, chart.bars[2].height), (2, 98, 0));
        assert_eq!(chart.label, "Costs by day. The dearest is 20 November with $10.00.");
    }

    #[test]
    fn days_of_two_years_say_which() {
        let chart = chart(&costs("2025-12-30", "2026-01-02", &[("2025-12-31", "10")])).unwrap();
        assert_eq!((chart.first.as_str(), chart.last.as_str()), ("30 December 2025", "2 January 2026"));
        assert_eq!(chart.bars[1].label, "31 December 2025: $10.00");
        assert_eq!(chart.label, "Costs by day. The dearest is 31 December 2025 with $10.00.");
    }

    #[test]
    fn nothing_paid_is_no_picture() {
        assert_eq!(chart(&costs("2026-11-01", "2026-11-21", &[])), None);
        assert_eq!(chart(&costs("2026-11-01", "2026-11-21", &[("2026-11-20", "0")])), None);
    }

    #[test]
    fn periods_are_as_short_as_they_can_be() {
        let of = |from, to| period(day(from), day(to));
        assert_eq!(of("2026-11-21", "2026-11-21"), "21 November 2026");
        assert_eq!(of("2026-11-01", "2026-11-21"), "1–21 November 2026");
        assert_eq!(of("2026-10-28", "2026-11-03"), "28 October – 3 November 2026");
        assert_eq!(of("2025-12-01", "2026-01-02"), "1 December 2025 – 2 January 2026");
    }
}
