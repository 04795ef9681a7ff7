//! Is the text usable? Parses and checks what a model wrote against what the strategy wants, and words a repair.
//! Pure: no call is made here.

use hg_llm::FinishReason;
use hg_quality::{Parsed, Report, Rules, parse};

use super::store::attempt::Job;
use crate::domain::checking::{self, ResultRecord};

/// A text, taken apart and judged.
#[derive(Clone, Debug)]
pub(super) struct Judged {
    pub(super) parsed: Parsed,
    pub(super) report: Report,
    /// Cut off by the output limit.
    pub(super) cut: bool,
}

impl Judged {
    /// How many things make it unusable.
    pub(super) const fn faults(&self) -> usize {
        self.report.hard_failures.len() + self.cut as usize
    }

    pub(super) fn result(&self) -> ResultRecord<'_> {
        ResultRecord::of(&self.parsed, &self.report)
    }
}

pub(super) fn judge(job: &Job, rules: &Rules, text: &str, finish: &FinishReason) -> Judged {
    let parsed = parse(job.content_type, text);
    let report = checking::report(job.content_type, &job.parameters, rules.clone(), &parsed);
    Judged { parsed, report, cut: *finish == FinishReason::Length }
}

/// What a model is told to put right in the text that it wrote.
pub(super) fn repair_instructions(judged: &Judged, words: (u32, u32)) -> String {
    let mut faults: Vec<String> = judged
        .report
        .hard_failures
        .iter()
        .map(|fault| format!("- {} ({}): {}", fault.label, fault.value, fault.advice))
        .collect();
    if judged.cut {
        faults.push(format!("- The text was cut off: write all of it in at most {} words.", words.1));
    }
    format!(
        "The text can't be used as it is:\n{}\n\nWrite the whole text again with this put right and everything else kept, \
         in the same format as before. Answer with the text alone.",
        faults.join("\n")
    )
}
