//! Posts: keyphrase, hashtags, sentences.

use super::{Subject, collect, count, good_if, listed};
use crate::report::{Check, Verdict};

/// Whether the posts are found.
pub(super) fn reach(subject: &Subject<'_>) -> Vec<Check> {
    collect([subject.keyphrase.as_ref().map(|phrase| {
        let posts = &subject.draft.parts;
        let with =
            posts.iter().filter(|post| phrase.mostly_in(&crate::text::words(&post.text.replace('#', " ")))).count();
        let verdict = if with == posts.len() && with > 0 {
            Verdict::Good
        } else if with > 0 {
            Verdict::Ok
        } else {
            Verdict::Poor
        };
        let id = ("keyphrase_in_posts", "Keyphrase in posts");
        let advice = "Use the keyphrase, or most of its words, in each post.";
        Check::new(id, format!("{with} of {}", posts.len()), "all", verdict, advice)
    })])
}

/// Whether the posts read easily.
pub(super) fn readability(subject: &Subject<'_>) -> Vec<Check> {
    vec![super::readability::long_sentences(subject)]
}

/// Hashtags as the strategy wants them.
pub(super) fn hashtags(subject: &Subject<'_>) -> Vec<Check> {
    let rules = &subject.draft.rules;
    let mut checks = Vec::new();
    for post in &subject.draft.parts {
        let Some(wanted) = lookup(&rules.hashtag_count, &post.name) else { continue };
        let n = count(tags(&post.text).len());
        let verdict = if n == wanted {
            Verdict::Good
        } else if n > 0 && n.abs_diff(wanted) == 1 {
            Verdict::Ok
        } else {
            Verdict::Poor
        };
        let advice = if n < wanted { "Add hashtags." } else { "Use fewer hashtags." };
        let id = format!("hashtags_{}", post.name);
        let label = format!("Hashtags on {}", post.name);
        checks.push(Check::new((&id, &label), format!("{n}"), format!("{wanted}"), verdict, advice));
    }
    if !rules.hashtags.is_empty() && !subject.draft.parts.is_empty() {
        let wanted: Vec<String> = rules.hashtags.iter().map(|it| it.trim_start_matches('#').to_lowercase()).collect();
        let without: Vec<&str> = subject
            .draft
            .parts
            .iter()
            .filter(|post| !tags(&post.text).iter().any(|tag| wanted.contains(&tag.to_lowercase())))
            .map(|post| post.name.as_str())
            .collect();
        let value =
            if without.is_empty() { "in each post".to_owned() } else { format!("missing on {}", listed(&without)) };
        let advice = format!("Use one of the client's hashtags: {}.", listed(&rules.hashtags));
        let verdict = good_if(without.is_empty(), Verdict::Ok);
        checks.push(Check::new(
            ("brand_hashtags", "The client's hashtags"),
            value,
            "one in each post",
            verdict,
            advice,
        ));
    }
    checks
}

/// A rule for a platform, whatever name the strategy uses for it.
pub(super) fn lookup(rules: &std::collections::BTreeMap<String, u32>, name: &str) -> Option<u32> {
    let platform = crate::Platform::read(name)?;
    rules.iter().find(|(key, _)| crate::Platform::read(key) == Some(platform)).map(|(_, value)| *value)
}

/// The hashtags of a post, without their sign: `#` at the start of a word and a letter in it.
fn tags(post: &str) -> Vec<&str> {
    post.split(|c: char| c.is_whitespace() || c == '(')
        .filter_map(|word| word.trim_start_matches(['*', '_', '"']).strip_prefix('#'))
        .flat_map(|rest| rest.split('#'))
        .map(|tag| tag.split(|c: char| !(c.is_alphanumeric() || c == '_')).next().unwrap_or(""))
        .filter(|tag| tag.chars().any(char::is_alphabetic))
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_a_hashtag_is() {
        assert_eq!(
            tags("We are #1! #STEMEducation, (#Physik) #größe#Zwei c# **#Bold**"),
            ["STEMEducation", "Physik", "größe", "Zwei", "Bold"]
        );
    }
}
