//! Holds what a model is trained on and asked for: rows, each an encoding with the target that the loss compares it with.
//!
//! A row is mostly one example. Where a task cuts an example into several (windows of a long passage), [`RowIndex`] says
//! which row is whose, so that [`crate::examples`] and the loop in [`crate::train`] need not know.

use crate::batch::{Padding, PaddingSide, Positions};
use crate::data::{Example, LabelMap};
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
}

impl RowIndex {
    /// `counts` rows for each example in turn.
    pub fn parts(counts: impl IntoIterator<Item = usize>) -> Self {
        let counts = (0u32..).zip(counts);
        let rows = counts.flat_map(|(example, count)| (0..count as u32).map(move |part| (example, part)));
        Self::Parts(rows.collect())
    }

    /// Number of rows.
    pub fn len(&self) -> usize {
        match self {
            Self::Examples(count) => *count,
            Self::Parts(rows) => rows.len(),
        }
    }

    /// Whether there is no row.
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// The example and the part of it that `row` is.
    pub fn source(&self, row: usize) -> (usize, usize) {
        match self {
            Self::Examples(_) => (row, 0),
            Self::Parts(rows) => {
                let (example, part) = rows[row];
                (example as usize, part as usize)
            }
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
            Self::Window(_) => &[],
        }
    }

    /// The places that get tags.
    pub fn places(&self) -> &[TaggedPlace] {
        match self {
            Self::Tags { places, .. } => places,
            Self::Logits(_) | Self::Window(_) => &[],
        }
    }
}

/// A set of examples with what the model says of each row.
#[derive(Debug, Clone, Copy)]
pub struct Answered<'a> {
    /// The examples.
    pub examples: &'a [Example],
    /// Their rows.
    pub rows: &'a RowIndex,
    /// One output a row.
    pub outputs: &'a [Output],
    /// Renames and merges labels before they are compared and shown.
    pub label_map: &'a LabelMap,
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn parts_know_their_examples() {
        let rows = RowIndex::parts([1, 0, 3]);
        assert_eq!(rows.len(), 4);
        assert_eq!(
            (0..4).map(|row| rows.source(row)).collect::<Vec<_>>(),
            [(0, 0), (2, 0), (2, 1), (2, 2)]
        );
        assert_eq!(RowIndex::Examples(3).source(2), (2, 0));
    }
}
