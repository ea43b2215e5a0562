//! Reads several labels of one row from a list in brackets: that of a JSON record, or a table's cell.

use serde_json::Value;

use super::gold::GoldReader;
use super::{DataError, Gold, Place};

impl GoldReader<'_> {
    /// Reads a cell that is a list in brackets, as JSON has it or as Python prints one.
    pub(super) fn bracketed(&self, text: &str, place: Place) -> Result<Gold, DataError> {
        let label = |item: &Value| match item {
            Value::String(name) => Some(name.clone()),
            Value::Number(number) if !number.is_f64() => Some(number.to_string()),
            _ => None,
        };
        let items = serde_json::from_str(text).ok().or_else(|| printed_by_python(text));
        let labels: Option<Vec<String>> = items.and_then(|items: Vec<Value>| items.iter().map(label).collect());
        let labels = labels.ok_or_else(|| self.no_labels(text.to_owned(), place))?;
        self.list(labels.iter().map(String::as_str), place)
    }

    /// Refuses what says yes or no to each label in turn, where their names or numbers belong: read as such, it would be wrong.
    pub(super) fn check_items(&self, items: &[Value], place: Place) -> Result<(), DataError> {
        match items.iter().any(|item| item.is_boolean() || item.is_f64()) {
            true => Err(self.no_labels(Value::from(items).to_string(), place)),
            false => Ok(()),
        }
    }

    fn no_labels(&self, found: String, place: Place) -> DataError {
        DataError::LabelList {
            name: self.name.to_owned(),
            place,
            found,
        }
    }
}

/// Whether a cell is written as a list: a label in brackets, or several between separators, is none.
pub(super) fn is_list(text: &str) -> bool {
    let within = text.strip_prefix('[').and_then(|text| text.strip_suffix(']'));
    within.is_some_and(|within| match within.trim_start().chars().next() {
        None | Some('"' | '\'' | '[' | '0'..='9') => true,
        Some(_) => within.contains(',') && !within.contains(['[', ']', '|']),
    })
}

/// The strings of a list as Python prints it: each in either kind of quotes, of which it may have the other.
fn printed_by_python(text: &str) -> Option<Vec<Value>> {
    let mut rest = text.strip_prefix('[')?.strip_suffix(']')?.trim();
    let mut items = Vec::new();
    while let Some(quote) = rest.chars().next().filter(|first| matches!(first, '"' | '\'')) {
        let (item, behind) = rest[1..].split_once(quote)?;
        items.push(Value::from(item));
        rest = behind.trim_start();
        rest = match rest.strip_prefix(',') {
            Some(next) => next.trim_start(),
            None => break,
        };
    }
    rest.is_empty().then_some(items)
}

#[cfg(test)]
mod tests {
    use super::super::{GoldColumn, ReadOptions, read};

    fn labels(name: &str, text: &str) -> Result<Vec<Vec<String>>, String> {
        let options = ReadOptions {
            gold: GoldColumn::Labels,
            ..ReadOptions::default()
        };
        let data = read(name, text.as_bytes(), &options).map_err(|error| error.to_string())?;
        let labels = data.examples.iter().map(|example| example.gold.labels());
        Ok(labels.map(|labels| labels.unwrap_or_default().to_vec()).collect())
    }

    #[test]
    fn cells_hold_lists_in_brackets() {
        let rows = [vec!["x", "z, y"], vec![], vec!["0", "2"], vec!["it's"]];
        let tsv = "text\tlabels\na\t[\"x\", \"z, y\"]\nb\t[]\nc\t [0,2] \nd\t[\"it's\"]\n";
        assert_eq!(labels("a.tsv", tsv).expect("JSON"), rows);
        let csv = "text,labels\na,\"['x', 'z, y']\"\nb,[]\nc,\"[0, 2]\"\nd,\"[\"\"it's\"\"]\"\n";
        assert_eq!(labels("a.csv", csv).expect("Python's lists"), rows);
        let mixed = "text\tlabels\na\t['x', \"it's\"]\nb\t[NSFW]\nc\t[NSFW]|[ok]\nd\t[NSFW],[ok]\n";
        let rows = [
            vec!["x", "it's"],
            vec!["[NSFW]"],
            vec!["[NSFW]", "[ok]"],
            vec!["[NSFW]", "[ok]"],
        ];
        assert_eq!(
            labels("a.tsv", mixed).expect("either quotes, and names in brackets"),
            rows
        );
    }

    #[test]
    fn lists_of_something_else_are_named() {
        for (list, shown) in [
            ("[x, z]", "[x, z]"),
            ("['x' 'z']", "['x' 'z']"),
            ("[True, False]", "[True, False]"),
            ("[1.0, 0.0]", "[1.0, 0.0]"),
            ("[[1]]", "[[1]]"),
        ] {
            let message = labels("a.tsv", &format!("text\tlabels\na\tx\nb\t{list}\n")).expect_err(list);
            assert!(
                message.starts_with(&format!("a.tsv: line 3: {shown:?} is no list of labels")),
                "{message}"
            );
        }
        for list in ["[true,false]", "[1.0,0.0]", "[0.5]"] {
            let records = format!("{{\"text\":\"a\",\"labels\":[0]}}\n{{\"text\":\"b\",\"labels\":{list}}}\n");
            let message = labels("a.jsonl", &records).expect_err(list);
            assert!(
                message.starts_with(&format!("a.jsonl: line 2: {list:?} is no list of labels")),
                "{message}"
            );
        }
    }
}
