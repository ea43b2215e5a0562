//! Drives a session as the command line and the browser do, with a host in memory: stops, resumptions, other labels.

#[path = "session/replicas.rs"]
mod replicas;

use std::collections::BTreeMap;
use std::future::ready;
use std::path::Path;

use futures_lite::future::block_on;
use terakoya_core::data::{Dataset, Example, Gold, Place, ReadOptions, read};
use terakoya_core::device::{ComputeDevice, DeviceChoice};
use terakoya_core::error::Error;
use terakoya_core::protocol::{RunPlan, TrainEvent, TrainingRecord};
use terakoya_core::session::{NamedExamples, Session, TrainingData};
use terakoya_core::tasks::features::Pooling;
use terakoya_core::tokenizer::Files;
use terakoya_core::train::{Collective, Control, HostError, HostFuture, RunHost, TrainError, kept_record};
use terakoya_core::training_config::{Probe, TrainLayers, TrainingConfig};

fn asset(path: &str) -> Vec<u8> {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("../assets").join(path);
    std::fs::read(&path).unwrap_or_else(|error| panic!("{}: {error}", path.display()))
}

fn model() -> Files {
    let names = [
        "config.json",
        "tokenizer.json",
        "tokenizer_config.json",
        "model.safetensors",
    ];
    let file = |name: &str| (name.to_owned(), asset(&format!("bert-tiny/{name}")));
    names.into_iter().map(file).collect()
}

fn open(files: Files) -> Session {
    let device = block_on(ComputeDevice::open(DeviceChoice::Cpu)).expect("a CPU");
    Session::open(files, None, device).expect("a model")
}

/// The first rows of a data file that ships.
fn rows(file: &str, count: usize) -> Dataset {
    let mut data = read(file, &asset(&format!("topics-en/{file}")), &ReadOptions::default()).expect("a data file");
    data.examples.truncate(count);
    data
}

/// Keeps checkpoints in memory and stops when it has been asked often enough.
#[derive(Default)]
struct MemoryHost {
    written: BTreeMap<String, Vec<u8>>,
    committed: BTreeMap<String, Vec<u8>>,
    notes: Vec<String>,
    plan: Option<RunPlan>,
    asked: usize,
    stop_at: Option<usize>,
}

impl RunHost for MemoryHost {
    fn event(&mut self, event: TrainEvent) {
        match event {
            TrainEvent::Note { message } => self.notes.push(message),
            TrainEvent::Started(plan) => self.plan = Some(plan),
            _ => {}
        }
    }

    fn control(&mut self) -> HostFuture<'_, Control> {
        self.asked += 1;
        let stop = self.stop_at.is_some_and(|stop_at| self.asked >= stop_at);
        Box::pin(ready(if stop { Control::Stop } else { Control::Continue }))
    }

    fn write(&mut self, file: &str, bytes: Vec<u8>) -> Result<(), HostError> {
        self.written.insert(file.to_owned(), bytes);
        Ok(())
    }

    fn commit(&mut self, _step: usize) -> HostFuture<'_, Result<(), HostError>> {
        self.committed = std::mem::take(&mut self.written);
        Box::pin(ready(Ok(())))
    }

    fn read(&mut self, file: &str) -> Result<Option<Vec<u8>>, HostError> {
        Ok(self.committed.get(file).cloned())
    }
}

impl Collective for MemoryHost {}

fn config() -> TrainingConfig {
    TrainingConfig {
        epochs: 2,
        batch_size: 8,
        eval_batch_size: 4,
        learning_rate: 1e-3,
        max_length: 32,
        ..TrainingConfig::default()
    }
}

fn train(
    session: Session,
    config: &TrainingConfig,
    train: &Dataset,
    host: &mut MemoryHost,
) -> (Session, TrainingRecord) {
    tried(session, config, train, host).expect("it trains")
}

/// The rows of a table.
fn named<'a>(name: &'a str, examples: &'a [Example]) -> NamedExamples<'a> {
    let place = Place::Line;
    NamedExamples { name, examples, place }
}

fn tried(
    session: Session,
    config: &TrainingConfig,
    train: &Dataset,
    host: &mut dyn RunHost,
) -> Result<(Session, TrainingRecord), Error> {
    let eval = rows("dev.csv", 12);
    let data = TrainingData {
        train: named("train.csv", &train.examples[..]),
        eval: Some(named("dev.csv", &eval.examples[..])),
        test: None,
        drawn_from: None,
        labels: None,
        available_memory: None,
        fail_at_step: None,
    };
    block_on(session.train(config, data, host))
}

fn weights(session: &Session) -> Vec<u8> {
    block_on(session.to_files()).expect("files")["model.safetensors"].clone()
}

/// A run of a copy moves the copy's weights only: in a browser tab the base model answers while its copy learns.
#[test]
fn a_copy_learns_as_the_model_would_and_leaves_it_as_it_was() {
    let data = rows("train.csv", 24);
    let base = open(model());
    let before = weights(&base);
    let (trained, _) = train(
        base.try_clone().expect("a model that was opened"),
        &config(),
        &data,
        &mut MemoryHost::default(),
    );
    assert!(weights(&base) == before, "the base model has other weights");
    assert_eq!(base.inspect().labels, open(model()).inspect().labels);
    let (alone, _) = train(open(model()), &config(), &data, &mut MemoryHost::default());
    assert!(weights(&trained) == weights(&alone), "the copy learned something else");
    assert!(weights(&trained) != before, "nothing was learned");
}

/// Stopped after each number of questions in turn (within steps, within evaluations, between epochs) and resumed, a run ends
/// with the weights and evaluations of an unbroken one.
#[test]
fn a_run_stopped_anywhere_goes_on_as_if_it_had_not_been() {
    // Of 6 steps; the end of the run is evaluated in any case.
    for (eval_steps, evaluations) in [(0, 2), (2, 3), (4, 2), (100, 1)] {
        let config = TrainingConfig { eval_steps, ..config() };
        let data = rows("train.csv", 24);
        let mut host = MemoryHost::default();
        let (unbroken, record) = train(open(model()), &config, &data, &mut host);
        assert_eq!(record.evaluations.len(), evaluations, "every {eval_steps} steps");
        assert_eq!(record.evaluations.last().map(|evaluation| evaluation.step), Some(6));
        let questions = host.asked;
        assert!(
            questions >= 6 + 3 * evaluations,
            "6 steps and {evaluations} evaluations of 3 batches, but {questions} questions"
        );
        for stop_at in 1..questions {
            let mut host = MemoryHost {
                stop_at: Some(stop_at),
                ..MemoryHost::default()
            };
            let (_, stopped) = train(open(model()), &config, &data, &mut host);
            assert!(stopped.interrupted, "stopped at question {stop_at}");
            // An evaluation that is stopped writes none.
            if let Some(kept) = kept_record(&host.committed) {
                assert!(stopped.steps.starts_with(&kept.steps), "stopped at question {stop_at}");
            }
            host.stop_at = None;
            let (resumed, resumed_record) = train(open(model()), &config, &data, &mut host);
            assert!(
                weights(&resumed) == weights(&unbroken),
                "stopped at question {stop_at}, with other weights"
            );
            assert_eq!(
                resumed_record.evaluations, record.evaluations,
                "stopped at question {stop_at}"
            );
        }
    }
}

/// What is frozen is in the base model: a checkpoint need not hold it, and a tab need not write 130 MB after each epoch.
#[test]
fn a_checkpoint_holds_what_learns_and_a_run_goes_on_from_it() {
    let data = rows("train.csv", 24);
    let mut sizes = Vec::new();
    for train_layers in [TrainLayers::Head, TrainLayers::Top(1), TrainLayers::All] {
        let config = TrainingConfig {
            train_layers,
            ..config()
        };
        let mut host = MemoryHost::default();
        let (unbroken, _) = train(open(model()), &config, &data, &mut host);
        let mut host = MemoryHost {
            stop_at: Some(host.asked - 2),
            ..MemoryHost::default()
        };
        let (_, stopped) = train(open(model()), &config, &data, &mut host);
        assert!(stopped.interrupted, "{train_layers:?}");
        sizes.push([
            host.committed["model.safetensors"].len(),
            host.committed["best.safetensors"].len(),
        ]);
        host.stop_at = None;
        let (resumed, _) = train(open(model()), &config, &data, &mut host);
        assert!(weights(&resumed) == weights(&unbroken), "{train_layers:?}");
    }
    let [head, top, all] = sizes[..] else {
        panic!("three runs")
    };
    for file in 0..2 {
        assert!(head[file] < 100_000, "{sizes:?}");
        assert!(head[file] < top[file] && 10 * top[file] < all[file], "{sizes:?}");
    }
}

#[test]
fn other_labels_take_a_new_last_layer_only() {
    let mut host = MemoryHost::default();
    let data = rows("train.csv", 24);
    let (session, record) = train(open(model()), &config(), &data, &mut host);
    assert_eq!(record.initialised.len(), 4, "pooler and classifier");
    let labels = session.labels().to_vec();
    assert_eq!(labels, ["food", "phones", "sports", "travel"]);

    let reopened = open(block_on(session.to_files()).expect("files"));
    assert_eq!(reopened.labels(), labels);
    // A part of the labels is no reason to forget the others.
    let mut part = data.clone();
    part.examples.retain(|example| example.gold.label() != Some("food"));
    let (session, record) = train(reopened, &config(), &part, &mut MemoryHost::default());
    assert_eq!((session.labels(), record.initialised.len()), (&labels[..], 0));

    let mut renamed = data.clone();
    for example in &mut renamed.examples {
        let label = example.gold.label().expect("a label").to_uppercase();
        example.gold = Gold::Label(label);
    }
    let config = TrainingConfig {
        eval_steps: 0,
        ..config()
    };
    let mut host = MemoryHost::default();
    let data = TrainingData {
        train: named("renamed", &renamed.examples),
        eval: None,
        test: None,
        drawn_from: None,
        labels: None,
        available_memory: None,
        fail_at_step: None,
    };
    let (session, record) = block_on(session.train(&config, data, &mut host)).expect("it trains");
    assert_eq!(session.labels(), ["FOOD", "PHONES", "SPORTS", "TRAVEL"]);
    assert_eq!(record.initialised, ["classifier.weight", "classifier.bias"]);
    assert!(
        host.notes.iter().any(|note| note.contains("other labels")),
        "{:?}",
        host.notes
    );
}

#[test]
fn a_probe_asks_between_its_batches_whether_to_go_on() {
    let config = TrainingConfig {
        train_layers: TrainLayers::Head,
        probe: Probe::Logistic,
        eval_batch_size: 4,
        max_length: 32,
        ..TrainingConfig::default()
    };
    let data = rows("train.csv", 24);
    let mut host = MemoryHost::default();
    train(open(model()), &config, &data, &mut host);
    // Once behind what is cached of either file; then of 24 and 12 rows in batches of 4.
    assert_eq!(host.asked, 2 + 6 + 3);
    for stop_at in [1, 2, 3, 8, 9, 11] {
        let mut host = MemoryHost {
            stop_at: Some(stop_at),
            ..MemoryHost::default()
        };
        let stopped = tried(open(model()), &config, &data, &mut host).err();
        let is_interrupted = matches!(stopped, Some(Error::Train(TrainError::Interrupted)));
        assert!(is_interrupted && host.asked == stop_at, "{stop_at}: {stopped:?}");
    }
}

#[test]
fn a_plan_is_what_the_run_tells_and_refuses_what_the_run_would_refuse() {
    let (train_set, eval) = (rows("train.csv", 24), rows("dev.csv", 12));
    let data = |available_memory| TrainingData {
        train: named("train.csv", &train_set.examples[..]),
        eval: Some(named("dev.csv", &eval.examples[..])),
        test: None,
        drawn_from: None,
        labels: None,
        available_memory,
        fail_at_step: None,
    };
    let base = open(model());
    let planned = block_on(base.plan(&config(), &data(None))).expect("it can be trained");
    assert!(planned.total_steps > 0 && planned.memory_bytes > 1 << 20, "{planned:?}");
    let mut host = MemoryHost::default();
    train(open(model()), &config(), &train_set, &mut host);
    assert_eq!(host.plan.as_ref(), Some(&planned));
    let refused = block_on(base.plan(&config(), &data(Some(planned.memory_bytes - 1))));
    assert!(
        matches!(refused, Err(Error::Train(TrainError::DoesNotFit(_)))),
        "{refused:?}"
    );
    // The CPU has no limit, so that one is made up; the model's own table of words is below it.
    let mut small = ComputeDevice::cpu("as a GPU");
    small.max_storage_binding = Some(16 << 20);
    let base = Session::open(model(), None, small).expect("the weights fit");
    let mut many = train_set.clone();
    many.examples = train_set.examples.iter().cycle().take(1000).cloned().collect();
    let planned = |batch_size, train: &Dataset| {
        let config = TrainingConfig { batch_size, ..config() };
        let train = named("train.csv", &train.examples);
        block_on(base.plan(&config, &TrainingData { train, ..data(None) }))
    };
    assert!(planned(1, &many).is_ok());
    // No batch is larger than what there is.
    assert!(planned(100_000, &train_set).is_ok());
    let error = planned(100_000, &many).expect_err("its activations do not");
    assert!(
        matches!(&error, Error::Train(TrainError::TooLargeForDevice(_))),
        "{error:?}"
    );
}

#[test]
fn one_token_type_is_too_few_for_pairs_even_without_special_tokens() {
    let mut files = model();
    let change = |files: &mut Files, name: &str, key: &str, value: serde_json::Value| {
        let mut json: serde_json::Value = serde_json::from_slice(&files[name]).expect("JSON");
        json[key] = value;
        files.insert(name.to_owned(), json.to_string().into_bytes());
    };
    change(&mut files, "config.json", "type_vocab_size", 1.into());
    let text = |id: &str, type_id: u32| serde_json::json!({"Sequence": {"id": id, "type_id": type_id}});
    let texts_alone = serde_json::json!({
        "type": "TemplateProcessing", "special_tokens": {},
        "single": [text("A", 0)], "pair": [text("A", 0), text("B", 1)],
    });
    change(&mut files, "tokenizer.json", "post_processor", texts_alone);
    let device = block_on(ComputeDevice::open(DeviceChoice::Cpu)).expect("a CPU");
    let session = Session::from_scratch(files, None, device, 0).expect("a model");
    let embed = |pair: Option<&str>| {
        let mut examples = rows("train.csv", 2).examples;
        examples[1].text_pair = pair.map(str::to_owned);
        block_on(session.embed(&examples, Pooling::Mean, 2)).map(|(vectors, _)| vectors.len())
    };
    assert_eq!(embed(None).expect("single texts"), 2);
    assert_eq!(session.encode("tea", None).expect("a text").type_ids, [0]);
    for refused in [
        embed(Some("tea")).expect_err("a pair"),
        session.encode("tea", Some("tea")).map(|_| ()).expect_err("a pair"),
    ] {
        let reason = "type_vocab_size is 1: the tokenizer gives token type 1 to pairs";
        assert!(refused.to_string().contains(reason), "{refused}");
    }
}
