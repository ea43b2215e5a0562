//! Carries text through normalization and lower-casing without losing where each character came from.
//!
//! Normalization is cut into pieces that no composition crosses; an unchanged piece keeps its characters' spans, a
//! changed one gives its whole span to all of them: `ｱｶﾞ㌔` becomes ア, ガ, キ, ロ from the spans 0–1, 1–3, 3–4, 3–4.
//! Characters are those of Unicode 14, the tables of the reference's Python: later ones stay as they are.

use std::iter::once;

use unicode_general_category::{GeneralCategory, get_general_category};
use unicode_normalization::char::{canonical_combining_class, decompose_canonical, decompose_compatible};
use unicode_normalization::{IsNormalized, UnicodeNormalization, is_nfc_quick, is_nfd_quick, is_nfkc_quick};

/// Characters of the original text, end exclusive.
pub(super) type Span = (usize, usize);

/// Text with the span that each of its characters came from.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(super) struct Aligned {
    pub text: String,
    /// One for each character of `text`.
    pub spans: Vec<Span>,
}

/// A part of an [`Aligned`] text.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Slice<'a> {
    pub text: &'a str,
    /// One for each character of `text`.
    pub spans: &'a [Span],
}

/// A Unicode normalization form.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Form {
    Nfc,
    Nfd,
    Nfkc,
}

impl Aligned {
    /// Original text whose first character is number `first` of the whole.
    pub fn new(text: &str, first: usize) -> Self {
        let count = text.chars().count();
        Self {
            text: text.to_owned(),
            spans: (first..first + count).map(|index| (index, index + 1)).collect(),
        }
    }

    pub fn push(&mut self, character: char, span: Span) {
        self.text.push(character);
        self.spans.push(span);
    }

    pub fn chars(&self) -> impl Iterator<Item = (char, Span)> + '_ {
        self.text.chars().zip(self.spans.iter().copied())
    }

    /// The text in a normalization form.
    pub fn normalized(self, form: Form) -> Self {
        if form != Form::Nfd && self.text.chars().all(is_inert) {
            return self;
        }
        let quick = match form {
            Form::Nfc => is_nfc_quick(self.text.chars()),
            Form::Nfd => is_nfd_quick(self.text.chars()),
            Form::Nfkc => is_nfkc_quick(self.text.chars()),
        };
        if quick == IsNormalized::Yes {
            return self;
        }
        let mut normalized = Self::default();
        let mut piece = Self::default();
        for (character, span) in self.chars() {
            if is_unassigned(character) {
                normalized.append(std::mem::take(&mut piece), form);
                normalized.push(character, span);
                continue;
            }
            if starts_composition(character, form) {
                normalized.append(std::mem::take(&mut piece), form);
            }
            piece.push(character, span);
        }
        normalized.append(piece, form);
        normalized
    }

    fn append(&mut self, piece: Self, form: Form) {
        let (Some(first), Some(last)) = (piece.spans.first(), piece.spans.last()) else {
            return;
        };
        let whole = (first.0, last.1);
        let characters: Vec<char> = match form {
            Form::Nfc => piece.text.nfc().collect(),
            Form::Nfd => piece.text.nfd().collect(),
            Form::Nfkc => piece.text.nfkc().collect(),
        };
        let unchanged = characters.iter().copied().eq(piece.text.chars());
        for (index, character) in characters.into_iter().enumerate() {
            self.push(character, if unchanged { piece.spans[index] } else { whole });
        }
    }

    /// All of it.
    pub fn as_slice(&self) -> Slice<'_> {
        Slice {
            text: &self.text,
            spans: &self.spans,
        }
    }
}

impl<'a> Slice<'a> {
    pub fn to_owned(self) -> Aligned {
        Aligned {
            text: self.text.to_owned(),
            spans: self.spans.to_vec(),
        }
    }

    /// The text in lower case as Python's `str.lower` gives it, where a sigma knows whether it ends a word.
    pub fn lowercase(self) -> Aligned {
        let lengths = self.text.chars().map(|character| lowercase(character).count());
        let spans = lengths
            .zip(self.spans)
            .flat_map(|(length, &span)| std::iter::repeat_n(span, length));
        let text: String = if self.text.contains('Σ') {
            self.text.to_lowercase()
        } else {
            self.text.chars().flat_map(lowercase).collect()
        };
        Aligned {
            text,
            spans: spans.collect(),
        }
    }

    /// What is left without white space at both ends, cut at white space as Python's `str.split` does.
    pub fn split_whitespace(self) -> impl Iterator<Item = Slice<'a>> {
        let mut rest = self;
        std::iter::from_fn(move || {
            let characters = |slice: Slice<'a>, space: bool| {
                let run = slice
                    .text
                    .chars()
                    .take_while(|&character| is_python_space(character) == space);
                run.fold((0, 0), |(bytes, count), character| {
                    (bytes + character.len_utf8(), count + 1)
                })
            };
            rest = rest.split(characters(rest, true)).1;
            let (word, after) = rest.split(characters(rest, false));
            rest = after;
            (!word.text.is_empty()).then_some(word)
        })
    }

    /// The first bytes, which are so many characters, and the rest.
    pub fn split(self, (bytes, characters): (usize, usize)) -> (Self, Self) {
        let (text, rest) = self.text.split_at(bytes);
        let (spans, rest_spans) = self.spans.split_at(characters);
        (
            Self { text, spans },
            Self {
                text: rest,
                spans: rest_spans,
            },
        )
    }

    /// The span of all of it.
    pub fn span(self) -> Span {
        let first = self.spans.first().map_or(0, |span| span.0);
        (first, self.spans.last().map_or(first, |span| span.1))
    }
}

/// Whether a character is of the commonest that no composition or compatibility mapping touches: ASCII, Japanese
/// punctuation, kana, ideographs.
fn is_inert(character: char) -> bool {
    matches!(character, '\0'..='\u{7f}' | '\u{3001}'..='\u{3029}' | '\u{3041}'..='\u{3096}' | '\u{30a1}'..='\u{30fe}' | '\u{4e00}'..='\u{9fff}')
}

fn lowercase(character: char) -> impl Iterator<Item = char> {
    let lower = (!is_unassigned(character)).then(|| character.to_lowercase());
    let same = lower.is_none().then_some(character);
    lower.into_iter().flatten().chain(same)
}

/// Whether Unicode 14 has no such character.
pub(super) fn is_unassigned(character: char) -> bool {
    !character.is_ascii() && get_general_category(character) == GeneralCategory::Unassigned
}

/// Python's `str.isspace`, which counts four control characters that Unicode does not.
pub(super) fn is_python_space(character: char) -> bool {
    // Beyond U+3000 there is none, which is quickly said of most Japanese text.
    character <= '\u{3000}' && (character.is_whitespace() || ('\u{1c}'..='\u{1f}').contains(&character))
}

/// Whether nothing before a character can combine with it or move past it.
fn starts_composition(character: char, form: Form) -> bool {
    if character < '\u{300}' {
        return true;
    }
    let mut first = None;
    let mut keep_first = |part: char| {
        first.get_or_insert(part);
    };
    match form {
        Form::Nfc | Form::Nfd => decompose_canonical(character, &mut keep_first),
        Form::Nfkc => decompose_compatible(character, &mut keep_first),
    }
    let first = first.unwrap_or(character);
    canonical_combining_class(first) == 0 && is_nfc_quick(once(first)) == IsNormalized::Yes
}

#[cfg(test)]
mod tests {
    use super::*;

    fn nfkc(text: &str) -> Aligned {
        Aligned::new(text, 0).normalized(Form::Nfkc)
    }

    #[test]
    fn changed_pieces_point_at_their_source() {
        let aligned = nfkc("ｱｶﾞｻ㌔");
        assert_eq!(aligned.text, "アガサキロ");
        assert_eq!(aligned.spans, [(0, 1), (1, 3), (3, 4), (4, 5), (4, 5)]);
    }

    #[test]
    fn half_width_hangul_composes_across_characters() {
        let aligned = nfkc("\u{ffa1}\u{ffc2}x");
        assert_eq!(aligned.text, "가x");
        assert_eq!(aligned.spans, [(0, 2), (2, 3)]);
    }

    #[test]
    fn lower_case_may_grow() {
        let lower = Aligned::new("İΑΣ Σ", 3).as_slice().lowercase();
        assert_eq!(lower.text, "i\u{307}ας σ");
        assert_eq!(lower.spans, [(3, 4), (3, 4), (4, 5), (5, 6), (6, 7), (7, 8)]);
    }

    #[test]
    fn white_space_is_pythons() {
        let text = Aligned::new(" a\u{1c}b\u{3000}c ", 0);
        let words = text.as_slice().split_whitespace();
        let spans: Vec<_> = words.map(|word| (word.text, word.span())).collect();
        assert_eq!(spans, [("a", (1, 2)), ("b", (3, 4)), ("c", (5, 6))]);
    }

    #[test]
    fn no_white_space_is_taken_for_something_else() {
        for character in '\0'..=char::MAX {
            let expected = character.is_whitespace() || ('\u{1c}'..='\u{1f}').contains(&character);
            assert_eq!(is_python_space(character), expected, "{character:?}");
        }
    }

    #[test]
    fn inert_characters_are_in_every_composed_form() {
        for character in ('\0'..=char::MAX).filter(|&character| is_inert(character)) {
            let text = String::from(character);
            assert_eq!(text.nfkc().collect::<String>(), text);
            assert!(starts_composition(character, Form::Nfkc) && starts_composition(character, Form::Nfc));
        }
    }

    proptest::proptest! {
        #[test]
        fn pieces_join_to_the_plain_form(text in "\\PC*|[\u{300}-\u{36f}\u{3099}\u{309a}\u{1100}-\u{1112}\u{1161}-\u{1175}\u{11a8}-\u{11c2}\u{ff61}-\u{ffdc}ぁ-んァ-ンa-z]{0,24}") {
            let known: String = text.chars().filter(|&character| !is_unassigned(character)).collect();
            let aligned = nfkc(&known);
            proptest::prop_assert_eq!(&aligned.text, &known.nfkc().collect::<String>());
            proptest::prop_assert_eq!(aligned.text.chars().count(), aligned.spans.len());
            proptest::prop_assert!(aligned.spans.is_sorted());
            let composed = Aligned::new(&known, 0).normalized(Form::Nfc);
            proptest::prop_assert_eq!(composed.text, known.nfc().collect::<String>());
            let lower = Aligned::new(&known, 0).as_slice().lowercase();
            proptest::prop_assert_eq!(&lower.text, &known.to_lowercase());
            proptest::prop_assert_eq!(lower.text.chars().count(), lower.spans.len());
        }
    }
}
