//! Is the text usable? Parses and checks what a model wrote against what the strategy wants, and words a repair.
//! Pure: no call is made here.

use hg_contracts::{
    cpm::JobResult,
    smm::{EffectiveStrategy, SeoRuleFields},
};
use hg_llm::FinishReason;
use hg_quality::{Draft, Parsed, Report, Rules, SeoThresholds, check, parse};
use hg_types::ContentType;

use super::store::attempt::Job;

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

    pub(super) fn title(&self) -> Option<String> {
        Some(self.parsed.title.clone()).filter(|title| !title.is_empty())
    }

    pub(super) fn result(&self) -> JobResult {
        JobResult {
            content: self.parsed.markdown.clone(),
            title: self.title(),
            meta_description: self.parsed.meta_description.clone(),
            word_count: self.parsed.word_count,
            parts: self.parsed.parts.iter().map(|part| (part.name.clone(), part.text.clone())).collect(),
            quality: serde_json::to_value(&self.report).unwrap_or_default(),
        }
    }
}

pub(super) fn judge(
    job: &Job,
    strategy: &EffectiveStrategy,
    words: (u32, u32),
    text: &str,
    finish: &FinishReason,
) -> Judged {
    let parsed = parse(job.content_type, text);
    let mut draft = Draft::from_parsed(job.content_type, &parsed);
    draft.focus_keyphrase = job.parameters.focus_keyphrase.clone().or_else(|| job.parameters.keywords.first().cloned());
    draft.keywords.clone_from(&job.parameters.keywords);
    draft.rules = rules(job, strategy, words);
    let report = check(&draft);
    Judged { parsed, report, cut: *finish == FinishReason::Length }
}

/// What the strategy demands, as far as it can be checked.
fn rules(job: &Job, strategy: &EffectiveStrategy, words: (u32, u32)) -> Rules {
    let values = &strategy.values;
    let blog = job.content_type == ContentType::BlogPost;
    let wants_cta = values.include_cta.unwrap_or(true);
    Rules {
        word_count_range: Some(words),
        subheading_count: values.subheading_count.filter(|_| blog),
        required_terms: values.required_terms.clone().unwrap_or_default(),
        banned_terms: values.banned_terms.clone().unwrap_or_default(),
        // A tone's name isn't a word that must occur in the text: only words that were given as such.
        tone_words: values.tone_words.clone().unwrap_or_default(),
        call_to_action: values.call_to_action.clone().filter(|_| wants_cta),
        call_to_action_url: values.call_to_action_url.clone().filter(|_| wants_cta),
        location: values.location_focus.clone(),
        platforms: values.platforms.clone().unwrap_or_default(),
        character_limits: values.character_limits.clone().unwrap_or_default(),
        hashtag_count: values.hashtag_count.clone().unwrap_or_default(),
        hashtags: values.hashtags.clone().unwrap_or_default(),
        meta_description_length: values.meta_description_length,
        subject_length: values.subject_length,
        preheader_length: values.preheader_length,
        seo: seo(&strategy.seo.values),
    }
}

/// The client's SEO rules, as thresholds of the checks.
fn seo(rules: &SeoRuleFields) -> SeoThresholds {
    SeoThresholds {
        keyphrase_density: rules.keyphrase_density,
        keyphrase_in_headings: rules.keyphrase_in_headings,
        title_width: rules.title_width,
        meta_description_range: rules.meta_description_range,
        text_length_min: rules.text_length_min,
        skipped_checks: rules.skipped_checks.clone().unwrap_or_default(),
    }
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
