//! A keyphrase and where it appears. Word forms count (`upgrade` finds `upgrades`), order doesn't, grammar words
//! don't; a phrase in double quotes is meant exactly.

use crate::text::{FUNCTION_WORDS, Stem, Word, contains_words, words};

/// A keyphrase, read.
#[derive(Clone, Debug)]
pub(crate) struct Keyphrase<'a> {
    /// All its words in normal form.
    pub(crate) exact: Vec<Word<'a>>,
    /// Stems of its content words; of all words if it has none.
    stems: Vec<Stem>,
    quoted: bool,
}

impl<'a> Keyphrase<'a> {
    /// None if the phrase has no words.
    pub(crate) fn read(phrase: &'a str) -> Option<Self> {
        let exact = words(phrase);
        if exact.is_empty() {
            return None;
        }
        let trimmed = phrase.trim();
        let quoted = trimmed.len() > 2 && trimmed.starts_with(['"', '“']) && trimmed.ends_with(['"', '”']);
        let mut stems: Vec<Stem> =
            exact.iter().filter(|word| !FUNCTION_WORDS.contains(word)).map(|word| Stem::of(word)).collect();
        if stems.is_empty() {
            stems = exact.iter().map(|word| Stem::of(word)).collect();
        }
        Some(Self { exact, stems, quoted })
    }

    /// How many content words it has.
    pub(crate) fn content_words(&self) -> usize {
        self.stems.len()
    }

    /// How many of its content words are there.
    pub(crate) fn found(&self, words: &[Word<'_>]) -> usize {
        self.stems.iter().filter(|wanted| words.iter().any(|word| wanted.is_of(word))).count()
    }

    /// How often all its content words are there together.
    pub(crate) fn times(&self, words: &[Word<'_>]) -> usize {
        if self.quoted {
            return words.windows(self.exact.len()).filter(|window| *window == self.exact).count();
        }
        let mut fewest = usize::MAX;
        for wanted in &self.stems {
            let there = words.iter().filter(|word| wanted.is_of(word)).count();
            if there == 0 {
                return 0;
            }
            // A phrase that has a word twice needs it twice.
            let needed = self.stems.iter().filter(|it| *it == wanted).count();
            fewest = fewest.min(there / needed);
        }
        fewest
    }

    /// Whether all of it is there.
    pub(crate) fn is_in(&self, words: &[Word<'_>]) -> bool {
        self.times(words) > 0
    }

    /// Whether more than half of its content words are there.
    pub(crate) fn mostly_in(&self, words: &[Word<'_>]) -> bool {
        self.found(words) * 2 > self.content_words()
    }

    /// Whether the words begin with the exact phrase, grammar words before it aside.
    pub(crate) fn begins(&self, words: &[Word<'_>]) -> bool {
        let skipped = words.iter().take_while(|word| FUNCTION_WORDS.contains(word) && **word != self.exact[0]).count();
        words[skipped..].starts_with(&self.exact)
    }
}

/// Whether a demand such as a call to action is met by one sentence, or by most of its words in one.
pub(crate) fn best_match<'a>(demand: &str, sentences: impl Iterator<Item = &'a [Word<'a>]>) -> Match {
    let Some(phrase) = Keyphrase::read(demand) else { return Match::Whole };
    let mut best = Match::None;
    for words in sentences {
        if contains_words(words, &phrase.exact) || phrase.is_in(words) {
            return Match::Whole;
        }
        if best == Match::None && phrase.mostly_in(words) {
            best = Match::Most;
        }
    }
    best
}

/// How well a demand is met.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Match {
    Whole,
    Most,
    None,
}

#[cfg(test)]
mod tests {
    use super::*;

    fn phrase(text: &str) -> Keyphrase<'_> {
        Keyphrase::read(text).unwrap()
    }

    #[test]
    fn forms_and_order_do_not_matter_unless_quoted() {
        let sentence = words("Upgrades of electrical panels: upgrade your electrical panel.");
        assert_eq!(phrase("electrical panel upgrade").times(&sentence), 2);
        assert_eq!(phrase("\"electrical panel\"").times(&sentence), 1);
        assert_eq!(phrase("\"panel electrical\"").times(&sentence), 0);
        assert_eq!(phrase("the panel of the house").content_words(), 2);
        assert!(Keyphrase::read(" – ").is_none());
        assert_eq!(phrase("to be or not to be").content_words(), 6);
    }

    #[test]
    fn beginnings() {
        assert!(phrase("panel upgrade").begins(&words("The Panel Upgrade, explained")));
        assert!(!phrase("panel upgrade").begins(&words("Panel upgrades, explained")));
        assert!(phrase("the who").begins(&words("The Who on tour")));
    }
}
