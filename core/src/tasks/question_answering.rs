//! Answers a question with a part of a passage: where it begins and where it ends, by cross-entropy over the tokens of
//! [`super::span_head`].
//!
//! A long passage is cut into windows that share `doc_stride` tokens; a window without the answer points to its first token.
//! The best span of all windows is cut from the passage by its characters. `candidates` looks for it, `prediction`
//! chooses.

mod candidates;
mod prediction;

use burn::tensor::{Tensor, TensorData};
use serde_json::{Map, Value, json};

use self::candidates::{best, covered, no_answer_score, no_answer_token, passage_tokens};
use self::prediction::NoAnswer;
use crate::bundle::{Bundle, BundleError};
use crate::data::{AnswerSpan, Example, GoldColumn, NamedExamples};
use crate::error::Result;
use crate::loss::CrossEntropy;
use crate::metrics::answer_report;
use crate::models::layers::{Dropout, MASKED_SCORE};
use crate::predictions::AnswerPrediction;
use crate::protocol::{Prediction, Report};
use crate::rows::{Answered, Output, Purpose, Row, RowIndex, Target, TextEncoder, WindowScores};
use crate::tasks::network::{HeadKind, Pass};
use crate::tasks::text_parts::trimmed;
use crate::tasks::{Definition, Preparation, Setting, Task, TaskError, TaskKind};
use crate::tokenizer::{EncodeOptions, Encoding, TokenizerError, TruncationStrategy};
use crate::train::TrainError;
use crate::training_config::{BestMetric, TrainingConfig};

/// What the task is to the rest of the program.
pub const DEFINITION: Definition = Definition {
    name: "question-answering",
    class_suffix: "ForQuestionAnswering",
    problem_type: None,
    is_causal: false,
    has_reasons: true,
    gold: GoldColumn::Answers,
    metrics: &[
        BestMetric::F1,
        BestMetric::ExactMatch,
        BestMetric::CharacterF1,
        BestMetric::Loss,
    ],
    of_bundle,
    of_run,
};

/// A part of the passage, or none.
#[derive(Debug, Clone, Copy)]
pub struct QuestionAnswering {
    /// Tokens that neighbouring windows share, where the question leaves more room than that.
    stride: usize,
    /// Most tokens of a window that it learned with, if the folder says so.
    window: Option<usize>,
    /// Most tokens of an answer.
    longest_answer: usize,
    /// From which score on a passage holds no answer; `None` where every passage holds one.
    none_above: Option<f64>,
}

fn of_bundle(bundle: &Bundle) -> Result<Box<dyn Task>> {
    let defaults = TrainingConfig::default();
    let given = |key| {
        let number = |value: &Value| {
            let number = value.as_u64().and_then(|number| usize::try_from(number).ok());
            number.ok_or_else(|| BundleError::config(key, value, "must be a number, 0 or more"))
        };
        bundle.config_json.get(key).map(number).transpose()
    };
    let may_have_none = match bundle.config_json.get("no_answer") {
        None => false,
        Some(Value::Bool(truth)) => *truth,
        Some(value) => return Err(BundleError::config("no_answer", value, "must be true or false").into()),
    };
    let threshold = match bundle.config_json.get("no_answer_threshold") {
        None => NO_ANSWER_ABOVE,
        Some(value) => {
            let number = value.as_f64();
            number.ok_or_else(|| BundleError::config("no_answer_threshold", value, "must be a number"))?
        }
    };
    let window = given("max_seq_length")?;
    if let Some(tokens) = window.filter(|&tokens| tokens < 3) {
        return Err(BundleError::config("max_seq_length", tokens, "must be at least 3").into());
    }
    Ok(Box::new(QuestionAnswering {
        stride: given("doc_stride")?.unwrap_or(defaults.stride),
        window,
        longest_answer: given("max_answer_length")?.unwrap_or(defaults.max_answer_length).max(1),
        none_above: may_have_none.then_some(threshold),
    }))
}

fn of_run(preparation: &Preparation) -> Result<Box<dyn Task>> {
    let config = preparation.config;
    let may_have_none = preparation.train.examples.iter().any(has_no_answer);
    Ok(Box::new(QuestionAnswering {
        none_above: may_have_none.then_some(NO_ANSWER_ABOVE),
        ..QuestionAnswering::new(config)
    }))
}

/// Where "no answer here" and the best answer have the same score, as run_qa.py begins with.
const NO_ANSWER_ABOVE: f64 = 0.0;

/// What is shown of a question that cannot be asked and has no id.
const SHOWN_CHARACTERS: usize = 30;

impl QuestionAnswering {
    /// With the options of `config`; every passage holds an answer.
    pub fn new(config: &TrainingConfig) -> Self {
        Self {
            stride: config.stride,
            window: Some(config.max_length),
            longest_answer: config.max_answer_length,
            none_above: None,
        }
    }

    /// The windows of an example; [`TaskError::LongQuestion`] where they have no room for the passage, [`TaskError::NoPassage`]
    /// where there is none.
    fn windows(&self, example: &Example, text: &TextEncoder) -> Result<Vec<Encoding>> {
        let line = example.line;
        let passage = example.text_pair.as_deref().ok_or(TaskError::NoPassage { line })?;
        let (question, special) = taken(example, text)?;
        let room = |length: usize| length.checked_sub(question + special).filter(|&room| room > 0);
        let Some(room) = room(text.max_length) else {
            // A shorter length is to blame only where the model's own would do.
            let max_length = room(text.longest).map_or(text.longest, |_| text.max_length);
            let beginning = || example.text.chars().take(SHOWN_CHARACTERS).collect();
            return Err(TaskError::LongQuestion {
                file: None,
                line,
                question: example.id.as_deref().map_or_else(beginning, str::to_owned),
                tokens: question,
                room: max_length.saturating_sub(special + 1),
                max_length,
                longest: text.longest,
            }
            .into());
        };
        let options = EncodeOptions {
            max_length: Some(text.max_length),
            strategy: TruncationStrategy::OnlySecond,
            stride: self.shared(room),
        };
        let windows: Result<_, TokenizerError> = text.tokenizer.encode_windows(&example.text, Some(passage), &options);
        Ok(windows?)
    }

    /// Tokens that neighbouring windows share where so many are left to the passage: as many as asked where windows move on
    /// then, which transformers refuses elsewhere.
    fn shared(&self, room: usize) -> usize {
        if self.stride < room { self.stride } else { room / 2 }
    }

    /// A window of the passage, with where the answer stands in it.
    fn row(example: &Example, window: Encoding, purpose: Purpose) -> Row {
        let target = match (purpose, example.gold.answers()) {
            (Purpose::Predict, _) | (_, None) => Target::None,
            (_, Some(answers)) => {
                let (tokens, spans): (Vec<usize>, Vec<(u32, u32)>) = passage_tokens(&window).into_iter().unzip();
                let place = answers
                    .first()
                    .and_then(|answer| covered(&spans, answer.start, end(answer)));
                let none = no_answer_token(&window);
                let (from, to) = place.map_or((none, none), |(from, to)| (tokens[from], tokens[to]));
                Target::Span([from as u32, to as u32])
            }
        };
        Row {
            // Nothing of a passage in windows is cut off.
            encoding: Encoding {
                truncated: false,
                ..window
            },
            target,
        }
    }

    /// What an example's rows say.
    fn windows_of<'a>(answered: Answered<'a>) -> Vec<Vec<&'a WindowScores>> {
        let mut windows: Vec<Vec<&WindowScores>> = vec![Vec::new(); answered.examples.len()];
        for (row, output) in answered.outputs.iter().enumerate() {
            if let (Output::Window(scores), Some(example)) = (output, answered.rows.example(row)) {
                windows[example].push(scores);
            }
        }
        windows
    }

    fn predict(&self, example: &Example, windows: &[&WindowScores]) -> AnswerPrediction {
        let found = best(windows, self.longest_answer);
        let none = self.none_above.map(|above| NoAnswer {
            score: no_answer_score(windows),
            above: above as f32,
        });
        let passage = example.text_pair.as_deref().unwrap_or_default();
        AnswerPrediction::choose(passage, &found, none.filter(|none| none.score.is_finite()))
    }

    /// Mean cross-entropy of both ends over all windows.
    fn mean_loss(answered: Answered) -> Option<f64> {
        let mut losses = Vec::new();
        for (row, output) in answered.outputs.iter().enumerate() {
            let example = answered.rows.example(row).map(|number| &answered.examples[number]);
            let answers = example.and_then(|example| example.gold.answers());
            let (Output::Window(scores), Some(answers)) = (output, answers) else {
                continue;
            };
            let place = answers
                .first()
                .and_then(|answer| covered(&scores.spans, answer.start, end(answer)));
            let [start, end] = match place {
                Some((from, to)) => [scores.starts[from], scores.ends[to]],
                None => scores.no_answer,
            };
            let [of_start, of_end] = scores.log_sums;
            losses.push(f64::from(of_start - start + of_end - end) / 2.0);
        }
        (!losses.is_empty()).then(|| losses.iter().sum::<f64>() / losses.len() as f64)
    }

    /// Whether one of the answers, if there are any, begins and ends where tokens do; white space at its ends does not count.
    fn is_reachable(example: &Example, windows: &[&WindowScores]) -> bool {
        let passage: Vec<char> = example.text_pair.as_deref().unwrap_or_default().chars().collect();
        let trimmed = |start: u32, end: u32| trimmed(&passage, start as usize, end as usize);
        let ends: Vec<(usize, usize)> = windows
            .iter()
            .flat_map(|window| &window.spans)
            .filter_map(|&(start, end)| trimmed(start, end))
            .collect();
        let reachable = |answer: &AnswerSpan| {
            trimmed(answer.start, end(answer)).is_some_and(|(start, end)| {
                ends.iter().any(|token| token.0 == start) && ends.iter().any(|token| token.1 == end)
            })
        };
        let answers = example.gold.answers().unwrap_or_default();
        answers.is_empty() || answers.iter().any(reachable)
    }
}

/// Whether a text has kana or Chinese characters.
fn is_unspaced(text: &str) -> bool {
    text.contains(|c| matches!(c, '\u{3040}'..='\u{30FF}' | '\u{3400}'..='\u{9FFF}' | '\u{20000}'..='\u{3FFFF}'))
}

/// Whether it is known that the passage holds no answer.
fn has_no_answer(example: &Example) -> bool {
    example.gold.answers().is_some_and(<[_]>::is_empty)
}

/// The tokens that a question takes of a window, and the special ones.
fn taken(example: &Example, text: &TextEncoder) -> Result<(usize, usize)> {
    let question = text.tokenizer.encode_without_special_tokens(&example.text)?.ids.len();
    Ok((question, text.tokenizer.special_tokens_added(true)))
}

/// The character after an answer's last.
fn end(answer: &AnswerSpan) -> u32 {
    answer.start.saturating_add(answer.text.chars().count() as u32)
}

impl Task for QuestionAnswering {
    fn kind(&self) -> TaskKind {
        TaskKind::QuestionAnswering
    }

    fn labels(&self) -> &[String] {
        &[]
    }

    fn config_entries(&self) -> Map<String, Value> {
        let window = self.window.map(|window| ("max_seq_length".to_owned(), json!(window)));
        let entries = [
            ("doc_stride".to_owned(), json!(self.stride)),
            ("max_answer_length".to_owned(), json!(self.longest_answer)),
            ("no_answer".to_owned(), json!(self.none_above.is_some())),
        ];
        // Nothing of what was there before stays.
        let threshold = self.none_above.filter(|above| *above != NO_ANSWER_ABOVE);
        let threshold = std::iter::once(("no_answer_threshold".to_owned(), json!(threshold)));
        entries.into_iter().chain(window).chain(threshold).collect()
    }

    /// What a window shows, and with it which spans compete, is part of what was learned.
    fn max_length(&self) -> Option<usize> {
        self.window
    }

    fn head(&self) -> HeadKind {
        HeadKind::Span
    }

    fn check(&self, data: NamedExamples) -> Result<(), TaskError> {
        let lacks = |example: &&Example| example.gold.answers().is_none() || example.text_pair.is_none();
        data.examples.iter().find(lacks).map_or(Ok(()), |example| {
            let (file, place) = (data.name.to_owned(), data.place_of(example));
            let id = example.id.clone();
            Err(match example.text_pair {
                Some(_) => TaskError::OpenQuestion { file, place, id },
                None => TaskError::NoAnswers { file, place },
            })
        })
    }

    /// A question without a passage, or without room for it, is not learned from; where others can be asked, it has no window.
    fn rows(&self, examples: &[Example], text: &TextEncoder, purpose: Purpose) -> Result<RowIndex> {
        let counts = examples.iter().map(|example| Ok(self.windows(example, text)?.len()));
        match purpose {
            Purpose::Train { .. } => Ok(RowIndex::parts(counts.collect::<Result<Vec<_>>>()?)),
            _ => RowIndex::asked(counts),
        }
    }

    fn encode_parts(&self, example: &Example, text: &TextEncoder, purpose: Purpose) -> Result<Vec<Row>> {
        let windows = self.windows(example, text)?.into_iter();
        Ok(windows.map(|window| Self::row(example, window, purpose)).collect())
    }

    /// Nothing by itself: where an answer stands is known once the text is encoded.
    fn target(&self, _example: &Example) -> Target {
        Target::None
    }

    fn weight(&self, targets: &[&Target]) -> f64 {
        targets
            .iter()
            .filter(|target| matches!(target, Target::Span(_)))
            .count() as f64
    }

    /// Padding takes no part in the softmax, so that a row's loss does not hang on the rows beside it. transformers lets it.
    fn loss(&self, pass: Pass, denominator: f64, dropout: &mut Dropout) -> Tensor<1> {
        let logits = pass.network.head.span().forward(pass.hidden_states, dropout);
        let [batch, seq, _] = logits.dims();
        let mut ends = Vec::with_capacity(batch * 2);
        let mut padding = Vec::with_capacity(batch * 2 * seq);
        for row in pass.rows {
            let length = row.encoding.ids.len();
            for end in 0..2 {
                ends.push(match row.target {
                    Target::Span(span) => Some(span[end] as usize),
                    _ => None,
                });
                padding.extend((0..seq).map(|at| if at < length { 0.0f32 } else { MASKED_SCORE }));
            }
        }
        let logits: Tensor<2> = logits.swap_dims(1, 2).reshape([batch * 2, seq]); // [batch · 2, seq]
        let padding = TensorData::new(padding, [batch * 2, seq]);
        let padding = Tensor::from_inner(Tensor::from_data(padding, &logits.device().inner()));
        CrossEntropy::plain(seq).forward(logits + padding, &ends, 2.0 * denominator)
    }

    fn outputs(&self, pass: Pass) -> Tensor<2> {
        let logits = pass
            .network
            .head
            .span()
            .forward(pass.hidden_states, &mut Dropout::off());
        let [batch, seq, _] = logits.dims();
        logits.reshape([batch, seq * 2])
    }

    fn read(&self, row: &Row, values: &[f32]) -> Output {
        let values = &values[..2 * row.encoding.ids.len()];
        let tokens = passage_tokens(&row.encoding);
        let none = no_answer_token(&row.encoding);
        let of = |end: usize| tokens.iter().map(move |(token, _)| values[2 * token + end]).collect();
        Output::Window(Box::new(WindowScores {
            spans: tokens.iter().map(|(_, span)| *span).collect(),
            starts: of(0),
            ends: of(1),
            no_answer: [0, 1].map(|end| values.get(2 * none + end).copied().unwrap_or_default()),
            log_sums: [0, 1].map(|end| log_sum(values.iter().skip(end).step_by(2))),
        }))
    }

    fn notes(&self, data: NamedExamples, text: &TextEncoder) -> Result<Vec<String>> {
        let (mut count, mut least) = (0, self.stride);
        for example in data.examples {
            let (question, special) = taken(example, text)?;
            let shared = self.shared(text.max_length.saturating_sub(question + special));
            // A passage in one window shares nothing, a question without room is refused.
            if shared < self.stride && self.windows(example, text).is_ok_and(|windows| windows.len() > 1) {
                (count, least) = (count + 1, least.min(shared));
            }
        }
        let (name, total, length, wanted) = (data.name, data.examples.len(), text.max_length, self.stride);
        let shares_less = format!(
            "{name}: beside {count} of {total} questions the {length} tokens of a window (--max-length) leave the passage no more \
             than the {wanted} that neighbours share (--stride): they share half of it there, {least} or more"
        );
        let without = data.examples.iter().filter(|example| has_no_answer(example)).count();
        let never_says_none = format!(
            "{name}: {without} of {total} questions have no answer, but the model always gives one (of a trained model \
             --no-answer takes none, too)"
        );
        let notes = [
            (count > 0).then_some(shares_less),
            (without > 0 && self.none_above.is_none()).then_some(never_says_none),
        ];
        Ok(notes.into_iter().flatten().collect())
    }

    /// F1 over characters where most answers are written without spaces: over words it would be the exact match.
    fn usual_metric(&self, examples: &[Example]) -> BestMetric {
        let answers = examples.iter().filter_map(|example| example.gold.answers()?.first());
        let (unspaced, spaced): (Vec<&AnswerSpan>, Vec<_>) = answers.partition(|answer| is_unspaced(&answer.text));
        match unspaced.len() > spaced.len() {
            true => BestMetric::CharacterF1,
            false => BestMetric::F1,
        }
    }

    fn report(&self, answered: Answered) -> Result<(Option<f64>, Report)> {
        let windows = Self::windows_of(answered);
        let rows = || answered.examples.iter().zip(&windows);
        let said: Vec<String> = rows()
            .map(|(example, windows)| self.predict(example, windows).answer)
            .collect();
        let said: Vec<&str> = said.iter().map(String::as_str).collect();
        let gold = |example: &'_ Example| -> Vec<String> {
            let answers = example.gold.answers().unwrap_or_default().iter();
            answers.map(|answer| answer.text.clone()).collect()
        };
        let gold: Vec<Vec<String>> = answered.examples.iter().map(gold).collect();
        let gold: Vec<Vec<&str>> = gold
            .iter()
            .map(|gold| gold.iter().map(String::as_str).collect())
            .collect();
        let mut report = answer_report(&gold, &said).map_err(TrainError::from)?;
        report.unasked = windows.iter().filter(|windows| windows.is_empty()).count() as u64;
        report.unreachable = rows()
            .filter(|(example, windows)| !windows.is_empty() && !Self::is_reachable(example, windows))
            .count() as u64;
        Ok((Self::mean_loss(answered), Report::Answers(report)))
    }

    fn predictions(&self, answered: Answered) -> Vec<Prediction> {
        let windows = Self::windows_of(answered);
        let rows = answered.examples.iter().zip(&windows);
        let prediction = |(example, windows): (&Example, &Vec<&WindowScores>)| {
            let refused = || self.windows(example, &answered.text).err();
            let unasked = if windows.is_empty() { refused() } else { None };
            Prediction::Answer(AnswerPrediction {
                unasked: unasked.map(|error| error.to_string()),
                ..self.predict(example, windows)
            })
        };
        rows.map(prediction).collect()
    }

    fn set(&mut self, setting: Setting) -> Result<(), TaskError> {
        match setting {
            Setting::Stride(stride) => self.stride = stride,
            Setting::MaxAnswerLength(tokens) => self.longest_answer = tokens.max(1),
            Setting::NoAnswer(may_have_none) => {
                let above = self.none_above.unwrap_or(NO_ANSWER_ABOVE);
                self.none_above = may_have_none.then_some(above);
            }
            Setting::NoAnswerThreshold(above) => self.none_above = Some(above),
            setting => {
                let task = self.kind();
                return Err(TaskError::NoSetting { setting, task });
            }
        }
        Ok(())
    }
}

/// The logarithm of the sum of exponentials.
fn log_sum<'a>(logits: impl Iterator<Item = &'a f32> + Clone) -> f32 {
    let highest = logits.clone().copied().fold(f32::NEG_INFINITY, f32::max);
    let sum: f32 = logits.map(|logit| (logit - highest).exp()).sum();
    highest + sum.ln()
}

#[cfg(test)]
mod tests;
