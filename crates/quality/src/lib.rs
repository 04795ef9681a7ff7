//! Checks of generated texts: text in, explained report out. Pure functions: no clock, no network, no randomness.
//!
//! [`parse()`] splits what a model wrote into title, body, meta description and parts; [`check`] judges it.
//! A report explains itself: each check has its value, its threshold, a verdict and one sentence of advice.
//! What makes a text unusable (placeholders, cut text, banned terms, platform limits, missing parts) is a *hard
//! failure*; everything else only scores.
//!
//! ```
//! use hg_quality::{Draft, check, parse};
//! use hg_types::ContentType;
//!
//! let parsed = parse(ContentType::BlogPost, "# Panel upgrades\n\nA panel upgrade keeps a house safe.");
//! let mut draft = Draft::from_parsed(ContentType::BlogPost, &parsed);
//! draft.focus_keyphrase = Some("panel upgrade".to_owned());
//! let report = check(&draft);
//! assert!(report.passed && report.score < 100);
//! ```
//!
//! The language rules (sentences, syllables, passive voice, transition words) are for English; texts in other
//! languages are counted correctly, but those four judgements mean little there.

mod checks;
mod draft;
mod keyphrase;
mod parse;
mod platform;
mod report;
mod text;

pub use checks::check;
pub use draft::{Draft, Rules, SeoThresholds};
pub use parse::{Note, Parsed, Part, parse, split_title};
pub use platform::{Platform, x_length};
pub use report::{Check, Group, Insights, Report, Verdict};
pub use text::{count_words, title_width};
