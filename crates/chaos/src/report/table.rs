//! What is printed.

use std::{collections::BTreeMap, fmt::Write as _};

use super::{FaultReport, Report};

/// The figures of one fault.
pub(crate) fn block(report: &FaultReport) -> String {
    let mut text = String::new();
    let mut line = |name: &str, what: String| {
        let _ = writeln!(text, "  {name:11} {what}");
    };
    let FaultReport { fault, seconds, .. } = report;
    let met: f64 =
        report.strikes.iter().map(|strike| (strike.until - strike.from).num_milliseconds() as f64 / 1000.0).sum();
    line(
        "fault",
        format!("{fault}: {} strikes, {met:.1} s in all; {seconds:.0} s with start and proof", report.strikes.len()),
    );
    line(
        "jobs",
        format!(
            "accepted {}; {}{}; 402 {} times",
            report.accepted,
            list(&report.ended),
            reasons(&report.failed),
            report.refused
        ),
    );
    line(
        "calls",
        format!(
            "ledger {} ({} unknown), provider {}; {} charges; {} calls paid in vain",
            report.ledger_calls, report.unknown_calls, report.provider_calls, report.charges, report.duplicate_calls
        ),
    );
    let recovery = report.recovery;
    line(
        "recovery",
        format!(
            "of {} jobs that it met: p50 {:.2} s, p99 {:.2} s, at most {:.2} s after its end (undisturbed: {:.2} s from acceptance)",
            recovery.jobs, recovery.p50, recovery.p99, recovery.max, recovery.undisturbed_p50
        ),
    );
    line(
        "budgets",
        format!(
            "at most {:.1} % of a limit was ever spent or held, in {} looks",
            report.budget_peak_percent, report.budget_looks
        ),
    );
    line("watchers", format!("{}, which went on at another replica {} times", report.watchers, report.resumed));
    line("requests", format!("{} failed; sent again: {}", report.failed_requests, list(&report.again)));
    if report.is_clean() {
        line("verdict", "all is as it must be".to_owned());
    }
    for finding in &report.findings {
        line("FINDING", finding.to_string());
    }
    if !report.is_clean() {
        line("logs", report.logs.display().to_string());
    }
    text
}

/// One line per fault.
pub(crate) fn table(report: &Report) -> String {
    let mut text = String::new();
    let _ = writeln!(
        text,
        "{:15} {:>8} {:>9} {:>6} {:>9} {:>7} {:>7} {:>7} {:>8} {:>8} {:>7} {:>6}  verdict",
        "fault",
        "accepted",
        "completed",
        "failed",
        "cancelled",
        "charges",
        "in vain",
        "unknown",
        "p50 s",
        "p99 s",
        "limit %",
        "again"
    );
    for fault in &report.faults {
        let ended = |name: &str| fault.ended.get(name).copied().unwrap_or_default();
        let verdict = if fault.is_clean() { "ok".to_owned() } else { format!("{} FINDINGS", fault.findings.len()) };
        let _ = writeln!(
            text,
            "{:15} {:>8} {:>9} {:>6} {:>9} {:>7} {:>7} {:>7} {:>8.2} {:>8.2} {:>7.1} {:>6}  {verdict}",
            fault.fault,
            fault.accepted,
            ended("completed"),
            ended("failed"),
            ended("cancelled"),
            fault.charges,
            fault.duplicate_calls,
            fault.unknown_calls,
            fault.recovery.p50,
            fault.recovery.p99,
            fault.budget_peak_percent,
            fault.again.values().sum::<u64>(),
        );
    }
    let findings = report.findings().count();
    let _ = writeln!(
        text,
        "seed {}: {} jobs accepted under {} faults, {findings} findings",
        report.seed,
        report.accepted(),
        report.faults.len()
    );
    text
}

fn list<N: std::fmt::Display>(counts: &BTreeMap<String, N>) -> String {
    if counts.is_empty() {
        return "none".to_owned();
    }
    counts.iter().map(|(name, count)| format!("{} {count}×", name.trim())).collect::<Vec<_>>().join(", ")
}

fn reasons(failed: &BTreeMap<String, usize>) -> String {
    if failed.is_empty() { String::new() } else { format!(" ({})", list(failed)) }
}
