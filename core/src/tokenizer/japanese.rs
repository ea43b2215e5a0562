//! Runs BertJapaneseTokenizer: words by MeCab or by white space, then WordPiece or characters, with offsets.
//!
//! The steps and their order are the reference's: the raw text is split at special tokens, each part normalized (NFKC)
//! and segmented, each word lower-cased and cut. The reference forgets where its tokens came from; here every character
//! carries its span from the first step to the last.

mod config;

pub(super) use config::JapaneseConfig;

use std::sync::Arc;

use super::aligned::{Aligned, Form, Slice};
use super::basic::basic_words;
use super::dictionary::Dictionary;
use super::encoding::{Encoding, Sequence};
use super::explain::ExplainedWord;
use super::special_tokens::SpecialTokens;
use super::subword::{Cutter, Subword};
use super::vocabulary::Vocabulary;
use super::{Files, TokenizerError};
use config::Words;

/// A part of the text: a special token, or what lies between two.
enum Part<'a> {
    Special(u32, &'a str),
    Text(&'a str),
}

pub(super) struct JapaneseTokenizer {
    config: JapaneseConfig,
    vocabulary: Vocabulary,
    dictionary: Option<Arc<Dictionary>>,
    unk: (u32, String),
    cls: (u32, String),
    sep: (u32, String),
    /// Tokens found in raw text, with their ids.
    special: Vec<(String, u32)>,
    /// `[256]`, whether one of them begins with a byte.
    special_first: Vec<bool>,
    never_split: Vec<String>,
}

impl JapaneseTokenizer {
    pub fn from_files(
        files: &Files,
        config: JapaneseConfig,
        special: &SpecialTokens,
        dictionary: Option<Arc<Dictionary>>,
    ) -> Result<Self, TokenizerError> {
        let vocabulary = Vocabulary::from_files(files)?;
        let required = |role, name: &Option<String>| {
            let name = name.clone().unwrap_or_default();
            vocabulary.required(role, &name).map(|id| (id, name))
        };
        let (unk, cls, sep) = (
            required("unknown", &special.unk)?,
            required("classification", &special.cls)?,
            required("separator", &special.sep)?,
        );
        if let (Some(name), None) = (config.dictionary(), &dictionary) {
            return Err(TokenizerError::DictionaryNeeded { name: name.to_owned() });
        }
        let names = special.all();
        let known = names
            .iter()
            .filter_map(|&name| Some((name.to_owned(), vocabulary.id(name)?)));
        let never_split = names
            .iter()
            .map(|&name| name.to_owned())
            .chain(config.never_split.iter().cloned());
        let special: Vec<(String, u32)> = known.collect();
        let begins = |byte: u8| special.iter().any(|(token, _)| token.as_bytes().first() == Some(&byte));
        Ok(Self {
            special_first: (0..=u8::MAX).map(begins).collect(),
            special,
            never_split: never_split.collect(),
            config,
            vocabulary,
            dictionary,
            unk,
            cls,
            sep,
        })
    }

    pub fn vocab_size(&self) -> usize {
        self.vocabulary.len()
    }

    pub fn dictionary(&self) -> Option<&Dictionary> {
        self.dictionary.as_deref()
    }

    pub fn id(&self, token: &str) -> Option<u32> {
        self.vocabulary.id(token)
    }

    pub fn token(&self, id: u32) -> Option<String> {
        self.vocabulary.token(id).map(str::to_owned)
    }

    pub fn special_tokens_added(&self, pair: bool) -> usize {
        if pair { 3 } else { 2 }
    }

    pub fn segment(&self, text: &str) -> Sequence {
        let mut sequence = Sequence::default();
        self.append(text, &mut 0, &mut sequence);
        sequence
    }

    /// Each given word is tokenized by itself, as the reference does; its tokens bear its number.
    pub fn segment_words(&self, words: &[&str]) -> Sequence {
        let mut sequence = Sequence::default();
        for (number, word) in (0u32..).zip(words) {
            let before = sequence.len();
            self.append(word, &mut 0, &mut sequence);
            sequence.word_ids[before..].fill(Some(number));
        }
        sequence
    }

    fn append(&self, text: &str, word: &mut u32, sequence: &mut Sequence) {
        // A token of Japanese text covers one to two characters of three bytes.
        sequence.reserve(text.len() / 4 + 1);
        let unk = (self.unk.0, self.unk.1.as_str());
        let mut cutter = Cutter::new(&self.vocabulary, self.config.subword, unk);
        let mut first = 0;
        for part in self.parts(text) {
            match part {
                Part::Special(id, token) => {
                    let end = first + token.chars().count();
                    sequence.push(id, token.to_owned(), (first, end), *word);
                    *word += 1;
                    first = end;
                }
                Part::Text(part) => {
                    self.each_word(part, first, |given| {
                        cutter.cut(given, *word, sequence);
                        *word += 1;
                    });
                    first += part.chars().count();
                }
            }
        }
    }

    /// The words of a text in the order of their numbers, with their place on the cheapest path.
    pub fn explained_words(&self, text: &str) -> Vec<ExplainedWord> {
        let mut words: Vec<ExplainedWord> = Vec::new();
        let unk = (self.unk.0, self.unk.1.as_str());
        let mut cutter = Cutter::new(&self.vocabulary, self.config.subword, unk);
        let mut first = 0;
        for part in self.parts(text) {
            let (part, special) = match part {
                Part::Special(_, token) => (token, true),
                Part::Text(part) => (part, false),
            };
            let mut push = |word: Slice<'_>, unknown| {
                words.push(ExplainedWord {
                    text: word.text.to_owned(),
                    span: word.span(),
                    path: None,
                    tokens: Vec::new(),
                    unknown,
                });
            };
            if special {
                push(Aligned::new(part, first).as_slice(), None);
            } else {
                self.each_word(part, first, |word| push(word, cutter.why_unknown(word)));
                self.add_path(part, &mut words);
            }
            first += part.chars().count();
        }
        words
    }

    /// Tells the last words, which are those of `part`, what they cost.
    fn add_path(&self, part: &str, words: &mut [ExplainedWord]) {
        let (Words::Mecab { normalize, .. }, Some(dictionary)) = (&self.config.words, &self.dictionary) else {
            return;
        };
        let aligned = Aligned::new(part, 0);
        let aligned = if *normalize {
            aligned.normalized(Form::Nfkc)
        } else {
            aligned
        };
        let path = dictionary.explain(&aligned.text);
        let first = words.len().saturating_sub(path.len());
        for (word, step) in words[first..].iter_mut().zip(&path) {
            word.path = Some(step.into());
        }
    }

    /// Splits raw text at special tokens, the longest that begins first.
    fn parts<'a>(&'a self, text: &'a str) -> Vec<Part<'a>> {
        let mut parts = Vec::new();
        let (mut begin, mut at) = (0, 0);
        while at < text.len() {
            let found = self.special_at(&text.as_bytes()[at..]);
            let Some((token, id)) = found else {
                at += 1;
                continue;
            };
            if begin < at {
                parts.push(Part::Text(&text[begin..at]));
            }
            parts.push(Part::Special(*id, token));
            at += token.len();
            begin = at;
        }
        if begin < text.len() {
            parts.push(Part::Text(&text[begin..]));
        }
        parts
    }

    /// The longest special token that begins a text. No token begins within a character, since UTF-8 tells the two apart.
    fn special_at(&self, text: &[u8]) -> Option<&(String, u32)> {
        if !self.special_first[usize::from(*text.first()?)] {
            return None;
        }
        let found = self
            .special
            .iter()
            .filter(|(token, _)| text.starts_with(token.as_bytes()));
        found.max_by_key(|(token, _)| token.len())
    }

    /// Calls `each` with the words of a part whose first character is number `first` of the text.
    fn each_word(&self, part: &str, first: usize, mut each: impl FnMut(Slice<'_>)) {
        match (&self.config.words, &self.dictionary) {
            (Words::Mecab { normalize, .. }, Some(dictionary)) => {
                let aligned = Aligned::new(part, first);
                let aligned = if *normalize {
                    aligned.normalized(Form::Nfkc)
                } else {
                    aligned
                };
                self.each_mecab_word(aligned.as_slice(), dictionary, each);
            }
            (Words::Basic, _) => {
                let words = basic_words(part, first, self.config.lower_case, &self.never_split);
                words.iter().for_each(|word| each(word.as_slice()));
            }
            (Words::Mecab { .. } | Words::Given, _) => {
                let aligned = Aligned::new(part, first);
                match self.config.subword {
                    Subword::WordPiece => aligned.as_slice().split_whitespace().for_each(each),
                    // Characters and whole tokens take the part as it is, as the reference does.
                    Subword::Character | Subword::Whole => each(aligned.as_slice()),
                }
            }
        }
    }

    fn each_mecab_word(&self, mut rest: Slice<'_>, dictionary: &Dictionary, mut each: impl FnMut(Slice<'_>)) {
        let mut at = 0;
        for range in dictionary.words(rest.text) {
            let characters = |text: &str| (text.len(), text.chars().count());
            let (_, from_word) = rest.split(characters(&rest.text[..range.start - at]));
            let (word, after) = from_word.split(characters(&from_word.text[..range.len()]));
            (rest, at) = (after, range.end);
            if self.config.lower_case && !self.never_split.iter().any(|kept| kept == word.text) {
                each(word.lowercase().as_slice());
            } else {
                each(word);
            }
        }
    }

    pub fn assemble(&self, first: Sequence, second: Option<Sequence>) -> Encoding {
        let tokens = first.len() + second.as_ref().map_or(0, Sequence::len);
        let mut encoding = Encoding::with_capacity(tokens + 3);
        encoding.push_special(self.cls.0, &self.cls.1, 0);
        encoding.push_sequence(first, 0, 0);
        encoding.push_special(self.sep.0, &self.sep.1, 0);
        if let Some(second) = second {
            encoding.push_sequence(second, 1, 1);
            encoding.push_special(self.sep.0, &self.sep.1, 1);
        }
        encoding
    }
}
