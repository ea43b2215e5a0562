//! Collects, renames and weighs the labels of a data set.

use std::collections::BTreeSet;
use std::fmt;
use std::str::FromStr;

use serde::{Deserialize, Serialize};

use super::gold::GoldReader;
use super::{DataError, Example, Gold, GoldColumn, ParseError, Place, utf8};

/// Renames labels and merges those that get the same name: written `OLD=NEW,OLD=NEW`.
///
/// Spaces around names are dropped. There are no escapes: an old name ends at the first `=`, a new one at the next `,`.
/// Names are looked up once, so `a=b,b=a` swaps two labels.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(into = "String", try_from = "String")]
pub struct LabelMap(Vec<(String, String)>);

impl LabelMap {
    /// The new name of a label, or the label itself where the map does not name it.
    pub fn apply<'a>(&'a self, label: &'a str) -> &'a str {
        self.0
            .iter()
            .find(|(old, _)| old == label)
            .map_or(label, |(_, new)| new)
    }

    /// The names that it replaces.
    pub fn replaced(&self) -> impl Iterator<Item = &str> {
        self.0.iter().map(|(old, _)| old.as_str())
    }
}

impl FromStr for LabelMap {
    type Err = ParseError;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        let mut map: Vec<(String, String)> = Vec::new();
        for part in text.split(',') {
            let wrong = || ParseError::LabelMap { found: part.to_owned() };
            let (old, new) = part.split_once('=').ok_or_else(wrong)?;
            let (old, new) = (old.trim(), new.trim());
            if old.is_empty() || new.is_empty() {
                return Err(wrong());
            }
            if map.iter().any(|(known, _)| known == old) {
                return Err(ParseError::LabelMapTwice { label: old.to_owned() });
            }
            map.push((old.to_owned(), new.to_owned()));
        }
        Ok(Self(map))
    }
}

impl TryFrom<String> for LabelMap {
    type Error = ParseError;

    fn try_from(text: String) -> Result<Self, Self::Error> {
        text.parse()
    }
}

impl From<LabelMap> for String {
    fn from(map: LabelMap) -> Self {
        map.to_string()
    }
}

impl fmt::Display for LabelMap {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (index, (old, new)) in self.0.iter().enumerate() {
            write!(f, "{}{old}={new}", if index == 0 { "" } else { "," })?;
        }
        Ok(())
    }
}

/// Reads a list of labels, one a line, in the order of their numbers. Blank lines at the end are skipped.
///
/// # Errors
/// If it is not UTF-8, empty, or holds a blank line or a label twice.
pub fn read_label_names(name: &str, bytes: &[u8]) -> Result<Vec<String>, DataError> {
    let text = utf8(name, bytes)?;
    let mut labels: Vec<String> = Vec::new();
    for (line, label) in (1..).zip(text.trim_end().split('\n').map(str::trim)) {
        let name = || name.to_owned();
        if label.is_empty() {
            return Err(DataError::BlankLabel { name: name(), line });
        }
        if let Some(first) = labels.iter().position(|other| other == label) {
            return Err(DataError::LabelTwice {
                name: name(),
                line,
                label: label.to_owned(),
                first: first + 1,
            });
        }
        labels.push(label.to_owned());
    }
    Ok(labels)
}

/// An answer whose labels are named by a list of them, which may stand there as their 0-based numbers; `place` is that of its row
/// in the file `name`.
///
/// # Errors
/// If a label is neither in the list nor the number of one that is.
pub fn name_labels(gold: &Gold, names: &[String], name: &str, place: Place) -> Result<Gold, DataError> {
    let reader = |column| GoldReader {
        name,
        column,
        label_names: Some(names),
        unlabelled: true,
    };
    match gold {
        Gold::Label(label) => reader(GoldColumn::Label).text(label, place),
        Gold::Labels(labels) => reader(GoldColumn::Labels).list(labels.iter().map(String::as_str), place),
        other => Ok(other.clone()),
    }
}

/// The distinct labels of the examples: by value if all are integers, else in the order of their characters.
pub fn collect_labels(examples: &[Example]) -> Vec<String> {
    let all = examples.iter().filter_map(|example| example.gold.labels()).flatten();
    let distinct: BTreeSet<&str> = all.map(String::as_str).collect();
    let mut labels: Vec<String> = distinct.into_iter().map(str::to_owned).collect();
    sort_by_label(&mut labels, |label| label);
    labels
}

/// Sorts what has labels: by value if all of them are integers, else in the order of their characters.
pub fn sort_by_label<T>(items: &mut [T], label: impl Fn(&T) -> &str) {
    let value = |item: &T| label(item).parse::<i64>().ok();
    items.sort_by(|a, b| label(a).cmp(label(b)));
    if items.iter().all(|item| value(item).is_some()) {
        // Stable, so that 1 and 01 keep the order of their characters.
        items.sort_by_key(value);
    }
}

/// The weight of each class that makes all classes count the same: `n / (k · count)`, as scikit-learn's `balanced`.
///
/// `n` is the number of examples and `k` the number of classes that occur. A class without examples weighs 1.
pub fn balanced_class_weights(counts: &[u64]) -> Vec<f64> {
    let examples: u64 = counts.iter().sum();
    let classes = counts.iter().filter(|count| **count > 0).count();
    let weight = |count: &u64| match count {
        0 => 1.0,
        _ => examples as f64 / (classes as f64 * *count as f64),
    };
    counts.iter().map(weight).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn labelled(labels: &[&str]) -> Vec<Example> {
        let example = |label: &&str| Example {
            text: String::new(),
            text_pair: None,
            gold: Gold::Label((*label).to_owned()),
            line: 1,
            id: None,
        };
        labels.iter().map(example).collect()
    }

    #[test]
    fn integers_sort_by_value_and_words_by_characters() {
        assert_eq!(
            collect_labels(&labelled(&["10", "9", "-1", "9", "0"])),
            ["-1", "0", "9", "10"]
        );
        assert_eq!(collect_labels(&labelled(&["10", "9", "x"])), ["10", "9", "x"]);
        assert_eq!(collect_labels(&labelled(&["b", "B", "喜", "a"])), ["B", "a", "b", "喜"]);
        assert!(collect_labels(&[]).is_empty());
    }

    #[test]
    fn a_list_names_the_label_that_stands_twice() {
        let read = |text: &str| read_label_names("labels.txt", text.as_bytes()).map_err(|error| error.to_string());
        assert_eq!(read("b\na\n\n").expect("valid"), ["b", "a"]);
        let twice = read("a\nb\na\n").expect_err("twice");
        assert_eq!(twice, "labels.txt: line 3: the label \"a\" stands in line 1 already");
        let blank = read("a\n\nb\n").expect_err("blank");
        assert_eq!(
            blank,
            "labels.txt: line 2 is blank; a list of labels has one label a line"
        );
    }

    #[test]
    fn answers_are_named_by_a_list() {
        let names = ["joy", "7", "fear"].map(str::to_owned);
        let named =
            |gold: &Gold| name_labels(gold, &names, "a.tsv", Place::Record(3)).map_err(|error| error.to_string());
        let labels = |labels: &[&str]| Gold::Labels(labels.iter().map(|label| (*label).to_owned()).collect());
        assert_eq!(named(&Gold::Label("2".to_owned())), Ok(Gold::Label("fear".to_owned())));
        // A name wins over a number, and no label is there twice.
        assert_eq!(named(&labels(&["7", "1", "0"])), Ok(labels(&["7", "joy"])));
        assert_eq!(named(&Gold::Score(1.0)), Ok(Gold::Score(1.0)));
        assert_eq!(
            named(&labels(&["0", "3"])).expect_err("three labels"),
            "a.tsv: record 3: \"3\" is neither one of the 3 labels that were given nor the number of one"
        );
    }

    #[test]
    fn a_label_map_renames_merges_and_swaps() {
        let map: LabelMap = "positive=1, negative=-1,ng=-1,x=a=b".parse().expect("valid");
        let applied = ["positive", "negative", "ng", "neutral", "x"].map(|label| map.apply(label));
        assert_eq!(applied, ["1", "-1", "-1", "neutral", "a=b"]);
        let swap: LabelMap = "a=b,b=a".parse().expect("valid");
        assert_eq!((swap.apply("a"), swap.apply("b")), ("b", "a"));
        assert_eq!(swap.to_string().parse(), Ok(swap));
        for wrong in ["", "a", "a=", "=b", "a=b,", "a=b,a=c"] {
            assert!(wrong.parse::<LabelMap>().is_err(), "{wrong}");
        }
    }

    #[test]
    fn balanced_weights_are_those_of_scikit_learn() {
        // compute_class_weight("balanced", classes=[0, 1, 2], y=[0] * 6 + [1] * 3 + [2])
        let weights = balanced_class_weights(&[6, 3, 1]);
        for (weight, expected) in weights
            .iter()
            .zip([0.5555555555555556, 1.1111111111111112, 3.3333333333333335])
        {
            assert!((weight - expected).abs() < 1e-15);
        }
        assert_eq!(balanced_class_weights(&[2, 0, 2]), [1.0, 1.0, 1.0]);
        assert!(balanced_class_weights(&[]).is_empty());
    }
}
