//! Reads sentences that are split into words: one word a line with its BIO tag, as CoNLL's shared tasks write them.
//!
//! Fields are separated by tabs where the file has any, else by spaces; the first is the word and the last the tag unless
//! columns are chosen. An empty line, a line with a lone tab, or CoNLL-2003's `-DOCSTART-` ends a sentence.

use super::{
    ChosenColumn, Collector, Column, Columns, DataError, Dataset, Example, Format, Gold, Place, ReadOptions,
    TaggedWords,
};
use crate::bio::Tag;

/// How many lines with words are looked at to tell the format.
const SAMPLE_LINES: usize = 50;

/// Whether every one of the first lines that are not empty ends with a tag, and one with `O` or a type: `E-mail` ends a line of
/// other text, too, as does `I`.
pub(super) fn is_conll(text: &str) -> bool {
    let separator = Separator::of(text);
    let lines = text
        .lines()
        .filter(|line| !separator.ends_sentence(line))
        .take(SAMPLE_LINES);
    let mut is_bio = false;
    let mut tagged = lines.map(|line| {
        let fields = separator.fields(line);
        let tag = fields.last().filter(|_| fields.len() > 1).map(|tag| tag.trim());
        is_bio |= tag
            .filter(|tag| !matches!(*tag, "B" | "I"))
            .and_then(Tag::parse)
            .is_some();
        tag.and_then(Tag::parse_any).is_some()
    });
    tagged.all(|tagged| tagged) && is_bio
}

/// Reads a whole file.
pub(super) fn read(name: &str, text: &str, options: &ReadOptions) -> Result<Dataset, DataError> {
    let separator = Separator::of(text);
    let mut collector = Collector::new(name, options);
    let mut roles = None;
    let mut sentence = Sentence::default();
    for (number, line) in (1..).zip(text.split('\n')) {
        let line = line.strip_suffix('\r').unwrap_or(line);
        if separator.ends_sentence(line) {
            collector.examples.extend(sentence.take());
            continue;
        }
        let fields = separator.fields(line);
        let roles = match &roles {
            Some(roles) => roles,
            None => roles.insert(Roles::choose(name, &fields, options)?),
        };
        match roles.word(name, number, &fields) {
            _ if sentence.is_damaged => {}
            Ok(word) => sentence.push(word, number),
            Err(error) => {
                collector.leave_out(error, line)?;
                sentence.is_damaged = true;
            }
        }
    }
    collector.examples.extend(sentence.take());
    let roles = roles.ok_or_else(|| DataError::NoRows { name: name.to_owned() })?;
    collector.finish(roles.describe())
}

/// What stands between two fields.
#[derive(Clone, Copy)]
enum Separator {
    Tab,
    Spaces,
}

impl Separator {
    fn of(text: &str) -> Self {
        match text.contains('\t') {
            true => Self::Tab,
            false => Self::Spaces,
        }
    }

    fn fields(self, line: &str) -> Vec<&str> {
        match self {
            Self::Tab => line.split('\t').collect(),
            Self::Spaces => line.split_whitespace().collect(),
        }
    }

    fn ends_sentence(self, line: &str) -> bool {
        line.trim().is_empty() || self.fields(line).first() == Some(&"-DOCSTART-")
    }
}

/// Positions of the columns, 0-based.
struct Roles {
    count: usize,
    word: usize,
    tag: Option<usize>,
}

/// A word and its tag, where the file has tags.
type Word<'a> = (&'a str, Option<&'a str>);

impl Roles {
    fn choose(name: &str, row: &[&str], options: &ReadOptions) -> Result<Self, DataError> {
        let unknown = |asked: &Column| DataError::UnknownColumn {
            name: name.to_owned(),
            asked: asked.clone(),
            row: row.iter().map(|field| (*field).to_owned()).collect(),
        };
        let position = |asked: &Column| match asked {
            Column::Number(number) if (1..=row.len()).contains(number) => Ok(number - 1),
            asked => Err(unknown(asked)),
        };
        let not_for_words = options.pair_column.as_ref();
        if let Some(asked) = not_for_words.or(options.filter.as_ref().map(|filter| &filter.column)) {
            return Err(unknown(asked));
        }
        let word = options.text_column.as_ref().map(position).transpose()?.unwrap_or(0);
        let tag = options.label_column.as_ref().map(position).transpose()?;
        let last = row.len().checked_sub(1).filter(|&last| last != word);
        if tag == Some(word) {
            return Err(DataError::SameColumn {
                name: name.to_owned(),
                column: word + 1,
                first: "text",
                second: "label",
            });
        }
        Ok(Self {
            count: row.len(),
            word,
            tag: tag.or(last),
        })
    }

    fn word<'a>(&self, name: &str, line: usize, fields: &[&'a str]) -> Result<Word<'a>, DataError> {
        let name = || name.to_owned();
        if fields.len() != self.count {
            return Err(DataError::ColumnCount {
                name: name(),
                line,
                found: fields.len(),
                expected: self.count,
                header: false,
            });
        }
        let tag = self.tag.map(|tag| fields[tag].trim());
        if let Some(tag) = tag.filter(|tag| Tag::parse_any(tag).is_none()) {
            return Err(DataError::NotATag {
                name: name(),
                place: Place::Line(line),
                found: tag.to_owned(),
            });
        }
        match fields[self.word] {
            "" => Err(DataError::NoWord {
                name: name(),
                place: Place::Line(line),
            }),
            word => Ok((word, tag)),
        }
    }

    fn describe(&self) -> Columns {
        let chosen = |index: usize| ChosenColumn {
            number: index + 1,
            name: None,
        };
        Columns {
            format: Format::Conll,
            header: false,
            text: chosen(self.word),
            pair: None,
            label: self.tag.map(chosen),
        }
    }
}

/// The words since the last boundary.
#[derive(Default)]
struct Sentence<'a> {
    words: Vec<&'a str>,
    tags: Vec<&'a str>,
    line: usize,
    /// Whether one of its lines cannot be read, and none of it is kept.
    is_damaged: bool,
}

impl<'a> Sentence<'a> {
    fn push(&mut self, (word, tag): Word<'a>, line: usize) {
        if self.words.is_empty() {
            self.line = line;
        }
        self.words.push(word);
        self.tags.extend(tag);
    }

    /// The sentence as an example, where there is a word and none is damaged.
    fn take(&mut self) -> Option<Example> {
        let Self {
            words,
            tags,
            line,
            is_damaged,
        } = std::mem::take(self);
        let tags = (tags.len() == words.len()).then_some(&tags[..]);
        let (text, tagged) = TaggedWords::join(&words, tags);
        (!words.is_empty() && !is_damaged).then(|| Example {
            text,
            text_pair: None,
            gold: Gold::Words(Box::new(tagged)),
            line,
            id: None,
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::data::{GoldColumn, read};

    fn options() -> ReadOptions {
        ReadOptions {
            gold: GoldColumn::Entities,
            ..ReadOptions::default()
        }
    }

    fn sentences(name: &str, text: &str, options: &ReadOptions) -> Vec<(usize, String, Vec<String>, String)> {
        let data = read(name, text.as_bytes(), options).unwrap_or_else(|error| panic!("{error}"));
        let sentence = |example: &Example| {
            let tagged = example.gold.words().expect("words");
            let words = tagged.words(&example.text).map(str::to_owned).collect();
            let tags = tagged
                .tags()
                .map_or("-".to_owned(), |tags| tags.collect::<Vec<_>>().join(" "));
            (example.line, example.text.clone(), words, tags)
        };
        data.examples.iter().map(sentence).collect()
    }

    fn words(words: &[&str]) -> Vec<String> {
        words.iter().map(|word| (*word).to_owned()).collect()
    }

    #[test]
    fn empty_lines_and_lone_tabs_end_sentences() {
        let text = "Empire\tB-location\nState\tI-location\n\t\n\nNew York\tB-location\r\nhere\tO\r\n\r\n\t";
        assert_eq!(
            sentences("train.conll", text, &options()),
            [
                (
                    1,
                    "Empire State".to_owned(),
                    words(&["Empire", "State"]),
                    "B-location I-location".to_owned()
                ),
                (
                    5,
                    "New York here".to_owned(),
                    words(&["New York", "here"]),
                    "B-location O".to_owned()
                ),
            ]
        );
    }

    #[test]
    fn conll_2003_has_four_columns_and_documents() {
        let text = "-DOCSTART- -X- -X- O\n\nEU NNP B-NP B-ORG\nrejects VBZ B-VP O\n";
        let whole = sentences("eng.train", text, &options());
        assert_eq!(
            whole,
            [(
                3,
                "EU rejects".to_owned(),
                words(&["EU", "rejects"]),
                "B-ORG O".to_owned()
            )]
        );
        let chunks = ReadOptions {
            label_column: Some(Column::Number(3)),
            ..options()
        };
        assert_eq!(sentences("eng.train", text, &chunks)[0].3, "B-NP B-VP");
    }

    #[test]
    fn tags_of_bioes_and_bilou_are_read_in_bio() {
        for text in [
            "New\tB-place\nYork\tE-place\nNara\tS-place\nis\tO\n",
            "New\tB-place\nYork\tL-place\nNara\tU-place\nis\tO\n",
        ] {
            let data = read_text("x.tsv", text).expect("tags");
            let words = data.examples[0].gold.words().expect("words");
            let tags: Vec<&str> = words.tags().expect("tags").collect();
            assert_eq!(tags, ["B-place", "I-place", "B-place", "O"], "{text}");
            assert_eq!(words.ends_of_entities(), 2);
            let (found, repaired) = data.examples[0].gold.entities(&data.examples[0].text);
            assert_eq!((found.len(), repaired), (2, 0));
        }
        assert!(!is_conll("please send\tE-mail\n") && is_conll("Nara\tS-place\n\nis\tO\n"));
    }

    #[test]
    fn tags_without_a_type_name_entities_as_seqeval_reads_them() {
        let data = read_text("x.tsv", "the\tO\nNew\tB\nYork\tI\nTimes\tB\n").expect("tags");
        let Example { text, gold, .. } = &data.examples[0];
        let (found, repaired) = gold.entities(text);
        let found: Vec<_> = found
            .iter()
            .map(|entity| (entity.start, entity.end, entity.entity_type))
            .collect();
        // get_entities(["O", "B", "I", "B"]) of seqeval 1.2.2: [("_", 1, 2), ("_", 3, 3)].
        assert_eq!((found, repaired), (vec![(4, 12, "_"), (13, 18, "_")], 0));
        assert!(!is_conll("you and I\n"), "a text may end so");
        let spaces = sentences(
            "x.tsv",
            "Snow\tB-creative work\nCountry\tI-creative work\n\nNara\tB-a b\n",
            &options(),
        );
        let tags: Vec<&str> = spaces.iter().map(|(.., tags)| tags.as_str()).collect();
        assert_eq!(tags, ["B-creative work I-creative work", "B-a b"]);
    }

    #[test]
    fn words_without_tags_are_read_by_extension() {
        let read = sentences("x.conll", "a\nb\n\nc\n", &options());
        assert_eq!(read[0], (1, "a b".to_owned(), words(&["a", "b"]), "-".to_owned()));
        assert_eq!(read.len(), 2);
    }

    #[test]
    fn plain_text_is_not_taken_for_words() {
        let data = read_text("x.txt", "This is O\nI see a thing\n");
        assert_eq!(data.expect("texts").examples.len(), 2);
    }

    fn read_text(name: &str, text: &str) -> Result<Dataset, DataError> {
        read(name, text.as_bytes(), &options())
    }

    #[test]
    fn who_asks_for_labels_of_texts_is_told_what_the_file_holds() {
        let labels_of = |text: &str, column: Option<usize>| {
            let options = ReadOptions {
                label_column: column.map(Column::Number),
                ..ReadOptions::default()
            };
            read("x.conll", text.as_bytes(), &options).map_err(|error| error.to_string())
        };
        assert_eq!(
            labels_of("a\tO\nb\tB-X\n", None).expect_err("words"),
            "x.conll holds words with their tags, which only token-classification learns from"
        );
        assert!(labels_of("a\tO\nb\tB-X\n", Some(2)).is_ok(), "asked for");
        assert!(labels_of("a\tgood\nb\tbad\n", None).is_ok(), "no tags");
    }

    #[test]
    fn damaged_lines_are_named() {
        let message = |text: &str| read_text("x.conll", text).expect_err("an error").to_string();
        assert_eq!(
            message("a\tO\nb\tPERSON\n"),
            "x.conll: line 2: \"PERSON\" is not a tag: write O, B-TYPE or I-TYPE"
        );
        assert_eq!(
            message("a\tO\n\tO\n"),
            "x.conll: line 2 has a word that is empty or only white space"
        );
        assert!(message("a\tO\nb\n").starts_with("x.conll: line 2: wrong number of columns"));
        assert_eq!(message("\n\t\n"), "x.conll: no rows");
        let third = ReadOptions {
            label_column: Some(Column::Number(3)),
            ..options()
        };
        let error = read("x.conll", b"a\tO\n", &third).expect_err("two columns");
        assert!(error.to_string().contains("no column \"3\""), "{error}");
    }
}
