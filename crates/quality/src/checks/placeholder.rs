//! Finds what should have been filled in: placeholders, template syntax, filler text.

use crate::text::words;

/// Openings of template languages; closing ones alone may be prose (`100%}`), so pairs are looked for.
const SYNTAX: &[(&str, &str)] = &[("{{", "}}"), ("{%", "%}"), ("{#", "#}"), ("<%", "%>"), ("${", "}"), ("*|", "|*")];

/// Words that make a bracket a placeholder if it is written as one.
const NOUNS: &[&str] = &[
    "address",
    "author",
    "brand",
    "business",
    "city",
    "client",
    "company",
    "contact",
    "customer",
    "date",
    "day",
    "email",
    "e-mail",
    "first",
    "here",
    "industry",
    "insert",
    "job",
    "keyword",
    "last",
    "link",
    "location",
    "month",
    "name",
    "number",
    "organization",
    "phone",
    "placeholder",
    "price",
    "product",
    "recipient",
    "service",
    "signature",
    "state",
    "tbd",
    "time",
    "title",
    "todo",
    "topic",
    "url",
    "website",
    "year",
    "your",
    "zip",
];

/// First words that ask somebody to fill something in.
const ASKING: &[&str] = &["your", "insert", "add", "enter", "fill", "placeholder", "tbd", "todo", "replace", "include"];

/// What is in words that are placeholders without brackets.
const MARKS: &[&str] = &["XX", "TODO", "TBD", "FIXME"];

/// Template syntax that was left in, if any.
pub(super) fn template(text: &str) -> Option<String> {
    SYNTAX.iter().find_map(|(open, close)| {
        // Most texts have none at all: whether is found out faster than where.
        let start = text.contains(open).then(|| text.find(open)).flatten()?;
        let rest = &text[start + open.len()..];
        let end = rest.find(close)?;
        // "${" also stands in prices of set theory; a name follows in templates.
        (end <= 200 && !rest[..end].contains('\n'))
            .then(|| excerpt(&text[start..start + open.len() + end + close.len()]))
    })
}

/// A placeholder that was left in, if any: `[Your Name]`, `<your company>`, `[INSERT LINK]`, `{city}`, `XXX-XXX-XXXX`, `TODO`.
pub(super) fn placeholder(text: &str) -> Option<String> {
    for (open, close) in [('[', ']'), ('<', '>'), ('{', '}')] {
        for (start, _) in text.match_indices(open) {
            let rest = &text[start + open.len_utf8()..];
            let Some(end) = rest.find(close) else { break };
            let inner = &rest[..end];
            if inner.chars().count() <= 80 && is_placeholder(inner, open) {
                return Some(excerpt(&text[start..start + end + 2]));
            }
        }
    }
    if !MARKS.iter().any(|mark| text.contains(mark)) {
        return None;
    }
    text.split_whitespace().map(|word| word.trim_matches(|c: char| !c.is_alphanumeric())).find_map(|word| {
        let crosses = word.len() >= 4 && word.chars().all(|c| matches!(c, 'X' | '-')) && word.contains("XX");
        (crosses || matches!(word, "TODO" | "TBD" | "FIXME")).then(|| word.to_owned())
    })
}

/// Filler text, if any.
pub(super) fn filler(text: &str) -> Option<String> {
    // No letter outside ASCII becomes one of these in lower case.
    let lower = text.to_ascii_lowercase();
    ["lorem ipsum", "dolor sit amet"].iter().find(|it| lower.contains(*it)).map(|it| (*it).to_owned())
}

/// Whether what stands in brackets is meant to be replaced: it asks for it, or it is a noun of ours in title case or capitals.
fn is_placeholder(inner: &str, open: char) -> bool {
    if inner.contains("://") || inner.contains('\n') {
        return false;
    }
    let spaced = inner.replace('_', " ");
    let tokens = words(&spaced);
    let Some(first) = tokens.first() else { return false };
    if ASKING.contains(&&**first) && (tokens.len() > 1 || matches!(&**first, "placeholder" | "tbd" | "todo")) {
        return true;
    }
    if !tokens.iter().any(|word| NOUNS.contains(&&**word)) {
        return false;
    }
    let shouted = inner
        .split(|c: char| !c.is_alphabetic())
        .filter(|it| it.chars().count() > 3)
        .all(|it| it.starts_with(char::is_uppercase));
    // `{city}` and `<name>` are placeholders in any case if they have no space.
    shouted || open != '[' && !inner.trim().contains(char::is_whitespace)
}

fn excerpt(text: &str) -> String {
    let short: String = text.chars().take(60).collect();
    if short.len() < text.len() { format!("{short}…") } else { short }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn placeholders() {
        for text in [
            "Dear [Your Name],",
            "call [PHONE NUMBER]",
            "[insert link here]",
            "<your company>",
            "Hi {first_name}!",
            "{city}",
            "555: XXX-XXX-XXXX",
            "TODO: price",
            "[Company Name]",
            "[City, State]",
            "[add a quote]",
        ] {
            assert!(placeholder(text).is_some(), "{text}");
        }
        for text in [
            "as he said [sic]",
            "[the company] grew",
            "note [1] and [^2]",
            "a [x] b",
            "if a < b and c > d",
            "[emphasis added]",
            "the set {1, 2}",
            "XXL shirts",
            "an array[index]",
            "He [Smith] left",
            "size XXXL",
        ] {
            assert_eq!(placeholder(text), None, "{text}");
        }
    }

    #[test]
    fn template_syntax_and_filler() {
        assert_eq!(template("Hello {{ name }}!").as_deref(), Some("{{ name }}"));
        assert!(template("{% if a %}").is_some() && template("*|FNAME|*").is_some() && template("${price}").is_some());
        assert_eq!(template("It costs $5 {roughly}"), None);
        assert_eq!(template("100 % of }} and {{"), None);
        assert!(filler("Lorem ipsum dolor").is_some());
        assert_eq!(filler("The lore of Ipsos"), None);
    }
}
