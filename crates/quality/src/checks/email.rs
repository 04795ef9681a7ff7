//! What an inbox shows of an e-mail. The thresholds are ours: phones show some 40 characters of a subject, desktops
//! some 60, and about 100 of the preheader.

use super::{Subject, collect, good_if};
use crate::report::{Check, Verdict};

pub(super) fn inbox(subject: &Subject<'_>) -> Vec<Check> {
    collect([Some(subject_length(subject)), Some(preheader_length(subject)), keyphrase(subject)])
}

fn subject_length(subject: &Subject<'_>) -> Check {
    let length = subject.draft.part("subject").unwrap_or_default().chars().count();
    let (verdict, advice) = match length {
        0 => (Verdict::Bad, "Write a subject."),
        1..=19 => (Verdict::Ok, "Tell more in the subject."),
        20..=60 => (Verdict::Good, ""),
        61..=80 => (Verdict::Ok, "Shorten the subject: phones cut it off."),
        _ => (Verdict::Poor, "Shorten the subject: most inboxes cut it off."),
    };
    Check::new(
        ("subject_length", "Subject length"),
        format!("{length} characters"),
        "20–60 characters",
        verdict,
        advice,
    )
}

fn preheader_length(subject: &Subject<'_>) -> Check {
    let length = subject.draft.part("preheader").unwrap_or_default().chars().count();
    let (verdict, advice) = match length {
        0 => (Verdict::Poor, "Write a preheader: inboxes show it after the subject."),
        1..=39 => (Verdict::Ok, "Use the space: tell more in the preheader."),
        40..=110 => (Verdict::Good, ""),
        _ => (Verdict::Ok, "Shorten the preheader: inboxes cut it off."),
    };
    let id = ("preheader_length", "Preheader length");
    Check::new(id, format!("{length} characters"), "40–110 characters", verdict, advice)
}

fn keyphrase(subject: &Subject<'_>) -> Option<Check> {
    let phrase = subject.keyphrase.as_ref()?;
    let named = phrase.mostly_in(&crate::text::words(subject.draft.part("subject").unwrap_or_default()));
    let body = subject.read.sentences().any(|it| phrase.is_in(it.words));
    let (value, verdict) = match (named, body) {
        (true, _) => ("in the subject", Verdict::Good),
        (false, true) => ("in the body only", Verdict::Ok),
        (false, false) => ("not there", good_if(false, Verdict::Poor)),
    };
    let advice = "Name the subject matter in the subject line.";
    Some(Check::new(("keyphrase_in_subject", "Keyphrase in subject"), value, "in the subject", verdict, advice))
}
