//! Makes flags of the core's table of training options, and reads run files that hold the same options.
//!
//! A name, its default and its help stand once, in `terakoya_core::training_config`; `args` declares everything else.

use std::path::{Path, PathBuf};

use anyhow::{Context, Result, bail};
use clap::{Arg, ArgMatches, Command};
use serde_json::{Map, Value};
use terakoya_core::training_config::{OPTIONS, TrainingConfig};

use crate::usage::UsageError;

/// The training options that were given as flags, by key.
pub type TrainingOptions = Map<String, Value>;

/// Adds a flag for every training option to `train`.
pub fn declare(train: Command) -> Command {
    let defaults = defaults();
    OPTIONS.iter().fold(train, |train, option| {
        train.arg(training_arg(
            option.key,
            option.aliases,
            option.help,
            &defaults[option.key],
        ))
    })
}

/// The options by their keys, each at its default.
fn defaults() -> Value {
    serde_json::to_value(TrainingConfig::default()).expect("plain data serialises")
}

/// The options that were given to `train`. Words such as the schedule's are checked here, so that a misspelt one is a usage
/// error.
pub fn given(train: &ArgMatches) -> Result<TrainingOptions, UsageError> {
    let mut options = Map::new();
    for option in OPTIONS {
        if let Some(value) = train.get_one::<Value>(option.key) {
            options.insert(option.key.to_owned(), value.clone());
        }
    }
    read(&options)?;
    Ok(options)
}

/// The options as a run takes them; one that cannot be is named.
pub fn read(options: &TrainingOptions) -> Result<TrainingConfig, UsageError> {
    let defaults = defaults();
    let whole = |(key, value): (&String, &Value)| (key.clone(), whole(value, &defaults[key]));
    let options: TrainingOptions = options.iter().map(whole).collect();
    for (key, value) in &options {
        let alone = Map::from_iter([(key.clone(), value.clone())]);
        if let Err(error) = serde_json::from_value::<TrainingConfig>(Value::Object(alone)) {
            let is_large = value
                .as_f64()
                .is_some_and(|number| is_too_large(number, &defaults[key]));
            let counts = defaults[key].is_u64() && !value.is_u64();
            let reason = match (is_large, counts) {
                (true, _) => too_large(),
                (false, true) => "must be a whole number, 0 or more".to_owned(),
                (false, false) => {
                    let reason = error.to_string();
                    // Some name the option and its value themselves.
                    let named = format!("{} {value}: ", key.replace('_', " "));
                    reason.strip_prefix(&named).unwrap_or(&reason).to_owned()
                }
            };
            return Err(UsageError(format!("--{} {value}: {reason}", key.replace('_', "-"))));
        }
    }
    serde_json::from_value(Value::Object(options)).map_err(|error| UsageError(error.to_string()))
}

fn training_arg(key: &'static str, aliases: &'static [&'static str], help: &'static str, default: &Value) -> Arg {
    let shown = match default {
        Value::Null => String::new(),
        Value::String(text) => format!(" [default: {text}]"),
        other => format!(" [default: {other}]"),
    };
    let is_bool = default.is_boolean();
    let default = default.clone();
    let arg = Arg::new(key)
        .long(key.replace('_', "-"))
        .aliases(aliases)
        .help(format!("{help}{shown}"))
        .help_heading("Training options")
        .value_parser(move |text: &str| match is_bool {
            true => parse_truth(text),
            false => parse_value(text, &default),
        });
    if is_bool {
        // Hugging Face's scripts give such flags without a value.
        arg.num_args(0..=1).default_missing_value("true")
    } else {
        arg
    }
}

/// A flag's text as a truth value.
fn parse_truth(text: &str) -> Result<Value, String> {
    let truth = text.parse().map(Value::Bool);
    truth.map_err(|_| "expected true or false".to_owned())
}

/// Whether a number is beyond those of an option that counts, as its default shows.
fn is_too_large(number: f64, default: &Value) -> bool {
    default.is_u64() && number >= u64::MAX as f64
}

fn too_large() -> String {
    format!("expected a whole number up to {}", u64::MAX)
}

/// The value of an option that counts as a whole number, where it is one that is spelled as `1e3` or `3.0`.
fn whole(value: &Value, default: &Value) -> Value {
    let spelled = value.as_f64().filter(|_| value.is_f64() && default.is_u64());
    let read = spelled.and_then(|number| parse_value(&number.to_string(), default).ok());
    read.unwrap_or_else(|| value.clone())
}

/// A flag's text as a JSON value of the kind of the option's default.
fn parse_value(text: &str, default: &Value) -> Result<Value, String> {
    if default.is_string() {
        return Ok(Value::String(text.to_owned()));
    }
    let number: f64 = text.parse().map_err(|_| "expected a number".to_owned())?;
    // Hugging Face's scripts write whole numbers as 3.0; seeds are longer than a float is exact.
    let whole = text.parse::<u64>().ok().map(serde_json::Number::from);
    if whole.is_none() && is_too_large(number, default) {
        return Err(too_large());
    }
    let whole = whole.or_else(|| (number.fract() == 0.0 && number.abs() < 1e15).then(|| (number as i64).into()));
    whole
        .or_else(|| serde_json::Number::from_f64(number))
        .map(Value::Number)
        .ok_or_else(|| "expected a finite number".to_owned())
}

/// Options, and paths: what was unpacked together is found together, and else from the current folder as a flag's would be.
#[derive(Debug, Default)]
pub struct RunFile {
    /// Options by key.
    pub options: TrainingOptions,
    /// Values of `model`, `train`, `eval`, `test`, `output`.
    paths: Map<String, Value>,
    /// Whether it is a training.json, which names every option: nobody need have asked for one.
    is_record: bool,
    /// What a training.json says of how its data was read: pairs of a flag and its value.
    reading: Vec<(&'static str, String)>,
    /// Where it is.
    file: PathBuf,
}

/// Where a training.json says how its data was read, and the flags that say it.
const READING: [(&str, &str); 11] = [
    ("/split", "--split"),
    ("/filters/train", "--train-filter"),
    ("/filters/eval", "--eval-filter"),
    ("/filters/test", "--test-filter"),
    ("/read/format", "--format"),
    ("/read/quote", "--quote"),
    ("/read/text_column", "--text-column"),
    ("/read/pair_column", "--pair-column"),
    ("/read/label_column", "--label-column"),
    ("/read/label_names", "--labels"),
    ("/user_dictionary/file", "--user-dictionary"),
];

impl RunFile {
    /// Reads a run file, or the `config` of a training.json.
    pub fn read(path: &Path) -> Result<Self> {
        let text = std::fs::read_to_string(path).with_context(|| path.display().to_string())?;
        let value: Value = serde_json::from_str(&text).with_context(|| format!("{} is not JSON", path.display()))?;
        let Value::Object(mut options) = value else {
            bail!("{}: expected a JSON object", path.display());
        };
        let mut reading = Vec::new();
        let is_record = matches!(options.get("config"), Some(Value::Object(_)));
        if let Some(Value::Object(config)) = options.get("config") {
            let run = Value::Object(options.clone());
            let said = |place| run.pointer(place).filter(|value| !value.is_null());
            let shown = |value: &Value| match value {
                Value::String(text) => text.clone(),
                Value::Array(_) => "FILE".to_owned(),
                other => other.to_string(),
            };
            let flags = READING
                .iter()
                .filter_map(|(place, flag)| Some((*flag, shown(said(place)?))));
            reading = flags.collect();
            options = config.clone();
        }
        let mut paths = Map::new();
        for key in ["model", "train", "eval", "test", "output"] {
            if let Some(value) = options.shift_remove(key).filter(|value| !value.is_null()) {
                paths.insert(key.to_owned(), value);
            }
        }
        let beside = crate::args::flags_of_train();
        let is_flag = |key: &&String| *key != "task" && beside.contains(&key.replace('_', "-"));
        if let Some(key) = options.keys().find(is_flag) {
            let (name, flag) = (path.display(), key.replace('_', "-"));
            bail!(UsageError(format!(
                "{name}: {key} is not read from a run file: give --{flag} beside --config"
            )));
        }
        let file = path.to_owned();
        Ok(Self {
            options,
            paths,
            is_record,
            reading,
            file,
        })
    }

    /// Whether it asks for the option `key`.
    pub fn asks_for(&self, key: &str) -> bool {
        !self.is_record && self.options.contains_key(key)
    }

    /// How another run read its data, as flags that were not `given`: they are not taken from its training.json, since this
    /// run's data may be another.
    pub fn not_taken(&self, given: impl Fn(&str) -> bool) -> Option<String> {
        let flags = self.reading.iter().filter(|(flag, _)| !given(flag));
        let flags: Vec<String> = flags.map(|(flag, value)| format!("{flag} {value}")).collect();
        let name = self.file.display();
        let flags = (!flags.is_empty()).then(|| flags.join(" "))?;
        Some(format!(
            "{name}: that run read its data with {flags}, which this one does not unless it is told so, too"
        ))
    }

    /// The file or folder under `key`, where the flag was not given: from the run file's folder, or else from the current one.
    ///
    /// # Errors
    /// If it is in neither.
    pub fn path(&self, key: &str, flag: Option<PathBuf>) -> Result<Option<PathBuf>> {
        let Some(written) = self.written(key, flag.is_some())? else {
            return Ok(flag);
        };
        let beside = self.file.parent().unwrap_or(Path::new("")).join(written);
        let found = [beside, PathBuf::from(written)].into_iter().find(|path| path.exists());
        let name = self.file.display();
        let missing =
            || format!("{name}: {key} is {written:?}, which is neither in that file's folder nor in the current one");
        found.with_context(missing).map(Some)
    }

    /// The folder for the model, where the flag was not given: from the current folder, as what a command writes is.
    ///
    /// # Errors
    /// If it is no path.
    pub fn output(&self, flag: Option<PathBuf>) -> Result<Option<PathBuf>> {
        let written = self.written("output", flag.is_some())?;
        Ok(written.map(PathBuf::from).or(flag))
    }

    /// What stands under `key`; nothing where a flag wins.
    fn written(&self, key: &str, is_given: bool) -> Result<Option<&str>> {
        let Some(value) = self.paths.get(key).filter(|_| !is_given) else {
            return Ok(None);
        };
        match value.as_str() {
            Some(written) => Ok(Some(written)),
            None => bail!("{}: {key} is {value}, expected a path", self.file.display()),
        }
    }
}
