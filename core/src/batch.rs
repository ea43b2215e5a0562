//! Turns encodings into the tensors a model reads: padding, masks, and which examples go together.
//!
//! Padding happens here and nowhere else. Batches of similar length waste little of it: [`bucketed`] sorts within windows
//! of a shuffled order, so that texts are tokenized window by window and a million rows need no more memory than one.

use burn::tensor::{Device, Int, Tensor, TensorData};

use crate::models::layers::attention_bias;
use crate::tokenizer::Encoding;

/// What the encoder starts from.
#[derive(Debug, Clone)]
#[expect(clippy::large_enum_variant, reason = "there is one a batch, not worth an allocation")]
pub enum Inputs {
    /// Token ids.
    Tokens(Tokens),
    /// Cached outputs of the frozen lower layers.
    HiddenStates {
        /// `[batch, seq, hidden]`
        hidden_states: Tensor<3>,
        /// How many encoder layers they have passed.
        layers_done: usize,
    },
}

/// Token ids and what is known of each token.
#[derive(Debug, Clone)]
pub struct Tokens {
    /// `[batch, seq]`
    pub input_ids: Tensor<2, Int>,
    /// `[batch, seq]`; nothing where every token is of type 0.
    pub token_type_ids: Option<Tensor<2, Int>>,
    /// `[batch, seq]`; nothing where positions are the columns.
    pub position_ids: Option<Tensor<2, Int>>,
}

/// Some examples side by side, padded to the longest.
#[derive(Debug, Clone)]
pub struct Batch {
    /// Ids or cached activations.
    pub inputs: Inputs,
    /// `[batch, 1, 1, seq]`, added to the attention scores; nothing where no position is padded.
    pub attention_bias: Option<Tensor<4>>,
    /// Mask `[batch, seq]` (1 = keep), for means that must not include padding.
    pub attention_mask: Tensor<2>,
}

/// How rows become one batch.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Padding {
    /// The id that fills up short rows.
    pub id: u32,
    /// Where it does.
    pub side: PaddingSide,
    /// What position numbers count.
    pub positions: Positions,
    /// Columns at least; more where a row is longer.
    pub width: usize,
}

/// What position numbers count.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Positions {
    /// Columns, from 0, also of padding.
    #[default]
    Columns,
    /// Tokens other than `padding`, from `padding + 1`; a padding token has the position `padding`. As RoBERTa counts.
    Tokens {
        /// The padding token's id.
        padding: u32,
    },
}

/// On which side short rows are filled up.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum PaddingSide {
    /// After the text, as BERT is trained.
    #[default]
    Right,
    /// Before the text.
    Left,
}

/// Lays `encodings` side by side on `device`, padded to the longest or to `padding.width`.
pub fn collate(encodings: &[&Encoding], padding: Padding, device: &Device) -> Batch {
    let batch = encodings.len();
    let lengths: Vec<usize> = encodings.iter().map(|encoding| encoding.ids.len()).collect();
    let seq = longest(&lengths, padding.width);
    let mut input_ids = vec![padding.id as i32; batch * seq];
    let mut type_ids = vec![0i32; batch * seq];
    for (row, encoding) in encodings.iter().enumerate() {
        let start = row * seq + row_offset(seq, lengths[row], padding.side);
        for (column, (&id, &type_id)) in encoding.ids.iter().zip(&encoding.type_ids).enumerate() {
            input_ids[start + column] = id as i32;
            type_ids[start + column] = type_id as i32;
        }
    }
    let mixed_types = type_ids.iter().any(|&type_id| type_id != 0);
    let position_ids = match padding.positions {
        Positions::Columns => None,
        Positions::Tokens { padding } => Some(token_positions(&input_ids, seq, padding as i32)),
    };
    let ids = |values| Tensor::from_data(TensorData::new(values, [batch, seq]), device);
    let (attention_mask, attention_bias) = masks(&lengths, seq, padding.side, device);
    Batch {
        inputs: Inputs::Tokens(Tokens {
            input_ids: ids(input_ids),
            token_type_ids: mixed_types.then(|| ids(type_ids)),
            position_ids: position_ids.map(ids),
        }),
        attention_bias,
        attention_mask,
    }
}

/// At least one column, of padding where no row has a token: an empty text has none where the tokenizer adds none.
fn longest(lengths: &[usize], at_least: usize) -> usize {
    lengths.iter().copied().fold(at_least.max(1), usize::max)
}

/// Lays cached activations, each `[seq, hidden]` in row-major order, side by side, padded to the longest or to `width`.
pub fn collate_hidden(rows: &[&[f32]], hidden: usize, layers_done: usize, width: usize, device: &Device) -> Batch {
    let batch = rows.len();
    let lengths: Vec<usize> = rows.iter().map(|row| row.len() / hidden).collect();
    let seq = longest(&lengths, width);
    let mut values = vec![0f32; batch * seq * hidden];
    for (row, source) in rows.iter().enumerate() {
        let start = row * seq * hidden;
        values[start..start + source.len()].copy_from_slice(source);
    }
    let (attention_mask, attention_bias) = masks(&lengths, seq, PaddingSide::Right, device);
    Batch {
        inputs: Inputs::HiddenStates {
            hidden_states: Tensor::from_data(TensorData::new(values, [batch, seq, hidden]), device),
            layers_done,
        },
        attention_bias,
        attention_mask,
    }
}

/// The position of each of `input_ids` `[batch, seq]`, counted as [`Positions::Tokens`] says.
pub fn token_positions(input_ids: &[i32], seq: usize, padding: i32) -> Vec<i32> {
    let rows = input_ids.chunks(seq.max(1)).map(|row| {
        let mut last = padding;
        row.iter().map(move |&id| match id == padding {
            true => padding,
            false => {
                last += 1;
                last
            }
        })
    });
    rows.flatten().collect()
}

fn row_offset(seq: usize, length: usize, side: PaddingSide) -> usize {
    match side {
        PaddingSide::Right => 0,
        PaddingSide::Left => seq - length,
    }
}

fn masks(lengths: &[usize], seq: usize, side: PaddingSide, device: &Device) -> (Tensor<2>, Option<Tensor<4>>) {
    let mut keep = vec![0f32; lengths.len() * seq];
    for (row, &length) in lengths.iter().enumerate() {
        let start = row * seq + row_offset(seq, length, side);
        keep[start..start + length].fill(1.0);
    }
    let padded = lengths.iter().any(|&length| length < seq);
    let mask = Tensor::from_data(TensorData::new(keep, [lengths.len(), seq]), device);
    let bias = padded.then(|| attention_bias(mask.clone()));
    (mask, bias)
}

/// Batches of similar length out of one window: sorted by `lengths` (longest first, so that too small a memory shows at
/// once), cut into `batch_size`, and the batches put in the order of `shuffle_seed`.
pub fn bucketed(lengths: &[usize], batch_size: usize, shuffle_seed: Option<u64>) -> Vec<Vec<usize>> {
    let mut order: Vec<usize> = (0..lengths.len()).collect();
    order.sort_by_key(|&index| std::cmp::Reverse(lengths[index]));
    let mut batches: Vec<Vec<usize>> = order.chunks(batch_size).map(<[usize]>::to_vec).collect();
    if let Some(seed) = shuffle_seed {
        crate::data::shuffle(&mut batches, seed);
    }
    batches
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::tasks::features::Pooling;

    fn encoding(ids: &[u32], type_ids: &[u32]) -> Encoding {
        Encoding {
            ids: ids.to_vec(),
            type_ids: type_ids.to_vec(),
            ..Encoding::default()
        }
    }

    #[test]
    fn rows_are_padded_on_the_side_asked_for() {
        let (short, long) = (encoding(&[5, 6], &[0, 1]), encoding(&[7, 8, 9], &[0, 0, 0]));
        for (side, expected_ids, expected_mask) in [
            (PaddingSide::Right, [5, 6, 1, 7, 8, 9], [1., 1., 0., 1., 1., 1.]),
            (PaddingSide::Left, [1, 5, 6, 7, 8, 9], [0., 1., 1., 1., 1., 1.]),
        ] {
            let padding = Padding {
                id: 1,
                side,
                ..Padding::default()
            };
            let batch = collate(&[&short, &long], padding, &Device::flex());
            let Inputs::Tokens(Tokens {
                input_ids,
                token_type_ids,
                position_ids: None,
            }) = batch.inputs
            else {
                panic!("token ids were collated");
            };
            input_ids
                .into_data()
                .convert::<i32>()
                .assert_eq(&TensorData::new(expected_ids.to_vec(), [2, 3]), true);
            assert!(token_type_ids.is_some());
            let mask = batch.attention_mask.into_data().try_into_vec::<f32>().expect("f32");
            assert_eq!(mask, expected_mask);
            assert!(batch.attention_bias.is_some());
        }
    }

    #[test]
    fn texts_without_a_token_are_a_column_of_padding() {
        let empty = encoding(&[], &[]);
        let batch = collate(&[&empty, &empty], Padding::default(), &Device::flex());
        assert_eq!(batch.attention_mask.dims(), [2, 1]);
        let states = Tensor::<3>::ones([2, 1, 3], &Device::flex());
        let pooled = Pooling::Mean.forward(states, batch.attention_mask);
        assert_eq!(pooled.into_data().try_into_vec::<f32>().expect("f32"), [0.0; 6]);
        assert!(batch.attention_bias.is_some());
    }

    #[test]
    fn positions_count_tokens_behind_the_padding_id() {
        // transformers' create_position_ids_from_input_ids: a padding token in a text has the padding's position too.
        let ids = [1, 1, 7, 8, 0, 5, 1, 6, 7, 1];
        assert_eq!(token_positions(&ids, 5, 1), [1, 1, 2, 3, 4, 2, 1, 3, 4, 1]);
    }

    #[test]
    fn buckets_hold_each_example_once() {
        let lengths = [3, 9, 1, 7, 5, 2, 8];
        let batches = bucketed(&lengths, 3, Some(4));
        let mut all = batches.concat();
        all.sort_unstable();
        assert_eq!(all, [0, 1, 2, 3, 4, 5, 6]);
        assert!(batches.contains(&vec![1, 6, 3]), "the three longest go together");
    }
}
