//! Words: what counts as one, and its normal form.
//!
//! A word is a run without white space that has a letter or digit; hyphens and apostrophes inside belong to it,
//! dashes and slashes between letters end it. Han and Kana have no spaces: each character is a word. The normal form
//! is lower case without surrounding punctuation, with straight apostrophes.

use std::borrow::Cow;

use super::list::WordList;

/// A word in normal form: a piece of its text where that is in normal form already, as most words are.
pub(crate) type Word<'a> = Cow<'a, str>;

/// Words that carry grammar rather than meaning; a keyphrase is judged without them.
pub(crate) static FUNCTION_WORDS: WordList = WordList::of(&[
    "a", "about", "above", "after", "all", "am", "an", "and", "any", "are", "as", "at", "be", "because", "been",
    "before", "being", "below", "between", "but", "by", "can", "could", "did", "do", "does", "doing", "down", "during",
    "each", "every", "few", "for", "from", "had", "has", "have", "he", "her", "here", "his", "how", "i", "if", "in",
    "into", "is", "it", "its", "may", "me", "might", "more", "most", "must", "my", "near", "no", "nor", "not", "of",
    "off", "on", "onto", "or", "our", "out", "over", "per", "shall", "she", "should", "so", "some", "such", "than",
    "that", "the", "their", "them", "then", "there", "these", "they", "this", "those", "through", "to", "too", "under",
    "until", "up", "upon", "us", "via", "was", "we", "were", "what", "when", "where", "which", "while", "who", "whom",
    "why", "will", "with", "within", "without", "would", "you", "your",
]);

fn ideographic(c: char) -> bool {
    matches!(u32::from(c), 0x3041..=0x30ff | 0x3400..=0x4dbf | 0x4e00..=0x9fff | 0xf900..=0xfaff | 0x2_0000..=0x2_fa1f)
}

fn separates(c: char) -> bool {
    c.is_whitespace() || matches!(c, '—' | '–' | '/' | '…')
}

/// The words of a text in normal form.
pub(crate) fn words(text: &str) -> Vec<Word<'_>> {
    pieces(text).map(|(_, piece)| normal(piece)).collect()
}

/// The words of a text as they stand there, with the places at which they begin.
pub(crate) fn pieces(text: &str) -> Pieces<'_> {
    Pieces { text, at: 0, ideographic_until: 0 }
}

/// See [`pieces`].
#[derive(Clone, Debug)]
pub(crate) struct Pieces<'a> {
    text: &'a str,
    /// What is before this has been read.
    at: usize,
    /// The end of a run that has ideographs, and may have other words between them.
    ideographic_until: usize,
}

impl<'a> Iterator for Pieces<'a> {
    type Item = (usize, &'a str);

    fn next(&mut self) -> Option<Self::Item> {
        while self.at < self.text.len() {
            let found = if self.at < self.ideographic_until { self.among_ideographs() } else { self.run() };
            if found.is_some() {
                return found;
            }
        }
        None
    }
}

impl<'a> Pieces<'a> {
    /// Reads to the next separator. Of a run with ideographs only its end is noted.
    fn run(&mut self) -> Option<(usize, &'a str)> {
        let start = self.at;
        let mut ideographs = false;
        let separator = self.text[start..].char_indices().find(|(_, c)| {
            ideographs |= ideographic(*c);
            separates(*c)
        });
        let (end, next) = match separator {
            Some((offset, c)) => (start + offset, start + offset + c.len_utf8()),
            None => (self.text.len(), self.text.len()),
        };
        if ideographs {
            self.ideographic_until = end;
            return None;
        }
        self.at = next;
        self.trimmed(start, end)
    }

    /// Reads an ideograph, or what stands before the next one.
    fn among_ideographs(&mut self) -> Option<(usize, &'a str)> {
        let start = self.at;
        let run = &self.text[start..self.ideographic_until];
        let other = run.find(ideographic).unwrap_or(run.len());
        if other > 0 {
            self.at = start + other;
            return self.trimmed(start, self.at);
        }
        let length = run.chars().next().map_or(0, char::len_utf8);
        self.at = start + length;
        Some((start, &run[..length]))
    }

    fn trimmed(&self, start: usize, end: usize) -> Option<(usize, &'a str)> {
        let run = &self.text[start..end];
        let word = run.trim_start_matches(|c: char| !c.is_alphanumeric());
        let start = end - word.len();
        let word = word.trim_end_matches(|c: char| !c.is_alphanumeric());
        (!word.is_empty()).then_some((start, word))
    }
}

/// The normal form of a word.
pub(crate) fn normal(word: &str) -> Word<'_> {
    if word.bytes().all(|byte| byte.is_ascii() && !byte.is_ascii_uppercase()) {
        return Cow::Borrowed(word);
    }
    let lower = word.to_lowercase();
    Cow::Owned(if lower.contains(['’', 'ʼ']) { lower.replace(['’', 'ʼ'], "'") } else { lower })
}

/// Whether a term, read as words, appears as whole words: punctuation between them is no bar.
pub(crate) fn contains_words(words: &[Word<'_>], term: &[Word<'_>]) -> bool {
    let Some(first) = term.first() else { return false };
    words.iter().enumerate().any(|(at, word)| word == first && words[at..].starts_with(term))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_a_word() {
        assert_eq!(
            words("Well-known, isn’t it? — 3.5 kW/h “Ünïcode” …"),
            ["well-known", "isn't", "it", "3.5", "kw", "h", "ünïcode"]
        );
        assert_eq!(words("東京 is big"), ["東", "京", "is", "big"]);
        assert_eq!(words("(a東-京b.)/c"), ["a", "東", "京", "b", "c"]);
        assert_eq!(words("- * – 🎉"), Vec::<String>::new());
    }

    #[test]
    fn pieces_tell_where_they_stand() {
        let text = " “Ünïcode”, 東(京)";
        let found: Vec<_> = pieces(text).collect();
        assert_eq!(found.iter().map(|(_, word)| *word).collect::<Vec<_>>(), ["Ünïcode", "東", "京"]);
        assert!(found.iter().all(|(at, word)| text[*at..].starts_with(word)));
    }

    #[test]
    fn terms_are_whole_words() {
        let text = words("We offer low-cost, world class service.");
        let has = |term| contains_words(&text, &words(term));
        assert!(has("World Class"));
        assert!(!has("cost") && !has("class serv") && !has("…"));
    }
}
