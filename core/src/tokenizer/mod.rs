//! Turns text into ids: one façade over every kind of tokenizer a model folder can hold.
//!
//! [`Tokenizer::from_files`] picks the `kind` from the files: `hub` runs Hugging Face's fast tokenizers, `japanese` and
//! `sentencepiece` what they cannot, with `mecab` and `dictionary` beneath. Each kind splits one text into a sequence of
//! tokens and joins sequences with its special tokens; truncation and windows happen here, between the two, so that every
//! kind has them. Every token keeps its span in characters of the original text.

mod aligned;
mod basic;
pub mod dictionary;
mod encoding;
mod error;
mod explain;
mod hub;
mod japanese;
mod kind;
pub mod mecab;
mod sentencepiece;
mod sentencepiece_model;
mod special_tokens;
mod subword;
mod trie;
mod vocabulary;

pub use encoding::{EncodeOptions, Encoding, TruncationStrategy};
pub use error::TokenizerError;
pub use explain::{ExplainedToken, ExplainedWord, Explanation, PathStep, UnknownReason};
pub use special_tokens::SpecialTokens;

use std::sync::Arc;

use dictionary::Dictionary;
use encoding::Sequence;
use hub::HubTokenizer;
use japanese::{JapaneseConfig, JapaneseTokenizer};
use kind::Kind;
use sentencepiece::SentencePieceTokenizer;

/// The files of a model folder: name → bytes.
pub type Files = std::collections::BTreeMap<String, Vec<u8>>;

/// Files that define a tokenizer, in any of its kinds; a fine-tuned bundle copies those present unchanged.
pub const TOKENIZER_FILES: [&str; 9] = [
    "tokenizer.json",
    "tokenizer_config.json",
    "special_tokens_map.json",
    "added_tokens.json",
    "vocab.txt",
    "vocab.json",
    "merges.txt",
    "spiece.model",
    "sentencepiece.bpe.model",
];

/// A model's tokenizer; encoding needs only a shared reference and may run on several threads at once.
pub struct Tokenizer {
    kind: Kind,
    special_tokens: SpecialTokens,
    pad_id: u32,
    gives_types: bool,
    file_names: Vec<String>,
}

impl Tokenizer {
    /// Reads the tokenizer of a model folder that needs no dictionary; see [`Self::from_files_with_dictionary`].
    ///
    /// # Errors
    /// As there; a tokenizer that needs a dictionary is [`TokenizerError::DictionaryNeeded`].
    pub fn from_files(files: &Files) -> Result<Self, TokenizerError> {
        Self::from_files_with_dictionary(files, None)
    }

    /// The MeCab dictionary that a model folder's tokenizer needs, as `mecab_dic` names it: `unidic_lite`, `ipadic`.
    ///
    /// # Errors
    /// If `tokenizer_config.json` is damaged or asks for what there is not.
    pub fn dictionary_name(files: &Files) -> Result<Option<String>, TokenizerError> {
        let config = JapaneseConfig::from_files(files)?;
        Ok(config.and_then(|config| config.dictionary().map(str::to_owned)))
    }

    /// Reads the tokenizer of a model folder: BertJapaneseTokenizer where `tokenizer_config.json` says so, else
    /// `tokenizer.json` unless it is [`Self::files_for_transformers`]' own, else `vocab.txt` (BERT's WordPiece), else
    /// `vocab.json` with `merges.txt` (byte-level BPE), else `spiece.model` (SentencePiece).
    ///
    /// # Errors
    /// If none of these is there, or one is damaged or contradicts itself; the error names the file and the place.
    pub fn from_files_with_dictionary(
        files: &Files,
        dictionary: Option<Arc<Dictionary>>,
    ) -> Result<Self, TokenizerError> {
        let special_tokens = SpecialTokens::from_files(files)?;
        let has = |file: &str| files.contains_key(file);
        let (kind, special_tokens) = if let Some(config) = JapaneseConfig::from_files(files)? {
            let special_tokens = special_tokens.or_bert();
            let japanese = JapaneseTokenizer::from_files(files, config, &special_tokens, dictionary)?;
            (Kind::Japanese(Box::new(japanese)), special_tokens)
        } else if has("tokenizer.json") && !sentencepiece::is_written_from_model(files)? {
            (Kind::hub(HubTokenizer::from_tokenizer_json(files)?), special_tokens)
        } else if has("vocab.txt") {
            let special_tokens = special_tokens.or_bert();
            let hub = HubTokenizer::from_wordpiece_vocabulary(files, &special_tokens)?;
            (Kind::hub(hub), special_tokens)
        } else if has("vocab.json") && has("merges.txt") {
            let vocab = special_tokens::json_file(files, "vocab.json")?;
            let knows = |name: &str| vocab.as_ref().is_some_and(|vocab| vocab.get(name).is_some());
            let is_gpt2 = special_tokens::is_gpt2(files)?;
            let special_tokens = match is_gpt2 {
                true => special_tokens.or_end_of_text(knows),
                false => special_tokens.or_known(knows),
            };
            let hub = HubTokenizer::from_byte_level_bpe(files, &special_tokens, is_gpt2)?;
            (Kind::hub(hub), special_tokens)
        } else if has("spiece.model") {
            let pieces = SentencePieceTokenizer::from_files(files, &special_tokens)?;
            (Kind::SentencePiece(Box::new(pieces)), special_tokens)
        } else {
            return Err(TokenizerError::no_tokenizer_files(files));
        };
        let special_tokens = special_tokens.or_known(|name| kind.id(name).is_some());
        let pad_id = pad_id(files, &kind, &special_tokens)?;
        let present = TOKENIZER_FILES.into_iter().filter(|file| has(file));
        Ok(Self {
            kind,
            special_tokens,
            pad_id,
            gives_types: special_tokens::gives_types(files)?,
            file_names: present.map(str::to_owned).collect(),
        })
    }

    /// Encodes a text, or a pair of texts, with the special tokens a model expects.
    ///
    /// # Errors
    /// If `options` cannot be met (see [`TokenizerError`]); any text at all can be encoded.
    pub fn encode(
        &self,
        text: &str,
        text_pair: Option<&str>,
        options: &EncodeOptions,
    ) -> Result<Encoding, TokenizerError> {
        let first = self.kind.segment(text)?;
        let second = text_pair.map(|pair| self.kind.segment(pair)).transpose()?;
        self.join(first, second, options)
    }

    /// As [`Self::encode`], of texts that leave words open: [`Self::mask_id`]'s token is one wherever it is written, also for a
    /// tokenizer that reads special tokens as any text.
    ///
    /// # Errors
    /// As [`Self::encode`].
    pub fn encode_open(
        &self,
        text: &str,
        text_pair: Option<&str>,
        options: &EncodeOptions,
    ) -> Result<Encoding, TokenizerError> {
        let segment = |text: &str| match (&self.kind, &self.special_tokens.mask) {
            (Kind::SentencePiece(pieces), Some(mask)) => Ok(pieces.segment_open(text, mask)),
            _ => self.kind.segment(text),
        };
        self.join(segment(text)?, text_pair.map(segment).transpose()?, options)
    }

    /// Encodes a text without any special tokens, as a prompt that a model is to continue.
    ///
    /// # Errors
    /// Only if the tokenizer's own definition fails on the text (see [`TokenizerError`]).
    pub fn encode_without_special_tokens(&self, text: &str) -> Result<Encoding, TokenizerError> {
        let mut encoding = Encoding::default();
        encoding.push_sequence(self.kind.segment(text)?, 0, 0);
        Ok(encoding)
    }

    /// Puts ids back together as text, without special tokens. What the tokenizer normalized stays so.
    ///
    /// # Errors
    /// Only if the tokenizer's own definition fails on the ids (see [`TokenizerError`]).
    pub fn decode(&self, ids: &[u32]) -> Result<String, TokenizerError> {
        let special: Vec<u32> = self
            .special_tokens
            .all()
            .iter()
            .filter_map(|name| self.kind.id(name))
            .collect();
        let kept: Vec<u32> = ids.iter().copied().filter(|id| !special.contains(id)).collect();
        self.kind.decode(&kept)
    }

    /// Encodes text that is already split into words: `word_ids` number the words given, `offsets` count characters from
    /// the start of each word.
    ///
    /// # Errors
    /// As [`Self::encode`].
    pub fn encode_words(
        &self,
        words: &[&str],
        pair_words: Option<&[&str]>,
        options: &EncodeOptions,
    ) -> Result<Encoding, TokenizerError> {
        let first = self.kind.segment_words(words)?;
        let second = pair_words.map(|words| self.kind.segment_words(words)).transpose()?;
        self.join(first, second, options)
    }

    /// Encodes a text that may be longer than a model reads as windows of at most `max_length` tokens that share
    /// `stride` tokens; of a pair, the text that `strategy` names is cut and the other one repeated whole.
    ///
    /// # Errors
    /// As [`Self::encode`]; also if the stride leaves no progress, or a pair comes with [`TruncationStrategy::LongestFirst`].
    pub fn encode_windows(
        &self,
        text: &str,
        text_pair: Option<&str>,
        options: &EncodeOptions,
    ) -> Result<Vec<Encoding>, TokenizerError> {
        let first = self.kind.segment(text)?;
        let second = text_pair.map(|pair| self.kind.segment(pair)).transpose()?;
        let special = self.special_tokens_added(second.is_some());
        let Some(max_length) = options.max_length else {
            return Ok(vec![self.assemble(first, second)?]);
        };
        let too_small = |special_tokens| TokenizerError::MaxLengthTooSmall {
            max_length,
            special_tokens,
        };
        let room = max_length.checked_sub(special).ok_or_else(|| too_small(special))?;
        let whole = match (options.strategy, &second) {
            (TruncationStrategy::OnlySecond, None) => return Err(TokenizerError::NoPairToTruncate),
            (TruncationStrategy::LongestFirst, Some(_)) => {
                return Err(TokenizerError::WindowsOverBoth);
            }
            (TruncationStrategy::OnlySecond, Some(_)) => first.len(),
            (TruncationStrategy::OnlyFirst, Some(second)) => second.len(),
            (_, None) => 0,
        };
        let room = room
            .checked_sub(whole)
            .filter(|&room| room > 0)
            .ok_or_else(|| too_small(special + whole))?;
        let cut_second = options.strategy == TruncationStrategy::OnlySecond;
        let cut = match &second {
            Some(second) if cut_second => second,
            _ => &first,
        };
        let ranges = encoding::windows(cut.len(), room, options.stride)?;
        let truncated = ranges.len() > 1;
        ranges
            .into_iter()
            .map(|range| {
                let part = cut.slice(range);
                let mut window = match &second {
                    Some(_) if cut_second => self.assemble(first.clone(), Some(part)),
                    _ => self.assemble(part, second.clone()),
                }?;
                window.truncated = truncated;
                Ok(window)
            })
            .collect()
    }

    fn join(
        &self,
        mut first: Sequence,
        mut second: Option<Sequence>,
        options: &EncodeOptions,
    ) -> Result<Encoding, TokenizerError> {
        let before = (first.len(), second.as_ref().map(Sequence::len));
        let special = self.special_tokens_added(second.is_some());
        let after = encoding::lengths_after_truncation(before, special, options, self.kind.odd_token())?;
        first.truncate(after.0);
        if let (Some(second), Some(length)) = (&mut second, after.1) {
            second.truncate(length);
        }
        let mut encoding = self.assemble(first, second)?;
        encoding.truncated = before != after;
        Ok(encoding)
    }

    fn assemble(&self, first: Sequence, second: Option<Sequence>) -> Result<Encoding, TokenizerError> {
        let mut encoding = self.kind.assemble(first, second)?;
        if !self.gives_types {
            encoding.type_ids.fill(0);
        }
        Ok(encoding)
    }

    /// How many special tokens [`Self::encode`] adds to one text, or to a pair.
    pub fn special_tokens_added(&self, pair: bool) -> usize {
        self.kind.special_tokens_added(pair)
    }

    /// One more than the highest id the tokenizer can give; a model's embedding needs at least as many rows.
    pub fn vocab_size(&self) -> usize {
        self.kind.vocab_size()
    }

    /// The id of a token, spelled as in the vocabulary.
    pub fn token_to_id(&self, token: &str) -> Option<u32> {
        self.kind.id(token)
    }

    /// Whether a word, by its number in an encoding, is what stands between spaces, whatever the script: of Japanese a whole
    /// sentence.
    pub fn knows_only_spaces(&self) -> bool {
        self.kind.knows_only_spaces()
    }

    /// The token with this id, as the vocabulary spells it.
    pub fn id_to_token(&self, id: u32) -> Option<String> {
        self.kind.token(id)
    }

    /// The id that fills a batch: the pad token's, else the id that `tokenizer.json`'s padding or `config.json`'s
    /// `pad_token_id` names, else 0 (GPT-2 has none; padding is masked, so any id that exists will do).
    pub fn pad_id(&self) -> u32 {
        self.pad_id
    }

    /// The id of the token that hides a word from a masked language model.
    pub fn mask_id(&self) -> Option<u32> {
        self.role_id(&self.special_tokens.mask)
    }

    /// The id of the token that begins an input.
    pub fn cls_id(&self) -> Option<u32> {
        self.role_id(&self.special_tokens.cls)
    }

    /// The id of the token that ends a text.
    pub fn sep_id(&self) -> Option<u32> {
        self.role_id(&self.special_tokens.sep)
    }

    /// The id of what the vocabulary cannot spell.
    pub fn unk_id(&self) -> Option<u32> {
        self.role_id(&self.special_tokens.unk)
    }

    /// The id of the padding token that the tokenizer's own files name.
    pub fn named_pad_id(&self) -> Option<u32> {
        self.role_id(&self.special_tokens.pad)
    }

    /// The id of the token that begins a generated text.
    pub fn bos_id(&self) -> Option<u32> {
        self.role_id(&self.special_tokens.bos)
    }

    /// The id of the token that ends a generated text.
    pub fn eos_id(&self) -> Option<u32> {
        self.role_id(&self.special_tokens.eos)
    }

    /// The SHA-256 of the user dictionary that takes part in cutting words.
    pub fn user_dictionary_sha256(&self) -> Option<&str> {
        self.kind.dictionary()?.user_sha256()
    }

    /// Names of the special tokens.
    pub fn special_tokens(&self) -> &SpecialTokens {
        &self.special_tokens
    }

    /// Which of the folder's files belong to the tokenizer; a fine-tuned bundle copies them unchanged.
    pub fn file_names(&self) -> &[String] {
        &self.file_names
    }

    /// Files that transformers needs beside `files` to make the same ids for a model with a table of so many token types: what a
    /// bare `spiece.model` says once more in its words, and how a lone `tokenizer.json` is read.
    ///
    /// # Errors
    /// If `tokenizer_config.json` is damaged.
    pub fn files_for_transformers(&self, files: &Files, type_vocab_size: usize) -> Result<Files, TokenizerError> {
        self.kind
            .files_for_transformers(files, &self.special_tokens, type_vocab_size)
    }

    /// Files in the place of `files` by which words that are given one by one are read as they stand in a text, behind a space;
    /// none where they are already.
    ///
    /// # Errors
    /// If a file is damaged.
    pub fn files_for_words(&self, files: &Files) -> Result<Files, TokenizerError> {
        self.kind.files_for_words(files)
    }

    fn role_id(&self, name: &Option<String>) -> Option<u32> {
        self.kind.id(name.as_deref()?)
    }
}

fn pad_id(files: &Files, kind: &Kind, special_tokens: &SpecialTokens) -> Result<u32, TokenizerError> {
    let named = special_tokens.pad.as_deref().and_then(|name| kind.id(name));
    if let Some(id) = named {
        return Ok(id);
    }
    let places = [("tokenizer.json", "/padding/pad_id"), ("config.json", "/pad_token_id")];
    for (file, pointer) in places {
        let json = special_tokens::json_file(files, file)?;
        let id = json.as_ref().and_then(|json| json.pointer(pointer)?.as_u64());
        let id = id.and_then(|id| u32::try_from(id).ok());
        if let Some(id) = id.filter(|&id| (id as usize) < kind.vocab_size()) {
            return Ok(id);
        }
    }
    Ok(0)
}

#[cfg(test)]
mod tests;
