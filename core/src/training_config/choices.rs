//! Holds the options of a run that are words: each reads and writes itself as the command line spells it.

use serde::{Deserialize, Serialize};
use serde_json::{Value, json};

/// How classes weigh in the loss.
#[derive(Debug, Clone, PartialEq, Default, Serialize, Deserialize)]
#[serde(into = "String", try_from = "String")]
pub enum ClassWeights {
    /// Alike.
    #[default]
    None,
    /// In inverse proportion to their counts: examples / (classes · count).
    Balanced,
    /// As given by label; labels left out weigh 1.
    Given(Vec<(String, f64)>),
}

impl From<ClassWeights> for String {
    fn from(weights: ClassWeights) -> Self {
        match weights {
            ClassWeights::None => "none".to_owned(),
            ClassWeights::Balanced => "balanced".to_owned(),
            ClassWeights::Given(pairs) => written(&pairs),
        }
    }
}

/// `LABEL=NUMBER,…`, as [`by_label`] reads it.
fn written(pairs: &[(String, f64)]) -> String {
    let pairs: Vec<String> = pairs
        .iter()
        .map(|(label, number)| format!("{label}={number}"))
        .collect();
    pairs.join(",")
}

impl TryFrom<String> for ClassWeights {
    type Error = String;

    fn try_from(text: String) -> Result<Self, String> {
        match text.as_str() {
            "none" => return Ok(Self::None),
            "balanced" => return Ok(Self::Balanced),
            _ => {}
        }
        let pairs = by_label(&text, |weight| weight.is_finite() && weight >= 0.0)
            .ok_or_else(|| format!("class weights {text:?}: say none, balanced or LABEL=WEIGHT,…"))?;
        match named_twice(&pairs) {
            Some(label) => Err(format!("class weights name {label:?} twice")),
            None => Ok(Self::Given(pairs)),
        }
    }
}

/// `LABEL=NUMBER,…`, each number as `fits` wants it. The last `=` of a part is the one that counts: a label may hold others.
fn by_label(text: &str, fits: impl Fn(f64) -> bool) -> Option<Vec<(String, f64)>> {
    let pair = |part: &str| {
        let (label, number) = part.rsplit_once('=')?;
        let number = number.trim().parse().ok().filter(|&number| fits(number))?;
        Some((label.trim().to_owned(), number))
    };
    text.split(',').map(pair).collect()
}

/// The first label that stands before an equal one.
fn named_twice(pairs: &[(String, f64)]) -> Option<&str> {
    let again = |(place, (label, _)): (usize, &(String, f64))| pairs[..place].iter().any(|(other, _)| other == label);
    let place = pairs.iter().enumerate().position(again)?;
    Some(&pairs[place].0)
}

/// From which probability on a label of several is said.
///
/// It is written as the command line spells it; in JSON a plain number will do, and an object of labels, which may hold commas.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(into = "Value", try_from = "Value")]
pub enum Threshold {
    /// From this one on.
    Fixed(f64),
    /// From that of each label on; labels left out keep 0.5.
    ByLabel(Vec<(String, f64)>),
    /// The one that gives the evaluation data the best micro F1.
    Auto,
    /// For each label the one that gives it the best F1 on the evaluation data.
    PerLabel,
}

impl From<Threshold> for String {
    fn from(threshold: Threshold) -> Self {
        match threshold {
            Threshold::Fixed(value) => value.to_string(),
            Threshold::ByLabel(pairs) => written(&pairs),
            Threshold::Auto => "auto".to_owned(),
            Threshold::PerLabel => "per-label".to_owned(),
        }
    }
}

impl Threshold {
    /// One that is said in numbers, which is all that a trained model can be given; nothing where `text` says something else.
    ///
    /// # Errors
    /// If a label is named twice.
    pub fn of_numbers(text: &str) -> Result<Option<Self>, String> {
        let is_probability = |value: f64| (0.0..=1.0).contains(&value);
        if let Some(value) = text.trim().parse().ok().filter(|&value| is_probability(value)) {
            return Ok(Some(Self::Fixed(value)));
        }
        let Some(pairs) = by_label(text, is_probability) else {
            return Ok(None);
        };
        match named_twice(&pairs) {
            Some(label) => Err(format!("threshold names {label:?} twice")),
            None => Ok(Some(Self::ByLabel(pairs))),
        }
    }
}

impl TryFrom<String> for Threshold {
    type Error = String;

    fn try_from(text: String) -> Result<Self, String> {
        match text.as_str() {
            "auto" => Ok(Self::Auto),
            "per-label" => Ok(Self::PerLabel),
            _ => Self::of_numbers(&text)?.ok_or_else(|| {
                format!("threshold {text:?}: say auto, per-label, a number from 0 to 1 or LABEL=NUMBER,…")
            }),
        }
    }
}

impl From<Threshold> for Value {
    fn from(threshold: Threshold) -> Self {
        match threshold {
            // A label with a comma could not be told apart in one text.
            Threshold::ByLabel(pairs) => pairs
                .into_iter()
                .map(|(label, number)| (label, json!(number)))
                .collect(),
            other => Self::String(other.into()),
        }
    }
}

impl TryFrom<Value> for Threshold {
    type Error = String;

    fn try_from(value: Value) -> Result<Self, String> {
        match value {
            Value::String(text) => text.try_into(),
            Value::Number(number) => number.to_string().try_into(),
            Value::Object(labels) => {
                let number = |(label, value): (String, Value)| {
                    let number = value.as_f64().filter(|number| (0.0..=1.0).contains(number));
                    let wrong = || format!("threshold of {label:?} is {value}: say a number from 0 to 1");
                    number.ok_or_else(wrong).map(|number| (label, number))
                };
                labels
                    .into_iter()
                    .map(number)
                    .collect::<Result<_, _>>()
                    .map(Self::ByLabel)
            }
            other => other.to_string().try_into(),
        }
    }
}

/// Which pieces of a text learn tags.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum LabelPieces {
    /// The first of each word where the data is split into words, else all.
    #[default]
    Auto,
    /// The first of each word, as the tokenizer or the data cuts words.
    First,
    /// All.
    All,
}

/// Which weights learn; the others are frozen.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(into = "String", try_from = "String")]
pub enum TrainLayers {
    /// All of them.
    #[default]
    All,
    /// The upper layers and the head; what lies below is computed once for each example.
    Top(usize),
    /// The head (with the pooler); the encoder is computed once for each example.
    Head,
}

impl From<TrainLayers> for String {
    fn from(layers: TrainLayers) -> Self {
        match layers {
            TrainLayers::All => "all".to_owned(),
            TrainLayers::Top(layers) => format!("top:{layers}"),
            TrainLayers::Head => "head".to_owned(),
        }
    }
}

impl TryFrom<String> for TrainLayers {
    type Error = String;

    fn try_from(text: String) -> Result<Self, String> {
        let top = |text: &str| text.strip_prefix("top:")?.parse().ok().filter(|&layers| layers > 0);
        match text.as_str() {
            "all" => Ok(Self::All),
            "head" => Ok(Self::Head),
            other => top(other)
                .map(Self::Top)
                .ok_or_else(|| format!("train layers {other:?}: say all, top:K or head")),
        }
    }
}

/// Whether the last layer is fitted to frozen features instead of trained.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Probe {
    /// It is trained.
    #[default]
    None,
    /// It is fitted, as a logistic regression.
    Logistic,
}

impl From<Probe> for String {
    fn from(probe: Probe) -> Self {
        match probe {
            Probe::None => "none".to_owned(),
            Probe::Logistic => "logistic".to_owned(),
        }
    }
}

/// What decides between the models of two evaluations.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum BestMetric {
    /// What is usual for the task.
    #[default]
    Auto,
    /// Share of right answers.
    Accuracy,
    /// Mean of the classes' F1.
    MacroF1,
    /// F1 of all decisions about labels together.
    MicroF1,
    /// F1 of all entities together, or the mean F1 of the answers over their words.
    F1,
    /// Share of the answers that are right to the letter.
    ExactMatch,
    /// Mean F1 of the answers over their characters.
    CharacterF1,
    /// Matthews correlation coefficient.
    Mcc,
    /// Pearson's correlation.
    Pearson,
    /// Spearman's rank correlation.
    Spearman,
    /// Evaluation loss, the lower the better.
    Loss,
}

impl From<BestMetric> for String {
    fn from(metric: BestMetric) -> Self {
        let name = match metric {
            BestMetric::Auto => "auto",
            BestMetric::Accuracy => "accuracy",
            BestMetric::MacroF1 => "macro-f1",
            BestMetric::MicroF1 => "micro-f1",
            BestMetric::F1 => "f1",
            BestMetric::ExactMatch => "exact-match",
            BestMetric::CharacterF1 => "character-f1",
            BestMetric::Pearson => "pearson",
            BestMetric::Spearman => "spearman",
            BestMetric::Mcc => "mcc",
            BestMetric::Loss => "loss",
        };
        name.to_owned()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn words_are_read_and_written_alike() {
        for text in ["all", "top:3", "head"] {
            assert_eq!(String::from(TrainLayers::try_from(text.to_owned()).expect(text)), text);
        }
        for text in ["none", "balanced", "joy=2,anger=0.5"] {
            assert_eq!(String::from(ClassWeights::try_from(text.to_owned()).expect(text)), text);
        }
        for text in ["0.25", "1", "auto", "per-label", "a=0.3,b=c=0.2"] {
            assert_eq!(String::from(Threshold::try_from(text.to_owned()).expect(text)), text);
        }
        for text in ["1.5", "-0.1", "NaN", "best", "a=2", "a=0.3,b", "a=0.3,a=0.2"] {
            assert!(Threshold::try_from(text.to_owned()).is_err(), "{text}");
        }
        assert!(TrainLayers::try_from("top:0".to_owned()).is_err());
        assert!(ClassWeights::try_from("joy=much".to_owned()).is_err());
        assert!(ClassWeights::try_from("joy=1,joy=2".to_owned()).is_err());
    }

    #[test]
    fn a_threshold_in_json_is_a_text_a_number_or_an_object() {
        let read = |value: Value| serde_json::from_value::<Threshold>(value);
        assert_eq!(read(json!(0.3)).expect("a number"), Threshold::Fixed(0.3));
        assert_eq!(read(json!(1)).expect("a whole number"), Threshold::Fixed(1.0));
        assert_eq!(read(json!("0.3")).expect("a text"), Threshold::Fixed(0.3));
        let commas = json!({"a, b": 0.3, "c=d": 0.2});
        let by_label = read(commas.clone()).expect("an object");
        assert_eq!(serde_json::to_value(&by_label).expect("written"), commas);
        for wrong in [
            json!(2),
            json!(true),
            json!(null),
            json!([0.3]),
            json!({"a": "0.3"}),
            json!({"a": -1}),
        ] {
            assert!(read(wrong.clone()).is_err(), "{wrong}");
        }
    }
}
