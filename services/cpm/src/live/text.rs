//! A job's live text as one watcher has it: what follows is shown, what is missing is admitted.
//!
//! Pure: entries in, what to show out.

use serde_json::Value;

use super::position::TextMark;
use crate::stream::{BEGINNING, Delta, Piece};

/// What a watcher is shown.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Shown {
    /// What it has is void.
    Reset(String),
    /// How far the work has come.
    Progress(Value),
    /// More text.
    Text {
        /// Bytes before it.
        offset: u64,
        /// The text.
        text: String,
    },
}

/// How far a watcher's text goes.
#[derive(Debug)]
pub(super) struct LiveText {
    after: String,
    length: u64,
    attempt: Option<i32>,
    /// Something in between is gone: nothing is shown until a new text begins.
    lost: bool,
}

impl LiveText {
    pub(super) fn resume(mark: Option<&TextMark>) -> Self {
        let (after, length) = mark.map_or((BEGINNING.to_owned(), 0), |mark| (mark.entry.clone(), mark.length));
        Self { after, length, attempt: None, lost: false }
    }

    /// Where to read on from.
    pub(super) fn after(&self) -> &str {
        &self.after
    }

    pub(super) const fn has_text(&self) -> bool {
        self.length > 0
    }

    /// Where the watcher is now.
    pub(super) fn mark(&self) -> Option<TextMark> {
        (self.after != BEGINNING).then(|| TextMark { entry: self.after.clone(), length: self.length })
    }

    /// The watcher was told that its text is void: it is read again from the beginning.
    pub(super) fn forget(&mut self) {
        *self = Self::resume(None);
    }

    /// Takes entries in order. Only what is valid at the end of them is shown, in one piece.
    pub(super) fn take(&mut self, deltas: impl IntoIterator<Item = Delta>) -> Vec<Shown> {
        // Whoever has nothing need not forget it.
        let had = self.length > 0 || self.lost;
        let mut reset: Option<String> = None;
        let mut fresh = String::new();
        let mut offset = self.length;
        let mut progress = None;
        for delta in deltas {
            self.after = delta.id;
            match self.attempt {
                // A worker that lost its lease may go on writing for a moment.
                Some(attempt) if delta.attempt < attempt => continue,
                Some(attempt) if delta.attempt > attempt => {
                    reset = had.then(|| "another attempt begins".to_owned());
                    (self.length, offset, self.lost) = (0, 0, false);
                    fresh.clear();
                }
                _ => {}
            }
            self.attempt = Some(delta.attempt);
            progress = delta.progress.or(progress);
            match delta.piece {
                Piece::Reset { reason } => {
                    reset = had.then_some(reason);
                    (self.length, offset, self.lost) = (0, 0, false);
                    fresh.clear();
                }
                Piece::Text { text, .. } if self.lost => drop(text),
                Piece::Text { offset: at, text } => {
                    let bytes = u64::try_from(text.len()).unwrap_or(u64::MAX);
                    if at == self.length {
                        self.length += bytes;
                        fresh.push_str(&text);
                    } else if at > self.length {
                        reset = Some("the live text was lost; the finished text will be shown".to_owned());
                        self.lost = true;
                        self.length = 0;
                        fresh.clear();
                    }
                    // Else it has been shown.
                }
            }
        }
        let mut shown: Vec<Shown> = reset.map(Shown::Reset).into_iter().collect();
        if !fresh.is_empty() {
            shown.push(Shown::Text { offset, text: fresh });
        }
        shown.extend(progress.map(Shown::Progress));
        shown
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn text(id: &str, attempt: i32, offset: u64, text: &str) -> Delta {
        Delta { id: id.into(), attempt, piece: Piece::Text { offset, text: text.into() }, progress: None }
    }

    fn reset(id: &str, attempt: i32) -> Delta {
        Delta { id: id.into(), attempt, piece: Piece::Reset { reason: "again".into() }, progress: None }
    }

    fn shown(offset: u64, text: &str) -> Shown {
        Shown::Text { offset, text: text.into() }
    }

    #[test]
    fn pieces_that_follow_are_one() {
        let mut live = LiveText::resume(None);
        assert_eq!(live.take(vec![text("1-0", 1, 0, "Füs"), text("2-0", 1, 4, "es")]), [shown(0, "Füses")]);
        assert_eq!(live.mark(), Some(TextMark { entry: "2-0".into(), length: 6 }));
        assert_eq!(live.take(vec![text("3-0", 1, 6, ".")]), [shown(6, ".")]);
        assert_eq!(live.take(vec![text("3-0", 1, 6, ".")]), []);
    }

    #[test]
    fn the_last_progress_follows_the_text() {
        let with =
            |id, offset, words, tokens: u32| Delta { progress: Some(tokens.into()), ..text(id, 2, offset, words) };
        let mut live = LiveText::resume(None);
        let entries = vec![with("1-0", 0, "a", 1), text("2-0", 2, 1, "b"), with("3-0", 2, "c", 3)];
        assert_eq!(live.take(entries), [shown(0, "abc"), Shown::Progress(3.into())]);
        let zombie = Delta { attempt: 1, ..with("4-0", 3, "x", 9) };
        assert_eq!(live.take(vec![zombie]), []);
    }

    #[test]
    fn a_newcomer_sees_only_what_is_valid() {
        let mut live = LiveText::resume(None);
        let entries = vec![text("1-0", 1, 0, "old"), reset("2-0", 2), text("3-0", 2, 0, "new")];
        assert_eq!(live.take(entries), [shown(0, "new")]);
        assert_eq!(
            live.take(vec![reset("4-0", 2), text("5-0", 2, 0, "x")]),
            [Shown::Reset("again".into()), shown(0, "x")]
        );
    }

    #[test]
    fn another_attempt_voids_the_text_even_without_a_word() {
        let mut live = LiveText::resume(None);
        live.take(vec![text("1-0", 1, 0, "old")]);
        let entries = vec![text("2-0", 2, 0, "new"), text("3-0", 1, 3, "zombie")];
        assert_eq!(live.take(entries), [Shown::Reset("another attempt begins".into()), shown(0, "new")]);
    }

    #[test]
    fn a_gap_is_admitted_once_and_a_new_text_is_shown_again() {
        let mut live = LiveText::resume(None);
        live.take(vec![text("1-0", 1, 0, "abc")]);
        let after_flush = live.take(vec![text("9-0", 1, 10, "xyz"), text("9-1", 1, 13, "!")]);
        assert!(matches!(after_flush.as_slice(), [Shown::Reset(reason)] if reason.contains("lost")));
        assert_eq!(live.take(vec![text("9-2", 1, 14, "more")]), []);
        assert_eq!(
            live.take(vec![reset("9-3", 1), text("9-4", 1, 0, "repaired")]),
            [Shown::Reset("again".into()), shown(0, "repaired")]
        );
    }

    #[test]
    fn resumes_where_the_watcher_was() {
        let mut live = LiveText::resume(Some(&TextMark { entry: "5-0".into(), length: 3 }));
        assert_eq!(live.after(), "5-0");
        assert_eq!(live.take(vec![text("6-0", 1, 3, "def")]), [shown(3, "def")]);
    }
}
