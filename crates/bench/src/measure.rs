//! A measurement's figures, and what was aimed at.

use serde::{Deserialize, Serialize};

use crate::{latency::Latency, usage::Usage};

/// One line of the table.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub(crate) struct Measure {
    /// The row that it belongs to.
    pub(crate) row: String,
    /// What was measured; with the row, the name under which files are compared.
    pub(crate) name: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) latency: Option<Latency>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) per_second: Option<f64>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) value: Option<Value>,
    /// The most that the service under test had resident.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) peak: Option<Peak>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) target: Option<Target>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) verdict: Option<Verdict>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) usage: Option<Usage>,
    #[serde(skip_serializing_if = "Vec::is_empty", default)]
    pub(crate) notes: Vec<String>,
}

/// A figure that is neither a time nor a rate.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub(crate) struct Value {
    pub(crate) number: f64,
    pub(crate) unit: String,
}

/// A service's peak of memory.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub(crate) struct Peak {
    pub(crate) process: String,
    pub(crate) mib: f64,
}

/// Which figure a target is about.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub(crate) enum Figure {
    Median,
    P95,
    P99,
    PerSecond,
    Value,
}

/// On which side of the number the figure shall be.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub(crate) enum Bound {
    AtMost,
    AtLeast,
}

/// What was aimed at.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
pub(crate) struct Target {
    pub(crate) figure: Figure,
    pub(crate) bound: Bound,
    pub(crate) number: f64,
}

impl Target {
    pub(crate) const fn at_most(figure: Figure, number: f64) -> Self {
        Self { figure, bound: Bound::AtMost, number }
    }

    pub(crate) const fn at_least(figure: Figure, number: f64) -> Self {
        Self { figure, bound: Bound::AtLeast, number }
    }
}

/// Whether it was reached.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub(crate) enum Verdict {
    Met,
    Missed,
}

impl Measure {
    pub(crate) fn new(row: &str, name: impl Into<String>) -> Self {
        Self {
            row: row.to_owned(),
            name: name.into(),
            latency: None,
            per_second: None,
            value: None,
            peak: None,
            target: None,
            verdict: None,
            usage: None,
            notes: Vec::new(),
        }
    }

    pub(crate) fn latency(mut self, latency: Latency) -> Self {
        self.latency = Some(latency);
        self
    }

    pub(crate) fn per_second(mut self, number: f64) -> Self {
        self.per_second = Some(number);
        self
    }

    pub(crate) fn value(mut self, number: f64, unit: &str) -> Self {
        self.value = Some(Value { number, unit: unit.to_owned() });
        self
    }

    /// What was taken of the machine, and whose peak the table shows.
    pub(crate) fn usage(mut self, usage: Usage, process: &str) -> Self {
        self.peak = usage.peak_mib.get(process).map(|mib| Peak { process: process.to_owned(), mib: *mib });
        self.usage = Some(usage);
        self
    }

    pub(crate) fn note(mut self, note: impl Into<String>) -> Self {
        self.notes.push(note.into());
        self
    }

    pub(crate) fn notes(mut self, notes: impl IntoIterator<Item = String>) -> Self {
        self.notes.extend(notes);
        self
    }

    /// Judges the figures that are there by now.
    pub(crate) fn target(mut self, target: Target) -> Self {
        self.verdict = self.figure(target.figure).map(|found| {
            let met = match target.bound {
                Bound::AtMost => found <= target.number,
                Bound::AtLeast => found >= target.number,
            };
            if met { Verdict::Met } else { Verdict::Missed }
        });
        self.target = Some(target);
        self
    }

    /// One of its figures.
    pub(crate) fn figure(&self, figure: Figure) -> Option<f64> {
        match figure {
            Figure::Median => self.latency.map(|latency| latency.p50_ms),
            Figure::P95 => self.latency.map(|latency| latency.p95_ms),
            Figure::P99 => self.latency.map(|latency| latency.p99_ms),
            Figure::PerSecond => self.per_second,
            Figure::Value => self.value.as_ref().map(|value| value.number),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn targets_are_judged_by_their_figure() {
        let latency = Latency { count: 1, mean_ms: 1.0, p50_ms: 8.0, p95_ms: 20.0, p99_ms: 26.0, max_ms: 30.0 };
        let measure = Measure::new("accept", "accept").latency(latency).per_second(900.0);
        let verdict = |target| measure.clone().target(target).verdict.unwrap();
        assert_eq!(verdict(Target::at_most(Figure::Median, 8.0)), Verdict::Met);
        assert_eq!(verdict(Target::at_most(Figure::P99, 25.0)), Verdict::Missed);
        assert_eq!(verdict(Target::at_least(Figure::PerSecond, 800.0)), Verdict::Met);
        assert_eq!(verdict(Target::at_least(Figure::PerSecond, 901.0)), Verdict::Missed);
        assert_eq!(measure.target(Target::at_most(Figure::Value, 1.0)).verdict, None);
    }
}
