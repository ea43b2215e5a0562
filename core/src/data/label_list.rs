//! Reads several labels of one row from a list in brackets: that of a JSON record, or a table's cell.

use serde_json::Value;

use super::gold::GoldReader;
use super::{DataError, Gold, Place};

impl GoldReader<'_> {
    /// Reads a cell that is a list in brackets, as JSON has it or as Python prints one.
    pub(super) fn bracketed(&self, text: &str, place: Place) -> Result<Gold, DataError> {
        // Python takes single quotes where a name has none.
        let json = match text.contains('"') {
            true => text.to_owned(),
            false => text.replace('\'', "\""),
        };
        let label = |item: &Value| match item {
            Value::String(name) => Some(name.clone()),
            Value::Number(number) if !number.is_f64() => Some(number.to_string()),
            _ => None,
        };
        let items: Option<Vec<Value>> = serde_json::from_str(&json).ok();
        let labels: Option<Vec<String>> = items.and_then(|items| items.iter().map(label).collect());
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
