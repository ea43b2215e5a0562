//! Says which flags of the commands mean something for which tasks; the core's table says it of the training options.

use terakoya_core::tasks::TaskKind;

use crate::usage::UsageError;

const PAIRS: &[TaskKind] = &[
    TaskKind::SequenceClassification,
    TaskKind::MultiLabelClassification,
    TaskKind::Regression,
    TaskKind::QuestionAnswering,
    TaskKind::MaskedLm,
];
const NAMED: &[TaskKind] = &[
    TaskKind::SequenceClassification,
    TaskKind::MultiLabelClassification,
    TaskKind::TokenClassification,
];
const OUTPUTS: &[TaskKind] = &[
    TaskKind::SequenceClassification,
    TaskKind::MultiLabelClassification,
    TaskKind::Regression,
    TaskKind::TokenClassification,
];

/// Each flag with the tasks that have a use for it.
const USES: &[(&str, &[TaskKind])] = &[
    ("question", &[TaskKind::QuestionAnswering]),
    ("context", &[TaskKind::QuestionAnswering]),
    ("text-pair", PAIRS),
    ("pair-column", PAIRS),
    ("labels", NAMED),
    ("label-map", NAMED),
    ("logits", OUTPUTS),
];

/// Refuses the flags among `given` that `task` has no use for: names, each with whether it was given.
///
/// # Errors
/// The first such flag.
pub fn check(task: TaskKind, given: &[(&str, bool)]) -> Result<(), UsageError> {
    for (flag, _) in given.iter().filter(|(_, is_given)| *is_given) {
        let uses = USES.iter().find(|(name, _)| name == flag);
        let (_, tasks) = uses.expect("every flag that is checked is in the table");
        if !tasks.contains(&task) {
            let names: Vec<&str> = tasks.iter().map(|task| task.name()).collect();
            let names = names.join(", ");
            return Err(UsageError(format!("--{flag} counts for {names} only, not for {task}")));
        }
    }
    Ok(())
}
