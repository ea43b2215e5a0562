//! Names parts of a text: a BIO tag for each word or piece, by cross-entropy over [`super::token_head`].
//!
//! A word that was given as such gives its tag to its first piece; where a text comes with spans, every piece learns. Which it
//! was is kept in config.json under `label_all_tokens`, and how tags are chosen under `viterbi`, keys of ours that
//! transformers leaves alone. `places` is what happens between tokens and entities.

mod places;

use std::collections::BTreeSet;

use burn::tensor::Tensor;
use serde_json::{Map, Value, json};

use self::places::{Pieces, Reading, gold_tags, is_cut_off, is_reachable, places, predicted_entities, read};
use crate::bio::{Entity, Tag, TagSet};
use crate::bundle::{Bundle, BundleError};
use crate::data::{Example, GoldColumn, LabelMap, NamedExamples};
use crate::error::Result;
use crate::loss::{CrossEntropy, mean_cross_entropy};
use crate::metrics::entity_report;
use crate::models::layers::Dropout;
use crate::predictions::{EntityPrediction, TagsPrediction};
use crate::protocol::{Prediction, Report};
use crate::rows::{Answered, Output, Purpose, Row, TaggedPlace, Target, TextEncoder};
use crate::tasks::network::{HeadKind, Pass};
use crate::tasks::text_parts::cut;
use crate::tasks::{Definition, Preparation, Setting, Task, TaskError, TaskKind};
use crate::tokenizer::EncodeOptions;
use crate::train::TrainError;
use crate::training_config::{BestMetric, LabelPieces};

/// What the task is to the rest of the program.
pub const DEFINITION: Definition = Definition {
    name: "token-classification",
    class_suffix: "ForTokenClassification",
    problem_type: None,
    is_causal: false,
    has_reasons: true,
    gold: GoldColumn::Entities,
    metrics: &[BestMetric::F1, BestMetric::MacroF1, BestMetric::Loss],
    of_bundle,
    of_run,
};

/// A tag for each place.
#[derive(Debug, Clone)]
pub struct TokenClassification {
    tags: TagSet,
    pieces: Pieces,
    viterbi: bool,
}

fn of_bundle(bundle: &Bundle) -> Result<Box<dyn Task>> {
    let labels = match bundle.labels.is_empty() {
        // transformers leaves the names of two classes out of config.json.
        true => (0..2).map(|id| format!("LABEL_{id}")).collect(),
        false => bundle.labels.clone(),
    };
    let truth = |key| match bundle.config_json.get(key) {
        None => Ok(false),
        Some(Value::Bool(truth)) => Ok(*truth),
        Some(value) => Err(BundleError::config(key, value, "must be true or false")),
    };
    Ok(Box::new(TokenClassification {
        tags: TagSet::of_model(labels),
        pieces: match truth("label_all_tokens")? {
            true => Pieces::All,
            false => Pieces::First,
        },
        viterbi: truth("viterbi")?,
    }))
}

fn of_run(preparation: &Preparation) -> Result<Box<dyn Task>> {
    let config = preparation.config;
    let is_split = |example: &Example| example.gold.words().is_some();
    Ok(Box::new(TokenClassification {
        tags: training_tags(preparation)?,
        pieces: match config.label_pieces {
            LabelPieces::First => Pieces::First,
            LabelPieces::All => Pieces::All,
            LabelPieces::Auto if preparation.train.examples.iter().any(is_split) => Pieces::First,
            LabelPieces::Auto => Pieces::All,
        },
        viterbi: config.viterbi,
    }))
}

/// The listed tags; else the checkpoint's own where the data's are among them; else those of the data's types.
fn training_tags(preparation: &Preparation) -> Result<TagSet, TaskError> {
    if let Some(given) = preparation.given_labels {
        return Ok(TagSet::of_labels(given)?);
    }
    let types: BTreeSet<&str> = preparation
        .labelled
        .iter()
        .flat_map(|example| tags_of(example, Tag::entity_type))
        .collect();
    let made = TagSet::of_types(types.iter().copied());
    if let Some(known) = preparation.known_labels {
        let known = TagSet::of_model(known.to_vec());
        if made.labels().iter().all(|label| known.labels().contains(label)) {
            return Ok(known);
        }
    }
    check_tagged(preparation.train)?;
    match types.is_empty() {
        true => Err(TaskError::NoNames {
            file: preparation.train.name.to_owned(),
        }),
        false => Ok(made),
    }
}

/// Refuses examples that say nothing of their words.
fn check_tagged(data: NamedExamples) -> Result<(), TaskError> {
    let has_tags = |example: &Example| match example.gold.words() {
        Some(words) => words.tags().is_some(),
        None => example.gold.spans().is_some(),
    };
    let untagged = data.examples.iter().find(|example| !has_tags(example));
    untagged.map_or(Ok(()), |example| {
        Err(TaskError::NoTags {
            file: data.name.to_owned(),
            place: data.place_of(example),
        })
    })
}

/// What `select` finds in the tags that an example needs.
fn tags_of<'a, T>(example: &'a Example, select: impl Fn(Tag<'a>) -> Option<T>) -> Vec<T> {
    let of_words = example
        .gold
        .words()
        .and_then(|words| words.tags())
        .into_iter()
        .flatten();
    let spans = example.gold.spans().unwrap_or_default().iter();
    let of_spans = spans.flat_map(|span| [Tag::Begin(&span.label), Tag::Inside(&span.label)]);
    of_words
        .filter_map(Tag::parse)
        .chain(of_spans)
        .filter_map(select)
        .collect()
}

impl TokenClassification {
    /// The task with these tags on the first piece of each word, each chosen by itself.
    pub fn plain(tags: TagSet) -> Self {
        Self {
            tags,
            pieces: Pieces::First,
            viterbi: false,
        }
    }

    fn loss_function(&self) -> CrossEntropy {
        CrossEntropy::plain(self.tags.labels().len())
    }

    fn choose(&self) -> fn(&TagSet, &[f32]) -> Vec<usize> {
        match self.viterbi {
            true => TagSet::likeliest_sequence,
            false => TagSet::likeliest,
        }
    }

    fn readings(&self, example: &Example, output: &Output) -> Vec<Reading<'_>> {
        read(example, output.places(), output.logits(), &self.tags, self.choose())
    }

    /// The number of the gold tag of each place, where it has one that the model can say.
    fn numbers(&self, example: &Example, places: &[TaggedPlace]) -> Vec<Option<u32>> {
        let number = |tag: Tag| match tag {
            // A list of labels may have no B- for a type.
            Tag::Begin(entity_type) => self.tags.number(tag).or(self.tags.number(Tag::Inside(entity_type))),
            tag => self.tags.number(tag),
        };
        let tags = gold_tags(example, places).into_iter();
        tags.map(|tag| tag.and_then(number).map(|number| number as u32))
            .collect()
    }

    /// Mean cross-entropy over the places with a gold tag that the model can say.
    fn mean_loss(&self, answered: Answered) -> Option<f64> {
        let labels = self.tags.labels().len();
        let (mut logits, mut numbers) = (Vec::new(), Vec::new());
        for (example, output) in answered.examples.iter().zip(answered.outputs) {
            let rows = output.logits().chunks_exact(labels.max(1));
            for (row, number) in rows.zip(self.numbers(example, output.places())) {
                if let Some(number) = number {
                    logits.push(row);
                    numbers.push(number as usize);
                }
            }
        }
        (!numbers.is_empty()).then(|| mean_cross_entropy(&logits, &numbers))
    }

    fn predict(&self, example: &Example, output: &Output, answered: Answered) -> TagsPrediction {
        let map = answered.label_map;
        let readings = self.readings(example, output);
        let characters: Vec<char> = example.text.chars().collect();
        let text = |start, end| cut(&characters, start, end);
        let (found, _) = predicted_entities(&readings);
        let entity = |(entity, range): (Entity, std::ops::Range<usize>)| {
            let scores: Vec<f32> = readings[range].iter().filter_map(|reading| reading.score).collect();
            EntityPrediction {
                start: entity.start,
                end: entity.end,
                label: map.apply(entity.entity_type).to_owned(),
                text: text(entity.start, entity.end),
                score: scores.iter().sum::<f32>() / scores.len().max(1) as f32,
            }
        };
        let tag = |reading: &Reading| match reading.tag {
            Tag::Outside => Tag::Outside.to_string(),
            Tag::Begin(entity_type) => Tag::Begin(map.apply(entity_type)).to_string(),
            Tag::Inside(entity_type) => Tag::Inside(map.apply(entity_type)).to_string(),
        };
        let labels = self.tags.labels().len().max(1);
        TagsPrediction {
            entities: found.into_iter().map(entity).collect(),
            tags: readings.iter().map(tag).collect(),
            words: readings
                .iter()
                .map(|reading| text(reading.start, reading.end))
                .collect(),
            logits: Some(output.logits().chunks(labels).map(<[f32]>::to_vec).collect()),
        }
    }
}

impl Task for TokenClassification {
    fn kind(&self) -> TaskKind {
        TaskKind::TokenClassification
    }

    fn labels(&self) -> &[String] {
        self.tags.labels()
    }

    fn config_entries(&self) -> Map<String, Value> {
        Map::from_iter([
            ("label_all_tokens".to_owned(), json!(self.pieces == Pieces::All)),
            ("viterbi".to_owned(), json!(self.viterbi)),
        ])
    }

    fn head(&self) -> HeadKind {
        HeadKind::Tokens(self.tags.labels().len())
    }

    fn check(&self, data: NamedExamples) -> Result<(), TaskError> {
        self.check_gold(data)?;
        for example in data.examples {
            let unknown = |tag: Tag| self.tags.number(tag).is_none().then(|| tag.to_string());
            if let Some(label) = tags_of(example, unknown).into_iter().next() {
                return Err(TaskError::UnknownLabel {
                    file: data.name.to_owned(),
                    place: data.place_of(example),
                    label,
                    known: self.tags.labels().to_vec(),
                });
            }
        }
        Ok(())
    }

    fn check_gold(&self, data: NamedExamples) -> Result<(), TaskError> {
        check_tagged(data)
    }

    fn notes(&self, data: NamedExamples, _text: &TextEncoder) -> Result<Vec<String>> {
        let words = data.examples.iter().filter_map(|example| example.gold.words());
        let count: usize = words.map(|words| words.ends_of_entities()).sum();
        let name = data.name;
        let note = format!("{name}: tags of BIOES or BILOU, S- and U- read as B-, E- and L- as I-: {count}");
        Ok(Vec::from_iter((count > 0).then_some(note)))
    }

    fn encode(&self, example: &Example, text: &TextEncoder, purpose: Purpose) -> Result<Row> {
        let options = EncodeOptions::max_length(text.max_length);
        let encoding = match example.gold.words() {
            Some(words) => {
                let words: Vec<&str> = words.words(&example.text).collect();
                text.tokenizer.encode_words(&words, None, &options)?
            }
            None => text.tokenizer.encode(&example.text, None, &options)?,
        };
        let target = match purpose {
            Purpose::Predict | Purpose::Guess => Target::None,
            Purpose::Train { .. } | Purpose::Evaluate => {
                let (tokens, places): (Vec<usize>, Vec<TaggedPlace>) =
                    places(&encoding, self.pieces).into_iter().unzip();
                let mut tags = vec![None; encoding.ids.len()];
                for (token, number) in tokens.into_iter().zip(self.numbers(example, &places)) {
                    tags[token] = number;
                }
                Target::Tags(tags.into())
            }
        };
        Ok(Row { encoding, target })
    }

    /// Nothing by itself: which tokens learn is known once the text is encoded.
    fn target(&self, _example: &Example) -> Target {
        Target::None
    }

    fn weight(&self, targets: &[&Target]) -> f64 {
        targets.iter().flat_map(|target| tags(target)).flatten().count() as f64
    }

    fn loss(&self, pass: Pass, denominator: f64, dropout: &mut Dropout) -> Tensor<1> {
        let logits = pass.network.head.tokens().forward(pass.hidden_states, dropout);
        let [batch, seq, labels] = logits.dims();
        let mut numbers = vec![None; batch * seq];
        for (row, numbers) in pass.rows.iter().zip(numbers.chunks_mut(seq)) {
            for (number, tag) in numbers.iter_mut().zip(tags(&row.target)) {
                *number = tag.map(|tag| tag as usize);
            }
        }
        let logits = logits.reshape([batch * seq, labels]);
        self.loss_function().forward(logits, &numbers, denominator)
    }

    fn outputs(&self, pass: Pass) -> Tensor<2> {
        let head = pass.network.head.tokens();
        let logits = head.forward(pass.hidden_states, &mut Dropout::off());
        let [batch, seq, labels] = logits.dims();
        logits.reshape([batch, seq * labels])
    }

    fn read(&self, row: &Row, values: &[f32]) -> Output {
        let labels = self.tags.labels().len();
        let places = places(&row.encoding, self.pieces);
        let logits = places
            .iter()
            .flat_map(|(token, _)| &values[token * labels..(token + 1) * labels]);
        Output::Tags {
            logits: logits.copied().collect(),
            places: places.iter().map(|(_, place)| *place).collect(),
        }
    }

    fn report(&self, answered: Answered) -> Result<(Option<f64>, Report)> {
        let (mut gold, mut predicted) = (Vec::new(), Vec::new());
        let (mut repaired_gold, mut repaired_predicted) = (0, 0);
        let (mut unreachable, mut cut_off) = (0, 0);
        for (example, output) in answered.examples.iter().zip(answered.outputs) {
            let readings = self.readings(example, output);
            let (entities, repaired) = example.gold.entities(&example.text);
            let out_of_reach = || entities.iter().filter(|entity| !is_reachable(entity, &readings));
            unreachable += out_of_reach().count();
            cut_off += out_of_reach().filter(|entity| is_cut_off(entity, &readings)).count();
            repaired_gold += repaired;
            let mapped = |entity| mapped(entity, answered.label_map);
            gold.push(entities.into_iter().map(mapped).collect::<Vec<_>>());
            let (entities, repaired) = predicted_entities(&readings);
            repaired_predicted += repaired;
            let entities = entities.into_iter().map(|(entity, _)| mapped(entity));
            predicted.push(entities.collect::<Vec<_>>());
        }
        let mut report = entity_report(&gold, &predicted).map_err(TrainError::from)?;
        report.repaired_gold = repaired_gold as u64;
        report.repaired_predicted = repaired_predicted as u64;
        report.unreachable = unreachable as u64;
        report.cut_off = cut_off as u64;
        let own_type = |label| Some(answered.label_map.apply(Tag::parse(label)?.entity_type()?));
        let own: BTreeSet<&str> = self.labels().iter().filter_map(|label| own_type(label)).collect();
        let types: BTreeSet<&str> = gold.iter().flatten().map(|entity| entity.entity_type).collect();
        report.unknown_labels = types.difference(&own).map(|&unknown| unknown.to_owned()).collect();
        Ok((self.mean_loss(answered), Report::Entities(report)))
    }

    fn predictions(&self, answered: Answered) -> Vec<Prediction> {
        let pairs = answered.examples.iter().zip(answered.outputs);
        pairs
            .map(|(example, output)| Prediction::Tags(self.predict(example, output, answered)))
            .collect()
    }

    fn set(&mut self, setting: Setting) -> Result<(), TaskError> {
        let Setting::Viterbi(viterbi) = setting else {
            let task = self.kind();
            return Err(TaskError::NoSetting { setting, task });
        };
        self.viterbi = viterbi;
        Ok(())
    }
}

/// The entity under the name that `map` gives its type.
pub fn mapped<'a>(entity: Entity<'a>, map: &'a LabelMap) -> Entity<'a> {
    Entity {
        entity_type: map.apply(entity.entity_type),
        ..entity
    }
}

fn tags(target: &Target) -> &[Option<u32>] {
    match target {
        Target::Tags(tags) => tags,
        _ => &[],
    }
}
