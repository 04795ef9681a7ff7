//! Passive voice, by rule: a form of *be* or *get*, then at most three adverbs, then a participle.
//!
//! Participles are words in -ed that aren't usually adjectives, and the irregular ones below. The rule misses clauses
//! in which other words stand between and takes some adjectives for participles: good enough to count per cent.

use super::{list::WordList, word::Word};

static AUXILIARIES: WordList = WordList::of(&[
    "am", "are", "aren't", "be", "been", "being", "get", "gets", "getting", "got", "he's", "is", "isn't", "it's",
    "she's", "that's", "they're", "was", "wasn't", "we're", "were", "weren't", "you're",
]);

static BETWEEN: WordList = WordList::of(&[
    "again",
    "all",
    "already",
    "also",
    "always",
    "been",
    "being",
    "best",
    "both",
    "even",
    "ever",
    "just",
    "never",
    "not",
    "now",
    "often",
    "once",
    "only",
    "quite",
    "rather",
    "sometimes",
    "soon",
    "still",
    "then",
    "well",
    "yet",
]);

static IRREGULAR: WordList = WordList::of(&[
    "beaten",
    "begun",
    "bitten",
    "bought",
    "bound",
    "broken",
    "brought",
    "built",
    "burnt",
    "caught",
    "chosen",
    "cut",
    "dealt",
    "done",
    "drawn",
    "driven",
    "eaten",
    "fed",
    "felt",
    "forbidden",
    "forgotten",
    "found",
    "frozen",
    "given",
    "grown",
    "heard",
    "held",
    "hidden",
    "hit",
    "hung",
    "hurt",
    "kept",
    "known",
    "laid",
    "led",
    "left",
    "lent",
    "lost",
    "made",
    "meant",
    "met",
    "paid",
    "proven",
    "put",
    "read",
    "ridden",
    "run",
    "said",
    "seen",
    "sent",
    "set",
    "sewn",
    "shown",
    "shut",
    "sold",
    "spent",
    "split",
    "spoken",
    "spread",
    "stolen",
    "struck",
    "sworn",
    "taken",
    "taught",
    "thought",
    "thrown",
    "told",
    "torn",
    "understood",
    "undertaken",
    "won",
    "worn",
    "woven",
    "written",
]);

/// In -ed, but not participles, or nearly always adjectives.
static NOT_PARTICIPLES: WordList = WordList::of(&[
    "bed",
    "bleed",
    "breed",
    "deed",
    "exceed",
    "excited",
    "feed",
    "greed",
    "hundred",
    "indeed",
    "interested",
    "naked",
    "need",
    "pleased",
    "proceed",
    "red",
    "sacred",
    "seed",
    "shed",
    "skilled",
    "sled",
    "speed",
    "succeed",
    "supposed",
    "tired",
    "used",
    "weed",
    "wicked",
    "worried",
]);

/// Whether a sentence, given as words in normal form, has a passive clause.
pub(crate) fn is_passive(words: &[Word<'_>]) -> bool {
    words.iter().enumerate().filter(|(_, word)| AUXILIARIES.contains(word)).any(|(at, _)| {
        let after = &words[at + 1..];
        let adverbs = after
            .iter()
            .take(3)
            .take_while(|word| BETWEEN.contains(word) || word.len() > 4 && word.ends_with("ly"))
            .count();
        after.get(adverbs).is_some_and(|word| participle(word))
    })
}

fn participle(word: &str) -> bool {
    IRREGULAR.contains(word)
        || word.len() > 3 && word.ends_with("ed") && !word.ends_with("eed") && !NOT_PARTICIPLES.contains(word)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::text::words;

    #[test]
    fn passive_and_active() {
        for text in [
            "The panel was installed in May.",
            "It is often carefully checked.",
            "Permits aren't given away.",
            "They got paid.",
        ] {
            assert!(is_passive(&words(text)), "{text}");
        }
        for text in [
            "We installed the panel.",
            "The team is skilled.",
            "You are in need of help.",
            "It is red.",
            "They were the chosen.",
            "He is interested.",
        ] {
            assert!(!is_passive(&words(text)), "{text}");
        }
    }
}
