//! Shows how a text became tokens, for teaching: words, what they cost, their pieces, and why something is unknown.
//!
//! `table` prints it for a person.

mod table;

use serde::Serialize;

use super::mecab::PathWord;
use super::{Tokenizer, TokenizerError};

/// How a text was cut, beside two simpler ways to cut it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Explanation {
    /// The words in order; white space between them belongs to none.
    pub words: Vec<ExplainedWord>,
    /// The text cut into characters.
    pub characters: Vec<String>,
    /// The text cut at white space.
    pub white_space: Vec<String>,
}

/// A word and its tokens.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct ExplainedWord {
    /// The word as it is cut into pieces, after normalization.
    pub text: String,
    /// Its characters in the original text, end exclusive.
    pub span: (usize, usize),
    /// Its step on the cheapest path, where a dictionary chose it.
    pub path: Option<PathStep>,
    /// Its tokens; none if it is white space only.
    pub tokens: Vec<ExplainedToken>,
    /// Why it became the unknown token, if it did.
    pub unknown: Option<UnknownReason>,
}

/// What a word adds to the cost of the path; lower is better.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct PathStep {
    /// Cost of the word itself.
    pub word_cost: i32,
    /// Cost of following the word before it.
    pub connection_cost: i32,
    /// Cost of the path so far.
    pub total_cost: i64,
    /// The character category that made the word, if the dictionary does not have it.
    pub category: Option<String>,
}

impl From<&PathWord> for PathStep {
    fn from(word: &PathWord) -> Self {
        Self {
            word_cost: word.word_cost,
            connection_cost: word.connection_cost,
            total_cost: word.total_cost,
            category: word.unknown.clone(),
        }
    }
}

/// A token of a word.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct ExplainedToken {
    /// Its id.
    pub id: u32,
    /// Its spelling in the vocabulary.
    pub token: String,
    /// Its characters in the original text, end exclusive.
    pub span: (usize, usize),
}

/// Why a word, or a part of it, is unknown.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum UnknownReason {
    /// WordPiece takes words up to a limit only.
    TooLong {
        /// Characters of the word.
        characters: usize,
        /// The most it takes.
        limit: usize,
    },
    /// The vocabulary has pieces for the beginning of the word, but none for what follows.
    NoPiece {
        /// Pieces found before.
        pieces: Vec<String>,
        /// What no piece begins.
        rest: String,
    },
    /// The vocabulary does not have these characters, or this word.
    NotInVocabulary {
        /// What it does not have.
        missing: Vec<String>,
    },
}

impl Tokenizer {
    /// Shows how a text becomes words and tokens. Special tokens that [`Self::encode`] adds are left out.
    ///
    /// # Errors
    /// As [`Self::encode`].
    pub fn explain(&self, text: &str) -> Result<Explanation, TokenizerError> {
        let sequence = self.kind.segment(text)?;
        let mut words = match self.kind.explained_words(text) {
            Some(words) => words,
            None => plain_words(text, &sequence.offsets, &sequence.word_ids),
        };
        let unk = self.unk_id();
        let tokens = sequence.ids.iter().zip(sequence.tokens).zip(sequence.offsets);
        for (((&id, token), span), word) in tokens.zip(sequence.word_ids) {
            let word = word.and_then(|word| words.get_mut(word as usize));
            if let Some(word) = word {
                word.tokens.push(ExplainedToken { id, token, span });
            }
        }
        for word in &mut words {
            if unk.is_none() || word.tokens.iter().all(|token| Some(token.id) != unk) {
                word.unknown = None;
            } else if word.unknown.is_none() {
                let missing = vec![word.text.clone()];
                word.unknown = Some(UnknownReason::NotInVocabulary { missing });
            }
        }
        words.retain(|word| !word.tokens.is_empty());
        Ok(Explanation {
            words,
            characters: text.chars().map(String::from).collect(),
            white_space: text.split_whitespace().map(str::to_owned).collect(),
        })
    }
}

/// Words of a tokenizer that does not tell more about them than their tokens' numbers.
fn plain_words(text: &str, offsets: &[(usize, usize)], word_ids: &[Option<u32>]) -> Vec<ExplainedWord> {
    let characters: Vec<char> = text.chars().collect();
    let count = word_ids
        .iter()
        .flatten()
        .max()
        .map_or(0, |highest| *highest as usize + 1);
    let mut spans: Vec<Option<(usize, usize)>> = vec![None; count];
    for (&(start, end), word) in offsets.iter().zip(word_ids) {
        if let Some(span) = word.and_then(|word| spans.get_mut(word as usize)) {
            *span = Some(span.map_or((start, end), |(first, last)| (first.min(start), last.max(end))));
        }
    }
    let word = |span: Option<(usize, usize)>| {
        let (start, end) = span.unwrap_or_default();
        ExplainedWord {
            text: characters.get(start..end).unwrap_or_default().iter().collect(),
            span: (start, end),
            path: None,
            tokens: Vec::new(),
            unknown: None,
        }
    };
    spans.into_iter().map(word).collect()
}
