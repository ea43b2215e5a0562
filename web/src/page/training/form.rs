//! Turns what is chosen and typed into a `TrainingConfig`, with defaults that follow the choice of what learns.

use std::collections::BTreeMap;

use serde_json::{Map, Value};
use terakoya_core::task_kind::TaskKind;
use terakoya_core::training_config::{TrainLayers, TrainingConfig};

use crate::page::data::table::Table;
use crate::page::figures;
use crate::page::tasks;

/// Progress reports of a run: enough for a smooth curve, few enough to draw.
const REPORTS: usize = 200;

/// Fewer examples than these are a small table, of which a pass is a step or a few.
const SMALL_TABLE: usize = 100;
/// Steps that a new head needs before it says more than chance does.
const FEWEST_STEPS: usize = 100;

/// What learns.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Layers {
    /// The head; seconds.
    Head,
    /// The upper layers and the head.
    Top,
    /// Everything.
    All,
}

impl Layers {
    /// All choices, the quickest first.
    pub const ALL: [Self; 3] = [Self::Head, Self::Top, Self::All];

    /// The name in ids.
    pub fn name(self) -> &'static str {
        match self {
            Self::Head => "head",
            Self::Top => "top",
            Self::All => "all",
        }
    }
}

/// The fields, by the key of their option; what is not typed has the default.
#[derive(Debug, Clone, PartialEq)]
pub struct Form {
    /// What is learned.
    pub task: TaskKind,
    /// What learns.
    pub layers: Layers,
    /// Encoder layers of the open model.
    pub model_layers: usize,
    /// Whether examples are pairs of texts.
    pairs: bool,
    /// Examples to learn from.
    rows: usize,
    /// The highest score of the examples, by which they are divided.
    target_scale: f64,
    typed: BTreeMap<&'static str, String>,
}

impl Default for Form {
    fn default() -> Self {
        let task = TaskKind::default();
        Self {
            task,
            layers: tasks::of(task).layers,
            model_layers: usize::MAX,
            pairs: false,
            rows: 0,
            target_scale: 1.0,
            typed: BTreeMap::new(),
        }
    }
}

/// The options that the page shows at once, beside the one for the length of what is read.
const MAIN: &[&str] = &["epochs", "learning_rate", "batch_size"];
/// The options behind "more" that every task has.
const MORE: &[&str] = &[
    "dropout",
    "warmup_ratio",
    "weight_decay",
    "early_stopping_patience",
    "best_metric",
];
/// The key of the number of upper layers that learn, which is a part of `train_layers`.
pub const TOP_LAYERS: &str = "top_layers";

/// A field that cannot be understood.
#[derive(Debug, Clone, PartialEq)]
pub struct FieldError {
    /// Its key.
    pub key: String,
    /// What was typed.
    pub value: String,
    /// What it should be, as the core says it.
    pub reason: String,
}

/// What counts something of which there may be none.
pub const NATURAL: &str = "must be a whole number, 0 or more";
/// What a seed is.
pub const SEED: &str = "must be a whole number from 0 to 18,446,744,073,709,551,615";

impl FieldError {
    /// What cannot be a seed.
    pub fn of_seed(value: String) -> Self {
        Self {
            key: "seed".to_owned(),
            value,
            reason: SEED.to_owned(),
        }
    }
}

impl Form {
    /// Becomes the form for the task of a table of which `rows` are learned from; for another one than before, with what it begins with.
    pub fn suit(&mut self, table: &Table, rows: usize) {
        self.rows = rows;
        let pairs = table.has_pairs();
        let highest = table.scale().map(|(_, high)| high).filter(|high| *high > 0.0);
        self.target_scale = highest.unwrap_or(1.0);
        if (self.task, self.pairs) == (table.task, pairs) {
            return;
        }
        (self.task, self.pairs) = (table.task, pairs);
        for key in ["max_length", "block_size", "best_metric", TOP_LAYERS] {
            self.typed.remove(key);
        }
        self.choose(tasks::of(table.task).layers);
    }

    /// The options that the page shows at once.
    pub fn main(&self) -> impl Iterator<Item = &'static str> + use<> {
        MAIN.iter().copied().chain([tasks::of(self.task).length_key])
    }

    /// The options behind "more": those of every task, and the task's own.
    pub fn more(&self) -> impl Iterator<Item = &'static str> + use<> {
        MORE.iter().chain(tasks::of(self.task).options).copied()
    }

    /// Chooses what learns; passes and learning rate go back to its defaults.
    pub fn choose(&mut self, layers: Layers) {
        self.layers = layers;
        for key in ["epochs", "learning_rate"] {
            self.typed.remove(key);
        }
    }

    /// Takes what was typed.
    pub fn set(&mut self, key: &'static str, text: String) {
        self.typed.insert(key, text);
    }

    /// What a field shows.
    pub fn text(&self, key: &str) -> String {
        self.typed.get(key).cloned().unwrap_or_else(|| self.default_text(key))
    }

    fn default_text(&self, key: &str) -> String {
        let task = tasks::of(self.task);
        let upper = task.upper;
        let (epochs, learning_rate) = match self.layers {
            Layers::Head => ("10", "0.001"),
            Layers::Top => (upper.epochs, upper.learning_rate),
            Layers::All => ("3", "0.00002"),
        };
        match key {
            "epochs" => self.passes(epochs),
            // Of two or three texts all are right in the first pass already, and the best model would be that one's.
            "best_metric" if self.is_small() => "loss".to_owned(),
            "learning_rate" => task.learning_rate.unwrap_or(learning_rate).to_owned(),
            key if key == task.length_key => task.length[usize::from(self.pairs)].to_owned(),
            // The core's own way.
            "block_size" => String::new(),
            "target_scale" => figures::short(self.target_scale),
            TOP_LAYERS => upper.layers.min(self.model_layers).to_string(),
            _ => match serde_json::to_value(TrainingConfig::default())
                .ok()
                .as_ref()
                .and_then(|all| all.get(key))
            {
                None | Some(Value::Null) => String::new(),
                Some(Value::String(text)) => text.clone(),
                Some(other) => other.to_string(),
            },
        }
    }

    fn is_small(&self) -> bool {
        tasks::of(self.task).answers && (1..SMALL_TABLE).contains(&self.rows)
    }

    /// The passes to begin with: over a handful of examples as many more as [`FEWEST_STEPS`] ask for.
    fn passes(&self, usual: &str) -> String {
        let batch = self.text("batch_size").trim().parse().unwrap_or(1).max(1);
        let steps = self.rows.div_ceil(batch);
        let enough = if self.is_small() {
            FEWEST_STEPS.div_ceil(steps)
        } else {
            0
        };
        usual
            .parse()
            .map_or(enough, |usual: usize| usual.max(enough))
            .to_string()
    }

    /// The options as the command line reads them, with a report every so many of the steps that `rows` make.
    pub fn config(&self, seed: u64, rows: usize) -> Result<TrainingConfig, FieldError> {
        let mut options = Map::new();
        for key in self.main().chain(self.more()) {
            if let Some(value) = self.value(key)? {
                options.insert(key.to_owned(), value);
            }
        }
        let layers = match self.layers {
            Layers::Head => TrainLayers::Head,
            Layers::All => TrainLayers::All,
            Layers::Top => match self.text(TOP_LAYERS).trim().parse() {
                Ok(layers) if (1..=self.model_layers).contains(&layers) => TrainLayers::Top(layers),
                _ => {
                    let reason = format!("must be between 1 and {}", self.model_layers);
                    return Err(self.error(TOP_LAYERS, reason));
                }
            },
        };
        let typed: TrainingConfig = serde_json::from_value(Value::Object(options)).map_err(|error| FieldError {
            key: String::new(),
            value: String::new(),
            reason: error.to_string(),
        })?;
        let config = TrainingConfig {
            task: self.task,
            ..typed
        };
        config
            .validate()
            .map_err(|error| self.error(error.key, error.reason.into_owned()))?;
        let batch = config.batch_size * config.gradient_accumulation_steps;
        let steps = rows.div_ceil(batch).saturating_mul(config.epochs);
        Ok(TrainingConfig {
            train_layers: layers,
            seed,
            logging_steps: (steps / REPORTS).max(1),
            ..config
        })
    }

    /// What is typed as the value of its option; nothing where the field is empty.
    fn value(&self, key: &str) -> Result<Option<Value>, FieldError> {
        let text = self.text(key);
        let text = text.trim();
        if text.is_empty() {
            return Ok(None);
        }
        match key {
            "class_weights" | "best_metric" | "threshold" | "label_pieces" => {
                return Ok(Some(Value::String(text.to_owned())));
            }
            "viterbi" | "whole_word_masking" => return Ok(Some(Value::Bool(text == "true"))),
            _ => {}
        }
        let whole = text.parse::<u64>().ok().map(Value::from);
        let number = || {
            text.parse::<f64>()
                .ok()
                .and_then(serde_json::Number::from_f64)
                .map(Value::Number)
        };
        let value = whole.or_else(|| match is_whole(key) {
            true => None,
            false => number(),
        });
        value.map(Some).ok_or_else(|| self.error(key, self.range(key)))
    }

    /// What a number has to be, as the core says it of one that none can be.
    fn range(&self, key: &str) -> String {
        let none = if is_whole(key) { 0 } else { -1 };
        let options = Map::from_iter([(key.to_owned(), Value::from(none))]);
        let config: TrainingConfig = serde_json::from_value(Value::Object(options)).unwrap_or_default();
        let config = TrainingConfig {
            task: self.task,
            ..config
        };
        let wrong = config.validate().err().filter(|error| error.key == key);
        wrong.map_or_else(|| NATURAL.to_owned(), |error| error.reason.into_owned())
    }

    fn error(&self, key: &str, reason: String) -> FieldError {
        FieldError {
            key: key.to_owned(),
            value: self.text(key),
            reason,
        }
    }
}

/// Whether an option counts something.
pub fn is_whole(key: &str) -> bool {
    matches!(
        key,
        "epochs"
            | "batch_size"
            | "max_length"
            | "block_size"
            | "early_stopping_patience"
            | "stride"
            | "max_answer_length"
            | TOP_LAYERS
    )
}
