//! Reads a sentence as KNP writes it: one word a line, between lines that mark phrases.
//!
//! Lines that start with `#` (the sentence's number), `*` (a phrase) and `+` (a part of one) are skipped, and so is
//! `EOS`. Both kinds of phrase line may hold `<NE:TYPE:surface>`; the entities that count are those of the words,
//! `<NE:TYPE:head>` and the like.

use super::error::shortened;
use super::{CorpusError, SourceFile, decode};

/// A sentence cut into words.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Sentence {
    /// Its words; a file may hold none.
    pub words: Vec<Word>,
    /// Whether the file ends as it should, with `EOS`.
    pub complete: bool,
    /// The entity marks whose position is none of those that there are; their words are read as inside of the entity.
    pub odd_marks: Vec<String>,
}

/// A word of a sentence.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Word {
    /// As it stands in the text.
    pub surface: String,
    /// `O`, `B-TYPE` or `I-TYPE`.
    pub tag: String,
}

/// Reads the words of one sentence.
pub(super) fn read(file: &SourceFile) -> Result<Sentence, CorpusError> {
    let text = decode::decode(file)?;
    let mut sentence = Sentence {
        words: Vec::new(),
        complete: false,
        odd_marks: Vec::new(),
    };
    for (number, line) in (1..).zip(text.split('\n')) {
        let line = line.strip_suffix('\r').unwrap_or(line);
        match line {
            "EOS" => sentence.complete = true,
            "" => {}
            _ if line.starts_with(['#', '*', '+']) => {}
            _ => {
                let (word, odd_mark) = word(line, &file.name, number)?;
                sentence.words.push(word);
                sentence.odd_marks.extend(odd_mark);
            }
        }
    }
    Ok(sentence)
}

/// Reads a word line, and its entity mark where that has an odd position. Only the half-width space separates: the full-width
/// one can be a word.
fn word(line: &str, name: &str, number: usize) -> Result<(Word, Option<String>), CorpusError> {
    let (surface, rest) = line.split_once(' ').unwrap_or_default();
    if surface.is_empty() || rest.is_empty() {
        return Err(CorpusError::Word {
            name: name.to_owned(),
            line: number,
            found: shortened(line),
        });
    }
    let (tag, is_odd) = match rest.split_once("<NE:") {
        None => ("O".to_owned(), false),
        Some((_, entity)) => bio(entity).ok_or_else(|| CorpusError::EntityTag {
            name: name.to_owned(),
            line: number,
            found: shortened(&format!("<NE:{entity}")),
        })?,
    };
    let surface = surface.to_owned();
    let odd_mark = is_odd.then(|| format!("{name}, line {number}: {surface}"));
    Ok((Word { surface, tag }, odd_mark))
}

/// The BIO tag of what follows `<NE:`, and whether its position is none that there is. An annotator who was not sure wrote
/// OPTIONAL: no entity.
fn bio(entity: &str) -> Option<(String, bool)> {
    let (inside, _) = entity.split_once('>')?;
    let (kind, position) = inside.split_once(':')?;
    match (kind, position) {
        ("", _) | (_, "") => None,
        ("OPTIONAL", _) => Some(("O".to_owned(), false)),
        (kind, "head" | "single") => Some((format!("B-{kind}"), false)),
        (kind, position) => Some((format!("I-{kind}"), !matches!(position, "middle" | "tail"))),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read_text(text: &str) -> Result<Sentence, CorpusError> {
        read(&SourceFile {
            name: "KN901_Kyoto_1-1-1-01".into(),
            bytes: text.as_bytes().to_vec(),
        })
    }

    fn tagged(sentence: &Sentence) -> Vec<String> {
        let words = sentence.words.iter();
        words.map(|word| format!("{}/{}", word.surface, word.tag)).collect()
    }

    #[test]
    fn words_are_first_fields_and_phrase_lines_are_skipped() {
        let text = "# S-ID:KN901_Kyoto_1-1-1-01\n* -1D <体言>\n+ -1D <NE:LOCATION:京都>\n\
                    京都 きょうと 京都 名詞 6 地名 4 * 0 * 0 \"代表表記:京都/きょうと 地名:日本:府\" <NE:LOCATION:single>\n\
                    \u{3000} \u{3000} \u{3000} 特殊 1 空白 6 * 0 * 0\n＋ ＋ ＋ 特殊 1 記号 5 * 0 * 0\r\nEOS\n";
        let sentence = read_text(text).expect("a sentence");
        assert_eq!(tagged(&sentence), ["京都/B-LOCATION", "\u{3000}/O", "＋/O"]);
        assert!(sentence.complete);
        assert!(!read_text("京都 きょうと 京都\n").expect("a sentence").complete);
        assert_eq!(read_text("EOS\n").expect("no words").words, []);
    }

    #[test]
    fn positions_become_bio_and_optional_entities_none() {
        let line = |tag: &str| format!("語 ご 語 名詞 <体言><NE:{tag}><文頭>\n");
        let tags = [
            "DATE:head",
            "DATE:middle",
            "DATE:tail",
            "DATE:single",
            "OPTIONAL:head",
            "OPTIONAL:single",
        ];
        let sentence = read_text(&tags.map(line).concat()).expect("a sentence");
        let tags: Vec<&str> = sentence.words.iter().map(|word| &*word.tag).collect();
        assert_eq!(tags, ["B-DATE", "I-DATE", "I-DATE", "B-DATE", "O", "O"]);
    }

    #[test]
    fn positions_that_there_are_not_are_told() {
        let text = "山 やま 山 名詞 <NE:LOCATION:head>\n田 た 田 名詞 <NE:LOCATION:tial>\nEOS\n";
        let sentence = read_text(text).expect("a sentence");
        assert_eq!(tagged(&sentence), ["山/B-LOCATION", "田/I-LOCATION"]);
        assert_eq!(sentence.odd_marks, ["KN901_Kyoto_1-1-1-01, line 2: 田"]);
    }

    #[test]
    fn damaged_lines_are_named() {
        let message = |text: &str| read_text(text).expect_err(text).to_string();
        let start = "# S-ID\n* -1D\n";
        for damaged in ["京都", " きょうと 京都", "京都 "] {
            let message = message(&format!("{start}{damaged}\nEOS\n"));
            assert!(
                message.starts_with("KN901_Kyoto_1-1-1-01: line 3 is no word"),
                "{message}"
            );
        }
        for damaged in ["<NE:DATE>", "<NE::head>", "<NE:DATE:>", "<NE:DATE:head"] {
            let message = message(&format!("{start}京都 きょうと {damaged}\n"));
            assert!(
                message.contains("line 3") && message.contains("<NE:TYPE:position>"),
                "{message}"
            );
        }
    }
}
