//! What is judged: a text with what its client and its strategy want of it.

use std::collections::BTreeMap;

use hg_types::ContentType;
use serde::{Deserialize, Serialize};

use crate::parse::{Parsed, Part};

/// What a strategy demands. What is empty or absent isn't checked.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Rules {
    /// Fewest and most words of the body.
    pub word_count_range: Option<(u32, u32)>,
    /// Fewest H2 headings.
    pub subheading_count: Option<u32>,
    /// Terms that must appear.
    pub required_terms: Vec<String>,
    /// Terms that must not appear: one makes the text unusable.
    pub banned_terms: Vec<String>,
    /// Words that carry the tone; at least one should appear.
    pub tone_words: Vec<String>,
    /// What the reader shall do.
    pub call_to_action: Option<String>,
    /// Where the call to action leads: an address that the text shall have.
    pub call_to_action_url: Option<String>,
    /// The place that the text is about.
    pub location: Option<String>,
    /// Platforms that need a post.
    pub platforms: Vec<String>,
    /// Characters per platform, where fewer than the platform's own limit are wanted.
    pub character_limits: BTreeMap<String, u32>,
    /// Hashtags per platform.
    pub hashtag_count: BTreeMap<String, u32>,
    /// Hashtags of which each post should have at least one.
    pub hashtags: Vec<String>,
    /// Most characters of the meta description.
    pub meta_description_length: Option<u32>,
    /// Most characters of an e-mail's subject.
    pub subject_length: Option<u32>,
    /// Most characters of an e-mail's preheader.
    pub preheader_length: Option<u32>,
    /// From where to where the SEO checks are content.
    pub seo: SeoThresholds,
}

/// From where to where the SEO checks are content. What is absent is judged by the usual thresholds.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct SeoThresholds {
    /// `(min, max)` per cent of the words that may be the focus keyphrase.
    pub keyphrase_density: Option<(f64, f64)>,
    /// `(min, max)` per cent of the subheadings that shall have it.
    pub keyphrase_in_headings: Option<(u32, u32)>,
    /// The widest title in pixels.
    pub title_width: Option<u32>,
    /// `(min, max)` characters of the meta description.
    pub meta_description_range: Option<(u32, u32)>,
    /// The fewest words.
    pub text_length_min: Option<u32>,
    /// Ids of SEO checks that don't apply.
    pub skipped_checks: Vec<String>,
}

/// A text to judge.
#[derive(Clone, Debug, PartialEq)]
pub struct Draft {
    /// What it is.
    pub content_type: ContentType,
    /// Its body in Markdown, without the title.
    pub markdown: String,
    /// Its title; empty if it has none.
    pub title: String,
    /// Its meta description, if it has one.
    pub meta_description: Option<String>,
    /// Posts, or subject, preheader and body; empty for articles.
    pub parts: Vec<Part>,
    /// Last part of its address, if known.
    pub slug: Option<String>,
    /// The phrase that it should be found by.
    pub focus_keyphrase: Option<String>,
    /// Further phrases that should appear.
    pub keywords: Vec<String>,
    /// What the strategy demands.
    pub rules: Rules,
}

impl Draft {
    /// A draft of what was parsed, without keyphrase and rules yet.
    #[must_use]
    pub fn from_parsed(content_type: ContentType, parsed: &Parsed) -> Self {
        Self {
            content_type,
            markdown: parsed.markdown.clone(),
            title: parsed.title.clone(),
            meta_description: parsed.meta_description.clone(),
            parts: parsed.parts.clone(),
            slug: None,
            focus_keyphrase: None,
            keywords: Vec::new(),
            rules: Rules::default(),
        }
    }

    pub(crate) fn part(&self, name: &str) -> Option<&str> {
        self.parts.iter().find(|part| part.name == name).map(|part| part.text.as_str())
    }
}
