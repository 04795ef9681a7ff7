//! What makes a text unusable.

use hg_types::ContentType;

use super::{Subject, listed, placeholder, social::lookup};
use crate::{
    platform::Platform,
    report::{Check, Verdict},
    text::{BlockKind, FUNCTION_WORDS, contains_words, words},
};

/// Words of a last paragraph without full stop up to which it may be a signature or a line by itself.
const SHORT_END: usize = 12;

pub(super) fn failures(subject: &Subject<'_>) -> Vec<Check> {
    let mut found = empty(subject);
    let texts = texts(subject);
    let first = |find: fn(&str) -> Option<String>| texts.iter().find_map(|text| find(text));
    if let Some(value) = first(placeholder::placeholder) {
        found.push(fail(
            ("placeholder", "Placeholder left in"),
            value,
            "none",
            "Replace the placeholder by what it stands for.",
        ));
    }
    if let Some(value) = first(placeholder::template) {
        found.push(fail(
            ("template_syntax", "Template syntax left in"),
            value,
            "none",
            "Remove the template's syntax.",
        ));
    }
    if let Some(value) = first(placeholder::filler) {
        found.push(fail(("filler_text", "Filler text"), value, "none", "Write real text."));
    }
    found.extend(truncated(subject));
    found.extend(banned(subject));
    found.extend(limits(subject));
    found
}

fn fail(id: (&str, &str), value: impl Into<String>, threshold: impl Into<String>, advice: impl Into<String>) -> Check {
    Check::new(id, value, threshold, Verdict::Bad, advice)
}

/// Everything a reader sees, code aside.
fn texts<'a>(subject: &'a Subject<'_>) -> Vec<&'a str> {
    let blocks = &subject.read.document.blocks;
    blocks.iter().map(|block| block.prose.as_str()).chain(outside(subject)).collect()
}

/// What a reader sees besides the body.
fn outside<'a>(subject: &'a Subject<'_>) -> impl Iterator<Item = &'a str> {
    let draft = subject.draft;
    let parts = draft.parts.iter().filter(|part| matches!(part.name.as_str(), "subject" | "preheader"));
    std::iter::once(draft.title.as_str())
        .chain(draft.meta_description.as_deref())
        .chain(parts.map(|part| part.text.as_str()))
}

/// Parts that are missing or empty.
fn empty(subject: &Subject<'_>) -> Vec<Check> {
    let draft = subject.draft;
    let id = ("parts", "Missing parts");
    let blank = |text: Option<&str>| text.is_none_or(|it| !it.contains(char::is_alphanumeric));
    match draft.content_type {
        ContentType::SocialMedia => {
            let wanted = draft.rules.platforms.iter().filter_map(|it| Platform::read(it)).map(Platform::as_str);
            let mut missing: Vec<&str> = wanted.filter(|name| blank(draft.part(name))).collect();
            missing.extend(draft.parts.iter().filter(|it| blank(Some(&it.text))).map(|it| it.name.as_str()));
            missing.sort_unstable();
            missing.dedup();
            if draft.parts.is_empty() && missing.is_empty() {
                missing.push("any platform");
            }
            if missing.is_empty() {
                return Vec::new();
            }
            let value = format!("no post for {}", listed(&missing));
            vec![fail(id, value, "a section per platform", "Write a section for each platform, headed by its name.")]
        }
        ContentType::EmailCampaign => {
            let missing: Vec<&str> = ["subject", "body"].into_iter().filter(|name| blank(draft.part(name))).collect();
            if missing.is_empty() {
                return Vec::new();
            }
            let value = format!("no {}", missing.join(" and no "));
            vec![fail(id, value, "subject and body", "Write a line “Subject: …”, then the body.")]
        }
        _ if subject.read.sentences().len() == 0 => {
            vec![fail(id, "no text", "a title and a text", "Write the text.")]
        }
        _ => Vec::new(),
    }
}

/// A text that stops in the middle.
fn truncated(subject: &Subject<'_>) -> Option<Check> {
    let id = ("truncated", "Cut off");
    let advice = "Finish the text: its end is missing.";
    let open_fence =
        subject.draft.markdown.lines().filter(|line| line.trim_start().starts_with("```")).count() % 2 == 1;
    if open_fence {
        return Some(fail(id, "a code block is not closed", "a finished text", advice));
    }
    if !subject.read.document.ends_in_prose {
        return None;
    }
    let last = subject.read.blocks().next_back()?;
    let text = last.text.trim_end_matches(['*', '_', '"', '”', '’', '\'', ')', ']', ' ']);
    let excerpt = || {
        let tail: Vec<char> = text.chars().rev().take(60).collect();
        format!("ends with “…{}”", tail.into_iter().rev().collect::<String>())
    };
    if matches!(last.kind, BlockKind::Heading(_)) {
        return Some(fail(id, format!("ends with the heading “{}”", last.text), "a finished text", advice));
    }
    // "Kind regards," is how a letter may end.
    let greeting =
        subject.draft.content_type == ContentType::EmailCampaign && text.ends_with(',') && last.words.len() <= 3;
    let open_bracket = last.text.matches('(').count() > last.text.matches(')').count();
    let dangling = open_bracket || !greeting && text.ends_with([',', ';', '-', '–', '—', '&']);
    let last_word = last.words.last().map_or("", |it| it);
    // "Call us now: 555 0100", "The team at Example" and posts end without a stop; a long sentence doesn't.
    let address = text
        .split_whitespace()
        .next_back()
        .is_some_and(|it| it.contains("://") || it.contains('@') || it.starts_with('#') || it.contains('.'));
    let long = last.words.len() > SHORT_END && subject.draft.content_type != ContentType::SocialMedia;
    let unfinished = text.ends_with(char::is_alphanumeric)
        && !address
        && last.kind == BlockKind::Paragraph
        && (long
            || FUNCTION_WORDS.contains(last_word) && last_word != "us" && last_word != "you" && last_word != "here");
    (dangling || unfinished).then(|| fail(id, excerpt(), "a finished text", advice))
}

fn banned(subject: &Subject<'_>) -> Option<Check> {
    let terms = &subject.draft.rules.banned_terms;
    if terms.is_empty() {
        return None;
    }
    // With code and without: what stands on both sides of it may be a term too.
    let without_code = subject.read.document.blocks.iter().filter(|block| block.has_code).map(|it| it.prose.as_str());
    let others: Vec<_> = without_code.chain(outside(subject)).map(words).collect();
    let is_used = |term: &&String| {
        let term = words(term);
        contains_words(subject.read.all_words(), &term) || others.iter().any(|words| contains_words(words, &term))
    };
    let used: Vec<&String> = terms.iter().filter(is_used).collect();
    let advice = format!("Say it without: {}.", listed(&used));
    (!used.is_empty()).then(|| fail(("banned_terms", "Banned terms"), listed(&used), "none", advice))
}

/// Posts that their platform would refuse.
fn limits(subject: &Subject<'_>) -> Vec<Check> {
    if subject.draft.content_type != ContentType::SocialMedia {
        return Vec::new();
    }
    let posts = subject.draft.parts.iter().filter_map(|part| Some((part, Platform::read(&part.name)?)));
    posts
        .filter_map(|(part, platform)| {
            let own = lookup(&subject.draft.rules.character_limits, &part.name).unwrap_or(u32::MAX);
            let limit = platform.limit().min(own);
            let length = platform.length(&part.text);
            let advice = format!("Shorten the post for {} by {} characters.", part.name, length.saturating_sub(limit));
            let id = ("platform_limit", "Post too long");
            let value = format!("{}: {length} characters", part.name);
            (length > limit).then(|| fail(id, value, format!("at most {limit}"), advice))
        })
        .collect()
}
