//! Edits of a generated text: what one may be, what text comes of it, and how much of it is new.

use std::collections::HashMap;

use hg_common::http::{ApiError, FieldErrors, check_note};
use hg_contracts::cpm::{EditContent, JobResult};
use hg_quality::{Parsed, Part, count_words, parse, split_title};
use hg_types::ContentType;

const CONTENT_LENGTH: usize = 200_000;
const TITLE_LENGTH: usize = 500;
const META_LENGTH: usize = 1_000;
/// Versions of one text, the generated one not counted, and verdicts about it.
pub const MOST_VERSIONS: i32 = 1_000;

/// Checks an edit before anything is looked up.
///
/// # Errors
/// 422 naming each field that is out of its bounds.
pub fn check_edit(edit: &EditContent) -> Result<(), ApiError> {
    let mut errors = FieldErrors::new();
    errors.check(edit.version >= 0, "version", "counts from 0, which is the generated text");
    let fine = (1..=CONTENT_LENGTH).contains(&edit.content.trim().chars().count()) && !edit.content.contains('\0');
    errors.check(fine, "content", "must have 1 to 200,000 characters");
    for (field, text, most) in
        [("title", &edit.title, TITLE_LENGTH), ("meta_description", &edit.meta_description, META_LENGTH)]
    {
        let text = text.as_deref().unwrap_or_default();
        let one_line = text.chars().count() <= most && !text.chars().any(char::is_control);
        errors.check(one_line, field, format!("must be one line of at most {most} characters"));
    }
    check_note(&mut errors, edit.note.as_deref());
    errors.into_result()
}

/// The text that an edit makes of the version that it is based on. An article's title stands beside its content, never in it
/// as well: one that begins the content is taken out, and is the title unless another is given.
#[must_use]
pub fn edited(content_type: ContentType, before: &JobResult, edit: &EditContent) -> Parsed {
    let (on_top, markdown) = match split_title(&edit.content).filter(|_| is_article(content_type)) {
        Some((title, below)) => (Some(title), below.to_owned()),
        None => (None, edit.content.trim().to_owned()),
    };
    let mut title = replaced(edit.title.as_deref().or(on_top.as_deref()), before.title.as_deref());
    let mut meta_description = replaced(edit.meta_description.as_deref(), before.meta_description.as_deref());
    let parts = match content_type {
        ContentType::EmailCampaign => {
            let subject = replaced(edit.title.as_deref(), before.parts.get("subject").map(String::as_str));
            let preheader =
                replaced(edit.meta_description.as_deref(), before.parts.get("preheader").map(String::as_str));
            title = subject.clone().or(title.filter(|_| edit.title.is_none()));
            meta_description = None;
            let named = [("subject", subject), ("preheader", preheader), ("body", Some(markdown.clone()))];
            named.into_iter().filter_map(|(name, text)| Some(Part { name: name.to_owned(), text: text? })).collect()
        }
        ContentType::SocialMedia => parse(content_type, &markdown).parts,
        ContentType::BlogPost | ContentType::PressRelease | ContentType::ProductDescription => Vec::new(),
    };
    let word_count = count_words(&markdown);
    Parsed { title: title.unwrap_or_default(), markdown, meta_description, word_count, parts, notes: Vec::new() }
}

/// Whether it has one title and one body.
const fn is_article(content_type: ContentType) -> bool {
    match content_type {
        ContentType::BlogPost | ContentType::PressRelease | ContentType::ProductDescription => true,
        ContentType::EmailCampaign | ContentType::SocialMedia => false,
    }
}

/// What was given, without it what was there; an empty text takes it away.
fn replaced(given: Option<&str>, before: Option<&str>) -> Option<String> {
    given.or(before).map(str::trim).filter(|text| !text.is_empty()).map(str::to_owned)
}

/// An edit that brings a version back whole.
#[must_use]
pub fn bringing_back(found: &JobResult, version: i32, note: Option<String>) -> EditContent {
    let below = found.meta_description.as_ref().or_else(|| found.parts.get("preheader"));
    EditContent {
        version,
        content: found.content.clone(),
        title: Some(found.title.clone().unwrap_or_default()),
        meta_description: Some(below.cloned().unwrap_or_default()),
        note,
    }
}

/// Which part of the words of two texts is only in one of them, 0 to 1. Where they stand doesn't matter.
#[must_use]
pub fn changed(one: &JobResult, other: &JobResult) -> f32 {
    let mut counts: HashMap<&str, i64> = HashMap::new();
    let mut all = 0_u32;
    for (text, sign) in [(one, 1), (other, -1)] {
        for word in words(text) {
            *counts.entry(word).or_default() += sign;
            all += 1;
        }
    }
    let differing: i64 = counts.values().map(|count| count.abs()).sum();
    #[expect(clippy::cast_precision_loss, reason = "a share of at most some 200,000 words")]
    if all == 0 { 0.0 } else { differing as f32 / all as f32 }
}

fn words(text: &JobResult) -> impl Iterator<Item = &str> {
    let beside = [text.title.as_ref(), text.meta_description.as_ref(), text.parts.get("preheader")];
    std::iter::once(&text.content).chain(beside.into_iter().flatten()).flat_map(|text| text.split_whitespace())
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeMap;

    use serde_json::json;

    use super::*;

    fn text(content: &str) -> JobResult {
        let parts = BTreeMap::new();
        JobResult {
            content: content.to_owned(),
            title: Some("Fuses".to_owned()),
            meta_description: Some("About fuses.".to_owned()),
            word_count: 0,
            parts,
            quality: json!({}),
        }
    }

    fn edit(fields: serde_json::Value) -> EditContent {
        serde_json::from_value(fields).unwrap()
    }

    #[test]
    fn what_is_left_out_stays_and_what_is_empty_goes() {
        let before = text("Old.");
        let made = edited(ContentType::BlogPost, &before, &edit(json!({"version": 0, "content": " New text. "})));
        assert_eq!((made.title.as_str(), made.markdown.as_str(), made.word_count), ("Fuses", "New text.", 2));
        assert_eq!(made.meta_description.as_deref(), Some("About fuses."));
        let bare = json!({"version": 0, "content": "New.", "title": "", "meta_description": ""});
        let made = edited(ContentType::BlogPost, &before, &edit(bare));
        assert_eq!((made.title.as_str(), made.meta_description), ("", None));
    }

    #[test]
    fn a_title_on_top_is_the_title_and_stands_there_once() {
        let before = text("Old.");
        let of = |content_type, edit_of| {
            let made = edited(content_type, &before, &edit(edit_of));
            (made.title, made.markdown)
        };
        let on_top = json!({"version": 0, "content": "# Fuses *and* breakers\n\nNew text."});
        for article in [ContentType::BlogPost, ContentType::PressRelease, ContentType::ProductDescription] {
            assert_eq!(of(article, on_top.clone()), ("Fuses and breakers".to_owned(), "New text.".to_owned()));
        }
        let underlined = json!({"version": 0, "content": "Fuses\r\n=====\r\nNew text."});
        assert_eq!(of(ContentType::BlogPost, underlined), ("Fuses".to_owned(), "New text.".to_owned()));
        let both = json!({"version": 0, "content": "# Fuses\n\nNew text.", "title": "Breakers"});
        assert_eq!(of(ContentType::BlogPost, both), ("Breakers".to_owned(), "New text.".to_owned()));
        let section = json!({"version": 0, "content": "## Fuses\n\nNew text."});
        assert_eq!(of(ContentType::BlogPost, section), ("Fuses".to_owned(), "## Fuses\n\nNew text.".to_owned()));
        let mail = of(ContentType::EmailCampaign, on_top);
        assert_eq!(mail.1, "# Fuses *and* breakers\n\nNew text.");
    }

    #[test]
    fn an_email_keeps_its_parts_and_posts_are_split_anew() {
        let mut before = text("Body.");
        before.meta_description = None;
        before.parts = [("subject", "Fuses"), ("preheader", "Before"), ("body", "Body.")]
            .map(|(name, text)| (name.to_owned(), text.to_owned()))
            .into();
        let made = edited(
            ContentType::EmailCampaign,
            &before,
            &edit(json!({"version": 0, "content": "New body.", "title": "New subject"})),
        );
        let parts: Vec<_> = made.parts.iter().map(|part| (part.name.as_str(), part.text.as_str())).collect();
        assert_eq!(parts, [("subject", "New subject"), ("preheader", "Before"), ("body", "New body.")]);
        assert_eq!((made.title.as_str(), made.meta_description), ("New subject", None));
        let posts = edit(json!({"version": 0, "content": "## linkedin\nOne.\n\n## twitter\nTwo."}));
        let made = edited(ContentType::SocialMedia, &text("x"), &posts);
        assert_eq!(made.parts.len(), 2);
    }

    #[test]
    fn the_size_of_a_change_is_a_share_of_the_words() {
        let one = text("a b c d");
        assert!(changed(&one, &one).abs() < f32::EPSILON);
        assert!(changed(&one, &text("d c b a")).abs() < f32::EPSILON, "the same words");
        // Three words of title and description on each side, one of seven replaced.
        assert!((changed(&one, &text("a b c x")) - 2.0 / 14.0).abs() < 0.001);
        let other = JobResult { title: None, meta_description: None, ..text("x y z") };
        assert!((changed(&one, &other) - 1.0).abs() < f32::EPSILON);
    }

    #[test]
    fn an_edit_has_bounds() {
        let fields = |edit_of: serde_json::Value| match check_edit(&edit(edit_of)) {
            Ok(()) => Vec::new(),
            Err(error) => error.details().iter().map(|detail| detail.field.clone()).collect(),
        };
        assert_eq!(fields(json!({"version": 0, "content": "x"})), [""; 0]);
        assert_eq!(fields(json!({"version": -1, "content": " "})), ["version", "content"]);
        assert_eq!(fields(json!({"version": 0, "content": "x".repeat(200_001)})), ["content"]);
        let long = json!({"version": 0, "content": "x", "title": "a\nb", "meta_description": "x".repeat(1_001), "note": "x".repeat(1_001)});
        assert_eq!(fields(long), ["title", "meta_description", "note"]);
    }
}
