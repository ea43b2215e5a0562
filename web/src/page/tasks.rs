//! Says what a task is to the page: which boxes it has, which options mean something for it, how its training begins.
//!
//! What a task's examples look like stands in `data`, its words in `words::tasks`; what a model says is drawn by the kind of its
//! answer, in `results`.

use terakoya_core::task_kind::TaskKind;
use terakoya_core::training_config::BestMetric;

use super::training::form::Layers;

/// What the second text of an example is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Second {
    /// Another text, where there is one.
    Text,
    /// The passage that a question is about.
    Passage,
    /// Nothing: examples are single texts.
    Nothing,
}

/// How the training of upper layers begins; numbers as they are typed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Upper {
    /// How many layers, where the model has as many.
    pub layers: usize,
    /// Passes.
    pub epochs: &'static str,
    /// The learning rate.
    pub learning_rate: &'static str,
}

/// Where the model goes on with what it was made for.
const GENTLE: Upper = Upper {
    layers: 2,
    epochs: "3",
    learning_rate: "0.00005",
};
/// For a few hundred examples, as in the lessons of single texts and of pairs.
const BOLD: Upper = Upper {
    layers: 4,
    epochs: "5",
    learning_rate: "0.0002",
};

/// Where single tokens are right or wrong, as in the lessons of names and of answers.
const BOLDER: Upper = Upper {
    learning_rate: "0.0005",
    ..BOLD
};

/// A task as the page shows it.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct TaskForm {
    /// Which task.
    pub kind: TaskKind,
    /// Its name on the command line and in choices.
    pub name: &'static str,
    /// What the second text of an example is.
    pub second: Second,
    /// Whether examples are given names out of a list: labels, or types of entities.
    pub names: bool,
    /// Whether examples have right answers; else they are texts by themselves.
    pub answers: bool,
    /// Options that mean something for it only.
    pub options: &'static [&'static str],
    /// What a model can be the best by, and what the curves show.
    pub metrics: &'static [BestMetric],
    /// What may learn, the quickest first.
    pub choices: &'static [Layers],
    /// What learns to begin with.
    pub layers: Layers,
    /// How the training of upper layers begins.
    pub upper: Upper,
    /// The option that says how many tokens are read at once.
    pub length_key: &'static str,
    /// What it is to begin with, for single texts and for pairs; the core's own way where it is empty.
    pub length: [&'static str; 2],
    /// The learning rate to begin with, where it is not that of what learns.
    pub learning_rate: Option<&'static str>,
}

/// The tasks in the order of the choice.
pub const ALL: [TaskKind; 7] = [
    TaskKind::SequenceClassification,
    TaskKind::MultiLabelClassification,
    TaskKind::Regression,
    TaskKind::TokenClassification,
    TaskKind::QuestionAnswering,
    TaskKind::MaskedLm,
    TaskKind::CausalLm,
];

const CLASSES: TaskForm = TaskForm {
    kind: TaskKind::SequenceClassification,
    name: "sequence-classification",
    second: Second::Text,
    names: true,
    answers: true,
    options: &["label_smoothing", "class_weights"],
    metrics: &[BestMetric::Accuracy, BestMetric::MacroF1, BestMetric::Mcc],
    choices: &Layers::ALL,
    layers: Layers::Top,
    upper: BOLD,
    length_key: "max_length",
    length: ["64", "96"],
    learning_rate: None,
};

const LABELS: TaskForm = TaskForm {
    kind: TaskKind::MultiLabelClassification,
    name: "multi-label-classification",
    options: &["threshold"],
    metrics: &[BestMetric::MicroF1, BestMetric::MacroF1],
    ..CLASSES
};

const SCORE: TaskForm = TaskForm {
    kind: TaskKind::Regression,
    name: "regression",
    names: false,
    options: &["target_scale"],
    metrics: &[BestMetric::Pearson, BestMetric::Spearman],
    ..CLASSES
};

const NAMES: TaskForm = TaskForm {
    kind: TaskKind::TokenClassification,
    name: "token-classification",
    second: Second::Nothing,
    options: &["viterbi", "label_pieces"],
    metrics: &[BestMetric::F1, BestMetric::MacroF1],
    upper: BOLDER,
    length: ["96", "96"],
    ..CLASSES
};

const ANSWERS: TaskForm = TaskForm {
    kind: TaskKind::QuestionAnswering,
    name: "question-answering",
    second: Second::Passage,
    names: false,
    options: &["stride", "max_answer_length"],
    metrics: &[BestMetric::F1, BestMetric::ExactMatch, BestMetric::CharacterF1],
    upper: BOLDER,
    length: ["192", "192"],
    ..CLASSES
};

const HIDDEN_WORDS: TaskForm = TaskForm {
    kind: TaskKind::MaskedLm,
    name: "masked-lm",
    second: Second::Nothing,
    names: false,
    answers: false,
    options: &["mlm_probability", "whole_word_masking", "block_size"],
    metrics: &[],
    upper: GENTLE,
    length: ["64", "64"],
    ..CLASSES
};

const NEXT_WORDS: TaskForm = TaskForm {
    kind: TaskKind::CausalLm,
    name: "causal-lm",
    options: &[],
    // It says words with the table that reads them and has no head of its own.
    choices: &[Layers::Top, Layers::All],
    layers: Layers::All,
    length_key: "block_size",
    length: ["", ""],
    learning_rate: Some("0.0005"),
    ..HIDDEN_WORDS
};

/// What a task is to the page.
pub fn of(task: TaskKind) -> &'static TaskForm {
    match task {
        TaskKind::SequenceClassification => &CLASSES,
        TaskKind::MultiLabelClassification => &LABELS,
        TaskKind::Regression => &SCORE,
        TaskKind::TokenClassification => &NAMES,
        TaskKind::QuestionAnswering => &ANSWERS,
        TaskKind::MaskedLm => &HIDDEN_WORDS,
        TaskKind::CausalLm => &NEXT_WORDS,
    }
}

/// The task with a name.
pub fn named(name: &str) -> Option<TaskKind> {
    ALL.into_iter().find(|task| of(*task).name == name)
}
