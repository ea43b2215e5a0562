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
    /// Options that mean something for it only.
    pub options: &'static [&'static str],
    /// What a model can be the best by, and what the curves show.
    pub metrics: &'static [BestMetric],
    /// What learns to begin with, for single texts and for pairs.
    pub layers: [Layers; 2],
    /// Longest text in tokens to begin with, for single texts and for pairs.
    pub max_length: [&'static str; 2],
}

/// The tasks that are taught here, in the order of the choice; a model for another one can be tried.
pub const ALL: [TaskKind; 5] = [
    TaskKind::SequenceClassification,
    TaskKind::MultiLabelClassification,
    TaskKind::Regression,
    TaskKind::TokenClassification,
    TaskKind::QuestionAnswering,
];

const CLASSES: TaskForm = TaskForm {
    kind: TaskKind::SequenceClassification,
    name: "sequence-classification",
    second: Second::Text,
    names: true,
    options: &["label_smoothing", "class_weights"],
    metrics: &[BestMetric::Accuracy, BestMetric::MacroF1, BestMetric::Mcc],
    layers: [Layers::Head, Layers::Top],
    max_length: ["64", "96"],
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
    layers: [Layers::Top, Layers::Top],
    max_length: ["96", "96"],
    ..CLASSES
};

const ANSWERS: TaskForm = TaskForm {
    kind: TaskKind::QuestionAnswering,
    name: "question-answering",
    second: Second::Passage,
    names: false,
    options: &["stride", "max_answer_length"],
    metrics: &[BestMetric::F1, BestMetric::ExactMatch, BestMetric::CharacterF1],
    layers: [Layers::Top, Layers::Top],
    max_length: ["192", "192"],
};

const HIDDEN_WORDS: TaskForm = TaskForm {
    kind: TaskKind::MaskedLm,
    name: "masked-lm",
    second: Second::Nothing,
    names: false,
    options: &[],
    metrics: &[],
    ..NAMES
};

const NEXT_WORDS: TaskForm = TaskForm {
    kind: TaskKind::CausalLm,
    name: "causal-lm",
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
