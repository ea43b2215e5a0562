//! Says in the language of the page what the core and the worker say in English, and without the command line's flags.
//!
//! The catalogue is a list of entries in `data`, `tasks`, `model`, `site`, `notes`, `libraries` and `outside`, the first five of which `tests/translation.rs` compares
//! with the sources; `template` finds what varies in a message, `options` calls options by the names of their fields. A message
//! that nobody foresaw stays as it is.

mod data;
mod libraries;
mod model;
mod notes;
mod options;
mod outside;
mod site;
mod tasks;
pub mod template;

use crate::language::Language;

pub use options::option_name;

/// A message as it is written in the sources, and as the page says it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Entry {
    /// The message with the names of what varies in braces, as [`template`] reads it.
    pub template: &'static str,
    /// The Japanese sentence. In it `{name}` is what the message has there, as it stands; `{name!}` is that in translation;
    /// `{--key}` is the field of the option `key`, or of the option that the message names there.
    pub japanese: &'static str,
    /// The English sentence; the message itself where there is none.
    pub english: Option<&'static str>,
}

impl Entry {
    /// The sentence, where there is one.
    fn sentence(&self, language: Language) -> Option<&'static str> {
        match language {
            Language::Japanese => Some(self.japanese),
            Language::English => self.english,
        }
    }
}

/// Makes a list of entries of lines as those of `page::words`: what is translated, the Japanese, the English where it differs.
macro_rules! entries {
    ($($template:literal: $japanese:literal $(, $english:literal)?;)*) => {
        &[$($crate::translation::Entry {
            template: $template,
            japanese: $japanese,
            english: entries!(@ $($english)?),
        }),*]
    };
    (@) => { None };
    (@ $english:literal) => { Some($english) };
}
use entries;

/// What the sources of this project say, by the part that says it.
pub const OURS: [&[Entry]; 5] = [
    data::ENTRIES,
    tasks::ENTRIES,
    model::ENTRIES,
    site::ENTRIES,
    notes::ENTRIES,
];

/// What the library says that reads JSON.
pub const LIBRARIES: &[Entry] = libraries::ENTRIES;

/// What browsers and other libraries say.
pub const OUTSIDE: &[Entry] = outside::ENTRIES;

/// So deep are messages within messages: an error, its cause, where that lies, what stands there.
const DEEPEST: usize = 4;

/// What `message` says, in `language`; the message itself where the catalogue has nothing for it.
///
/// Takes time in proportion to the message's length, whatever stands in it.
pub fn translated(message: &str, language: Language) -> String {
    nested(message, language, DEEPEST)
}

fn nested(message: &str, language: Language, depth: usize) -> String {
    let said = || {
        let (entry, values) = best_match(message).filter(|_| depth > 0)?;
        Some(filled(entry.sentence(language)?, &values, language, depth - 1))
    };
    said().unwrap_or_else(|| message.to_owned())
}

/// The values of a message by their names.
type Values<'m> = Vec<(&'static str, &'m str)>;

/// The entry that leaves least of the message open, the first of several.
fn best_match(message: &str) -> Option<(&'static Entry, Values<'_>)> {
    let mut best: Option<(usize, &Entry, Values<'_>)> = None;
    for entry in OURS.into_iter().flatten().chain(LIBRARIES).chain(OUTSIDE) {
        let weight = template::literal_length(entry.template);
        if best.as_ref().is_some_and(|(best, ..)| *best >= weight) {
            continue;
        }
        if let Some(values) = template::values(entry.template, message) {
            best = Some((weight, entry, values));
        }
    }
    best.map(|(_, entry, values)| (entry, values))
}

/// A sentence with the message's values in their places.
fn filled(sentence: &str, values: &Values<'_>, language: Language, depth: usize) -> String {
    let value = |name: &str| values.iter().find(|(known, _)| *known == name).map(|(_, value)| *value);
    let mut text = String::with_capacity(2 * sentence.len());
    for part in template::parts(sentence) {
        match part {
            template::Part::Literal(literal) => text.push_str(literal),
            template::Part::Value { name, .. } => {
                if let Some(name) = name.strip_suffix('!') {
                    text.push_str(&nested(value(name).unwrap_or_default(), language, depth));
                } else if let Some(key) = name.strip_prefix("--") {
                    let key = value(key).unwrap_or(key).replace('-', "_");
                    text.push_str(option_name(&key, language).unwrap_or(&key));
                } else {
                    text.push_str(value(name).unwrap_or_default());
                }
            }
        }
    }
    text
}
