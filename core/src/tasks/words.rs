//! Asks a model for words at some places of its rows: the loss against the right ones, or the likeliest.
//!
//! Shared by the language models. Only the places asked for are compared with the vocabulary. Their number is rounded up, so
//! that few shapes occur: a graphics card compiles its kernels for each.

use burn::tensor::{Device, IndexingUpdateOp, Int, Tensor, TensorData, activation};

use crate::kernels::{Vocabulary, slice_rows};
use crate::metrics::{LanguageReport, MetricsError};
use crate::rows::{Answered, Output, Row, Target, WordAt};
use crate::tasks::network::Pass;

/// The smallest number of places that is computed at once.
const FEWEST: usize = 8;

/// `count` rounded up to one of four numbers between two powers of two.
fn rounded(count: usize) -> usize {
    let step = (count.next_power_of_two() / 8).max(FEWEST);
    count.max(1).next_multiple_of(step)
}

/// The words that a target asks for.
fn words(target: &Target) -> &[WordAt] {
    match target {
        Target::Words(words) => words,
        _ => &[],
    }
}

/// How many words `targets` ask for.
pub fn weight(targets: &[&Target]) -> f64 {
    targets.iter().map(|target| words(target).len()).sum::<usize>() as f64
}

/// The loss, `[1]`, of the words that a pass asks for: their sum divided by `denominator`.
pub fn loss(pass: Pass, denominator: f64) -> Tensor<1> {
    let [_, seq, _] = pass.hidden_states.dims();
    let (mut places, mut ids, mut shares) = (Vec::new(), Vec::new(), Vec::new());
    for (row, start) in pass.rows.iter().zip((0..).step_by(seq)) {
        for word in words(&row.target) {
            places.push(start + word.position as i32);
            ids.push(word.id as f32);
            shares.push((1.0 / denominator) as f32);
        }
    }
    let count = rounded(places.len());
    places.resize(count, 0);
    ids.resize(count, 0.0);
    // What only fills up counts nothing.
    shares.resize(count, 0.0);
    let device = pass.hidden_states.device().inner();
    let column = |values| Tensor::<2>::from_inner(Tensor::from_data(TensorData::new(values, [count, 1]), &device));
    compared(&pass, &places).loss(column(ids), column(shares))
}

/// The hidden states at `places` of the flattened batch, on their way to words.
fn compared(pass: &Pass, places: &[i32]) -> Vocabulary {
    let [batch, seq, hidden] = pass.hidden_states.dims();
    let device = pass.hidden_states.device();
    let states = pass.hidden_states.clone().reshape([batch * seq, hidden]);
    let states = states.select(0, ids_tensor(places, &device));
    pass.network
        .head
        .vocabulary(states, pass.network.encoder.word_embeddings())
}

fn ids_tensor(ids: &[i32], device: &Device) -> Tensor<1, Int> {
    Tensor::from_data(TensorData::new(ids.to_vec(), [ids.len()]), device)
}

/// What a pass says: of rows that ask for words their losses, `[batch, words]`; of rows that leave them open the `top_k`
/// likeliest words of each place with their probabilities, `[batch, places · 2 · top_k]`.
pub fn outputs(pass: Pass, top_k: usize) -> Tensor<2> {
    let [batch, seq, _] = pass.hidden_states.dims();
    let device = pass.hidden_states.device();
    let guesses = pass.rows.iter().any(|row| matches!(row.target, Target::Open(_)));
    let positions = |row: &Row| -> Vec<u32> {
        match &row.target {
            Target::Open(positions) => positions.to_vec(),
            target => words(target).iter().map(|word| word.position).collect(),
        }
    };
    let positions: Vec<Vec<u32>> = pass.rows.iter().map(|row| positions(row)).collect();
    let most = rounded(positions.iter().map(Vec::len).max().unwrap_or(0));
    let mut places = Vec::with_capacity(batch * most);
    for (positions, start) in positions.iter().zip((0..).step_by(seq)) {
        let own = positions.iter().map(|&position| start + position as i32);
        places.extend(own.chain(std::iter::repeat(start)).take(most));
    }
    let vocabulary = compared(&pass, &places);
    if guesses {
        return likeliest(vocabulary, top_k).reshape([batch, most * 2 * top_k]);
    }
    let mut ids = Vec::with_capacity(batch * most);
    for row in pass.rows {
        let own = words(&row.target).iter().map(|word| word.id as f32);
        ids.extend(own.chain(std::iter::repeat(0.0)).take(most));
    }
    let ids = Tensor::from_data(TensorData::new(ids, [batch * most, 1]), &device);
    vocabulary.losses(ids).reshape([batch, most])
}

/// Probability and id of the `top_k` likeliest words of each row, in turn, `[rows, 2 · top_k]`. Ranked on the device: the
/// logits need not be read back, and a browser could not wait for a sort.
fn likeliest(vocabulary: Vocabulary, top_k: usize) -> Tensor<2> {
    let Vocabulary { states, table, bias } = vocabulary;
    let [rows, _] = states.dims();
    let [vocab, _] = table.dims();
    let mut parts = Vec::new();
    for start in (0..rows).step_by(slice_rows(vocab)) {
        let end = (start + slice_rows(vocab)).min(rows);
        let logits = states.clone().slice(start..end).matmul(table.clone().transpose());
        let mut probabilities = activation::softmax(logits + bias.clone().unsqueeze(), 1);
        let mut columns = Vec::with_capacity(2 * top_k);
        for _ in 0..top_k {
            let (value, index) = probabilities.clone().max_dim_with_indices(1);
            // What was taken goes below every probability.
            let taken = value.clone().neg().sub_scalar(1.0);
            probabilities = probabilities.scatter(1, index.clone(), taken, IndexingUpdateOp::Add);
            columns.extend([value, index.float()]);
        }
        parts.push(Tensor::cat(columns, 1));
    }
    Tensor::cat(parts, 0)
}

/// What is kept of a row's values.
pub fn read(row: &Row, values: &[f32], top_k: usize) -> Output {
    match &row.target {
        Target::Open(positions) => {
            let of_place = |values: &[f32]| {
                // A vocabulary of fewer words is used up.
                let pairs = values.as_chunks::<2>().0.iter().filter(|pair| pair[0] >= 0.0);
                pairs.map(|pair| (pair[1] as u32, pair[0])).collect()
            };
            let places = values.chunks_exact(2 * top_k).take(positions.len());
            Output::Words(places.map(of_place).collect())
        }
        target => Output::Losses(values[..words(target).len()].into()),
    }
}

/// Mean loss and perplexity of what was read.
///
/// # Errors
/// If no word was asked for.
pub fn report(answered: Answered) -> Result<(f64, LanguageReport), MetricsError> {
    let losses = answered.outputs.iter().flat_map(|output| match output {
        Output::Losses(losses) => &**losses,
        _ => &[],
    });
    let (mut sum, mut tokens) = (0.0, 0u64);
    for &loss in losses {
        sum += f64::from(loss);
        tokens += 1;
    }
    if tokens == 0 {
        return Err(MetricsError::NoExamples);
    }
    let loss = sum / tokens as f64;
    Ok((loss, LanguageReport::new(tokens, loss)))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn few_numbers_of_places_occur() {
        assert_eq!([0, 1, 9, 60, 65, 154, 1016].map(rounded), [8, 8, 16, 64, 80, 160, 1024]);
        let between: std::collections::BTreeSet<usize> = (513..=1024).map(rounded).collect();
        assert_eq!(between.len(), 4);
    }
}
