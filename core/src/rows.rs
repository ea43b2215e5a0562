//! Holds what a model is trained on and asked for: rows, each an encoding with the target that the loss compares it with.
//!
//! A row is mostly one example. Where a task cuts an example into several (windows of a long passage), [`RowIndex`] says
//! which row is whose, so that [`crate::examples`] and the loop in [`crate::train`] need not know.

use crate::batch::{Padding, PaddingSide, Positions};
use crate::data::{Example, LabelMap};
use crate::error::{Error, Result};
use crate::tokenizer::{Encoding, Tokenizer};

/// What the loss compares a row's outputs with.
#[derive(Debug, Clone, PartialEq, Default)]
pub enum Target {
    /// Not known, as while predicting.
    #[default]
    None,
    /// The number of a label.
    Class(u32),
    /// The numbers of any labels.
    Classes(Box<[u32]>),
    /// A number.
    Value(f32),
    /// The number of each token's tag; nothing for a token that does not learn.
    Tags(Box<[Option<u32>]>),
    /// The tokens at which an answer begins and ends.
    Span([u32; 2]),
    /// The words that belong at some places.
    Words(Box<[WordAt]>),
    /// The places that are left open, by the numbers of their tokens.
    Open(Box<[u32]>),
}

/// A word at its place.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct WordAt {
    /// The number of the token whose hidden state should say it.
    pub position: u32,
    /// Its id.
    pub id: u32,
}

/// One row of a batch.
#[derive(Debug, Clone, Default)]
pub struct Row {
    /// What the model reads.
    pub encoding: Encoding,
    /// What it should say.
    pub target: Target,
}

/// What a row is made for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Purpose {
    /// To learn from; `draw` differs from epoch to epoch, for tasks that hide other words each time.
    Train {
        /// Seed of what is drawn.
        draw: u64,
    },
    /// To be scored; a gold label the model cannot say becomes [`Target::None`].
    Evaluate,
    /// To be asked for the words that an evaluation hides.
    Guess,
    /// To be asked: there is no target.
    Predict,
}

/// Which rows the examples of a set make.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum RowIndex {
    /// One row for each of so many examples.
    Examples(usize),
    /// Several rows an example: number of the example, number of its part.
    Parts(Vec<(u32, u32)>),
    /// Rows of one length, cut from all examples as running text.
    Blocks(Blocks),
}

/// What a row is made of.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum RowPlace<'a> {
    /// An example, by its number.
    Example(usize),
    /// A part of an example.
    Part {
        /// The example's number.
        example: usize,
        /// Number of the part.
        part: usize,
    },
    /// A block of running text.
    Block(&'a [BlockToken]),
}

/// A token of running text.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct BlockToken {
    /// Its id.
    pub id: u32,
    /// The number of its word, counted over all texts; nothing for what a tokenizer added.
    pub word: Option<u32>,
}

/// The tokens of many texts one after the other, cut into rows of one length; the last may be shorter.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Blocks {
    tokens: Vec<BlockToken>,
    size: usize,
    /// Words so far.
    words: u32,
}

impl Blocks {
    /// Nothing yet; rows will have `size` tokens, at least one.
    pub fn new(size: usize) -> Self {
        Self {
            tokens: Vec::new(),
            size: size.max(1),
            words: 0,
        }
    }

    /// Appends a text.
    pub fn push_text(&mut self, encoding: &Encoding) {
        let first = self.words;
        for (position, &id) in encoding.ids.iter().enumerate() {
            let word = encoding.word_ids.get(position).copied().flatten();
            let word = word.map(|word| first.saturating_add(word));
            self.words = self.words.max(word.map_or(0, |word| word.saturating_add(1)));
            self.tokens.push(BlockToken { id, word });
        }
    }

    /// Appends a token that belongs to no text.
    pub fn push(&mut self, id: u32) {
        self.tokens.push(BlockToken { id, word: None });
    }

    /// Drops a last row of fewer than `fewest` tokens.
    pub fn drop_short(&mut self, fewest: usize) {
        let rest = self.tokens.len() % self.size;
        if rest < fewest {
            self.tokens.truncate(self.tokens.len() - rest);
        }
    }

    /// Number of tokens.
    pub fn len(&self) -> usize {
        self.tokens.len()
    }

    /// Whether there is no token.
    pub fn is_empty(&self) -> bool {
        self.tokens.is_empty()
    }

    /// A row as a model reads it: one text of one type.
    pub fn encoding(row: &[BlockToken]) -> Encoding {
        Encoding {
            ids: row.iter().map(|token| token.id).collect(),
            type_ids: vec![0; row.len()],
            word_ids: row.iter().map(|token| token.word).collect(),
            sequence_ids: row.iter().map(|token| token.word.map(|_| 0)).collect(),
            special_tokens_mask: row.iter().map(|token| token.word.is_none()).collect(),
            ..Encoding::default()
        }
    }

    fn row(&self, row: usize) -> &[BlockToken] {
        let start = (row * self.size).min(self.tokens.len());
        &self.tokens[start..(start + self.size).min(self.tokens.len())]
    }
}

impl RowIndex {
    /// `counts` rows for each example in turn.
    pub fn parts(counts: impl IntoIterator<Item = usize>) -> Self {
        let counts = (0u32..).zip(counts);
        let rows = counts.flat_map(|(example, count)| (0..count as u32).map(move |part| (example, part)));
        Self::Parts(rows.collect())
    }

    /// `counts` rows for each example in turn, no row for one that cannot be asked.
    ///
    /// # Errors
    /// If there is one that cannot be asked and no other, or if anything else fails.
    pub fn asked(counts: impl IntoIterator<Item = Result<usize>>) -> Result<Self> {
        let (mut rows, mut refused) = (Vec::new(), None);
        for count in counts {
            match count {
                Ok(count) => rows.push(count),
                Err(Error::Task(error)) if error.is_unasked() => {
                    rows.push(0);
                    refused.get_or_insert(error);
                }
                Err(error) => return Err(error),
            }
        }
        match refused {
            Some(error) if rows.iter().all(|&count| count == 0) => Err(error.into()),
            _ => Ok(Self::parts(rows)),
        }
    }

    /// Number of rows.
    pub fn len(&self) -> usize {
        match self {
            Self::Examples(count) => *count,
            Self::Parts(rows) => rows.len(),
            Self::Blocks(blocks) => blocks.tokens.len().div_ceil(blocks.size),
        }
    }

    /// Whether there is no row.
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// What `row` is made of.
    pub fn place(&self, row: usize) -> RowPlace<'_> {
        match self {
            Self::Examples(_) => RowPlace::Example(row),
            Self::Parts(rows) => {
                let (example, part) = rows[row];
                RowPlace::Part {
                    example: example as usize,
                    part: part as usize,
                }
            }
            Self::Blocks(blocks) => RowPlace::Block(blocks.row(row)),
        }
    }

    /// The example that `row` is or is a part of; nothing where it is a block of running text.
    pub fn example(&self, row: usize) -> Option<usize> {
        match self.place(row) {
            RowPlace::Example(example) | RowPlace::Part { example, .. } => Some(example),
            RowPlace::Block(_) => None,
        }
    }
}

/// Turns texts into ids of at most a length.
#[derive(Clone, Copy)]
pub struct TextEncoder<'a> {
    /// Cuts texts into tokens.
    pub tokenizer: &'a Tokenizer,
    /// Longest row in tokens.
    pub max_length: usize,
    /// The most tokens that the model reads.
    pub longest: usize,
    /// What the model's position numbers count.
    pub positions: Positions,
}

impl TextEncoder<'_> {
    /// How rows become one batch.
    pub fn padding(&self) -> Padding {
        Padding {
            id: self.tokenizer.pad_id(),
            side: PaddingSide::Right,
            positions: self.positions,
            width: 0,
        }
    }
}

/// What a task keeps of a row's outputs, on the host.
#[derive(Debug, Clone, PartialEq)]
pub enum Output {
    /// One number an output of a head for whole texts.
    Logits(Box<[f32]>),
    /// Logits of each place that gets a tag, `[places, labels]`.
    Tags {
        /// The places, in the order of the text.
        places: Box<[TaggedPlace]>,
        /// Their logits, place by place.
        logits: Box<[f32]>,
    },
    /// Where an answer may begin and end in a window of a passage.
    Window(Box<WindowScores>),
    /// The loss of each word that was asked for.
    Losses(Box<[f32]>),
    /// For each open place the likeliest words, id and probability.
    Words(Box<[Vec<(u32, f32)>]>),
}

/// Logits of the beginning and the end of an answer in one window.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct WindowScores {
    /// The characters of each token of the passage.
    pub spans: Box<[(u32, u32)]>,
    /// The logit of each of them as a beginning.
    pub starts: Box<[f32]>,
    /// The logit of each of them as an end.
    pub ends: Box<[f32]>,
    /// Beginning and end at the token that says that there is no answer here.
    pub no_answer: [f32; 2],
    /// The logarithm of the sum of exponentials over all tokens of the window, for beginning and end.
    pub log_sums: [f32; 2],
}

/// A word or piece that gets a tag.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct TaggedPlace {
    /// Number of the word that it is, or is a piece of.
    pub word: u32,
    /// Its first character: in the text, or in the word where words were given.
    pub start: u32,
    /// The character after its last.
    pub end: u32,
}

impl Output {
    /// The numbers of the head, one for each output or for each output of each place.
    pub fn logits(&self) -> &[f32] {
        match self {
            Self::Logits(logits) | Self::Tags { logits, .. } => logits,
            Self::Window(_) | Self::Losses(_) | Self::Words(_) => &[],
        }
    }

    /// The places that get tags.
    pub fn places(&self) -> &[TaggedPlace] {
        match self {
            Self::Tags { places, .. } => places,
            Self::Logits(_) | Self::Window(_) | Self::Losses(_) | Self::Words(_) => &[],
        }
    }
}

/// A set of examples with what the model says of each row.
#[derive(Clone, Copy)]
pub struct Answered<'a> {
    /// The examples.
    pub examples: &'a [Example],
    /// Their rows.
    pub rows: &'a RowIndex,
    /// One output a row.
    pub outputs: &'a [Output],
    /// Renames and merges labels before they are compared and shown.
    pub label_map: &'a LabelMap,
    /// How the examples became rows; spells tokens.
    pub text: TextEncoder<'a>,
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn parts_know_their_examples() {
        let rows = RowIndex::parts([1, 0, 3]);
        assert_eq!(rows.len(), 4);
        let places = (0..4).map(|row| match rows.place(row) {
            RowPlace::Part { example, part } => (example, part),
            other => panic!("{other:?}"),
        });
        assert_eq!(places.collect::<Vec<_>>(), [(0, 0), (2, 0), (2, 1), (2, 2)]);
        assert_eq!(RowIndex::Examples(3).example(2), Some(2));
    }

    #[test]
    fn running_text_is_cut_into_blocks() {
        let text = |ids: &[u32]| Encoding {
            ids: ids.to_vec(),
            word_ids: vec![None, Some(0), Some(1), Some(1)],
            ..Encoding::default()
        };
        let mut blocks = Blocks::new(3);
        blocks.push_text(&text(&[2, 10, 11, 12]));
        blocks.push_text(&text(&[2, 13, 14, 15]));
        blocks.push(3);
        let ids = |index: &RowIndex, row| match index.place(row) {
            RowPlace::Block(tokens) => Blocks::encoding(tokens),
            other => panic!("{other:?}"),
        };
        let mut longer = blocks.clone();
        let index = RowIndex::Blocks(blocks);
        assert_eq!(index.len(), 3);
        assert_eq!(index.example(1), None);
        let second = ids(&index, 1);
        assert_eq!(second.ids, [12, 2, 13]);
        assert_eq!(second.word_ids, [Some(1), None, Some(2)]);
        assert_eq!(second.special_tokens_mask, [false, true, false]);
        longer.push(4);
        longer.drop_short(2);
        assert_eq!(longer.len(), 9);
    }
}
