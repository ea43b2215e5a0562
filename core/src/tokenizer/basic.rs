//! Splits text as BERT's basic tokenizer in transformers' Python form does: at white space and punctuation.
//!
//! The Rust tokenizers have their own; this one serves BertJapaneseTokenizer with `word_tokenizer_type: basic`, whose
//! order of steps differs (NFC first, white space as Python sees it, no spaces around CJK characters).

use unicode_general_category::{GeneralCategory, get_general_category};

use super::aligned::{Aligned, Form};

/// Splits one text into words. Words among `never_split` keep their case.
pub(super) fn basic_words(text: &str, first: usize, lower_case: bool, never_split: &[String]) -> Vec<Aligned> {
    let mut clean = Aligned::default();
    for (character, span) in Aligned::new(text, first).chars() {
        if is_space(character) {
            clean.push(' ', span);
        } else if !is_removed(character) {
            clean.push(character, span);
        }
    }
    let mut words = Vec::new();
    let clean = clean.normalized(Form::Nfc);
    for word in clean.as_slice().split_whitespace() {
        if never_split.iter().any(|kept| kept == word.text) {
            words.push(word.to_owned());
        } else if lower_case {
            split_punctuation(&without_accents(word.lowercase()), &mut words);
        } else {
            split_punctuation(&word.to_owned(), &mut words);
        }
    }
    // Lower-casing and decomposing make no white space, so the reference's last split changes nothing but empty words.
    words
}

fn without_accents(word: Aligned) -> Aligned {
    let mut kept = Aligned::default();
    for (character, span) in word.normalized(Form::Nfd).chars() {
        if get_general_category(character) != GeneralCategory::NonspacingMark {
            kept.push(character, span);
        }
    }
    kept
}

fn split_punctuation(word: &Aligned, words: &mut Vec<Aligned>) {
    let mut begins_word = true;
    for (character, span) in word.chars() {
        let punctuation = is_punctuation(character);
        if punctuation || begins_word {
            words.push(Aligned::default());
        }
        begins_word = punctuation;
        if let Some(last) = words.last_mut() {
            last.push(character, span);
        }
    }
}

fn is_space(character: char) -> bool {
    matches!(character, ' ' | '\t' | '\n' | '\r') || get_general_category(character) == GeneralCategory::SpaceSeparator
}

/// Control characters in the widest sense: also formatting, private and unassigned ones.
fn is_removed(character: char) -> bool {
    use GeneralCategory::{Control, Format, PrivateUse, Surrogate, Unassigned};
    character == '\u{fffd}'
        || matches!(
            get_general_category(character),
            Control | Format | PrivateUse | Surrogate | Unassigned
        )
}

fn is_punctuation(character: char) -> bool {
    use GeneralCategory::{
        ClosePunctuation, ConnectorPunctuation, DashPunctuation, FinalPunctuation, InitialPunctuation, OpenPunctuation,
        OtherPunctuation,
    };
    character.is_ascii_punctuation()
        || matches!(
            get_general_category(character),
            ClosePunctuation
                | ConnectorPunctuation
                | DashPunctuation
                | FinalPunctuation
                | InitialPunctuation
                | OpenPunctuation
                | OtherPunctuation
        )
}
