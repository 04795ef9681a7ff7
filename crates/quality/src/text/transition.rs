//! Transition words: what ties a sentence to the one before. A list of our own, for English.

use super::{list::WordList, word::Word};

static SINGLE: WordList = WordList::of(&[
    "accordingly",
    "additionally",
    "afterwards",
    "again",
    "also",
    "alternatively",
    "although",
    "altogether",
    "because",
    "besides",
    "but",
    "consequently",
    "conversely",
    "currently",
    "equally",
    "eventually",
    "finally",
    "first",
    "firstly",
    "furthermore",
    "generally",
    "hence",
    "however",
    "importantly",
    "indeed",
    "initially",
    "instead",
    "lastly",
    "later",
    "likewise",
    "meanwhile",
    "moreover",
    "namely",
    "nevertheless",
    "next",
    "nonetheless",
    "notably",
    "obviously",
    "otherwise",
    "overall",
    "particularly",
    "presently",
    "previously",
    "rather",
    "second",
    "secondly",
    "similarly",
    "simultaneously",
    "since",
    "so",
    "specifically",
    "still",
    "subsequently",
    "surely",
    "then",
    "therefore",
    "third",
    "though",
    "thus",
    "typically",
    "ultimately",
    "undoubtedly",
    "unless",
    "until",
    "usually",
    "whereas",
    "while",
    "yet",
]);

static PHRASES: WordList = WordList::of(&[
    "above all",
    "after all",
    "after that",
    "as a result",
    "as long as",
    "as soon as",
    "as well as",
    "at first",
    "at last",
    "at the same time",
    "by contrast",
    "by the way",
    "due to",
    "even if",
    "even so",
    "even though",
    "for example",
    "for instance",
    "for that reason",
    "for this reason",
    "from then on",
    "in addition",
    "in brief",
    "in case",
    "in comparison",
    "in conclusion",
    "in contrast",
    "in fact",
    "in general",
    "in other words",
    "in particular",
    "in short",
    "in summary",
    "in the end",
    "in the meantime",
    "in this way",
    "in turn",
    "instead of",
    "of course",
    "on the contrary",
    "on the one hand",
    "on the other hand",
    "on top of that",
    "once again",
    "rather than",
    "so that",
    "such as",
    "that is why",
    "that said",
    "to begin with",
    "to conclude",
    "to start with",
    "to sum up",
    "what is more",
    "with this in mind",
]);

/// Whether a sentence, given as words in normal form, has one.
pub(crate) fn has_transition(words: &[Word<'_>]) -> bool {
    words.iter().enumerate().any(|(at, word)| {
        SINGLE.contains(word) || PHRASES.beside(word).iter().any(|phrase| begins_with(&words[at..], phrase))
    })
}

fn begins_with(words: &[Word<'_>], phrase: &str) -> bool {
    let Some((first, more)) = words.split_first() else { return false };
    // Nearly all phrases end here, and aren't taken apart.
    let Some(phrase) = phrase.strip_prefix(&**first).and_then(|rest| rest.strip_prefix(' ')) else { return false };
    let mut rest = more.iter();
    phrase.split(' ').all(|wanted| rest.next().is_some_and(|word| word == wanted))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::text::words;

    #[test]
    fn found_anywhere_as_whole_words() {
        assert!(has_transition(&words("However, it works.")));
        assert!(has_transition(&words("It works, on the other hand.")));
        assert!(!has_transition(&words("The sofa is soft on the other side.")));
    }
}
