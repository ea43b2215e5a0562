//! Holds what tokenization returns and the rules that shorten it.
//!
//! A [`Sequence`] is one text's tokens before special tokens are added; an [`Encoding`] is what a model reads. The
//! lengths that truncation leaves follow transformers: its Rust tokenizers and its Python ones (BertJapaneseTokenizer)
//! share the idea of "longest first" but give an odd token to different sides.

use super::TokenizerError;

/// One text, or a pair of texts, as a model reads it: all vectors have one entry for each token.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Encoding {
    /// Vocabulary ids, special tokens included (`input_ids`).
    pub ids: Vec<u32>,
    /// Segment of each token as the tokenizer's post-processor gives it (`token_type_ids`).
    pub type_ids: Vec<u32>,
    /// The tokens as the vocabulary spells them.
    pub tokens: Vec<String>,
    /// Span in characters (Unicode scalar values) of the original text, end exclusive; of the original word where
    /// words were given. Special tokens that were added have (0, 0).
    pub offsets: Vec<(usize, usize)>,
    /// Number of the word a token belongs to, counted in its own text; `None` for special tokens that were added.
    pub word_ids: Vec<Option<u32>>,
    /// 0 for the text, 1 for the pair, `None` for special tokens that were added.
    pub sequence_ids: Vec<Option<u8>>,
    /// True where the post-processor added the token.
    pub special_tokens_mask: Vec<bool>,
    /// True if tokens were left out to keep within `max_length`.
    pub truncated: bool,
}

/// Which text gives way when a pair is too long; the names are those of transformers.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub enum TruncationStrategy {
    /// The longer of the two, until both are equally long.
    #[default]
    LongestFirst,
    /// The text only.
    OnlyFirst,
    /// The pair only, as for a question and its passage.
    OnlySecond,
}

/// How long an encoding may be and how it is cut.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct EncodeOptions {
    /// Most tokens, special tokens included; `None` keeps everything.
    pub max_length: Option<usize>,
    /// Which text is shortened.
    pub strategy: TruncationStrategy,
    /// Tokens that neighbouring windows share; read by [`super::Tokenizer::encode_windows`] only.
    pub stride: usize,
}

impl EncodeOptions {
    /// Cuts at `max_length` tokens, the longer text first.
    pub fn max_length(max_length: usize) -> Self {
        Self {
            max_length: Some(max_length),
            ..Self::default()
        }
    }
}

/// The side that keeps the odd token when both texts of a pair are cut to the same length.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum OddToken {
    /// transformers' Rust tokenizers: the longer text, and the second of two equally long ones.
    Longer,
    /// transformers' Python tokenizers: the first text, whichever is longer.
    First,
}

/// One text's tokens without the special tokens that join texts.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(super) struct Sequence {
    pub ids: Vec<u32>,
    pub tokens: Vec<String>,
    pub offsets: Vec<(usize, usize)>,
    pub word_ids: Vec<Option<u32>>,
}

impl Sequence {
    pub fn len(&self) -> usize {
        self.ids.len()
    }

    pub fn push(&mut self, id: u32, token: String, span: (usize, usize), word: u32) {
        self.ids.push(id);
        self.tokens.push(token);
        self.offsets.push(span);
        self.word_ids.push(Some(word));
    }

    /// Puts a text behind this one that begins at the character `start` and the word `word`; gives the word behind it.
    pub fn append(&mut self, text: Self, start: usize, word: u32) -> u32 {
        let words = text.word_ids.into_iter().map(|own| own.map(|own| own + word));
        let offsets = text.offsets.into_iter().map(|(from, to)| (from + start, to + start));
        self.ids.extend(text.ids);
        self.tokens.extend(text.tokens);
        self.offsets.extend(offsets);
        self.word_ids.extend(words);
        let last = self.word_ids.last().copied().flatten();
        last.map_or(word, |last| last + 1)
    }

    /// Makes room for so many more tokens.
    pub fn reserve(&mut self, tokens: usize) {
        self.ids.reserve(tokens);
        self.tokens.reserve(tokens);
        self.offsets.reserve(tokens);
        self.word_ids.reserve(tokens);
    }

    /// The tokens `range`, or as many of them as there are.
    pub fn slice(&self, range: std::ops::Range<usize>) -> Self {
        let end = range.end.min(self.len());
        let start = range.start.min(end);
        Self {
            ids: self.ids[start..end].to_vec(),
            tokens: self.tokens[start..end].to_vec(),
            offsets: self.offsets[start..end].to_vec(),
            word_ids: self.word_ids[start..end].to_vec(),
        }
    }

    pub fn truncate(&mut self, len: usize) {
        self.ids.truncate(len);
        self.tokens.truncate(len);
        self.offsets.truncate(len);
        self.word_ids.truncate(len);
    }
}

impl Encoding {
    /// Room for so many tokens.
    pub(super) fn with_capacity(tokens: usize) -> Self {
        Self {
            ids: Vec::with_capacity(tokens),
            type_ids: Vec::with_capacity(tokens),
            tokens: Vec::with_capacity(tokens),
            offsets: Vec::with_capacity(tokens),
            word_ids: Vec::with_capacity(tokens),
            sequence_ids: Vec::with_capacity(tokens),
            special_tokens_mask: Vec::with_capacity(tokens),
            truncated: false,
        }
    }

    /// Appends a special token that is not part of any text.
    pub(super) fn push_special(&mut self, id: u32, token: &str, type_id: u32) {
        self.ids.push(id);
        self.type_ids.push(type_id);
        self.tokens.push(token.to_owned());
        self.offsets.push((0, 0));
        self.word_ids.push(None);
        self.sequence_ids.push(None);
        self.special_tokens_mask.push(true);
    }

    /// Appends a text's tokens as sequence `sequence_id` with one type id for all.
    pub(super) fn push_sequence(&mut self, sequence: Sequence, sequence_id: u8, type_id: u32) {
        let len = sequence.len();
        self.ids.extend(sequence.ids);
        self.type_ids.resize(self.ids.len(), type_id);
        self.tokens.extend(sequence.tokens);
        self.offsets.extend(sequence.offsets);
        self.word_ids.extend(sequence.word_ids);
        self.sequence_ids.extend(std::iter::repeat_n(Some(sequence_id), len));
        self.special_tokens_mask.resize(self.ids.len(), false);
    }
}

/// Token counts of a text and of its pair, if it has one.
pub(super) type Lengths = (usize, Option<usize>);

/// How many tokens of each text remain when `special` tokens are added and `options` limits the whole.
pub(super) fn lengths_after_truncation(
    lengths: Lengths,
    special: usize,
    options: &EncodeOptions,
    odd: OddToken,
) -> Result<Lengths, TokenizerError> {
    let (first, second) = lengths;
    let Some(max_length) = options.max_length else {
        return Ok(lengths);
    };
    let room = max_length
        .checked_sub(special)
        .ok_or(TokenizerError::MaxLengthTooSmall {
            max_length,
            special_tokens: special,
        })?;
    let total = first + second.unwrap_or(0);
    let Some(excess) = total.checked_sub(room).filter(|&excess| excess > 0) else {
        return Ok(lengths);
    };
    match (options.strategy, second) {
        (TruncationStrategy::LongestFirst, Some(second)) => {
            let (first, second) = longest_first(first, second, room, odd);
            Ok((first, Some(second)))
        }
        (TruncationStrategy::LongestFirst | TruncationStrategy::OnlyFirst, None) => Ok((room, None)),
        (TruncationStrategy::OnlyFirst, Some(second)) => Ok((shortened(first, excess, max_length)?, Some(second))),
        (TruncationStrategy::OnlySecond, Some(second)) => Ok((first, Some(shortened(second, excess, max_length)?))),
        (TruncationStrategy::OnlySecond, None) => Err(TokenizerError::NoPairToTruncate),
    }
}

fn shortened(length: usize, excess: usize, max_length: usize) -> Result<usize, TokenizerError> {
    // transformers refuses to leave nothing of the text that has to give way.
    length
        .checked_sub(excess)
        .filter(|&left| left > 0)
        .ok_or(TokenizerError::TextTooShortToTruncate {
            length,
            excess,
            max_length,
        })
}

fn longest_first(first: usize, second: usize, room: usize, odd: OddToken) -> (usize, usize) {
    let shorter = first.min(second);
    if shorter <= room - shorter.min(room) {
        let longer = room - shorter;
        return if first > second {
            (longer, shorter)
        } else {
            (shorter, longer)
        };
    }
    let (half, larger_half) = (room / 2, room - room / 2);
    let first_is_larger = match odd {
        OddToken::Longer => first > second,
        OddToken::First => true,
    };
    if first_is_larger {
        (larger_half, half)
    } else {
        (half, larger_half)
    }
}

/// Token ranges of the windows that cover `length` tokens, `room` at a time, each sharing `stride` with the one before.
pub(super) fn windows(
    length: usize,
    room: usize,
    stride: usize,
) -> Result<Vec<std::ops::Range<usize>>, TokenizerError> {
    if length <= room {
        return Ok(vec![std::ops::Range { start: 0, end: length }]);
    }
    if stride >= room {
        return Err(TokenizerError::StrideTooLarge { stride, room });
    }
    let mut ranges = Vec::new();
    for start in (0..length).step_by(room - stride) {
        let end = (start + room).min(length);
        ranges.push(start..end);
        if end == length {
            break;
        }
    }
    Ok(ranges)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn cut(lengths: Lengths, max_length: usize, odd: OddToken) -> Lengths {
        let special = if lengths.1.is_some() { 3 } else { 2 };
        let options = EncodeOptions::max_length(max_length);
        lengths_after_truncation(lengths, special, &options, odd).expect("long enough")
    }

    #[test]
    fn longest_first_as_the_rust_tokenizers() {
        // Values of transformers' BertTokenizerFast for texts of these lengths.
        assert_eq!(cut((10, Some(4)), 12, OddToken::Longer), (5, Some(4)));
        assert_eq!(cut((10, Some(10)), 12, OddToken::Longer), (4, Some(5)));
        assert_eq!(cut((9, Some(6)), 8, OddToken::Longer), (3, Some(2)));
        assert_eq!(cut((6, Some(9)), 8, OddToken::Longer), (2, Some(3)));
        assert_eq!(cut((9, None), 8, OddToken::Longer), (6, None));
        assert_eq!(cut((9, Some(0)), 3, OddToken::Longer), (0, Some(0)));
    }

    #[test]
    fn longest_first_as_the_python_tokenizers() {
        assert_eq!(cut((10, Some(10)), 12, OddToken::First), (5, Some(4)));
        assert_eq!(cut((6, Some(9)), 8, OddToken::First), (3, Some(2)));
        assert_eq!(cut((9, Some(6)), 8, OddToken::First), (3, Some(2)));
        assert_eq!(cut((3, Some(9)), 10, OddToken::First), (3, Some(4)));
    }

    #[test]
    fn impossible_cuts_are_errors() {
        let mut options = EncodeOptions::max_length(2);
        let result = lengths_after_truncation((4, Some(4)), 3, &options, OddToken::Longer);
        assert!(matches!(
            result,
            Err(TokenizerError::MaxLengthTooSmall {
                max_length: 2,
                special_tokens: 3
            })
        ));
        options = EncodeOptions {
            max_length: Some(8),
            strategy: TruncationStrategy::OnlySecond,
            stride: 0,
        };
        let result = lengths_after_truncation((9, Some(2)), 3, &options, OddToken::Longer);
        assert!(matches!(
            result,
            Err(TokenizerError::TextTooShortToTruncate {
                length: 2,
                excess: 6,
                ..
            })
        ));
        let result = lengths_after_truncation((9, None), 2, &options, OddToken::Longer);
        assert!(matches!(result, Err(TokenizerError::NoPairToTruncate)));
    }

    #[test]
    fn windows_share_the_stride_and_cover_everything() {
        assert_eq!(windows(10, 4, 1).expect("fits"), [0..4, 3..7, 6..10]);
        assert_eq!(windows(11, 4, 2).expect("fits"), [0..4, 2..6, 4..8, 6..10, 8..11]);
        assert_eq!(windows(0, 4, 1).expect("fits").len(), 1);
        assert!(matches!(
            windows(10, 4, 4),
            Err(TokenizerError::StrideTooLarge { stride: 4, room: 4 })
        ));
    }
}
