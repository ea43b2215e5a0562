//! Passes each step on to the kind of tokenizer that a folder holds: the only match over them.

use super::dictionary::Dictionary;
use super::encoding::{Encoding, OddToken, Sequence};
use super::explain::ExplainedWord;
use super::hub::HubTokenizer;
use super::japanese::JapaneseTokenizer;
use super::sentencepiece::SentencePieceTokenizer;
use super::special_tokens::SpecialTokens;
use super::{Files, TokenizerError};

/// One of them, ready to run.
pub(super) enum Kind {
    Hub(Box<HubTokenizer>),
    Japanese(Box<JapaneseTokenizer>),
    SentencePiece(Box<SentencePieceTokenizer>),
}

impl Kind {
    pub fn hub(hub: HubTokenizer) -> Self {
        Self::Hub(Box::new(hub))
    }

    pub fn segment(&self, text: &str) -> Result<Sequence, TokenizerError> {
        match self {
            Self::Hub(hub) => hub.segment(text),
            Self::Japanese(japanese) => Ok(japanese.segment(text)),
            Self::SentencePiece(pieces) => Ok(pieces.segment(text)),
        }
    }

    pub fn segment_words(&self, words: &[&str]) -> Result<Sequence, TokenizerError> {
        match self {
            Self::Hub(hub) => hub.segment_words(words),
            Self::Japanese(japanese) => Ok(japanese.segment_words(words)),
            Self::SentencePiece(pieces) => Ok(pieces.segment_words(words)),
        }
    }

    pub fn assemble(&self, first: Sequence, second: Option<Sequence>) -> Result<Encoding, TokenizerError> {
        match self {
            Self::Hub(hub) => hub.assemble(first, second),
            Self::Japanese(japanese) => Ok(japanese.assemble(first, second)),
            Self::SentencePiece(pieces) => Ok(pieces.assemble(first, second)),
        }
    }

    /// Puts ids back together as text.
    pub fn decode(&self, ids: &[u32]) -> Result<String, TokenizerError> {
        let tokens = ids.iter().filter_map(|&id| self.token(id));
        match self {
            Self::Hub(hub) => hub.decode(ids),
            Self::Japanese(_) => {
                let tokens: Vec<String> = tokens.collect();
                Ok(tokens.join(" ").replace(" ##", "").trim().to_owned())
            }
            Self::SentencePiece(_) => {
                let text: String = tokens.collect();
                Ok(text.replace('\u{2581}', " ").trim_start().to_owned())
            }
        }
    }

    /// Files that transformers needs beside those there are.
    pub fn files_for_transformers(
        &self,
        files: &Files,
        special: &SpecialTokens,
        type_vocab_size: usize,
    ) -> Result<Files, TokenizerError> {
        match self {
            Self::SentencePiece(pieces) => pieces.files_for_transformers(files, special, type_vocab_size),
            Self::Hub(hub) => Ok(hub.files_for_transformers(files, special, type_vocab_size)),
            Self::Japanese(_) => Ok(Files::new()),
        }
    }

    /// Files that read words given one by one as they stand in a text.
    pub fn files_for_words(&self, files: &Files) -> Result<Files, TokenizerError> {
        match self {
            Self::Hub(hub) => hub.files_for_words(files),
            Self::SentencePiece(_) | Self::Japanese(_) => Ok(Files::new()),
        }
    }

    /// The words of a text in the order of their numbers, where the kind knows more than its tokens tell.
    pub fn explained_words(&self, text: &str) -> Option<Vec<ExplainedWord>> {
        match self {
            Self::Japanese(japanese) => Some(japanese.explained_words(text)),
            Self::Hub(_) | Self::SentencePiece(_) => None,
        }
    }

    /// Whether a word is what stands between spaces, whatever the script.
    pub fn knows_only_spaces(&self) -> bool {
        match self {
            Self::Hub(hub) => hub.knows_only_spaces(),
            Self::SentencePiece(_) => true,
            Self::Japanese(_) => false,
        }
    }

    /// The dictionary that finds the words.
    pub fn dictionary(&self) -> Option<&Dictionary> {
        match self {
            Self::Japanese(japanese) => japanese.dictionary(),
            Self::Hub(_) | Self::SentencePiece(_) => None,
        }
    }

    pub fn odd_token(&self) -> OddToken {
        match self {
            Self::Hub(_) | Self::SentencePiece(_) => OddToken::Longer,
            Self::Japanese(_) => OddToken::First,
        }
    }

    pub fn special_tokens_added(&self, pair: bool) -> usize {
        match self {
            Self::Hub(hub) => hub.special_tokens_added(pair),
            Self::Japanese(japanese) => japanese.special_tokens_added(pair),
            Self::SentencePiece(pieces) => pieces.special_tokens_added(pair),
        }
    }

    pub fn vocab_size(&self) -> usize {
        match self {
            Self::Hub(hub) => hub.vocab_size(),
            Self::Japanese(japanese) => japanese.vocab_size(),
            Self::SentencePiece(pieces) => pieces.vocab_size(),
        }
    }

    pub fn id(&self, token: &str) -> Option<u32> {
        match self {
            Self::Hub(hub) => hub.id(token),
            Self::Japanese(japanese) => japanese.id(token),
            Self::SentencePiece(pieces) => pieces.id(token),
        }
    }

    pub fn token(&self, id: u32) -> Option<String> {
        match self {
            Self::Hub(hub) => hub.token(id),
            Self::Japanese(japanese) => japanese.token(id),
            Self::SentencePiece(pieces) => pieces.token(id),
        }
    }
}
