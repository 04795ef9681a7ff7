//! Where the focus keyphrase appears.

use hg_types::ContentType;

use super::{Subject, collect, good_if, listed, many, percent};
use crate::{
    keyphrase::Keyphrase,
    report::{Check, Verdict},
    text::{contains_words, words},
};

/// Words below which density says nothing.
const DENSITY_WORDS: u32 = 100;
/// Per cent of the words that may be the keyphrase; up to one more is poor, still more is bad.
const DENSITY: (f64, f64) = (0.5, 3.0);
/// Per cent of the subheadings that shall have the keyphrase.
const HEADINGS: (u32, u32) = (30, 75);

pub(super) fn checks(subject: &Subject<'_>) -> Vec<Check> {
    let Some(phrase) = &subject.keyphrase else {
        let advice = "Set a focus keyphrase: the words that people should find this text by.";
        return vec![Check::new(("keyphrase_set", "Focus keyphrase"), "none", "set", Verdict::Bad, advice)];
    };
    collect([
        Some(introduction(subject, phrase)),
        Some(length(subject, phrase)),
        density(subject, phrase),
        Some(title(subject, phrase)),
        meta(subject, phrase),
        Some(headings(subject, phrase)),
        slug(subject, phrase),
        further(subject),
    ])
}

fn introduction(subject: &Subject<'_>, phrase: &Keyphrase<'_>) -> Check {
    let (value, verdict) = match subject.read.introduction() {
        Some((at, _)) if subject.read.sentences().any(|it| it.block == at && phrase.is_in(it.words)) => {
            ("in one sentence", Verdict::Good)
        }
        Some((_, block)) if phrase.is_in(block.words) => ("spread over sentences", Verdict::Ok),
        _ => ("not there", Verdict::Poor),
    };
    let advice = "Use the whole keyphrase in one sentence of the first paragraph.";
    let id = ("keyphrase_in_introduction", "Keyphrase in introduction");
    Check::new(id, value, "in one sentence of the first paragraph", verdict, advice)
}

fn length(subject: &Subject<'_>, phrase: &Keyphrase<'_>) -> Check {
    let n = phrase.content_words();
    let product = subject.draft.content_type == ContentType::ProductDescription;
    let good = if product { 4..=6 } else { 1..=4 };
    let verdict = if good.contains(&n) {
        Verdict::Good
    } else if n <= 8 {
        Verdict::Ok
    } else {
        Verdict::Poor
    };
    let advice = if n < *good.start() {
        "Make the keyphrase more specific, with the kind or the name of the product."
    } else {
        "Shorten the keyphrase to the words that people search for."
    };
    let threshold = format!("{}–{} content words", good.start(), good.end());
    Check::new(("keyphrase_length", "Keyphrase length"), many(n as u64, "content word"), threshold, verdict, advice)
}

fn density(subject: &Subject<'_>, phrase: &Keyphrase<'_>) -> Option<Check> {
    let total = subject.read.word_count;
    if total < DENSITY_WORDS {
        return None;
    }
    let headings = subject.read.headings(1..=6).map(|block| phrase.times(block.words)).sum::<usize>();
    let times = headings + subject.read.sentences().map(|it| phrase.times(it.words)).sum::<usize>();
    let density = percent(times, total as usize);
    let (least, most) = subject.draft.rules.seo.keyphrase_density.unwrap_or(DENSITY);
    let (verdict, advice) = match times {
        0 => (Verdict::Bad, "Use the keyphrase in the text."),
        1 => (Verdict::Poor, "Use the keyphrase more than once."),
        _ if density < least => (Verdict::Poor, "Use the keyphrase a little more often."),
        _ if density <= most => (Verdict::Good, ""),
        _ if density <= most + 1.0 => (Verdict::Poor, "Use the keyphrase less often: the text sounds forced."),
        _ => (Verdict::Bad, "Use the keyphrase far less often: this looks like spam."),
    };
    let value = format!("{density:.1} % ({})", many(times as u64, "time"));
    Some(Check::new(("keyphrase_density", "Keyphrase density"), value, format!("{least}–{most} %"), verdict, advice))
}

fn title(subject: &Subject<'_>, phrase: &Keyphrase<'_>) -> Check {
    let (value, verdict) = if phrase.begins(&subject.title_words) {
        ("at the start", Verdict::Good)
    } else if phrase.is_in(&subject.title_words) {
        ("there, but not first", Verdict::Ok)
    } else {
        ("words are missing", Verdict::Poor)
    };
    let id = ("keyphrase_in_title", "Keyphrase in title");
    Check::new(id, value, "exactly, at the start", verdict, "Begin the title with the exact keyphrase.")
}

fn meta(subject: &Subject<'_>, phrase: &Keyphrase<'_>) -> Option<Check> {
    let meta = subject.draft.meta_description.as_deref().filter(|it| !it.trim().is_empty());
    if meta.is_none() && subject.draft.content_type == ContentType::PressRelease {
        return None;
    }
    // It may be spread over the sentences of so short a text.
    let times = phrase.times(&subject.meta_words);
    let verdict = good_if((1..=2).contains(&times), Verdict::Poor);
    let advice = match times {
        0 => "Use the keyphrase in the meta description.",
        _ => "Use the keyphrase at most twice in the meta description.",
    };
    let id = ("keyphrase_in_meta_description", "Keyphrase in meta description");
    Some(Check::new(id, many(times as u64, "time"), "1–2 times", verdict, advice))
}

fn headings(subject: &Subject<'_>, phrase: &Keyphrase<'_>) -> Check {
    let total = subject.read.headings(2..=3).count();
    let with = subject.read.headings(2..=3).filter(|block| phrase.mostly_in(block.words)).count();
    let share = percent(with, total);
    let (least, most) = subject.draft.rules.seo.keyphrase_in_headings.unwrap_or(HEADINGS);
    let good = (f64::from(least)..=f64::from(most)).contains(&share) || total == 1 && with == 1;
    let advice = if total == 0 {
        "Add subheadings, and use the keyphrase in some of them."
    } else if share < f64::from(least) {
        "Use the keyphrase, or most of its words, in more subheadings."
    } else {
        "Use the keyphrase in fewer subheadings."
    };
    let id = ("keyphrase_in_subheadings", "Keyphrase in subheadings");
    Check::new(id, format!("{with} of {total}"), format!("{least}–{most} %"), good_if(good, Verdict::Poor), advice)
}

fn slug(subject: &Subject<'_>, phrase: &Keyphrase<'_>) -> Option<Check> {
    let slug = subject.draft.slug.as_deref().filter(|it| !it.trim().is_empty())?;
    let slug = slug.replace(['-', '_'], " ");
    let (found, wanted) = (phrase.found(&words(&slug)), phrase.content_words());
    let good = if wanted <= 2 { found == wanted } else { found * 2 > wanted };
    let threshold = if wanted <= 2 { "all words" } else { "more than half of the words" };
    let advice = "Put the keyphrase's words into the address.";
    let value = format!("{found} of {}", many(wanted as u64, "word"));
    Some(Check::new(
        ("keyphrase_in_slug", "Keyphrase in address"),
        value,
        threshold,
        good_if(good, Verdict::Ok),
        advice,
    ))
}

/// The further keywords: each should be there once.
fn further(subject: &Subject<'_>) -> Option<Check> {
    let focus = subject.keyphrase.as_ref().map(|it| &it.exact);
    let read = subject.draft.keywords.iter().filter_map(|it| Some((it.as_str(), Keyphrase::read(it)?)));
    let wanted: Vec<(&str, Keyphrase<'_>)> = read.filter(|(_, phrase)| Some(&phrase.exact) != focus).collect();
    if wanted.is_empty() {
        return None;
    }
    let missing: Vec<&str> = wanted
        .iter()
        .filter(|(_, phrase)| {
            !contains_words(subject.read.all_words(), &phrase.exact)
                && !subject.read.sentences().any(|it| phrase.is_in(it.words))
        })
        .map(|(keyword, _)| *keyword)
        .collect();
    let verdict = match missing.len() {
        0 => Verdict::Good,
        n if n * 2 <= wanted.len() => Verdict::Ok,
        _ => Verdict::Poor,
    };
    let value = format!("{} of {} used", wanted.len() - missing.len(), wanted.len());
    let advice = format!("Work in: {}.", listed(&missing));
    Some(Check::new(("further_keywords", "Further keywords"), value, "all used", verdict, advice))
}
