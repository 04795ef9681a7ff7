//! The table for people.

use super::Report;
use crate::measure::{Bound, Figure, Measure, Target, Verdict};

/// The table's columns.
const HEAD: [&str; 9] = ["measurement", "median", "p95", "p99", "per second", "value", "peak memory", "target", ""];

/// Prints table, use of the processors, and notes.
pub(crate) fn print(report: &Report) {
    let mut lines = vec![HEAD.map(str::to_owned)];
    lines.extend(report.measures.iter().map(cells));
    let widths: Vec<usize> = (0..HEAD.len())
        .map(|column| lines.iter().map(|line| line[column].chars().count()).max().unwrap_or_default())
        .collect();
    for (number, line) in lines.iter().enumerate() {
        println!("{}", row(line, &widths));
        if number == 0 {
            println!("{}", widths.iter().map(|width| "-".repeat(*width)).collect::<Vec<_>>().join("  "));
        }
    }
    println!("\nbusy cores");
    for measure in &report.measures {
        if let Some(usage) = &measure.usage {
            let mut busy: Vec<_> = usage.cores.iter().filter(|(_, cores)| **cores >= 0.005).collect();
            busy.sort_by(|a, b| b.1.total_cmp(a.1));
            let busy: Vec<String> = busy.into_iter().map(|(name, cores)| format!("{name} {cores:.2}")).collect();
            println!("  {}: {}", measure.name, busy.join(", "));
        }
    }
    println!("\nnotes");
    for measure in &report.measures {
        measure.notes.iter().for_each(|note| println!("  {}: {note}", measure.name));
    }
    let judged = report.measures.iter().filter(|measure| measure.verdict.is_some()).count();
    let met = report.measures.iter().filter(|measure| measure.verdict == Some(Verdict::Met)).count();
    println!("\n{met} of {judged} targets met");
}

/// One line, while the run goes on.
pub(crate) fn brief(measure: &Measure) -> String {
    let cells = cells(measure);
    let mut said = vec![cells[0].clone()];
    said.extend((1..HEAD.len()).filter(|column| !cells[*column].is_empty()).map(|column| {
        if HEAD[column].is_empty() { cells[column].clone() } else { format!("{} {}", HEAD[column], cells[column]) }
    }));
    said.join(", ")
}

/// The first column is text, the others are figures.
fn row(cells: &[String; 9], widths: &[usize]) -> String {
    let cells =
        cells.iter().zip(widths).enumerate().map(|(column, (cell, width))| {
            if column == 0 { format!("{cell:width$}") } else { format!("{cell:>width$}") }
        });
    cells.collect::<Vec<_>>().join("  ").trim_end().to_owned()
}

fn cells(measure: &Measure) -> [String; 9] {
    let ms = |figure| measure.latency.and_then(|_| measure.figure(figure)).map(|ms| format!("{ms:.2} ms"));
    let verdict = measure.verdict.map(|verdict| match verdict {
        Verdict::Met => "met",
        Verdict::Missed => "MISSED",
    });
    [
        Some(measure.name.clone()),
        ms(Figure::Median),
        ms(Figure::P95),
        ms(Figure::P99),
        measure.per_second.map(|number| if number < 100.0 { format!("{number:.1}") } else { format!("{number:.0}") }),
        measure.value.as_ref().map(|value| format!("{:.1} {}", value.number, value.unit)),
        measure.peak.as_ref().map(|peak| format!("{} {:.1} MiB", peak.process, peak.mib)),
        measure.target.map(|target| describe(target, measure)),
        verdict.map(str::to_owned),
    ]
    .map(Option::unwrap_or_default)
}

fn describe(target: Target, measure: &Measure) -> String {
    let sign = match target.bound {
        Bound::AtMost => "≤",
        Bound::AtLeast => "≥",
    };
    let number = target.number;
    match target.figure {
        Figure::Median => format!("median {sign} {number} ms"),
        Figure::P95 => format!("p95 {sign} {number} ms"),
        Figure::P99 => format!("p99 {sign} {number} ms"),
        Figure::PerSecond => format!("{sign} {number}/s"),
        Figure::Value => {
            let unit = measure.value.as_ref().map_or("", |value| value.unit.as_str());
            format!("{sign} {number} {unit}").trim_end().to_owned()
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::latency::Latency;

    #[test]
    fn a_line_says_figures_target_and_verdict() {
        let latency = Latency { count: 9, mean_ms: 3.0, p50_ms: 3.456, p95_ms: 9.0, p99_ms: 30.0, max_ms: 40.0 };
        let measure = Measure::new("accept", "accept, 16 callers")
            .latency(latency)
            .per_second(812.6)
            .target(Target::at_most(Figure::P99, 25.0));
        let said = brief(&measure);
        assert_eq!(
            said,
            "accept, 16 callers, median 3.46 ms, p95 9.00 ms, p99 30.00 ms, per second 813, target p99 ≤ 25 ms, MISSED"
        );
        let size = Measure::new("assets", "jobs").value(41.25, "KiB").target(Target::at_most(Figure::Value, 60.0));
        assert_eq!(brief(&size), "jobs, value 41.2 KiB, target ≤ 60 KiB, met");
    }

    #[test]
    fn columns_stand_below_each_other() {
        let cells = ["a", "1", "", "", "", "", "", "", "met"].map(str::to_owned);
        assert_eq!(row(&cells, &[3, 4, 0, 0, 0, 0, 0, 0, 6]), format!("a       1{}met", " ".repeat(17)));
    }
}
