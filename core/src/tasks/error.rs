//! Names what labels, texts and models that do not fit each other lack.

use super::{Setting, TaskKind};
use crate::bio::TagError;
use crate::data::Place;

/// Labels and model that do not fit each other.
#[derive(Debug, thiserror::Error)]
pub enum TaskError {
    /// A part of the model that it does not have.
    #[error("there is no {what} number {number}: the model has {count}, counted from 0")]
    NoSuch {
        /// What was asked for.
        what: &'static str,
        /// Its number.
        number: usize,
        /// How many there are.
        count: usize,
    },
    /// An example says what is neither listed nor said by the training data.
    #[error(
        "{file}, {place}: label {label:?} is not among those to learn: {}; --labels FILE can list them all",
        listed(known)
    )]
    UnknownLabel {
        /// The data file.
        file: String,
        /// Where it stands in it.
        place: Place,
        /// The label.
        label: String,
        /// The labels that the model can say.
        known: Vec<String>,
    },
    /// A score that is not a number.
    #[error("{file}, {place}: {found:?} is not a number")]
    NotANumber {
        /// The data file.
        file: String,
        /// Where it stands in it.
        place: Place,
        /// What it is.
        found: String,
    },
    /// A score beyond the numbers that a model learns.
    #[error(
        "{file}, {place}: the score {found} is too large: numbers up to {limit} are learned; divide the scores, or give \
         --target-scale"
    )]
    LargeScore {
        /// The data file.
        file: String,
        /// Where it stands in it.
        place: Place,
        /// The score.
        found: f64,
        /// The largest.
        limit: &'static str,
    },
    /// A score that the scale makes too large to be learned.
    #[error(
        "{file}, {place}: the score {found} divided by --target-scale {scale} is too large: numbers up to {limit} are \
         learned; raise the scale"
    )]
    SmallScale {
        /// The data file.
        file: String,
        /// Where it stands in it.
        place: Place,
        /// The score.
        found: f64,
        /// What it is divided by.
        scale: f64,
        /// The largest.
        limit: &'static str,
    },
    /// Data in which no example has a label.
    #[error("{file}: no example has a label")]
    NoLabels {
        /// The data file.
        file: String,
    },
    /// Tagged words, or texts with spans, that name nothing.
    #[error("{file}: no entity type occurs in it; --labels FILE can list the tags")]
    NoNames {
        /// The data file.
        file: String,
    },
    /// A setting for a task that does not have it.
    #[error("--{} counts for {}, but the model is for {}", setting.flag(), setting.task().name(), task.name())]
    NoSetting {
        /// What was asked for.
        setting: Setting,
        /// What the model is for.
        task: TaskKind,
    },
    /// A list of labels that are not tags.
    #[error(transparent)]
    Tags(#[from] TagError),
    /// An example of which it is not known what it names.
    #[error(
        "{file}, {place}: the example has neither tagged words nor spans; token-classification learns from one word a \
         line with its tag, or from JSON with \"text\" and \"entities\""
    )]
    NoTags {
        /// The data file.
        file: String,
        /// Where it stands in it.
        place: Place,
    },
    /// An example that is not a question about a passage with its answers.
    #[error(
        "{file}, {place}: the example is no question about a passage with its answers; question-answering learns from \
         JSON as SQuAD's, or from records with question, context and answers"
    )]
    NoAnswers {
        /// The data file.
        file: String,
        /// Where it stands in it.
        place: Place,
    },
    /// A question that is only asked.
    #[error(
        "{file}, {place}{}: the question has no \"answers\", which question-answering learns from and is scored by: a list \
         in a JSON file, empty where the passage holds no answer",
        id.as_ref().map(|id| format!(" ({id:?})")).unwrap_or_default()
    )]
    OpenQuestion {
        /// The data file.
        file: String,
        /// Where it stands in it.
        place: Place,
        /// Its id, where it has one.
        id: Option<Box<str>>,
    },
    /// A model that cannot learn a task, since it sees too little or too much of a text.
    #[error("a {model_type} model cannot learn {}: {}", task.name(), match task.definition().is_causal {
        true => "it sees what stands behind a word; take a causal model such as gpt2",
        false => "it sees only what stands before a word; take an encoder such as bert",
    })]
    WrongModel {
        /// What was asked of it.
        task: TaskKind,
        /// `model_type` of config.json.
        model_type: &'static str,
    },
    /// Reasons for words, which are too many outputs to ask about one.
    #[error("what a {} model says is not explained", task.name())]
    NoReasons {
        /// What the model is for.
        task: TaskKind,
    },
    /// A prediction of a model that makes texts.
    #[error("a causal-lm model continues texts: use generate")]
    Continues,
    /// A tokenizer that cannot hide words.
    #[error("masked-lm hides words behind a mask token, and the model's tokenizer {}", match token {
        Some(token) => format!("has no {token:?} in its vocabulary"),
        None => "has no mask_token: its files say null, or name none and the vocabulary has neither [MASK] nor <mask>".to_owned(),
    })]
    NoMaskToken {
        /// The token that its files name, where they name one.
        token: Option<String>,
    },
    /// A text in which nothing is left open.
    #[error(
        "text {line} has no {mask}{}: write {mask} where a word is to be guessed",
        cut_at.map(|tokens| format!(" within its first {tokens} tokens")).unwrap_or_default()
    )]
    NoMask {
        /// Its line.
        line: usize,
        /// How the model spells what has to be there.
        mask: String,
        /// The most tokens that are read, where the text has more.
        cut_at: Option<usize>,
    },
    /// Texts without words.
    #[error("{file}: its texts hold nothing to learn from: no two tokens")]
    NoText {
        /// The data file.
        file: String,
    },
    /// A question that leaves no room for its passage.
    #[error(
        "{}question {line} ({question:?}) has {tokens} tokens, but at most {room} leave room for its passage {}",
        file.as_ref().map(|file| format!("{file}: ")).unwrap_or_default(),
        match max_length < longest {
            true => format!("in the {max_length} of --max-length: raise it (the model reads {longest}) or shorten the question"),
            false => format!("in the {longest} that the model reads: shorten it"),
        }
    )]
    LongQuestion {
        /// The data file, where there is one.
        file: Option<String>,
        /// Its line or number.
        line: usize,
        /// Its id, or how it begins where it has none.
        question: String,
        /// Its tokens.
        tokens: usize,
        /// The most that would leave a token to the passage.
        room: usize,
        /// Most tokens of a window.
        max_length: usize,
        /// The most that the model reads, which no option changes.
        longest: usize,
    },
    /// A question about nothing.
    #[error(
        "question {line} needs its passage: --context, --data with both, or on stdin a tab and the passage behind it"
    )]
    NoPassage {
        /// Its line or number.
        line: usize,
    },
    /// An example without a label where one is needed.
    #[error("{file}, {place}: the example has no label; name the column with --label-column")]
    NoLabel {
        /// The data file.
        file: String,
        /// Where it stands in it.
        place: Place,
    },
    /// Too few classes to tell apart.
    #[error("{file}: every example has the label {label:?}; classification needs at least two")]
    OneLabel {
        /// The data file.
        file: String,
        /// The only label.
        label: String,
    },
    /// A file, or a part of one, without examples.
    #[error("{file}: there are no examples")]
    Empty {
        /// The data file.
        file: String,
    },
    /// Class weights under which nothing counts.
    #[error("--class-weights gives every label of the training data the weight 0")]
    NoWeight,
    /// A label that class weights name but the data does not.
    #[error("--class-weights names {label:?}, which is not a label; known: {}", listed(known))]
    UnknownWeightLabel {
        /// The label.
        label: String,
        /// The labels there are.
        known: Vec<String>,
    },
    /// A label that a threshold names but that is not there.
    #[error("--threshold names {label:?}, which is not a label; known: {}", listed(known))]
    UnknownThresholdLabel {
        /// The label.
        label: String,
        /// The labels there are.
        known: Vec<String>,
    },
    /// A head of another size than config.json says.
    #[error(
        "the model's head for {} does not fit config.json, whose labels number {labels}: tensor {tensor} has shape {found:?} instead of {expected:?}",
        task.name()
    )]
    OtherHead {
        /// What was asked of the model.
        task: TaskKind,
        /// The labels that `id2label` names.
        labels: usize,
        /// A tensor of the head.
        tensor: String,
        /// Its shape.
        found: Vec<usize>,
        /// The shape that so many labels need.
        expected: Vec<usize>,
    },
    /// A model whose head is not read.
    #[error(
        "config.json says the model is a {class}, whose head is not read here: only {} is known of its family; it can be \
         embedded, and trained for that",
        task.name()
    )]
    UnreadHead {
        /// The class that config.json names.
        class: String,
        /// What the family is read for.
        task: TaskKind,
    },
    /// A model that was never fine-tuned.
    #[error("the model has no trained head for {} (missing: {}); fine-tune it first", task.name(), missing.join(", "))]
    NoHead {
        /// What was asked of it.
        task: TaskKind,
        /// The tensors that are not in the checkpoint.
        missing: Vec<String>,
    },
}

/// How many labels a message lists.
const LISTED_LABELS: usize = 10;

fn listed(labels: &[String]) -> String {
    let more = if labels.len() > LISTED_LABELS { ", …" } else { "" };
    format!("{}{more}", labels[..labels.len().min(LISTED_LABELS)].join(", "))
}

impl TaskError {
    /// Whether it is about one example that leaves nothing to ask, so that others can be asked.
    pub fn is_unasked(&self) -> bool {
        matches!(
            self,
            Self::NoMask { .. } | Self::NoPassage { .. } | Self::LongQuestion { .. }
        )
    }

    /// The error, with the file where its example stands.
    pub fn in_file(mut self, name: &str) -> Self {
        if let Self::LongQuestion { file, .. } = &mut self {
            *file = Some(name.to_owned());
        }
        self
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn many_labels_are_listed_by_the_first() {
        let message = |labels: usize| {
            let known = (0..labels).map(|label| label.to_string()).collect();
            let label = "new".to_owned();
            TaskError::UnknownThresholdLabel { label, known }.to_string()
        };
        assert!(message(10).ends_with("known: 0, 1, 2, 3, 4, 5, 6, 7, 8, 9"));
        assert!(message(11).ends_with("known: 0, 1, 2, 3, 4, 5, 6, 7, 8, 9, …"));
    }
}
