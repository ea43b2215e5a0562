//! Reads `spiece.model`, the protobuf that SentencePiece writes, as far as encoding needs it.

use super::TokenizerError;

const FILE: &str = "spiece.model";

/// What a piece is for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum PieceKind {
    Normal,
    Unknown,
    /// Never found in text: `<s>`, `</s>`.
    Control,
    /// Always kept whole.
    UserDefined,
    Unused,
    /// One byte of a character that no piece covers.
    Byte,
}

/// An entry of the vocabulary.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Piece {
    pub text: String,
    /// Logarithm of its probability.
    pub score: f32,
    pub kind: PieceKind,
}

/// A SentencePiece model: pieces, and how text is normalized before it is cut into them.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct SentencePieceModel {
    pub pieces: Vec<Piece>,
    /// A trie and the texts it leads to; empty if characters stay as they are.
    pub character_map: Vec<u8>,
    pub add_dummy_prefix: bool,
    pub remove_extra_whitespaces: bool,
    pub escape_whitespaces: bool,
    pub byte_fallback: bool,
}

impl SentencePieceModel {
    /// Reads a model of the unigram kind.
    ///
    /// # Errors
    /// If the bytes are not such a protobuf, or the model is of another kind.
    pub fn read(bytes: &[u8]) -> Result<Self, TokenizerError> {
        let mut model = Self {
            pieces: Vec::new(),
            character_map: Vec::new(),
            add_dummy_prefix: true,
            remove_extra_whitespaces: true,
            escape_whitespaces: true,
            byte_fallback: false,
        };
        let mut message = Message { bytes, at: 0 };
        while let Some((field, value)) = message.next_field()? {
            match (field, value) {
                (1, Value::Bytes(piece)) => model.pieces.push(read_piece(piece)?),
                (2, Value::Bytes(trainer)) => model.read_trainer(trainer)?,
                (3, Value::Bytes(normalizer)) => model.read_normalizer(normalizer)?,
                _ => {}
            }
        }
        if model.pieces.is_empty() {
            return Err(damaged("it has no pieces".to_owned()));
        }
        Ok(model)
    }

    fn read_trainer(&mut self, mut message: Message<'_>) -> Result<(), TokenizerError> {
        while let Some((field, value)) = message.next_field()? {
            match (field, value) {
                (3, Value::Number(1)) => {}
                (3, Value::Number(kind)) => {
                    return Err(damaged(format!(
                        "its model type is {kind}; only unigram models (1) can be read"
                    )));
                }
                (24, Value::Number(1)) => {
                    return Err(damaged(
                        "it treats white space as a suffix, which is not supported".to_owned(),
                    ));
                }
                (35, Value::Number(flag)) => self.byte_fallback = flag != 0,
                _ => {}
            }
        }
        Ok(())
    }

    fn read_normalizer(&mut self, mut message: Message<'_>) -> Result<(), TokenizerError> {
        while let Some((field, value)) = message.next_field()? {
            match (field, value) {
                (2, Value::Bytes(map)) => self.character_map = map.bytes.to_vec(),
                (3, Value::Number(flag)) => self.add_dummy_prefix = flag != 0,
                (4, Value::Number(flag)) => self.remove_extra_whitespaces = flag != 0,
                (5, Value::Number(flag)) => self.escape_whitespaces = flag != 0,
                _ => {}
            }
        }
        Ok(())
    }
}

fn read_piece(mut message: Message<'_>) -> Result<Piece, TokenizerError> {
    let mut piece = Piece {
        text: String::new(),
        score: 0.0,
        kind: PieceKind::Normal,
    };
    while let Some((field, value)) = message.next_field()? {
        match (field, value) {
            (1, Value::Bytes(text)) => {
                let text = std::str::from_utf8(text.bytes);
                piece.text = text
                    .map_err(|_| damaged("a piece is not valid UTF-8".to_owned()))?
                    .to_owned();
            }
            (2, Value::Float(score)) => piece.score = score,
            (3, Value::Number(kind)) => {
                piece.kind = match kind {
                    1 => PieceKind::Normal,
                    2 => PieceKind::Unknown,
                    3 => PieceKind::Control,
                    4 => PieceKind::UserDefined,
                    5 => PieceKind::Unused,
                    6 => PieceKind::Byte,
                    other => return Err(damaged(format!("a piece has the unknown type {other}"))),
                }
            }
            _ => {}
        }
    }
    if piece.score.is_nan() {
        return Err(damaged(format!(
            "the score of the piece {:?} is not a number",
            piece.text
        )));
    }
    Ok(piece)
}

pub(super) fn damaged(reason: String) -> TokenizerError {
    TokenizerError::Definition { file: FILE, reason }
}

/// A protobuf message being read.
#[derive(Debug, Clone, Copy)]
struct Message<'a> {
    bytes: &'a [u8],
    at: usize,
}

enum Value<'a> {
    Number(u64),
    Float(f32),
    Bytes(Message<'a>),
    Fixed64,
}

impl<'a> Message<'a> {
    fn next_field(&mut self) -> Result<Option<(u64, Value<'a>)>, TokenizerError> {
        if self.at == self.bytes.len() {
            return Ok(None);
        }
        let key = self.varint()?;
        let value = match key & 7 {
            0 => Value::Number(self.varint()?),
            1 => {
                self.take(8)?;
                Value::Fixed64
            }
            2 => {
                let length = self.varint()?;
                let length = usize::try_from(length).unwrap_or(usize::MAX);
                Value::Bytes(Message {
                    bytes: self.take(length)?,
                    at: 0,
                })
            }
            5 => {
                let bytes = self.take(4)?;
                Value::Float(f32::from_le_bytes([bytes[0], bytes[1], bytes[2], bytes[3]]))
            }
            other => {
                return Err(damaged(format!("byte {} has the unknown wire type {other}", self.at)));
            }
        };
        Ok(Some((key >> 3, value)))
    }

    fn varint(&mut self) -> Result<u64, TokenizerError> {
        let mut value = 0u64;
        for shift in (0..64).step_by(7) {
            let byte = self.take(1)?[0];
            value |= u64::from(byte & 0x7f) << shift;
            if byte < 0x80 {
                return Ok(value);
            }
        }
        Err(damaged(format!(
            "the number that ends at byte {} is longer than 64 bits",
            self.at
        )))
    }

    fn take(&mut self, length: usize) -> Result<&'a [u8], TokenizerError> {
        let end = self.at.checked_add(length).filter(|&end| end <= self.bytes.len());
        let end = end.ok_or_else(|| {
            damaged(format!(
                "a field at byte {} needs {length} bytes, {} are left",
                self.at,
                self.bytes.len() - self.at
            ))
        })?;
        let taken = &self.bytes[self.at..end];
        self.at = end;
        Ok(taken)
    }
}
