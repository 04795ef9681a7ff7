//! What search engines see, for texts with a title of their own.
//!
//! Thresholds are facts from the scoring documents of Yoast SEO (<https://github.com/Yoast/wordpress-seo>, package
//! `yoastseo`): numbers only, no code and no word lists. Those for press releases and the checks of e-mails and posts
//! are our own.

use hg_types::ContentType;

use super::{Subject, collect, good_if, keyphrase, many};
use crate::{
    report::{Check, Verdict},
    text::title_width,
};

/// Pixels that a result page shows of a title.
const TITLE_PIXELS: u32 = 600;
/// Characters that it shows of a description.
const META_CHARACTERS: (u32, u32) = (121, 156);

pub(super) fn checks(subject: &Subject<'_>) -> Vec<Check> {
    let mut checks = keyphrase::checks(subject);
    checks.extend(collect([
        Some(width(subject)),
        (subject.draft.content_type != ContentType::PressRelease).then(|| meta_length(subject)),
        Some(text_length(subject)),
        Some(one_h1(subject)),
    ]));
    checks
}

fn width(subject: &Subject<'_>) -> Check {
    let width = title_width(&subject.draft.title);
    let most = subject.draft.rules.seo.title_width.unwrap_or(TITLE_PIXELS);
    let (verdict, advice) = match width {
        0 => (Verdict::Bad, "Give the text a title."),
        _ => (good_if(width <= most, Verdict::Poor), "Shorten the title: search results would cut it off."),
    };
    Check::new(("title_width", "Title width"), format!("{width} px"), format!("at most {most} px"), verdict, advice)
}

fn meta_length(subject: &Subject<'_>) -> Check {
    let meta = subject.draft.meta_description.as_deref().map_or("", str::trim);
    let length = super::count(meta.chars().count());
    let (least, most) = subject.draft.rules.seo.meta_description_range.unwrap_or(META_CHARACTERS);
    let (verdict, advice) = match length {
        0 => (Verdict::Bad, "Write a meta description: what the reader finds here, and why to read it."),
        _ if length < least => (Verdict::Ok, "Use the space: tell more of what the reader finds here."),
        _ if length <= most => (Verdict::Good, ""),
        _ => (Verdict::Ok, "Shorten the meta description: its end would be cut off."),
    };
    let id = ("meta_description_length", "Meta description length");
    Check::new(id, format!("{length} characters"), format!("{least}–{most} characters"), verdict, advice)
}

/// The length in words from which on a text is good; up to 50 less is ok, up to 100 less poor, still less bad.
const fn good_length(content_type: ContentType) -> u32 {
    match content_type {
        ContentType::ProductDescription => 200,
        _ => 300,
    }
}

fn text_length(subject: &Subject<'_>) -> Check {
    let words = subject.read.word_count;
    let good = subject.draft.rules.seo.text_length_min.unwrap_or_else(|| good_length(subject.draft.content_type));
    let verdict = if words >= good {
        Verdict::Good
    } else if words.saturating_add(50) >= good {
        Verdict::Ok
    } else if words.saturating_add(100) >= good {
        Verdict::Poor
    } else {
        Verdict::Bad
    };
    let advice = format!("Write more: {} are missing.", many(good.saturating_sub(words), "word"));
    Check::new(("text_length", "Text length"), many(words, "word"), format!("at least {good} words"), verdict, advice)
}

fn one_h1(subject: &Subject<'_>) -> Check {
    let title = usize::from(!subject.draft.title.trim().is_empty());
    let count = subject.read.headings(1..=1).count() + title;
    let verdict = good_if(count <= 1, Verdict::Poor);
    let advice = "Keep one main heading, the title, and make the others H2.";
    Check::new(("single_h1", "One main heading"), format!("{count}"), "at most 1", verdict, advice)
}
