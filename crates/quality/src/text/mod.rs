//! Reading a text: blocks, sentences, words, stems, syllables, passive voice, transitions, width. Judges nothing.

mod analysis;
mod document;
mod list;
mod passive;
mod sentence;
mod stem;
mod syllable;
mod transition;
mod width;
mod word;

pub(crate) use analysis::Analysis;
pub(crate) use document::{BlockKind, Document};
pub(crate) use passive::is_passive;
pub(crate) use sentence::split as split_sentences;
pub(crate) use stem::Stem;
pub(crate) use syllable::syllables;
pub(crate) use transition::has_transition;
pub use width::title_width;
pub(crate) use word::{FUNCTION_WORDS, Word, contains_words, words};

/// Words of a Markdown text, headings and lists included, code blocks excluded.
#[must_use]
pub fn count_words(markdown: &str) -> u32 {
    let count = Document::of(markdown).blocks.iter().map(|block| word::pieces(&block.text).count()).sum::<usize>();
    u32::try_from(count).unwrap_or(u32::MAX)
}
