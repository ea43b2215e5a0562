//! Cuts words into the pieces of a vocabulary: greedy WordPiece, or single characters.

use super::aligned::{Form, Slice};
use super::encoding::Sequence;
use super::explain::UnknownReason;
use super::vocabulary::Vocabulary;

/// Longer words become one unknown token.
const MAX_WORD_CHARACTERS: usize = 100;

/// How words become tokens.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Subword {
    /// Longest pieces first, `##` before those that continue a word.
    WordPiece,
    /// One token a character.
    Character,
    /// The word is the token.
    Whole,
}

/// Appends the tokens of one word to a sequence.
pub(super) struct Cutter<'a> {
    pub vocabulary: &'a Vocabulary,
    pub subword: Subword,
    pub unk: (u32, &'a str),
    /// Holds `##` and the rest of a word while it is cut.
    buffer: String,
}

impl<'a> Cutter<'a> {
    pub fn new(vocabulary: &'a Vocabulary, subword: Subword, unk: (u32, &'a str)) -> Self {
        Self {
            vocabulary,
            subword,
            unk,
            buffer: String::new(),
        }
    }

    /// Cuts `word`, the `number`th of its text, and appends its tokens to `sequence`.
    pub fn cut(&mut self, word: Slice<'_>, number: u32, sequence: &mut Sequence) {
        match self.subword {
            Subword::WordPiece => {
                for part in word.split_whitespace() {
                    self.wordpiece(part, number, sequence);
                }
            }
            Subword::Character => {
                for (character, span) in word.to_owned().normalized(Form::Nfkc).chars() {
                    self.push(character.encode_utf8(&mut [0; 4]), span, number, sequence);
                }
            }
            Subword::Whole => self.push(word.text, word.span(), number, sequence),
        }
    }

    /// Why a word becomes, or has in it, the unknown token.
    pub fn why_unknown(&mut self, word: Slice<'_>) -> Option<UnknownReason> {
        let lacks = |text: &str| self.vocabulary.id(text).is_none();
        match self.subword {
            Subword::WordPiece => word.split_whitespace().find_map(|part| self.why_no_pieces(part)),
            Subword::Character => {
                let characters = word.to_owned().normalized(Form::Nfkc);
                let missing = characters.chars().map(|(character, _)| String::from(character));
                let missing: Vec<String> = missing.filter(|character| lacks(character)).collect();
                (!missing.is_empty()).then_some(UnknownReason::NotInVocabulary { missing })
            }
            Subword::Whole => lacks(word.text).then(|| UnknownReason::NotInVocabulary {
                missing: vec![word.text.to_owned()],
            }),
        }
    }

    fn why_no_pieces(&mut self, word: Slice<'_>) -> Option<UnknownReason> {
        let characters = word.spans.len();
        if characters > MAX_WORD_CHARACTERS {
            return Some(UnknownReason::TooLong {
                characters,
                limit: MAX_WORD_CHARACTERS,
            });
        }
        let mut found = Sequence::default();
        if self.pieces(word, 0, &mut found) {
            return None;
        }
        let length: usize = found.tokens.iter().map(|token| token.chars().count()).sum();
        let length = length - 2 * found.tokens.len().saturating_sub(1);
        let rest = word.text.chars().skip(length).collect();
        Some(UnknownReason::NoPiece {
            pieces: found.tokens,
            rest,
        })
    }

    fn push(&self, token: &str, span: (usize, usize), number: u32, sequence: &mut Sequence) {
        match self.vocabulary.id(token) {
            Some(id) => sequence.push(id, token.to_owned(), span, number),
            None => sequence.push(self.unk.0, self.unk.1.to_owned(), span, number),
        }
    }

    fn wordpiece(&mut self, word: Slice<'_>, number: u32, sequence: &mut Sequence) {
        let before = sequence.len();
        let whole = word.spans.len() <= MAX_WORD_CHARACTERS && self.pieces(word, number, sequence);
        if !whole {
            // One piece that the vocabulary lacks makes the whole word unknown.
            sequence.truncate(before);
            sequence.push(self.unk.0, self.unk.1.to_owned(), word.span(), number);
        }
    }

    /// Appends pieces until the word ends or none fits; says whether it ended.
    fn pieces(&mut self, word: Slice<'_>, number: u32, sequence: &mut Sequence) -> bool {
        let mut rest = word.text;
        let mut start = 0;
        while !rest.is_empty() {
            self.buffer.clear();
            if start > 0 {
                self.buffer.push_str("##");
            }
            let prefix = self.buffer.len();
            self.buffer.push_str(rest);
            let ends = rest
                .char_indices()
                .rev()
                .map(|(at, character)| at + character.len_utf8());
            let found = ends.enumerate().find_map(|(dropped, end)| {
                let id = self.vocabulary.id(&self.buffer[..prefix + end])?;
                Some((dropped, end, id))
            });
            let Some((dropped, length, id)) = found else {
                return false;
            };
            let end = word.spans.len() - dropped;
            let span = (word.spans[start].0, word.spans[end - 1].1);
            sequence.push(id, self.buffer[..prefix + length].to_owned(), span, number);
            rest = &rest[length..];
            start = end;
        }
        true
    }
}
