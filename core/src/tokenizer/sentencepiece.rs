//! Runs SentencePiece unigram models (`spiece.model`), as rinna's Japanese models have them.
//!
//! The reference is the sentencepiece library itself, with lower-casing before it where the config asks for it and
//! `</s>` after each text: transformers' T5Tokenizer changes unknown characters and forgets to lower-case.

mod character_map;
mod definition;

use serde_json::Value;

use super::aligned::{Aligned, Span};
use super::encoding::{Encoding, Sequence};
use super::sentencepiece_model::{Piece, PieceKind, SentencePieceModel, damaged};
use super::special_tokens::{SpecialTokens, json_file};
use super::trie::{Surfaces, Trie};
use super::{Files, TokenizerError};
use character_map::CharacterMap;

pub(super) use definition::is_written_from_model;

const FILE: &str = "spiece.model";
const CONFIG: &str = "tokenizer_config.json";
/// Stands for a space in pieces: ▁.
const SPACE_SYMBOL: char = '\u{2581}';
/// How much an unknown character costs beyond the least probable piece.
const UNKNOWN_PENALTY: f32 = 10.0;
/// How much less than its length times the best score a user-defined piece scores, so that it is preferred to any split.
const USER_DEFINED_PENALTY: f32 = 0.1;

pub(super) struct SentencePieceTokenizer {
    model: SentencePieceModel,
    trie: Trie<u32>,
    ids: std::collections::HashMap<String, u32>,
    user_defined: Vec<String>,
    map: CharacterMap,
    unk: u32,
    eos: (u32, String),
    unknown_score: f32,
    best_score: f32,
    lower_case: bool,
}

/// The end of the best path to a position.
#[derive(Debug, Clone, Copy)]
struct Step {
    start: u32,
    id: u32,
    score: f32,
}

const UNREACHED: u32 = u32::MAX;

impl SentencePieceTokenizer {
    pub fn from_files(files: &Files, special: &SpecialTokens) -> Result<Self, TokenizerError> {
        let config = json_file(files, CONFIG)?.unwrap_or(Value::Null);
        let class = config.get("tokenizer_class").and_then(Value::as_str);
        let is_known = |class: &str| matches!(class, "T5Tokenizer" | "T5TokenizerFast");
        let is_ours = is_written_from_model(files)?;
        if let Some(class) = class.filter(|class| !is_ours && !is_known(class)) {
            return Err(TokenizerError::Setting {
                file: CONFIG,
                key: "tokenizer_class",
                value: format!("{class:?}"),
                expected: "T5Tokenizer for a bare spiece.model; save the tokenizer as tokenizer.json with transformers",
            });
        }
        let bytes = files.get(FILE).ok_or(TokenizerError::FileMissing { file: FILE })?;
        let lower_case = config.get("do_lower_case").and_then(Value::as_bool).unwrap_or(false);
        Self::new(SentencePieceModel::read(bytes)?, special, lower_case)
    }

    fn new(model: SentencePieceModel, special: &SpecialTokens, lower_case: bool) -> Result<Self, TokenizerError> {
        let mut ids = std::collections::HashMap::new();
        for (id, piece) in (0u32..).zip(&model.pieces) {
            if piece.text.is_empty() || ids.insert(piece.text.clone(), id).is_some() {
                return Err(damaged(format!("the piece {:?} is empty or there twice", piece.text)));
            }
        }
        let unk = model.pieces.iter().position(|piece| piece.kind == PieceKind::Unknown);
        let unk = unk.ok_or_else(|| damaged("it has no piece for what is unknown".to_owned()))?;
        let eos = special.eos.clone().unwrap_or_else(|| "</s>".to_owned());
        let eos_id = *ids.get(&eos).ok_or_else(|| TokenizerError::MissingSpecialToken {
            role: "end-of-text",
            token: eos.clone(),
            entries: model.pieces.len(),
        })?;
        let scores = model
            .pieces
            .iter()
            .filter(|piece| piece.kind == PieceKind::Normal)
            .map(|piece| piece.score);
        let (least, best_score) = scores.fold((f32::MAX, f32::MIN), |(least, best), score| {
            (least.min(score), best.max(score))
        });
        let of_kind = |kind| move |piece: &&Piece| piece.kind == kind;
        let user_defined = model.pieces.iter().filter(of_kind(PieceKind::UserDefined));
        Ok(Self {
            trie: Trie::build(&surfaces(&model.pieces)),
            user_defined: user_defined.map(|piece| piece.text.clone()).collect(),
            map: CharacterMap::new(&model.character_map)?,
            unknown_score: least - UNKNOWN_PENALTY,
            best_score,
            unk: unk as u32,
            eos: (eos_id, eos),
            ids,
            model,
            lower_case,
        })
    }

    pub fn vocab_size(&self) -> usize {
        self.model.pieces.len()
    }

    pub fn id(&self, token: &str) -> Option<u32> {
        self.ids.get(token).copied()
    }

    pub fn token(&self, id: u32) -> Option<String> {
        self.model.pieces.get(id as usize).map(|piece| piece.text.clone())
    }

    pub fn special_tokens_added(&self, pair: bool) -> usize {
        if pair { 2 } else { 1 }
    }

    /// Words are counted by the spaces that begin them.
    pub fn segment(&self, text: &str) -> Sequence {
        let aligned = Aligned::new(text, 0);
        let aligned = if self.lower_case {
            aligned.as_slice().lowercase()
        } else {
            aligned
        };
        let normalized = self.normalized(&aligned);
        let mut sequence = Sequence::default();
        self.append(&normalized, &mut sequence);
        sequence
    }

    /// A text in which `mask` hides words: it is a token there, and the parts beside it are texts of their own, as they are to
    /// transformers.
    pub fn segment_open(&self, text: &str, mask: &str) -> Sequence {
        let Some(id) = self.id(mask) else {
            return self.segment(text);
        };
        let mut sequence = Sequence::default();
        let (mut start, mut word) = (0, 0);
        for (number, part) in text.split(mask).enumerate() {
            if number > 0 {
                let end = start + mask.chars().count();
                sequence.push(id, mask.to_owned(), (start, end), word);
                (start, word) = (end, word + 1);
            }
            word = sequence.append(self.segment(part), start, word);
            start += part.chars().count();
        }
        sequence
    }

    pub fn segment_words(&self, words: &[&str]) -> Sequence {
        let mut sequence = Sequence::default();
        for (number, word) in (0u32..).zip(words) {
            let part = self.segment(word);
            for ((id, token), span) in part.ids.into_iter().zip(part.tokens).zip(part.offsets) {
                sequence.push(id, token, span, number);
            }
        }
        sequence
    }

    pub fn assemble(&self, first: Sequence, second: Option<Sequence>) -> Encoding {
        let mut encoding = Encoding::default();
        encoding.push_sequence(first, 0, 0);
        encoding.push_special(self.eos.0, &self.eos.1, 0);
        if let Some(second) = second {
            encoding.push_sequence(second, 1, 0);
            encoding.push_special(self.eos.0, &self.eos.1, 0);
        }
        encoding
    }

    /// Maps characters, collapses spaces and marks the beginning of the text.
    fn normalized(&self, text: &Aligned) -> Aligned {
        let trim = self.model.remove_extra_whitespaces;
        let space = if self.model.escape_whitespaces {
            SPACE_SYMBOL
        } else {
            ' '
        };
        let mut normalized = Aligned::default();
        let mut after_space = trim;
        let mut begun = false;
        let mut characters = text.spans.iter();
        let mut rest = text.text.as_str();
        while !rest.is_empty() {
            let (length, mapped) = self.next_chunk(rest);
            let taken = rest[..length].chars().count();
            let mut spans = characters.by_ref().take(taken);
            let first = spans.next().copied().unwrap_or_default();
            let span: Span = (first.0, spans.last().map_or(first.1, |span| span.1));
            rest = &rest[length..];
            if !begun {
                // Spaces before the text are dropped one chunk at a time, then the text has begun.
                if trim && mapped == " " {
                    continue;
                }
                begun = true;
                if self.model.add_dummy_prefix {
                    normalized.push(space, (span.0, span.0));
                }
            }
            let mapped = if after_space {
                mapped.trim_start_matches(' ')
            } else {
                mapped
            };
            for character in mapped.chars() {
                normalized.push(if character == ' ' { space } else { character }, span);
            }
            if !mapped.is_empty() {
                after_space = trim && mapped.ends_with(' ');
            }
        }
        while trim && normalized.text.ends_with(space) {
            normalized.text.pop();
            normalized.spans.pop();
        }
        normalized
    }

    /// How many bytes are mapped next, and to what.
    fn next_chunk<'a>(&'a self, text: &'a str) -> (usize, &'a str) {
        let fixed = self
            .user_defined
            .iter()
            .filter(|piece| text.starts_with(piece.as_str()));
        if let Some(longest) = fixed.map(String::len).max() {
            return (longest, &text[..longest]);
        }
        if let Some((length, mapped)) = self.map.longest_prefix(text) {
            return (length, mapped);
        }
        let length = text.chars().next().map_or(0, char::len_utf8);
        (length, &text[..length])
    }

    fn append(&self, normalized: &Aligned, sequence: &mut Sequence) {
        let units: Vec<u16> = normalized.text.encode_utf16().collect();
        let mut word = 0;
        let mut previous_unknown = false;
        let (mut byte, mut character) = (0, 0);
        for (id, end) in self.best_path(&units) {
            let length = text_of(&normalized.text[byte..], end);
            let text = &normalized.text[byte..byte + length];
            let next = character + text.chars().count();
            let span = (normalized.spans[character].0, normalized.spans[next - 1].1);
            if text.starts_with(SPACE_SYMBOL) && sequence.len() > 0 {
                word += 1;
            }
            let unknown = id == self.unk;
            if unknown && self.model.byte_fallback {
                for value in text.bytes() {
                    let piece = format!("<0x{value:02X}>");
                    let id = self.id(&piece).unwrap_or(self.unk);
                    sequence.push(id, piece, span, word);
                }
            } else if unknown && previous_unknown {
                // Neighbouring unknown characters are one token.
                if let (Some(token), Some(offsets)) = (sequence.tokens.last_mut(), sequence.offsets.last_mut()) {
                    token.push_str(text);
                    offsets.1 = span.1;
                }
            } else {
                sequence.push(id, text.to_owned(), span, word);
            }
            previous_unknown = unknown;
            (byte, character) = (byte + length, next);
        }
    }

    /// What a piece adds to the score of a cut.
    fn score(&self, piece: &Piece) -> f32 {
        match piece.kind {
            PieceKind::UserDefined => piece.text.len() as f32 * self.best_score - USER_DEFINED_PENALTY,
            _ => piece.score,
        }
    }

    /// The pieces of the most probable cut: id and length in code units of each.
    fn best_path(&self, units: &[u16]) -> Vec<(u32, usize)> {
        let mut steps = vec![
            Step {
                start: UNREACHED,
                id: self.unk,
                score: 0.0
            };
            units.len() + 1
        ];
        let mut position = 0;
        while position < units.len() {
            let width = if (0xd800..0xdc00).contains(&units[position]) {
                2
            } else {
                1
            };
            let before = steps[position].score;
            let mut single = false;
            let mut reach = |length: usize, id: u32, score: f32| {
                let Some(step) = steps.get_mut(position + length) else {
                    return;
                };
                let score = before + score;
                if step.start == UNREACHED || score > step.score {
                    *step = Step {
                        start: position as u32,
                        id,
                        score,
                    };
                }
            };
            self.trie.prefixes(&units[position..], |length, ids| {
                for &id in ids {
                    let piece = &self.model.pieces[id as usize];
                    reach(length, id, self.score(piece));
                    single |= length == width;
                }
            });
            if !single {
                reach(width, self.unk, self.unknown_score);
            }
            position += width;
        }
        let mut path = Vec::new();
        let mut end = units.len();
        while end > 0 {
            let step = steps[end];
            let start = step.start as usize;
            if start >= end {
                break;
            }
            path.push((step.id, end - start));
            end = start;
        }
        path.reverse();
        path
    }
}

/// Bytes of the first `units` code units of a text.
fn text_of(text: &str, units: usize) -> usize {
    let mut left = units;
    let mut bytes = 0;
    for character in text.chars() {
        if left == 0 {
            break;
        }
        left = left.saturating_sub(character.len_utf16());
        bytes += character.len_utf8();
    }
    bytes
}

/// The pieces that text can be cut into, sorted.
fn surfaces(pieces: &[Piece]) -> Surfaces<u32> {
    let findable = |piece: &Piece| matches!(piece.kind, PieceKind::Normal | PieceKind::UserDefined);
    let findable = (0u32..).zip(pieces).filter(|(_, piece)| findable(piece));
    let mut sorted: Vec<(Vec<u16>, u32)> = findable
        .map(|(id, piece)| (piece.text.encode_utf16().collect(), id))
        .collect();
    sorted.sort_unstable();
    let mut surfaces = Surfaces::default();
    for (units, id) in sorted {
        surfaces.push(units, &[id]);
    }
    surfaces
}
