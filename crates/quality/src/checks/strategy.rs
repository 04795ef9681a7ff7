//! What the strategy demands. What it doesn't say isn't checked.

use hg_types::ContentType;

use super::{Subject, collect, good_if, listed, many};
use crate::{
    keyphrase::{Match, best_match},
    report::{Check, Verdict},
    text::{Word, contains_words, words},
};

pub(super) fn checks(subject: &Subject<'_>) -> Vec<Check> {
    let social = subject.draft.content_type == ContentType::SocialMedia;
    let mut checks = collect([
        if social { None } else { word_count(subject) },
        subheadings(subject),
        required(subject),
        tone(subject),
        call_to_action(subject),
        call_to_action_link(subject),
        location(subject),
        meta_length(subject),
        part_limit(subject, "subject", subject.draft.rules.subject_length),
        part_limit(subject, "preheader", subject.draft.rules.preheader_length),
    ]);
    if social {
        checks.extend(super::social::hashtags(subject));
    }
    checks
}

fn word_count(subject: &Subject<'_>) -> Option<Check> {
    let (low, high) = subject.draft.rules.word_count_range?;
    let words = subject.read.word_count;
    let near = (low - low / 10..=high.saturating_add(high / 10)).contains(&words);
    let verdict = if (low..=high).contains(&words) {
        Verdict::Good
    } else if near {
        Verdict::Ok
    } else {
        Verdict::Poor
    };
    let advice = if words < low {
        format!("Write {} more.", many(low - words, "word"))
    } else {
        format!("Cut {}.", many(words.saturating_sub(high), "word"))
    };
    let id = ("word_count", "Word count");
    Some(Check::new(id, many(words, "word"), format!("{low}–{high} words"), verdict, advice))
}

fn subheadings(subject: &Subject<'_>) -> Option<Check> {
    let wanted = subject.draft.rules.subheading_count.filter(|it| *it > 0)?;
    let count = super::count(subject.read.headings(2..=2).count());
    let verdict = if count >= wanted {
        Verdict::Good
    } else if count + 1 == wanted && count > 0 {
        Verdict::Ok
    } else {
        Verdict::Poor
    };
    let advice = format!("Add {}.", many(wanted.saturating_sub(count), "subheading"));
    let id = ("subheading_count", "Subheadings");
    Some(Check::new(id, format!("{count}"), format!("at least {wanted}"), verdict, advice))
}

fn required(subject: &Subject<'_>) -> Option<Check> {
    let wanted = terms(&subject.draft.rules.required_terms)?;
    let missing: Vec<&str> = wanted.iter().filter(|it| !named(subject, &it.words)).map(|it| it.text).collect();
    let value = if missing.is_empty() { "all used".to_owned() } else { format!("missing: {}", listed(&missing)) };
    let advice = format!("Use these terms: {}.", listed(&missing));
    let id = ("required_terms", "Required terms");
    Some(Check::new(id, value, listed(&wanted), good_if(missing.is_empty(), Verdict::Poor), advice))
}

fn tone(subject: &Subject<'_>) -> Option<Check> {
    let wanted = terms(&subject.draft.rules.tone_words)?;
    let used = wanted.iter().filter(|it| named(subject, &it.words)).count();
    let advice = format!("Let the tone be heard, for example with: {}.", listed(&wanted));
    let id = ("tone_words", "Tone words");
    Some(Check::new(id, format!("{used} of {}", wanted.len()), "at least 1", good_if(used > 0, Verdict::Ok), advice))
}

fn call_to_action(subject: &Subject<'_>) -> Option<Check> {
    let wanted = subject.draft.rules.call_to_action.as_deref().filter(|it| !words(it).is_empty())?;
    let found = best_match(wanted, sentences(subject));
    let (value, verdict) = match found {
        Match::Whole => ("there", Verdict::Good),
        Match::Most => ("partly there", Verdict::Ok),
        Match::None => ("not there", Verdict::Poor),
    };
    let advice = format!("Ask the reader in one sentence: {}.", wanted.trim().trim_end_matches('.'));
    Some(Check::new(("call_to_action", "Call to action"), value, format!("“{}”", wanted.trim()), verdict, advice))
}

fn call_to_action_link(subject: &Subject<'_>) -> Option<Check> {
    let wanted = subject.draft.rules.call_to_action_url.as_deref().map(str::trim).filter(|it| !it.is_empty())?;
    let parts = || subject.draft.parts.iter().map(|part| part.text.as_str());
    let there = std::iter::once(subject.draft.markdown.as_str()).chain(parts()).any(|text| leads_to(text, wanted));
    let value = if there { "linked" } else { "not linked" };
    let advice = format!("Lead the reader to {wanted}.");
    let id = ("call_to_action_link", "Link of the call to action");
    Some(Check::new(id, value, wanted, good_if(there, Verdict::Poor), advice))
}

/// Whether a text has this very address, and not one that only begins with it.
fn leads_to(text: &str, address: &str) -> bool {
    text.match_indices(address).any(|(at, _)| {
        let rest = text[at + address.len()..].trim_start_matches('/');
        let rest = rest.trim_start_matches(['.', ',', ';', ':', '!', '?']);
        rest.chars().next().is_none_or(|next| next.is_whitespace() || "()[]<>\"'*_".contains(next))
    })
}

/// A part of an e-mail that the strategy wants shorter than inboxes do.
fn part_limit(subject: &Subject<'_>, part: &str, limit: Option<u32>) -> Option<Check> {
    let limit = limit.filter(|limit| *limit > 0 && subject.draft.content_type == ContentType::EmailCampaign)?;
    let length = super::count(subject.draft.part(part)?.trim().chars().count());
    let advice = format!("Shorten the {part} by {}.", many(length.saturating_sub(limit), "character"));
    let (id, label) = (format!("{part}_limit"), format!("Limit of the {part}"));
    let verdict = good_if(length <= limit, Verdict::Poor);
    let value = many(length, "character");
    Some(Check::new((&id, &label), value, format!("at most {limit} characters"), verdict, advice))
}

fn location(subject: &Subject<'_>) -> Option<Check> {
    let wanted = subject.draft.rules.location.as_deref().filter(|it| !words(it).is_empty())?;
    // "Cincinnati, Ohio" is also named by "Cincinnati".
    let place = wanted.split(',').next().unwrap_or_default();
    let named = named(subject, &words(wanted)) || named(subject, &words(place));
    let value = if named { "named" } else { "not named" };
    let advice = format!("Name the place: {}.", wanted.trim());
    Some(Check::new(("location", "Location"), value, wanted.trim(), good_if(named, Verdict::Poor), advice))
}

fn meta_length(subject: &Subject<'_>) -> Option<Check> {
    let limit = subject.draft.rules.meta_description_length.filter(|it| *it > 0)?;
    let article = !matches!(subject.draft.content_type, ContentType::SocialMedia | ContentType::EmailCampaign);
    let meta = subject.draft.meta_description.as_deref().filter(|it| article && !it.trim().is_empty())?;
    let length = super::count(meta.trim().chars().count());
    let advice = format!("Shorten the meta description by {}.", many(length.saturating_sub(limit), "character"));
    let id = ("meta_description_limit", "Meta description limit");
    let value = format!("{length} characters");
    Some(Check::new(id, value, format!("at most {limit} characters"), good_if(length <= limit, Verdict::Poor), advice))
}

/// A term of the strategy, read.
struct Term<'a> {
    text: &'a str,
    words: Vec<Word<'a>>,
}

impl AsRef<str> for Term<'_> {
    fn as_ref(&self) -> &str {
        self.text
    }
}

/// The terms that have words, if there are any.
fn terms(list: &[String]) -> Option<Vec<Term<'_>>> {
    let read = list.iter().map(|text| Term { text, words: words(text) });
    let found: Vec<Term<'_>> = read.filter(|it| !it.words.is_empty()).collect();
    (!found.is_empty()).then_some(found)
}

/// Whether a term is anywhere: in title, meta description, body, or the part that isn't in the body.
fn named(subject: &Subject<'_>, term: &[Word<'_>]) -> bool {
    contains_words(&subject.title_words, term)
        || contains_words(&subject.meta_words, term)
        || contains_words(subject.read.all_words(), term)
        || subject.draft.part("preheader").is_some_and(|it| contains_words(&words(it), term))
}

/// Sentences and headings: a call to action may stand in either.
fn sentences<'a>(subject: &'a Subject<'_>) -> impl Iterator<Item = &'a [Word<'a>]> {
    let headings = subject.read.headings(1..=6).map(|block| block.words);
    subject.read.sentences().map(|it| it.words).chain(headings)
}
