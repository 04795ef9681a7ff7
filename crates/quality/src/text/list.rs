//! Fixed lists of words that every word of a text is looked up in.

/// A list of lower-case words or phrases, ordered by first letter: only those with the right one are compared.
#[derive(Debug)]
pub(crate) struct WordList {
    entries: &'static [&'static str],
    /// Where the entries of each letter begin, and after the last one the end.
    starts: [usize; LETTERS + 1],
}

const LETTERS: usize = 26;

impl WordList {
    /// # Panics
    /// If the entries aren't ordered by first letters from a to z. In a static, that is an error of compilation.
    pub(crate) const fn of(entries: &'static [&'static str]) -> Self {
        let mut starts = [0; LETTERS + 1];
        let mut at = 0;
        let mut letter = 0;
        while letter < LETTERS {
            starts[letter] = at;
            while at < entries.len() && entries[at].as_bytes()[0] as usize == b'a' as usize + letter {
                at += 1;
            }
            letter += 1;
        }
        starts[LETTERS] = at;
        assert!(at == entries.len(), "a word list is not in order");
        Self { entries, starts }
    }

    /// The entries that begin with the same letter as this word.
    pub(crate) fn beside(&self, word: &str) -> &'static [&'static str] {
        match word.bytes().next() {
            Some(first @ b'a'..=b'z') => {
                let letter = usize::from(first - b'a');
                &self.entries[self.starts[letter]..self.starts[letter + 1]]
            }
            _ => &[],
        }
    }

    /// Whether this word is on the list.
    pub(crate) fn contains(&self, word: &str) -> bool {
        self.beside(word).contains(&word)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    static FEW: WordList = WordList::of(&["an", "am", "be", "zoo"]);

    #[test]
    fn words_are_found_by_first_letter() {
        for word in ["an", "am", "be", "zoo"] {
            assert!(FEW.contains(word), "{word}");
        }
        for word in ["", "a", "c", "zo", "über", "'s", "An", "{", "`"] {
            assert!(!FEW.contains(word), "{word}");
        }
        assert_eq!(FEW.beside("apple"), ["an", "am"]);
    }
}
