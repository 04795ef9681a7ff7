//! Splits what a model wrote into its parts, by the output contract that our prompts state:
//!
//! - articles, press releases, product descriptions: Markdown whose first line is `# Title`, and a last line
//!   `Meta description: …`;
//! - social media: a section per platform, headed `## twitter`, `## linkedin` …;
//! - e-mail: lines `Subject: …` and `Preheader: …`, then the body.
//!
//! Models keep contracts roughly. A code fence around everything, a sentence before ("Here is your article:") and one
//! after ("Let me know …"), emphasis around labels and other heading levels are put up with; what had to be put right is
//! noted. Nothing is invented: a title that is missing is taken from the text, a meta description is not.

mod article;
mod email;
mod social;
mod tidy;

pub use article::split_title;

use hg_types::ContentType;
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use crate::text::count_words;

/// What had to be put right, or is missing.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum Note {
    /// A code fence stood around everything.
    FenceRemoved,
    /// Sentences to the user stood before or after.
    ChatterRemoved,
    /// There was no title: it was taken from the first heading or sentence.
    TitleDerived,
    /// There was no title and no text to take one from.
    TitleMissing,
    /// There was no meta description.
    MetaDescriptionMissing,
    /// There was no subject line.
    SubjectMissing,
    /// There was no preheader line.
    PreheaderMissing,
    /// There was no section for a known platform.
    SectionsMissing,
}

/// A part of a text: a post (named by its platform), or `subject`, `preheader`, `body` of an e-mail.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct Part {
    /// Its name, in lower case.
    pub name: String,
    /// Its text.
    pub text: String,
}

impl Part {
    pub(crate) fn new(name: impl Into<String>, text: impl Into<String>) -> Self {
        Self { name: name.into(), text: text.into() }
    }
}

/// A text, split.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct Parsed {
    /// The title, without marks; empty if there is no text at all.
    pub title: String,
    /// The body in Markdown: without title and meta description; for e-mails without subject and preheader.
    pub markdown: String,
    /// The meta description.
    pub meta_description: Option<String>,
    /// Words of the body, headings included.
    pub word_count: u32,
    /// Posts, or the parts of an e-mail; empty for articles.
    pub parts: Vec<Part>,
    /// What had to be put right.
    pub notes: Vec<Note>,
}

/// Splits what a model wrote.
#[must_use]
pub fn parse(content_type: ContentType, output: &str) -> Parsed {
    let mut notes = Vec::new();
    let tidied = tidy::tidy(content_type, output, &mut notes);
    let mut parsed = match content_type {
        ContentType::SocialMedia => social::split(&tidied),
        ContentType::EmailCampaign => email::split(&tidied),
        ContentType::BlogPost | ContentType::PressRelease | ContentType::ProductDescription => article::split(&tidied),
    };
    notes.append(&mut parsed.notes);
    parsed.notes = notes;
    parsed.notes.dedup();
    parsed.word_count = count_words(&parsed.markdown);
    parsed
}
