//! A Markdown text as blocks without marks. Knows nothing of words and sentences.

use pulldown_cmark::{Event, HeadingLevel, Options, Parser, Tag, TagEnd};

/// What a block is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum BlockKind {
    /// A heading of level 1 to 6.
    Heading(u8),
    /// A paragraph, also in a quotation.
    Paragraph,
    /// An item of a list.
    Item,
    /// A cell of a table.
    Cell,
}

/// A block of text.
#[derive(Clone, Debug)]
pub(crate) struct Block {
    pub(crate) kind: BlockKind,
    /// Its text without marks.
    pub(crate) text: String,
    /// The same without code, for looking for left-overs.
    pub(crate) prose: String,
    /// Whether there was code in it: if not, text and prose have the same words.
    pub(crate) has_code: bool,
}

/// A text, taken apart.
#[derive(Clone, Debug)]
pub(crate) struct Document {
    pub(crate) blocks: Vec<Block>,
    /// Whether the last thing is neither a code block nor a table: those need no full stop.
    pub(crate) ends_in_prose: bool,
}

impl Document {
    pub(crate) fn of(markdown: &str) -> Self {
        let mut reader = Reader::default();
        for event in Parser::new_ext(markdown, Options::ENABLE_TABLES | Options::ENABLE_STRIKETHROUGH) {
            reader.take(event);
        }
        reader.flush();
        Self { blocks: reader.blocks, ends_in_prose: !reader.code_last }
    }
}

#[derive(Default)]
struct Reader {
    blocks: Vec<Block>,
    text: String,
    prose: String,
    has_code: bool,
    kind: Vec<BlockKind>,
    in_code: bool,
    in_image: usize,
    code_last: bool,
}

impl Reader {
    fn take(&mut self, event: Event<'_>) {
        match event {
            Event::Start(Tag::Heading { level, .. }) => self.open(BlockKind::Heading(rank(level))),
            Event::Start(Tag::Item) => self.open(BlockKind::Item),
            // A paragraph of a loose list belongs to its item.
            Event::Start(Tag::Paragraph) if self.kind.last() == Some(&BlockKind::Item) => {}
            Event::Start(Tag::Paragraph) => self.open(BlockKind::Paragraph),
            Event::Start(Tag::TableCell) => self.open(BlockKind::Cell),
            Event::End(TagEnd::Paragraph) if self.kind.last() == Some(&BlockKind::Item) => self.flush(),
            Event::End(TagEnd::Heading(_) | TagEnd::Item | TagEnd::Paragraph | TagEnd::TableCell) => {
                self.flush();
                self.kind.pop();
            }
            Event::Start(Tag::CodeBlock(_)) => {
                self.flush();
                self.in_code = true;
            }
            Event::End(TagEnd::CodeBlock) => {
                self.in_code = false;
                self.code_last = true;
            }
            Event::Start(Tag::Image { .. }) => self.in_image += 1,
            Event::End(TagEnd::Image) => self.in_image -= 1,
            _ if self.in_code || self.in_image > 0 => {}
            Event::Text(text) => {
                self.text.push_str(&text);
                self.prose.push_str(&text);
            }
            Event::Code(code) => {
                self.text.push_str(&code);
                self.prose.push(' ');
                self.has_code = true;
            }
            Event::SoftBreak | Event::HardBreak => {
                self.text.push(' ');
                self.prose.push('\n');
            }
            _ => {}
        }
    }

    fn open(&mut self, kind: BlockKind) {
        self.flush();
        self.kind.push(kind);
    }

    /// Ends the block that is being written, if it has text.
    fn flush(&mut self) {
        let text = self.text.trim();
        if !text.is_empty() {
            let kind = self.kind.last().copied().unwrap_or(BlockKind::Paragraph);
            self.code_last = kind == BlockKind::Cell;
            self.blocks.push(Block { kind, text: text.to_owned(), prose: self.prose.clone(), has_code: self.has_code });
        }
        self.text.clear();
        self.prose.clear();
        self.has_code = false;
    }
}

const fn rank(level: HeadingLevel) -> u8 {
    match level {
        HeadingLevel::H1 => 1,
        HeadingLevel::H2 => 2,
        HeadingLevel::H3 => 3,
        HeadingLevel::H4 => 4,
        HeadingLevel::H5 => 5,
        HeadingLevel::H6 => 6,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn blocks_by_kind() {
        let text = "Intro *one*.\n\n## Head line\n\n- item [one](https://e.test)\n- item two\n  - nested `x`\n\n\
                    > quoted words\n\n```\nno words here\n```\n\n| a | b |\n|---|---|\n| c d | e |\n";
        let read = Document::of(text);
        let kinds: Vec<BlockKind> = read.blocks.iter().map(|block| block.kind).collect();
        use BlockKind::{Cell, Heading, Item, Paragraph};
        assert_eq!(kinds, [Paragraph, Heading(2), Item, Item, Item, Paragraph, Cell, Cell, Cell, Cell]);
        assert_eq!(read.blocks[2].text, "item one");
        assert_eq!(read.blocks[4].text, "nested x");
        assert_eq!(read.blocks[4].prose.trim(), "nested");
        let with_code: Vec<usize> = (0..kinds.len()).filter(|at| read.blocks[*at].has_code).collect();
        assert_eq!(with_code, [4]);
        assert!(!read.ends_in_prose);
    }

    #[test]
    fn brackets_that_are_no_link_stay() {
        let read = Document::of("Dear [Your Name], see [us](https://e.test) and **{{ x }}**.");
        assert_eq!(read.blocks[0].text, "Dear [Your Name], see us and {{ x }}.");
    }
}
