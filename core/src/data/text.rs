//! Reads plain text: one text a line, or running text whose works are separated by form feeds.

use super::{ChosenColumn, Collector, Columns, DataError, Dataset, Example, Format, Gold, GoldColumn, ReadOptions};

/// Separates works in one file, as a page break does.
const FORM_FEED: char = '\u{c}';

/// Reads a whole file; blank lines, and works without anything but space, are skipped.
pub(super) fn read(name: &str, text: &str, options: &ReadOptions) -> Result<Dataset, DataError> {
    if let Some(filter) = &options.filter {
        return Err(DataError::TextFilter {
            name: name.to_owned(),
            filter: filter.clone(),
        });
    }
    let mut collector = Collector::new(name, options);
    let separator = match options.gold {
        GoldColumn::Documents => FORM_FEED,
        _ => '\n',
    };
    let mut line = 1;
    let mut parts = text.split(separator).peekable();
    while let Some(part) = parts.next() {
        let kept = match separator {
            '\n' => part.strip_suffix('\r').unwrap_or(part),
            _ => part,
        };
        if !kept.trim().is_empty() {
            collector.examples.push(Example {
                // Where Windows wrote the file, the model learns the lines as they would be elsewhere.
                text: kept.replace("\r\n", "\n"),
                text_pair: None,
                gold: Gold::None,
                line,
                id: None,
            });
        } else if separator == FORM_FEED && parts.peek().is_some() {
            // Behind the last form feed there need not be another work.
            collector.blank_works.push(line);
        }
        line += part.matches('\n').count() + usize::from(separator == '\n');
    }
    collector.finish(columns(options.gold))
}

/// What a message calls the parts of the file.
fn columns(gold: GoldColumn) -> Columns {
    let name = match gold {
        GoldColumn::Documents => "works",
        _ => "lines",
    };
    Columns {
        format: Format::Text,
        header: false,
        text: ChosenColumn {
            number: 1,
            name: Some(name.to_owned()),
        },
        pair: None,
        label: None,
    }
}

#[cfg(test)]
mod tests {
    use crate::data::{Format, GoldColumn, ReadOptions, read as read_file};

    fn of(name: &str, gold: GoldColumn, text: &str) -> Result<Vec<(usize, String)>, String> {
        let options = ReadOptions {
            gold,
            ..ReadOptions::default()
        };
        with(name, &options, text)
    }

    fn with(name: &str, options: &ReadOptions, text: &str) -> Result<Vec<(usize, String)>, String> {
        let data = read_file(name, text.as_bytes(), options).map_err(|error| error.to_string())?;
        Ok(data
            .examples
            .into_iter()
            .map(|example| (example.line, example.text))
            .collect())
    }

    #[test]
    fn lines_and_works_are_told_apart_by_the_task() {
        let text = "one, two; three\r\n\n four \n\u{c}\nfive\n";
        let lines = of("a.txt", GoldColumn::Lines, text).expect("valid");
        let expected = [(1, "one, two; three"), (3, " four "), (5, "five")];
        assert_eq!(lines, expected.map(|(line, text)| (line, text.to_owned())));
        let works = of("a.txt", GoldColumn::Documents, text).expect("valid");
        let expected = [(1, "one, two; three\n\n four \n"), (4, "\nfive\n")];
        assert_eq!(works, expected.map(|(line, text)| (line, text.to_owned())));
        let windows = text.replace('\r', "").replace('\n', "\r\n");
        assert_eq!(of("a.txt", GoldColumn::Documents, &windows), Ok(works));
    }

    #[test]
    fn works_without_a_word_are_left_out_and_told() {
        let options = ReadOptions {
            gold: GoldColumn::Documents,
            ..ReadOptions::default()
        };
        let data = read_file("a.txt", b"a\n\x0c\x0c \n\x0cb\n\x0c\n", &options).expect("valid");
        let lines: Vec<usize> = data.examples.iter().map(|example| example.line).collect();
        assert_eq!((lines, data.blank_works), (vec![1, 3], vec![2, 2]));
        let lines = read_file(
            "a.txt",
            b"a\n\nb\n",
            &ReadOptions {
                gold: GoldColumn::Lines,
                ..options
            },
        )
        .expect("valid");
        assert!(lines.blank_works.is_empty(), "a blank line is no work");
    }

    #[test]
    fn tables_stay_tables_and_nothing_is_an_error() {
        let rows = of("a.csv", GoldColumn::Documents, "text,label\n\"a,b\",x\n").expect("valid");
        assert_eq!(rows, [(2, "a,b".to_owned())]);
        let rows = of("a", GoldColumn::Lines, "{\"text\":\"a\"}\n").expect("valid");
        assert_eq!(rows, [(1, "a".to_owned())]);
        // A header is text like any other in a .txt.
        assert_eq!(
            of("a.txt", GoldColumn::Lines, "text;label\na;b\n")
                .expect("valid")
                .len(),
            2
        );
        // Unless a column of it is named.
        let options = ReadOptions {
            gold: GoldColumn::Lines,
            text_column: "text".parse().ok(),
            ..ReadOptions::default()
        };
        let rows = with("a.txt", &options, "text;label\na;b\n").expect("valid");
        assert_eq!(rows, [(2, "a".to_owned())]);
        assert_eq!(
            of("a.txt", GoldColumn::Documents, " \n\u{c}\n").expect_err("nothing"),
            "a.txt: no rows"
        );
        let options = ReadOptions {
            gold: GoldColumn::Lines,
            format: Some(Format::Text),
            filter: "2=a".parse().ok(),
            ..ReadOptions::default()
        };
        assert_eq!(
            with("a.txt", &options, "a\n").expect_err("no columns"),
            "a.txt: 2=a picks no rows here: plain text has no columns"
        );
    }
}
