//! The checks, by group, and the order in which a report shows them.

mod email;
mod hard;
mod keyphrase;
mod placeholder;
mod readability;
mod seo;
mod social;
mod strategy;

use hg_types::ContentType;

use crate::{
    draft::Draft,
    keyphrase::Keyphrase,
    report::{Check, Group, Insights, Report, Verdict, score},
    text::{Analysis, Document, Word, syllables, words},
};

/// What all checks look at.
struct Subject<'a> {
    draft: &'a Draft,
    read: Analysis<'a>,
    keyphrase: Option<Keyphrase<'a>>,
    title_words: Vec<Word<'a>>,
    meta_words: Vec<Word<'a>>,
}

/// Judges a draft. Takes less than a millisecond for a long article.
#[must_use]
pub fn check(draft: &Draft) -> Report {
    let document = Document::of(&draft.markdown);
    let read = Analysis::of(&document);
    let insights = insights(&read);
    let subject = Subject {
        draft,
        read,
        keyphrase: draft.focus_keyphrase.as_deref().and_then(Keyphrase::read),
        title_words: words(&draft.title),
        meta_words: words(draft.meta_description.as_deref().unwrap_or_default()),
    };
    let (mut seo, readability) = match draft.content_type {
        ContentType::SocialMedia => (social::reach(&subject), social::readability(&subject)),
        ContentType::EmailCampaign => (email::inbox(&subject), readability::checks(&subject)),
        ContentType::BlogPost | ContentType::PressRelease | ContentType::ProductDescription => {
            (seo::checks(&subject), readability::checks(&subject))
        }
    };
    let skipped = &draft.rules.seo.skipped_checks;
    seo.retain(|check| !skipped.contains(&check.id));
    let strategy = strategy::checks(&subject);
    let hard_failures = hard::failures(&subject);
    let groups: Vec<Group> = [("seo", seo), ("readability", readability), ("strategy", strategy)]
        .into_iter()
        .map(|(name, checks)| Group { name: name.to_owned(), checks })
        .collect();
    Report {
        score_seo: score(groups[0].checks.iter()),
        score_readability: score(groups[1].checks.iter()),
        score: score(groups.iter().flat_map(|group| &group.checks)),
        passed: hard_failures.is_empty(),
        hard_failures,
        groups,
        insights,
    }
}

/// Words a minute of silent reading of English non-fiction (Brysbaert 2019).
const WORDS_PER_MINUTE: u32 = 238;

fn insights(read: &Analysis<'_>) -> Insights {
    let words: u32 = read.sentences().map(|it| count(it.words.len())).sum();
    let syllables: u32 = read.sentences().flat_map(|it| it.words.iter()).map(|word| syllables(word)).sum();
    let sentences = count(read.sentences().len());
    let flesch = (words > 10).then(|| {
        let (words, sentences) = (f64::from(words), f64::from(sentences));
        let score = 206.835 - 1.015 * words / sentences - 84.6 * f64::from(syllables) / words;
        (score * 10.0).round() / 10.0
    });
    Insights {
        flesch_reading_ease: flesch,
        word_count: read.word_count,
        sentence_count: sentences,
        reading_time_minutes: read.word_count.div_ceil(WORDS_PER_MINUTE),
    }
}

fn count(n: usize) -> u32 {
    u32::try_from(n).unwrap_or(u32::MAX)
}

/// Per cent, for thresholds and for showing.
fn percent(part: usize, whole: usize) -> f64 {
    if whole == 0 { 0.0 } else { f64::from(count(part)) * 100.0 / f64::from(count(whole)) }
}

/// A number with the word for it: `1 word`, `2 words`.
fn many(n: impl Into<u64>, one: &str) -> String {
    let n = n.into();
    if n == 1 { format!("1 {one}") } else { format!("{n} {one}s") }
}

/// Good up to the first bound, ok up to the second, else poor.
fn at_most<T: PartialOrd + Copy>(value: T, good: T, ok: T) -> Verdict {
    if value <= good {
        Verdict::Good
    } else if value <= ok {
        Verdict::Ok
    } else {
        Verdict::Poor
    }
}

/// A check that is good or poor.
fn good_if(condition: bool, otherwise: Verdict) -> Verdict {
    if condition { Verdict::Good } else { otherwise }
}

/// The list, or a dash.
fn listed<S: AsRef<str>>(items: &[S]) -> String {
    if items.is_empty() {
        return "none".to_owned();
    }
    items.iter().map(AsRef::as_ref).collect::<Vec<_>>().join(", ")
}

/// The checks of a group, left out where they have nothing to judge.
fn collect(checks: impl IntoIterator<Item = Option<Check>>) -> Vec<Check> {
    checks.into_iter().flatten().collect()
}
