//! Stems: word forms that count as the same word.

use std::borrow::Cow;

/// The stem of a word that is looked for.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Stem(String);

impl Stem {
    /// The stem of a word in normal form.
    pub(crate) fn of(word: &str) -> Self {
        Self(reduce(word).into_owned())
    }

    /// Whether this is the stem of a word in normal form.
    pub(crate) fn is_of(&self, word: &str) -> bool {
        // A stem is the beginning of its word, or that with a "y" after it: most words needn't be reduced.
        let head = self.0.strip_suffix('y').unwrap_or(&self.0);
        word.starts_with(head) && reduce(word) == self.0
    }
}

/// Reduces English word forms to one: plural, possessive, -ing, -ed. Other words are left alone.
fn reduce(word: &str) -> Cow<'_, str> {
    let word = word.trim_end_matches("'s").trim_end_matches('\'');
    if !word.is_ascii() || word.len() < 4 {
        return Cow::Borrowed(word);
    }
    let mut stem = word;
    if let Some(head) = word.strip_suffix("ies").filter(|head| head.len() > 1) {
        return Cow::Owned(format!("{head}y"));
    } else if word.ends_with("sses") || ["xes", "ches", "shes", "zes"].iter().any(|it| word.ends_with(it)) {
        stem = &word[..word.len() - 2];
    } else if word.ends_with('s') && !["ss", "us", "is"].iter().any(|it| word.ends_with(it)) {
        stem = &word[..word.len() - 1];
    }
    let ending = |ending| stem.strip_suffix(ending).filter(|head| head.len() >= 3 && has_vowel(head));
    if let Some(head) = ending("ing").or_else(|| ending("ed")) {
        let doubled = head.as_bytes();
        let n = doubled.len();
        let drop = doubled[n - 1] == doubled[n - 2] && !b"lsz".contains(&doubled[n - 1]);
        stem = &head[..n - usize::from(drop)];
    }
    Cow::Borrowed(stem.strip_suffix('e').filter(|head| head.len() > 2).unwrap_or(stem))
}

fn has_vowel(text: &str) -> bool {
    text.contains(['a', 'e', 'i', 'o', 'u', 'y'])
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn forms_share_a_stem() {
        for (one, two) in [
            ("upgrade", "upgrading"),
            ("upgrades", "upgraded"),
            ("wire", "wiring"),
            ("city", "cities"),
            ("box", "boxes"),
            ("plan", "planning"),
            ("install", "installing"),
            ("client", "client's"),
        ] {
            assert_eq!(reduce(one), reduce(two), "{one} {two}");
            assert!(Stem::of(one).is_of(two) && Stem::of(two).is_of(one), "{one} {two}");
        }
        assert_ne!(reduce("bus"), reduce("bu"));
        assert!(!Stem::of("plan").is_of("planet") && !Stem::of("city").is_of("cit"));
        assert_eq!(reduce("ring"), "ring");
        assert_eq!(reduce("größe"), "größe");
    }
}
