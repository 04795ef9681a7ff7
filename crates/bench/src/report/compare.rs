//! Two runs beside each other.

use super::Report;
use crate::measure::{Figure, Measure};

/// The figures that are compared, and their names.
const FIGURES: [(Figure, &str); 5] = [
    (Figure::Median, "median"),
    (Figure::P95, "p95"),
    (Figure::P99, "p99"),
    (Figure::PerSecond, "per second"),
    (Figure::Value, "value"),
];

/// What was, what is, and how many times that is, for all that both runs measured. Says so where the circumstances differ.
pub(crate) fn compare(earlier: &Report, now: &Report) -> Vec<String> {
    let mut lines = vec![format!("\ncompared with {} ({})", earlier.settings.commit, earlier.settings.started_at)];
    let (a, b) = (&earlier.settings, &now.settings);
    for (what, differs) in [
        ("the pace", a.pace != b.pace),
        ("the machine", (a.cores, &a.cpu) != (b.cores, &b.cpu)),
        ("Postgres", a.postgres != b.postgres),
        ("PgBouncer", a.pgbouncer != b.pgbouncer),
        ("the services' settings", a.services != b.services),
    ] {
        if differs {
            lines.push(format!("  not the same: {what}"));
        }
    }
    for measure in &now.measures {
        let same = |other: &&Measure| other.row == measure.row && other.name == measure.name;
        let Some(before) = earlier.measures.iter().find(same) else { continue };
        for (figure, name) in FIGURES {
            if let (Some(was), Some(is)) = (before.figure(figure), measure.figure(figure)) {
                lines.push(format!("  {} {name}: {was:.2} → {is:.2}, {}", measure.name, ratio(was, is)));
            }
        }
    }
    lines
}

fn ratio(was: f64, is: f64) -> String {
    if was == 0.0 { "was nothing".to_owned() } else { format!("×{:.2}", is / was) }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ratios_are_of_now_to_before() {
        assert_eq!(ratio(200.0, 300.0), "×1.50");
        assert_eq!(ratio(0.0, 3.0), "was nothing");
    }
}
