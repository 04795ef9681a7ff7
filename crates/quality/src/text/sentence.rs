//! Sentences of English prose.
//!
//! A sentence ends with `.`, `!`, `?` or `…` (and closing quotes or brackets) before white space and something that
//! isn't a lower-case letter. Not after titles and Latin abbreviations (`Dr.`, `e.g.`), nor after a single capital
//! (`J. Smith`). Numbers such as `3.5` have no space after the stop. `。！？` end one wherever they stand.

use std::ops::Range;

/// After these a stop never ends a sentence: something always follows.
const NEVER: &[&str] = &[
    "mr", "mrs", "ms", "dr", "prof", "st", "mt", "vs", "e.g", "i.e", "cf", "no", "fig", "approx", "gen", "sen", "rep",
];

/// The sentences of a block of text, trimmed, without empty ones.
pub(crate) fn split(text: &str) -> impl Iterator<Item = &str> {
    pieces(text).map(|piece| text[piece].trim()).filter(|it| it.contains(char::is_alphanumeric))
}

/// Where the sentences of a block of text stand: side by side from its start to its end. Some may have no words.
pub(crate) fn pieces(text: &str) -> Pieces<'_> {
    Pieces { text, start: 0, at: 0 }
}

/// See [`pieces`].
#[derive(Clone, Debug)]
pub(crate) struct Pieces<'a> {
    text: &'a str,
    /// Where the next sentence begins.
    start: usize,
    /// Where to look for its end.
    at: usize,
}

impl Iterator for Pieces<'_> {
    type Item = Range<usize>;

    fn next(&mut self) -> Option<Range<usize>> {
        let (text, start) = (self.text, self.start);
        if start == text.len() {
            return None;
        }
        while let Some((offset, c)) = text[self.at..].char_indices().find(|(_, c)| stops(*c) || stops_wide(*c)) {
            let stop = self.at + offset;
            let rest = text[stop + c.len_utf8()..].trim_start_matches(|c| stops(c) || closes(c));
            self.at = text.len() - rest.len();
            let wide = stops_wide(c);
            let follows = rest.trim_start().chars().next();
            let ends = wide
                || follows.is_none()
                || rest.starts_with(char::is_whitespace) && !follows.is_some_and(char::is_lowercase);
            if ends && (wide || follows.is_none() || c != '.' || !abbreviates(&text[start..stop])) {
                self.start = self.at;
                return Some(start..self.at);
            }
        }
        self.start = text.len();
        Some(start..text.len())
    }
}

const fn stops(c: char) -> bool {
    matches!(c, '.' | '!' | '?' | '…')
}

/// Ends a sentence wherever it stands.
const fn stops_wide(c: char) -> bool {
    matches!(c, '。' | '！' | '？')
}

const fn closes(c: char) -> bool {
    matches!(c, '"' | '\'' | '”' | '’' | ')' | ']' | '»')
}

/// Whether the text before a stop ends with an abbreviation.
fn abbreviates(before: &str) -> bool {
    let last = before.rsplit(|c: char| c.is_whitespace() || c == '(').next().unwrap_or("");
    let mut chars = last.chars();
    let initial = chars.next().is_some_and(|c| c.is_uppercase() && c != 'I') && chars.next().is_none();
    initial || NEVER.iter().any(|it| last.eq_ignore_ascii_case(it))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn where_sentences_end() {
        let cases: [(&str, usize); 12] = [
            ("One. Two! Three? Four", 4),
            ("Dr. Smith met J. Doe at 3.5 km.", 1),
            ("Ohio Paving Co. offers it.", 1),
            ("Use tools, e.g. Hammers. Then rest.", 2),
            ("He said “Stop.” Then he left.", 2),
            ("Wait… What?!", 2),
            ("Visit example.test. It helps.", 2),
            ("Yahoo! is a name.", 1),
            ("So do I. You too.", 2),
            ("これは文です。次の文。", 2),
            ("It costs $5. 20 people paid.", 2),
            ("  ", 0),
        ];
        for (text, count) in cases {
            assert_eq!(split(text).count(), count, "{text}");
        }
        assert_eq!(split("One.  Two.").collect::<Vec<_>>(), ["One.", "Two."]);
        assert_eq!(pieces("One.  Two").collect::<Vec<_>>(), [0..4, 4..9]);
    }
}
