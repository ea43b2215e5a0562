//! Continues texts: each token of running text is guessed from those before it.
//!
//! Documents are joined, each with the token that ends a text, and cut into blocks of one length, as transformers' run_clm
//! does; the last, shorter one counts too. [`super::words`] compares hidden states with the vocabulary. How a trained model
//! continues a prompt is [`crate::generate`]'s.

use burn::tensor::Tensor;
use serde_json::{Map, Value, json};

use crate::bundle::Bundle;
use crate::data::{Example, GoldColumn, NamedExamples};
use crate::error::Result;
use crate::models::layers::Dropout;
use crate::protocol::{Prediction, Report};
use crate::rows::{Answered, BlockToken, Blocks, Output, Purpose, Row, RowIndex, Target, TextEncoder, WordAt};
use crate::tasks::network::{HeadKind, Pass};
use crate::tasks::{Definition, Preparation, Task, TaskError, TaskKind, words};
use crate::train::TrainError;
use crate::training_config::{BestMetric, OptionError, TrainLayers};

/// What the task is to the rest of the program.
pub const DEFINITION: Definition = Definition {
    name: "causal-lm",
    class_suffix: "LMHeadModel",
    problem_type: None,
    is_causal: true,
    has_reasons: false,
    gold: GoldColumn::Documents,
    metrics: &[BestMetric::Loss],
    of_bundle,
    of_run,
};

/// Tokens of a block where nobody says otherwise.
const BLOCK_SIZE: usize = 128;
/// A token and the one to be guessed from it.
const FEWEST: usize = 2;
/// Bytes of a long document that are cut into tokens at once, up to the end of a line.
const PIECE: usize = 1 << 16;

/// Next tokens.
#[derive(Debug, Clone, Copy)]
pub struct CausalLm {
    block_size: usize,
}

fn of_bundle(bundle: &Bundle) -> Result<Box<dyn Task>> {
    let size = super::block_size(bundle)?.filter(|&size| size >= FEWEST);
    // A folder of somebody else's may read less than the usual block.
    let usual = || BLOCK_SIZE.min(bundle.model_config.sizes().max_length);
    let block_size = size.unwrap_or_else(usual);
    Ok(Box::new(CausalLm { block_size }))
}

fn of_run(preparation: &Preparation) -> Result<Box<dyn Task>> {
    let config = preparation.config;
    if config.train_layers == TrainLayers::Head {
        return Err(TrainError::from(OptionError {
            key: "train_layers",
            value: String::from(config.train_layers),
            reason: "causal-lm says words with the embedding table and has no head of its own: say all or top:K".into(),
        })
        .into());
    }
    let block_size = match config.block_size {
        0 => BLOCK_SIZE.min(preparation.longest),
        size => size,
    };
    Ok(Box::new(CausalLm { block_size }))
}

impl CausalLm {
    /// The task on blocks of so many tokens.
    pub fn new(block_size: usize) -> Self {
        Self {
            block_size: block_size.max(FEWEST),
        }
    }
}

/// A document in pieces that end where lines do, since tokenizers take more memory than a long text does; a line is never cut.
fn pieces(mut text: &str) -> impl Iterator<Item = &str> {
    std::iter::from_fn(move || {
        if text.is_empty() {
            return None;
        }
        let line_end = text
            .as_bytes()
            .iter()
            .enumerate()
            .skip(PIECE)
            .find(|(_, byte)| **byte == b'\n');
        let (piece, rest) = text.split_at(line_end.map_or(text.len(), |(at, _)| at + 1));
        text = rest;
        Some(piece)
    })
}

impl Task for CausalLm {
    fn kind(&self) -> TaskKind {
        TaskKind::CausalLm
    }

    fn labels(&self) -> &[String] {
        &[]
    }

    fn config_entries(&self) -> Map<String, Value> {
        Map::from_iter([("block_size".to_owned(), json!(self.block_size))])
    }

    fn head(&self) -> HeadKind {
        HeadKind::CausalLm
    }

    fn longest_row(&self, _max_length: usize) -> usize {
        self.block_size
    }

    fn words_of(&self, tokens: usize) -> usize {
        tokens
    }

    fn check(&self, _data: NamedExamples) -> Result<(), TaskError> {
        Ok(())
    }

    /// None to predict from: continuations are asked for one by one.
    fn rows(&self, examples: &[Example], text: &TextEncoder, purpose: Purpose) -> Result<RowIndex> {
        if purpose == Purpose::Predict {
            return Err(TaskError::Continues.into());
        }
        let mut blocks = Blocks::new(self.block_size);
        for example in examples.iter().filter(|example| !example.text.is_empty()) {
            for piece in pieces(&example.text) {
                blocks.push_text(&text.tokenizer.encode_without_special_tokens(piece)?);
            }
            if let Some(end) = text.tokenizer.eos_id() {
                blocks.push(end);
            }
        }
        blocks.drop_short(FEWEST);
        Ok(RowIndex::Blocks(blocks))
    }

    fn encode_block(
        &self,
        block: &[BlockToken],
        _number: usize,
        _text: &TextEncoder,
        _purpose: Purpose,
    ) -> Result<Row> {
        let next = (0u32..).zip(block.iter().skip(1));
        let next = next.map(|(position, token)| WordAt { position, id: token.id });
        Ok(Row {
            encoding: Blocks::encoding(block),
            target: Target::Words(next.collect()),
        })
    }

    /// Nothing by itself: a document is cut into blocks with its neighbours.
    fn target(&self, _example: &Example) -> Target {
        Target::None
    }

    fn weight(&self, targets: &[&Target]) -> f64 {
        words::weight(targets)
    }

    fn loss(&self, pass: Pass, denominator: f64, _dropout: &mut Dropout) -> Tensor<1> {
        words::loss(pass, denominator)
    }

    fn outputs(&self, pass: Pass) -> Tensor<2> {
        words::outputs(pass, 1)
    }

    fn read(&self, row: &Row, values: &[f32]) -> Output {
        words::read(row, values, 1)
    }

    fn report(&self, answered: Answered) -> Result<(Option<f64>, Report)> {
        let (loss, report) = words::report(answered).map_err(TrainError::from)?;
        Ok((Some(loss), Report::Language(report)))
    }

    /// None: the task has a loss, and continuations are asked for one by one.
    fn predictions(&self, _answered: Answered) -> Vec<Prediction> {
        Vec::new()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn long_documents_are_cut_at_lines() {
        let line = "日本語の行です。\n";
        let text = line.repeat(2 * PIECE / line.len()) + "end";
        let cut: Vec<&str> = pieces(&text).collect();
        assert_eq!(cut.concat(), text);
        assert!(
            cut.len() == 2 && cut[0].ends_with('\n') && cut[0].len() > PIECE,
            "{}",
            cut.len()
        );
        assert_eq!(pieces("").count(), 0);
        let single = "x".repeat(3 * PIECE);
        assert_eq!(pieces(&single).count(), 1);
    }
}
