//! Why somebody does something, in their words: notes of versions, edits and verdicts have the same bounds everywhere, which
//! the tables have, too.

use super::FieldErrors;

/// Characters that a note may have.
const NOTE_LENGTH: usize = 1_000;

/// Notes what is wrong with the field `note`.
pub fn check_note(errors: &mut FieldErrors, note: Option<&str>) {
    let note = note.unwrap_or_default();
    let fine = note.chars().count() <= NOTE_LENGTH && !note.contains('\0');
    errors.check(fine, "note", "must have at most 1,000 characters");
}
