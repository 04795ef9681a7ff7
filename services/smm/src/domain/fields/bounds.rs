//! What a field takes, and the judgement of a value by it. Types were checked when the value was read; here it is about size.

use std::ops::RangeInclusive;

use hg_common::http::FieldErrors;
use serde_json::{Map, Value};

use crate::domain::client::contains_nul;

/// Values that a form offers.
pub type Suggested = &'static [&'static str];

/// Platforms and the characters that one post may have there.
pub const PLATFORMS: [(&str, u32); 4] =
    [("twitter", 280), ("linkedin", 3_000), ("facebook", 63_206), ("instagram", 2_200)];
const EXTRAS_BYTES: usize = 8 * 1024;
const URL_LENGTH: usize = 2_000;
const HASHTAGS: RangeInclusive<u32> = 0..=30;

/// What a field takes. Lengths count characters.
#[derive(Debug, Clone, Copy, PartialEq)]
pub enum Bounds {
    /// A text of at most so many characters.
    Text(usize),
    /// At most so many lines of at most so many characters.
    Lines(usize, usize),
    /// The same, each without a blank in it.
    Words(usize, usize),
    /// At most so many texts, which may have several lines, of at most so many characters.
    Texts(usize, usize),
    /// Yes or no.
    Flag,
    /// A number from, to.
    Number(u32, u32),
    /// `[min, max]`, each from, to.
    Range(u32, u32),
    /// The same with decimals.
    DecimalRange(f64, f64),
    /// A BCP 47 tag.
    Language,
    /// An address to lead to.
    Url,
    /// Known platforms.
    Platforms,
    /// Per platform, at most what it allows.
    CharacterLimits,
    /// Per platform, a few.
    HashtagCounts,
    /// Per platform, a text of at most so many characters.
    TextPerPlatform(usize),
    /// Some of these names.
    Choices(Suggested),
    /// An object of anything.
    Extras,
}

/// The characters that one post may have on a platform; none where the platform isn't known.
#[must_use]
pub fn limit_of(platform: &str) -> Option<u32> {
    PLATFORMS.iter().find(|(name, _)| *name == platform).map(|(_, limit)| *limit)
}

/// Notes what is wrong with the value at `path`.
pub fn judge(errors: &mut FieldErrors, path: &str, value: &Value, bounds: Bounds) {
    match bounds {
        Bounds::Text(most) => text(errors, path, value, most),
        Bounds::Lines(most, longest) => entries(errors, path, value, most, |errors, path, entry| {
            line(errors, path, entry, longest);
        }),
        Bounds::Words(most, longest) => entries(errors, path, value, most, |errors, path, entry| {
            line(errors, path, entry, longest);
            let blank = entry.as_str().is_some_and(|word| word.trim().chars().any(char::is_whitespace));
            errors.check(!blank, path, "must be one word");
        }),
        Bounds::Texts(most, longest) => entries(errors, path, value, most, |errors, path, entry| {
            text(errors, path, entry, longest);
        }),
        Bounds::Flag => {}
        Bounds::Number(from, to) => number(errors, path, value, &(from..=to)),
        Bounds::Range(from, to) => range(errors, path, value, f64::from(from), f64::from(to)),
        Bounds::DecimalRange(from, to) => range(errors, path, value, from, to),
        Bounds::Language => {
            let fine = value.as_str().is_some_and(is_language_tag);
            errors.check(fine, path, "must be a BCP 47 tag such as en, en-GB or pt-BR");
        }
        Bounds::Url => {
            let fine = value.as_str().is_some_and(is_web_address);
            errors.check(
                fine,
                path,
                "must be an http or https address of at most 2,000 characters, without a password",
            );
        }
        Bounds::Platforms => platforms(errors, path, value),
        Bounds::CharacterLimits => per_platform(errors, path, value, |errors, path, entry, limit| {
            number(errors, path, entry, &(1..=limit));
        }),
        Bounds::HashtagCounts => per_platform(errors, path, value, |errors, path, entry, _| {
            number(errors, path, entry, &HASHTAGS);
        }),
        Bounds::TextPerPlatform(most) => per_platform(errors, path, value, |errors, path, entry, _| {
            text(errors, path, entry, most);
        }),
        Bounds::Choices(known) => entries(errors, path, value, known.len(), |errors, path, entry| {
            let fine = entry.as_str().is_some_and(|name| known.contains(&name));
            errors.check(fine, path, format!("is not known; known are {}", known.join(", ")));
        }),
        Bounds::Extras => {
            let size = serde_json::to_vec(value).map_or(usize::MAX, |bytes| bytes.len());
            errors.check(size <= EXTRAS_BYTES, path, "must not exceed 8 KiB");
            errors.check(!value.as_object().is_some_and(contains_nul), path, "must not contain the character U+0000");
        }
    }
}

fn text(errors: &mut FieldErrors, path: &str, value: &Value, most: usize) {
    let Some(value) = value.as_str() else { return };
    if value.trim().is_empty() {
        errors.push(path, "must not be empty: leave it out to inherit");
    } else if value.chars().count() > most {
        errors.push(path, format!("must have at most {most} characters"));
    } else if value.contains('\0') {
        errors.push(path, "must not contain the character U+0000");
    }
}

fn line(errors: &mut FieldErrors, path: &str, value: &Value, longest: usize) {
    let value = value.as_str().unwrap_or_default();
    let fine = !value.trim().is_empty() && value.chars().count() <= longest && !value.chars().any(char::is_control);
    errors.check(fine, path, format!("must be one line of 1 to {longest} characters"));
}

fn entries(
    errors: &mut FieldErrors,
    path: &str,
    value: &Value,
    most: usize,
    mut each: impl FnMut(&mut FieldErrors, &str, &Value),
) {
    let Some(values) = value.as_array() else { return };
    if values.len() > most {
        errors.push(path, format!("must have at most {most} entries"));
        return;
    }
    for (index, entry) in values.iter().enumerate() {
        each(errors, &format!("{path}[{index}]"), entry);
    }
}

fn number(errors: &mut FieldErrors, path: &str, value: &Value, range: &RangeInclusive<u32>) {
    let fine = value.as_u64().and_then(|it| u32::try_from(it).ok()).is_some_and(|it| range.contains(&it));
    errors.check(fine, path, format!("must be from {} to {}", range.start(), range.end()));
}

fn range(errors: &mut FieldErrors, path: &str, value: &Value, from: f64, to: f64) {
    let end = |index: usize| value.get(index).and_then(Value::as_f64).unwrap_or(f64::NAN);
    for index in [0, 1] {
        errors.check(
            (from..=to).contains(&end(index)),
            format!("{path}[{index}]"),
            format!("must be from {from} to {to}"),
        );
    }
    errors.check(end(1) >= end(0), path, "the maximum is below the minimum");
}

fn platforms(errors: &mut FieldErrors, path: &str, value: &Value) {
    let names: Vec<&str> = value.as_array().into_iter().flatten().filter_map(Value::as_str).collect();
    errors.check(!names.is_empty(), path, "must not be empty: leave it out to inherit");
    // There are four; whatever comes after so many is wrong, and needn't be named one by one.
    if names.len() > PLATFORMS.len() * 2 {
        errors.push(path, format!("must have at most {} entries", PLATFORMS.len()));
        return;
    }
    for (index, name) in names.iter().enumerate() {
        let path = format!("{path}[{index}]");
        if limit_of(name).is_none() {
            unknown_platform(errors, &path, name);
        } else if names[..index].contains(name) {
            errors.push(path, "is named twice");
        }
    }
}

fn per_platform(
    errors: &mut FieldErrors,
    path: &str,
    value: &Value,
    mut each: impl FnMut(&mut FieldErrors, &str, &Value, u32),
) {
    let none = Map::new();
    let entries = value.as_object().unwrap_or(&none);
    if entries.len() > PLATFORMS.len() * 2 {
        errors.push(path, format!("must have at most {} entries", PLATFORMS.len()));
        return;
    }
    for (platform, entry) in entries {
        let path = format!("{path}.{}", short(platform));
        match limit_of(platform) {
            Some(limit) => each(errors, &path, entry, limit),
            None => unknown_platform(errors, &path, platform),
        }
    }
}

fn unknown_platform(errors: &mut FieldErrors, path: &str, platform: &str) {
    let known = PLATFORMS.map(|(name, _)| name).join(", ");
    errors.push(path, format!("{:?} is not a platform; known are {known}", short(platform)));
}

/// What a caller wrote, for a message: cut, so that an answer stays small.
fn short(text: &str) -> String {
    text.chars().take(40).collect()
}

/// The shape of a BCP 47 tag: a primary language of two or three letters, then subtags of up to eight letters or digits.
fn is_language_tag(tag: &str) -> bool {
    let mut parts = tag.split('-');
    let primary = parts.next().unwrap_or_default();
    tag.len() <= 35
        && (2..=3).contains(&primary.len())
        && primary.bytes().all(|byte| byte.is_ascii_alphabetic())
        && parts.all(|part| (1..=8).contains(&part.len()) && part.bytes().all(|byte| byte.is_ascii_alphanumeric()))
}

/// An address that readers can be sent to. It lands in a text, so what could end a link or a line isn't allowed in it.
fn is_web_address(text: &str) -> bool {
    let plain = text.chars().all(|c| !c.is_whitespace() && !c.is_control() && !"<>\"'`(){}|\\^".contains(c));
    let uri = text.parse::<http::Uri>();
    let reachable = uri.is_ok_and(|uri| {
        matches!(uri.scheme_str(), Some("http" | "https"))
            && uri.authority().is_some_and(|it| !it.host().is_empty() && !it.as_str().contains('@'))
    });
    plain && reachable && text.len() <= URL_LENGTH
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn addresses_that_readers_can_be_sent_to() {
        for good in ["https://example.com", "http://example.com/quote?from=blog#form", "https://example.com:8443/a"] {
            assert!(is_web_address(good), "{good}");
        }
        for bad in [
            "example.com",
            "/quote",
            "javascript:alert(1)",
            "ftp://example.com",
            "https://user:secret@example.com",
            "https://example.com/a b",
            "https://example.com/)evil",
            "https://",
            &format!("https://example.com/{}", "x".repeat(URL_LENGTH)),
        ] {
            assert!(!is_web_address(bad), "{bad}");
        }
    }

    #[test]
    fn language_tags() {
        assert!(["en", "en-GB", "pt-BR", "zh-Hant-TW"].into_iter().all(is_language_tag));
        assert!(!["", "english please", "e", "en_GB", "en-"].into_iter().any(is_language_tag));
    }
}
