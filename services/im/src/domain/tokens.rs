//! A bound for the tokens of a prompt, so that a reservation made with it is never short.
//!
//! Every tokenizer in use (byte-level BPE, SentencePiece) makes at most one token of a byte. For plain words the bound
//! is tighter: a lower-case word with vowels costs at most one token for two letters, since their vocabularies hold
//! practically every pair of letters. Everything else, digits and punctuation and other alphabets among it, counts in bytes.
//! English text really has four to five characters to a token, so the bound is about twice the truth.

/// What a provider adds around the messages: roles, separators.
const ENVELOPE: u32 = 32;
/// A longer run of letters is no word of a language.
const LONGEST_WORD: usize = 24;

/// At most this many tokens for both prompts together.
#[must_use]
pub fn bound(system: &str, user: &str) -> u32 {
    [system, user].iter().map(|text| cost(text.as_bytes())).fold(ENVELOPE, u32::saturating_add)
}

/// A text's runs of letters and digits, and every byte that is in none. A blank after a run belongs to the next token.
fn cost(mut text: &[u8]) -> u32 {
    let mut sum = 0;
    while !text.is_empty() {
        let end = text.iter().position(|byte| !byte.is_ascii_alphanumeric()).unwrap_or(text.len());
        let (word, rest) = text.split_at(end);
        sum += if is_plain(word) { word.len().div_ceil(2) } else { word.len() };
        text = match rest.split_first() {
            Some((b' ', rest)) if !word.is_empty() => rest,
            Some((_, rest)) => {
                sum += 1;
                rest
            }
            None => rest,
        };
    }
    u32::try_from(sum).unwrap_or(u32::MAX)
}

/// `word`, `Word`: something that a vocabulary knows the parts of.
fn is_plain(word: &[u8]) -> bool {
    let is_vowel = |byte: &u8| matches!(byte.to_ascii_lowercase(), b'a' | b'e' | b'i' | b'o' | b'u' | b'y');
    let Some((first, rest)) = word.split_first() else { return false };
    word.len() <= LONGEST_WORD
        && first.is_ascii_alphabetic()
        && rest.iter().all(u8::is_ascii_lowercase)
        && word.iter().any(is_vowel)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn junk_counts_in_bytes_and_words_in_half() {
        assert_eq!(bound("", ""), ENVELOPE);
        let junk = "zQ9_x!7#".repeat(50);
        assert!(bound("", &junk) >= ENVELOPE + u32::try_from(junk.len()).unwrap());
        let chinese = "内容生成".repeat(20);
        assert!(bound(&chinese, "") >= ENVELOPE + u32::try_from(chinese.len()).unwrap());
        let words = "write a comprehensive article about the wiring of older houses ".repeat(10);
        let bound = bound("", &words) - ENVELOPE;
        let bytes = u32::try_from(words.len()).unwrap();
        // The sentence has ten words and, by cl100k and o200k, ten or eleven tokens.
        assert!(bound > 110 && bound <= bytes * 11 / 20, "{bound} of {bytes}");
    }

    #[test]
    fn blanks_in_a_row_are_counted() {
        assert_eq!(bound("", "a  b") - ENVELOPE, 3);
    }

    #[test]
    fn every_byte_outside_of_plain_words_counts() {
        for (text, tokens) in [
            ("word", 2),
            ("Word ", 2),
            ("words, ", 5),
            ("WORD", 4),
            ("wrd", 3),
            ("a1 ", 2),
            (" x", 2),
            ("é", 2),
            ("é ", 3),
            ("no\n", 2),
            ("aaaaaaaaaaaaaaaaaaaaaaaa", 12),
            ("aaaaaaaaaaaaaaaaaaaaaaaaa", 25),
        ] {
            assert_eq!(bound(text, "") - ENVELOPE, tokens, "{text:?}");
        }
    }
}
