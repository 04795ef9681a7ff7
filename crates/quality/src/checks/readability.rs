//! How easily a text reads. Thresholds as in the module [`super::seo`].

use hg_types::ContentType;

use super::{Subject, at_most, collect, good_if, many, percent};
use crate::{
    report::{Check, Verdict},
    text::{BlockKind, Word, has_transition, is_passive},
};

/// Words above which a sentence is long.
const LONG_SENTENCE: usize = 20;

/// Words up to which transition words aren't asked for.
const TRANSITION_WORDS: u32 = 200;

pub(super) fn checks(subject: &Subject<'_>) -> Vec<Check> {
    let product = subject.draft.content_type == ContentType::ProductDescription;
    let e_mail = subject.draft.content_type == ContentType::EmailCampaign;
    collect([
        Some(long_sentences(subject)),
        Some(paragraphs(subject, if product { (70, 100) } else { (150, 200) })),
        (!e_mail).then(|| between_subheadings(subject)),
        Some(passive(subject)),
        (subject.read.word_count > TRANSITION_WORDS).then(|| transitions(subject)),
        Some(same_starts(subject)),
    ])
}

pub(super) fn long_sentences(subject: &Subject<'_>) -> Check {
    let all = || subject.read.sentences();
    let share = percent(all().filter(|it| it.words.len() > LONG_SENTENCE).count(), all().len());
    let advice = "Split long sentences: one thought each.";
    let id = ("sentence_length", "Sentence length");
    Check::new(id, format!("{share:.0} % over 20 words"), "at most 25 %", at_most(share, 25.0, 30.0), advice)
}

fn paragraphs(subject: &Subject<'_>, (good, ok): (usize, usize)) -> Check {
    let longest = subject
        .read
        .blocks()
        .filter(|block| block.kind == BlockKind::Paragraph)
        .map(|block| block.words.len())
        .max()
        .unwrap_or(0);
    let advice = "Split the longest paragraph where its thought turns.";
    let value = format!("longest has {}", many(longest as u64, "word"));
    let id = ("paragraph_length", "Paragraph length");
    Check::new(id, value, format!("at most {good} words"), at_most(longest, good, ok), advice)
}

fn between_subheadings(subject: &Subject<'_>) -> Check {
    let mut longest = 0;
    let mut current = 0;
    for block in subject.read.blocks() {
        match block.kind {
            BlockKind::Heading(level) if level >= 2 => current = 0,
            _ => current += block.words.len(),
        }
        longest = longest.max(current);
    }
    let advice = "Add a subheading to the longest stretch of text.";
    let value = format!("longest stretch has {}", many(longest as u64, "word"));
    let id = ("subheading_distribution", "Text between subheadings");
    Check::new(id, value, "at most 300 words", at_most(longest, 300, 350), advice)
}

fn passive(subject: &Subject<'_>) -> Check {
    let all = || subject.read.sentences();
    let share = percent(all().filter(|it| is_passive(it.words)).count(), all().len());
    let advice = "Say who does it: turn passive sentences round.";
    let id = ("passive_voice", "Passive voice");
    Check::new(id, format!("{share:.0} % of sentences"), "at most 10 %", at_most(share, 10.0, 15.0), advice).warning()
}

fn transitions(subject: &Subject<'_>) -> Check {
    let all = || subject.read.sentences();
    let share = percent(all().filter(|it| has_transition(it.words)).count(), all().len());
    let verdict = at_most(-share, -30.0, -20.0);
    let advice = "Tie sentences together: however, for example, therefore, first.";
    let id = ("transition_words", "Transition words");
    Check::new(id, format!("{share:.0} % of sentences"), "at least 30 %", verdict, advice)
}

fn same_starts(subject: &Subject<'_>) -> Check {
    let mut longest = 0;
    let mut run = 0;
    let mut last: &[Word<'_>] = &[];
    for sentence in subject.read.sentences().filter(|it| it.in_paragraph) {
        // After an article or a demonstrative, the next word makes the beginning.
        let weak =
            sentence.words.first().is_some_and(|it| matches!(&**it, "the" | "a" | "an" | "this" | "these" | "those"));
        let start = &sentence.words[..sentence.words.len().min(if weak { 2 } else { 1 })];
        run = if start == last { run + 1 } else { 1 };
        last = start;
        longest = longest.max(run);
    }
    let advice = format!(
        "Vary the beginnings: {} begin with “{}”.",
        many(longest as u64, "sentence"),
        repeated(subject, longest)
    );
    let value = format!("{longest} in a row");
    let id = ("consecutive_starts", "Same beginnings in a row");
    Check::new(id, value, "at most 2", good_if(longest <= 2, Verdict::Poor), advice)
}

/// The beginning of the longest run, for the advice.
fn repeated(subject: &Subject<'_>, run: usize) -> String {
    let sentences = subject.read.sentences().filter(|it| it.in_paragraph);
    let starts: Vec<&Word<'_>> = sentences.filter_map(|it| it.words.first()).collect();
    let found = starts.windows(run.max(1)).find(|window| window.iter().all(|it| *it == window[0]));
    found.map(|window| window[0].to_string()).unwrap_or_default()
}
