//! Two texts, word by word.

use serde::Serialize;

/// Words of both texts at most, multiplied: beyond that a comparison shows both whole.
const MOST: usize = 400_000;

/// A stretch of words that both have, or only one of them.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[cfg_attr(test, derive(serde::Deserialize), serde(deny_unknown_fields))]
pub struct Piece {
    /// Which of them has it.
    pub side: Side,
    /// The words, with the blanks behind them.
    pub text: String,
}

/// Who has some words.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[cfg_attr(test, derive(serde::Deserialize))]
#[serde(rename_all = "snake_case")]
pub enum Side {
    /// Both.
    Both,
    /// Only the earlier one.
    Before,
    /// Only the later one.
    After,
}

/// What went and what came, in reading order.
#[must_use]
pub(super) fn pieces(before: &str, after: &str) -> Vec<Piece> {
    let (old, new) = (words(before), words(after));
    let mut pieces = Vec::new();
    if old.len().saturating_mul(new.len()) > MOST {
        push(&mut pieces, Side::Before, before);
        push(&mut pieces, Side::After, after);
        return pieces;
    }
    // lengths[i][j]: how many words what is left of both has in common at most.
    let width = new.len() + 1;
    let mut lengths = vec![0_u32; (old.len() + 1) * width];
    for i in (0..old.len()).rev() {
        for j in (0..new.len()).rev() {
            lengths[i * width + j] = if old[i].trim_end() == new[j].trim_end() {
                lengths[(i + 1) * width + j + 1] + 1
            } else {
                lengths[(i + 1) * width + j].max(lengths[i * width + j + 1])
            };
        }
    }
    let (mut i, mut j) = (0, 0);
    while i < old.len() || j < new.len() {
        let same = i < old.len() && j < new.len() && old[i].trim_end() == new[j].trim_end();
        if same {
            push(&mut pieces, Side::Both, new[j]);
            (i, j) = (i + 1, j + 1);
        } else if j == new.len() || (i < old.len() && lengths[(i + 1) * width + j] >= lengths[i * width + j + 1]) {
            push(&mut pieces, Side::Before, old[i]);
            i += 1;
        } else {
            push(&mut pieces, Side::After, new[j]);
            j += 1;
        }
    }
    pieces
}

/// Words, each with the blanks behind it.
fn words(text: &str) -> Vec<&str> {
    let mut words = Vec::new();
    let mut start = 0;
    let mut in_blank = false;
    for (at, c) in text.char_indices() {
        if c.is_whitespace() {
            in_blank = true;
        } else if in_blank {
            words.push(&text[start..at]);
            (start, in_blank) = (at, false);
        }
    }
    if start < text.len() {
        words.push(&text[start..]);
    }
    words
}

fn push(pieces: &mut Vec<Piece>, side: Side, text: &str) {
    if text.is_empty() {
        return;
    }
    match pieces.last_mut() {
        Some(last) if last.side == side => last.text.push_str(text),
        _ => pieces.push(Piece { side, text: text.to_owned() }),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn shown(before: &str, after: &str) -> String {
        let mark = |side| match side {
            Side::Both => ' ',
            Side::Before => '-',
            Side::After => '+',
        };
        pieces(before, after).iter().map(|piece| format!("{}[{}]", mark(piece.side), piece.text)).collect()
    }

    #[test]
    fn words_that_went_stand_before_those_that_came() {
        assert_eq!(shown("calm and precise", "calm, warm and precise"), "-[calm ]+[calm, warm ] [and precise]");
        assert_eq!(shown("a b c", "a c"), " [a ]-[b ] [c]");
        assert_eq!(shown("", "new words"), "+[new words]");
        assert_eq!(shown("old", ""), "-[old]");
        assert_eq!(shown("same", "same"), " [same]");
        assert_eq!(shown("", ""), "");
    }

    #[test]
    fn nothing_is_lost_of_either() {
        let (before, after) = ("one two  three\nfour", "one three four\nfive");
        let side = |gone: Side| -> String {
            pieces(before, after)
                .iter()
                .filter(|it| it.side != gone)
                .map(|it| it.text.trim_end())
                .collect::<Vec<_>>()
                .join(" ")
        };
        assert_eq!(
            side(Side::Before).split_whitespace().collect::<Vec<_>>(),
            after.split_whitespace().collect::<Vec<_>>()
        );
        assert_eq!(
            side(Side::After).split_whitespace().collect::<Vec<_>>(),
            before.split_whitespace().collect::<Vec<_>>()
        );
    }

    #[test]
    fn what_is_too_long_is_shown_whole() {
        let long = "x ".repeat(1_000);
        assert_eq!(pieces(&long, &format!("{long}y")).len(), 2);
    }
}
