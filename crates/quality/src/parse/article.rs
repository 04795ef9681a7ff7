//! Title, body, meta description.

use pulldown_cmark::{Event, Parser};

use super::{Note, Parsed};
use crate::text::{BlockKind, Document, split_sentences};

/// The longest title that is made of a sentence, in characters.
const DERIVED_TITLE: usize = 70;

/// Whether a line is a title of the contract: `# Title`, or `Title: …`.
pub(super) fn is_title(line: &str) -> bool {
    title_of(line).is_some()
}

fn title_of(line: &str) -> Option<String> {
    let line = line.trim();
    let text = match line.strip_prefix("# ") {
        Some(text) => text.trim_end_matches('#').to_owned(),
        None => labelled(line, "title")?,
    };
    let text = plain(&text);
    (!text.is_empty()).then_some(text)
}

/// The value of `Label: value`, whatever emphasis is around label, value or both.
pub(super) fn labelled(line: &str, label: &str) -> Option<String> {
    let line = line.trim().trim_start_matches(['#', '>', '*', '_', ' ']);
    let head = line.get(..label.len()).filter(|head| head.eq_ignore_ascii_case(label))?;
    let rest = line[head.len()..].trim_start_matches(['*', '_', ' ']).strip_prefix([':', '：'])?;
    Some(without_closing_mark(rest.trim_matches(' ').trim_start_matches(['*', '_', ' '])).to_owned())
}

/// Takes off emphasis that closes at the end but opened before the label: `**Subject: text**`.
fn without_closing_mark(value: &str) -> &str {
    let inner = value.trim_end_matches(['*', '_']).trim_end();
    let marks = inner.split(|c: char| !matches!(c, '*' | '_')).filter(|run| !run.is_empty()).count();
    // An odd number of marks before it: the last one closes one of those.
    if marks % 2 == 0 { inner } else { value }
}

/// Text without Markdown's marks.
pub(super) fn plain(markdown: &str) -> String {
    let text: String = Parser::new(markdown.trim())
        .filter_map(|event| match event {
            Event::Text(text) | Event::Code(text) => Some(text.to_string()),
            Event::SoftBreak | Event::HardBreak => Some(" ".to_owned()),
            _ => None,
        })
        .collect();
    text.trim().to_owned()
}

pub(super) fn split(text: &str) -> Parsed {
    let mut notes = Vec::new();
    let (text, meta_description) = take_meta(text);
    if meta_description.is_none() {
        notes.push(Note::MetaDescriptionMissing);
    }
    let (title, markdown) = match split_title(&text) {
        Some((title, rest)) => (title, rest.to_owned()),
        None => (derive(&text, &mut notes), text),
    };
    Parsed { title, markdown, meta_description, notes, ..Parsed::default() }
}

/// The title on top of an article, and what stands below it; none where it begins without one. A title is a line `# Title`
/// or `Title: …`, or one that is underlined with `===`.
#[must_use]
pub fn split_title(text: &str) -> Option<(String, &str)> {
    let text = text.trim();
    let (first, rest) = text.split_once('\n').unwrap_or((text, ""));
    if let Some(title) = title_of(first) {
        return Some((title, rest.trim()));
    }
    let (line, below) = rest.split_once('\n').unwrap_or((rest, ""));
    let line = line.trim_end_matches('\r');
    let underlined = line.len() >= 3 && line.chars().all(|c| c == '=');
    (underlined && !first.trim().is_empty()).then(|| (plain(first), below.trim()))
}

/// A title from the first heading, else from the first sentence.
pub(super) fn derive(markdown: &str, notes: &mut Vec<Note>) -> String {
    let blocks = Document::of(markdown).blocks;
    let heading = blocks.iter().find(|block| matches!(block.kind, BlockKind::Heading(_)));
    let found = heading.map(|block| block.text.clone()).or_else(|| {
        let first = blocks.first()?;
        let sentence = split_sentences(&first.text).next().unwrap_or(&first.text);
        Some(shorten(sentence.trim_end_matches(['.', ':'])))
    });
    notes.push(if found.is_some() { Note::TitleDerived } else { Note::TitleMissing });
    found.unwrap_or_default()
}

fn shorten(text: &str) -> String {
    if text.chars().count() <= DERIVED_TITLE {
        return text.to_owned();
    }
    let cut: String = text.chars().take(DERIVED_TITLE - 1).collect();
    format!("{}…", cut.rsplit_once(' ').map_or(cut.as_str(), |(head, _)| head))
}

/// Takes the meta description out: a line near the end, or its label alone with the text below.
fn take_meta(text: &str) -> (String, Option<String>) {
    let lines: Vec<&str> = text.lines().collect();
    let label = |line: &str| labelled(line, "meta description").or_else(|| labelled(line, "meta-description"));
    let near_end = lines.len().saturating_sub(8);
    let Some((at, value)) =
        lines.iter().enumerate().skip(near_end).rev().find_map(|(at, line)| Some((at, label(line)?)))
    else {
        return (text.trim().to_owned(), None);
    };
    let mut end = at + 1;
    let mut value = value;
    if value.is_empty()
        && let Some(below) = lines[end..].iter().position(|line| !line.trim().is_empty())
    {
        value = lines[end + below].trim().to_owned();
        end += below + 1;
    }
    let before = lines[..at].join("\n");
    let before = before.trim_end().trim_end_matches("---").trim_end();
    let after = lines[end..].join("\n");
    let after = after.trim().trim_matches('-').trim();
    let body = if after.is_empty() { before.to_owned() } else { format!("{before}\n\n{after}") };
    let value = plain(value.trim_matches(['"', '“', '”', ' ']));
    (body.trim().to_owned(), (!value.is_empty()).then_some(value))
}
