//! By what a text is judged: what the strategy demands, as far as it can be checked, and the keyphrase that was asked for.
//! The worker judges what a model wrote; an edit is judged by the very rules that the job keeps.

use std::collections::BTreeMap;

use hg_contracts::{
    cpm::JobResult,
    smm::{EffectiveStrategy, SeoRuleFields},
};
use hg_quality::{Draft, Parsed, Report, Rules, SeoThresholds, check};
use hg_types::ContentType;
use serde::Serialize;

use super::request::JobParameters;

/// What the strategy demands of a text with so many words.
#[must_use]
pub fn rules(content_type: ContentType, strategy: &EffectiveStrategy, words: (u32, u32)) -> Rules {
    let values = &strategy.values;
    let blog = content_type == ContentType::BlogPost;
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

/// Judges a text.
#[must_use]
pub fn report(content_type: ContentType, parameters: &JobParameters, rules: Rules, text: &Parsed) -> Report {
    let mut draft = Draft::from_parsed(content_type, text);
    draft.focus_keyphrase = parameters.focus_keyphrase.clone().or_else(|| parameters.keywords.first().cloned());
    draft.keywords.clone_from(&parameters.keywords);
    draft.rules = rules;
    check(&draft)
}

/// A judged text as the worker keeps it: a [`JobResult`] that needs no copies to be written down.
#[derive(Debug, Serialize)]
pub struct ResultRecord<'a> {
    content: &'a str,
    /// Its title, if it has one.
    pub title: Option<&'a str>,
    meta_description: Option<&'a str>,
    word_count: u32,
    #[serde(skip_serializing_if = "BTreeMap::is_empty")]
    parts: BTreeMap<&'a str, &'a str>,
    quality: &'a Report,
}

impl<'a> ResultRecord<'a> {
    /// Of a text and what was found in it.
    #[must_use]
    pub fn of(text: &'a Parsed, report: &'a Report) -> Self {
        Self {
            content: &text.markdown,
            title: Some(text.title.as_str()).filter(|title| !title.is_empty()),
            meta_description: text.meta_description.as_deref(),
            word_count: text.word_count,
            parts: text.parts.iter().map(|part| (part.name.as_str(), part.text.as_str())).collect(),
            quality: report,
        }
    }
}

/// A judged text, as it is kept and goes out.
#[must_use]
pub fn result(text: &Parsed, report: &Report) -> JobResult {
    JobResult {
        content: text.markdown.clone(),
        title: Some(text.title.clone()).filter(|title| !title.is_empty()),
        meta_description: text.meta_description.clone(),
        word_count: text.word_count,
        parts: text.parts.iter().map(|part| (part.name.clone(), part.text.clone())).collect(),
        quality: serde_json::to_value(report).unwrap_or_default(),
    }
}

#[cfg(test)]
mod tests {
    use hg_quality::parse;

    use super::*;

    #[test]
    fn what_is_kept_is_what_goes_out() {
        for (content_type, text) in [
            (ContentType::BlogPost, "# Panels\n\nA panel keeps a house safe.\n\nMeta description: Safe.\n"),
            (ContentType::BlogPost, ""),
            (ContentType::SocialMedia, "## twitter\n\nSafe.\n\n## linkedin\n\nSafer.\n"),
        ] {
            let parsed = parse(content_type, text);
            let report = report(content_type, &JobParameters::default(), Rules::default(), &parsed);
            let kept = serde_json::to_value(ResultRecord::of(&parsed, &report)).unwrap();
            assert_eq!(kept, serde_json::to_value(result(&parsed, &report)).unwrap());
        }
    }
}
