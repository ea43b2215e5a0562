//! Lists the options of a run: key, other spellings, help, and the tasks that each means something for.
//!
//! The command line makes its flags of them; [`super::TrainingConfig`] refuses an option that its task, or a probe, has no use
//! for.

use crate::task_kind::TaskKind;

/// An option as a flag: `flag` is the kebab-case of `key`.
#[derive(Debug, Clone, Copy)]
pub struct TrainingOption {
    /// Key in run.json and field of [`TrainingConfig`].
    pub key: &'static str,
    /// Other spellings of the flag, without the dashes in front.
    pub aliases: &'static [&'static str],
    /// One line for `--help`.
    pub help: &'static str,
    /// The tasks that it means something for; empty: every one.
    pub tasks: &'static [TaskKind],
    /// Whether it means something only where a model is trained step by step, not where a probe is fitted.
    pub is_of_steps: bool,
}

const fn option(key: &'static str, aliases: &'static [&'static str], help: &'static str) -> TrainingOption {
    TrainingOption {
        key,
        aliases,
        help,
        tasks: &[],
        is_of_steps: false,
    }
}

impl TrainingOption {
    const fn only_for(self, tasks: &'static [TaskKind]) -> Self {
        Self { tasks, ..self }
    }

    const fn of_steps(self) -> Self {
        Self {
            is_of_steps: true,
            ..self
        }
    }
}

/// All options but `task`, in the order of `--help`.
pub const OPTIONS: &[TrainingOption] = &[
    option(
        "epochs",
        &["num_train_epochs", "num-train-epochs"],
        "passes over the training data",
    )
    .of_steps(),
    option(
        "batch_size",
        &["per_gpu_train_batch_size", "per_device_train_batch_size"],
        "examples a forward pass",
    )
    .of_steps(),
    option(
        "eval_batch_size",
        &["per_gpu_eval_batch_size", "per_device_eval_batch_size"],
        "examples a forward pass of an evaluation",
    ),
    option("learning_rate", &["learning_rate", "lr"], "highest learning rate").of_steps(),
    option(
        "lr_schedule",
        &["lr_scheduler_type", "lr-scheduler-type"],
        "linear, cosine or constant after the warm-up",
    )
    .of_steps(),
    option(
        "warmup_ratio",
        &["warmup_ratio"],
        "share of all steps in which the learning rate rises",
    )
    .of_steps(),
    option(
        "warmup_steps",
        &["warmup_steps"],
        "steps in which the learning rate rises; wins over the ratio",
    )
    .of_steps(),
    option(
        "weight_decay",
        &["weight_decay"],
        "decoupled weight decay; none on biases and LayerNorm",
    )
    .of_steps(),
    option("adam_beta1", &["adam_beta1"], "AdamW's first decay rate").of_steps(),
    option("adam_beta2", &["adam_beta2"], "AdamW's second decay rate").of_steps(),
    option("adam_epsilon", &["adam_epsilon"], "AdamW's epsilon").of_steps(),
    option(
        "max_grad_norm",
        &["max_grad_norm"],
        "largest joint norm of the gradients; 0 leaves them alone",
    )
    .of_steps(),
    option(
        "gradient_accumulation_steps",
        &["gradient_accumulation_steps"],
        "batches whose gradients make one step",
    )
    .of_steps(),
    option(
        "label_smoothing",
        &["label_smoothing_factor", "label-smoothing-factor"],
        "share of the target spread over all classes",
    )
    .only_for(&[TaskKind::SequenceClassification])
    .of_steps(),
    option(
        "class_weights",
        &["class_weights"],
        "none, balanced, or LABEL=WEIGHT,… (labels left out weigh 1)",
    )
    .only_for(&[TaskKind::SequenceClassification]),
    option(
        "target_scale",
        &["target_scale"],
        "what regression divides scores by while it learns, 5 for 0 to 5; predictions stay in the data's units",
    )
    .only_for(&[TaskKind::Regression]),
    option(
        "threshold",
        &[],
        "probability from which a label of several is said, or LABEL=PROBABILITY,… (labels left out keep 0.5); auto or per-label: chosen on the evaluation data",
    )
    .only_for(&[TaskKind::MultiLabelClassification]),
    option(
        "label_pieces",
        &[],
        "pieces that learn tags: first (of each word) or all; auto: first where the data is split into words",
    )
    .only_for(&[TaskKind::TokenClassification]),
    option(
        "viterbi",
        &[],
        "true: tags are chosen together, so that no I- begins an entity; false: each by itself",
    )
    .only_for(&[TaskKind::TokenClassification]),
    option(
        "stride",
        &["doc_stride", "doc-stride"],
        "tokens that neighbouring windows of a long passage share",
    )
    .only_for(&[TaskKind::QuestionAnswering]),
    option("max_answer_length", &["max_answer_length"], "most tokens of an answer")
    .only_for(&[TaskKind::QuestionAnswering]),
    option(
        "mlm_probability",
        &["mlm_probability"],
        "share of the tokens, or words, that masked-lm hides",
    )
    .only_for(&[TaskKind::MaskedLm]),
    option(
        "whole_word_masking",
        &["whole_word_mask", "whole-word-mask"],
        "true: all tokens of a word are hidden together",
    )
    .only_for(&[TaskKind::MaskedLm]),
    option(
        "block_size",
        &["block_size"],
        "tokens of a row of running text; 0: causal-lm takes 128, masked-lm each text by itself",
    )
    .only_for(&[TaskKind::MaskedLm, TaskKind::CausalLm]),
    option(
        "max_length",
        &["max_seq_length", "max-seq-length"],
        "longest text in tokens, special tokens included",
    ),
    option("dropout", &[], "dropout instead of the config's, 0 to below 1").of_steps(),
    option(
        "train_layers",
        &[],
        "all, top:K (the upper K layers and the head) or head",
    ),
    option(
        "probe",
        &[],
        "logistic, with --train-layers head: fits the last layer as a logistic regression, in seconds, instead of epochs; or none",
    )
    .only_for(&[TaskKind::SequenceClassification]),
    option(
        "probe_l2",
        &[],
        "how much a probe's long coefficients cost; scikit-learn's 1/C",
    )
    .only_for(&[TaskKind::SequenceClassification]),
    option(
        "length_bucketing",
        &["group_by_length"],
        "true: texts of similar length share a batch",
    )
    .of_steps(),
    option("seed", &[], "seed of shuffling, dropout and new weights"),
    option(
        "eval_steps",
        &["eval_steps"],
        "steps between evaluations, the last at the end; 0: after each epoch",
    )
    .of_steps(),
    option("logging_steps", &["logging_steps"], "steps between progress reports").of_steps(),
    option(
        "early_stopping_patience",
        &["early_stopping_patience"],
        "evaluations without improvement before the run stops; 0: never",
    )
    .of_steps(),
    option(
        "best_metric",
        &["metric_for_best_model"],
        "accuracy, macro-f1, micro-f1, f1, exact-match, character-f1, mcc, pearson, spearman or loss; auto: the task's usual choice",
    )
    .of_steps(),
    option(
        "keep_best",
        &["load_best_model_at_end"],
        "true keeps the best model, false the last",
    )
    .of_steps(),
    option(
        "max_train_samples",
        &["max_train_samples"],
        "training examples used, of running text works; 0: all",
    ),
    option(
        "max_eval_samples",
        &["max_eval_samples"],
        "evaluation examples used, of running text works; 0: all",
    ),
];
