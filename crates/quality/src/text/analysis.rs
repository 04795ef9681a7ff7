//! The words and sentences of a document, read once for all checks.

use std::ops::{Range, RangeInclusive};

use super::{
    document::{BlockKind, Document},
    sentence,
    word::{self, Word},
};

/// A block with its words.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Passage<'a> {
    pub(crate) kind: BlockKind,
    /// Its text without marks.
    pub(crate) text: &'a str,
    pub(crate) words: &'a [Word<'a>],
}

/// A sentence of a paragraph or a list's item. It has at least one word.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Sentence<'a> {
    pub(crate) words: &'a [Word<'a>],
    /// The block that it stands in, counted from 0.
    pub(crate) block: usize,
    /// Whether that is a paragraph (and not in a list).
    pub(crate) in_paragraph: bool,
}

/// A document that has been read. All words stand in one list, of which blocks and sentences are stretches.
#[derive(Clone, Debug)]
pub(crate) struct Analysis<'a> {
    pub(crate) document: &'a Document,
    /// Words of everything but code blocks.
    pub(crate) word_count: u32,
    /// The words of the blocks, an empty one after each; then those of the sentences that needed some of their own.
    words: Vec<Word<'a>>,
    /// How many of them are in the blocks, with the empty ones.
    in_blocks: usize,
    blocks: Vec<Range<usize>>,
    sentences: Vec<Stretch>,
}

/// Where a sentence stands.
#[derive(Clone, Debug)]
struct Stretch {
    words: Range<usize>,
    block: usize,
}

impl<'a> Analysis<'a> {
    pub(crate) fn of(document: &'a Document) -> Self {
        let letters = document.blocks.iter().map(|block| block.text.len()).sum::<usize>();
        let mut read = Self {
            document,
            word_count: 0,
            // A word and its space take about six bytes of English.
            words: Vec::with_capacity(letters / 5 + 2 * document.blocks.len()),
            in_blocks: 0,
            blocks: Vec::with_capacity(document.blocks.len()),
            sentences: Vec::with_capacity(letters / 64),
        };
        let mut torn = Vec::new();
        for block in &document.blocks {
            let start = read.words.len();
            if matches!(block.kind, BlockKind::Paragraph | BlockKind::Item) {
                read.prose(&block.text, &mut torn);
            } else {
                read.words.extend(word::pieces(&block.text).map(|(_, piece)| word::normal(piece)));
            }
            read.blocks.push(start..read.words.len());
            read.words.push(Word::Borrowed(""));
        }
        read.in_blocks = read.words.len();
        read.word_count = u32::try_from(read.in_blocks - read.blocks.len()).unwrap_or(u32::MAX);
        for (sentence, text) in torn {
            let start = read.words.len();
            read.words.extend(word::pieces(text).map(|(_, piece)| word::normal(piece)));
            read.sentences[sentence].words = start..read.words.len();
        }
        read
    }

    /// Reads the next block, one of prose. Notes the sentences that begin or end within a word of the block.
    fn prose(&mut self, text: &'a str, torn: &mut Vec<(usize, &'a str)>) {
        let block = self.blocks.len();
        let mut pieces = word::pieces(text).peekable();
        // Where the last word ends: after `。` a sentence may begin before that.
        let mut reached = 0;
        for place in sentence::pieces(text) {
            let start = self.words.len();
            let mut whole = reached <= place.start;
            while let Some((at, piece)) = pieces.next_if(|(at, _)| *at < place.end) {
                self.words.push(word::normal(piece));
                reached = at + piece.len();
            }
            whole &= reached <= place.end;
            let sentence = &text[place];
            if sentence.contains(char::is_alphanumeric) {
                if !whole {
                    torn.push((self.sentences.len(), sentence));
                }
                self.sentences.push(Stretch { words: start..self.words.len(), block });
            }
        }
    }

    /// All blocks, in order.
    pub(crate) fn blocks(&self) -> impl DoubleEndedIterator<Item = Passage<'_>> {
        self.document.blocks.iter().zip(&self.blocks).map(|(block, words)| Passage {
            kind: block.kind,
            text: &block.text,
            words: &self.words[words.clone()],
        })
    }

    /// Sentences of paragraphs and list items, in order.
    pub(crate) fn sentences(&self) -> impl ExactSizeIterator<Item = Sentence<'_>> {
        self.sentences.iter().map(|it| Sentence {
            words: &self.words[it.words.clone()],
            block: it.block,
            in_paragraph: self.document.blocks[it.block].kind == BlockKind::Paragraph,
        })
    }

    /// Headings of these levels.
    pub(crate) fn headings(&self, levels: RangeInclusive<u8>) -> impl Iterator<Item = Passage<'_>> {
        self.blocks().filter(move |block| matches!(block.kind, BlockKind::Heading(level) if levels.contains(&level)))
    }

    /// The first paragraph, and which block it is.
    pub(crate) fn introduction(&self) -> Option<(usize, Passage<'_>)> {
        self.blocks().enumerate().find(|(_, block)| block.kind == BlockKind::Paragraph)
    }

    /// All words in order, so that terms can be looked for. Blocks are kept apart by an empty word.
    pub(crate) fn all_words(&self) -> &[Word<'a>] {
        &self.words[..self.in_blocks]
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn sentences(markdown: &str) -> Vec<String> {
        let document = Document::of(markdown);
        Analysis::of(&document).sentences().map(|it| it.words.join(" ")).collect()
    }

    #[test]
    fn words_and_sentences() {
        let text = "Intro *one*. Intro two.\n\n## Head line\n\n- item [one](https://e.test)\n- item two\n  - nested `x`\n\n\
                    > quoted words\n\n```\nno words here\n```\n\n| a | b |\n|---|---|\n| c d | e |\n";
        let document = Document::of(text);
        let read = Analysis::of(&document);
        assert_eq!(read.sentences().len(), 6);
        assert_eq!(read.word_count, 4 + 2 + 6 + 2 + 5);
        assert_eq!(read.all_words()[..9].join(" "), "intro one intro two  head line  item");
        assert_eq!(read.introduction().map(|(at, block)| (at, block.words.len())), Some((0, 4)));
        assert_eq!(read.sentences().filter(|it| it.in_paragraph).count(), 3);
    }

    #[test]
    fn sentences_within_a_word_have_words_of_their_own() {
        assert_eq!(sentences("One a。b！c two. (D) e."), ["one a", "b", "c two", "d e"]);
        assert_eq!(sentences("東京。abc。。 京"), ["東 京", "abc", "京"]);
        let document = Document::of("One a。b.");
        let read = Analysis::of(&document);
        assert_eq!(read.all_words().join(" "), "one a。b ");
        assert_eq!(read.word_count, 2);
    }
}
