//! Compares hidden states with the words they should become: the product with the embedding table, softmax and cross-entropy,
//! in slices, so that logits over a vocabulary never take more than [`SLICE_BYTES`].
//!
//! Training computes the gradients in the same pass and keeps them instead of the logits, which are too large to keep.

use burn::backend::tensor::FloatTensor;
use burn::backend::{Shape, TensorMetadata};
use burn::tensor::Slice;

use super::KernelBackend;

/// What WebGPU binds as one buffer by default.
const SLICE_BYTES: usize = 128 << 20;

/// Rows whose logits over `vocab` words fill a slice.
pub fn slice_rows(vocab: usize) -> usize {
    (SLICE_BYTES / (4 * vocab.max(1))).max(1)
}

/// Hidden states, the table that they are compared with, and the words that are right.
pub(super) struct Compared<T> {
    /// `[rows, hidden]`
    pub states: T,
    /// `[vocab, hidden]`
    pub table: T,
    /// `[vocab]`, added to the logits.
    pub bias: T,
    /// Ids, `[rows, 1]`.
    pub targets: T,
    /// How much each row counts, `[rows, 1]`.
    pub shares: T,
}

/// Gradients of a loss.
#[derive(Debug, Clone)]
pub(super) struct Gradients<T> {
    /// `[rows, hidden]`
    pub states: T,
    /// `[vocab, hidden]`; nothing where the table does not learn.
    pub table: Option<T>,
    /// `[vocab]`; nothing where the bias does not learn.
    pub bias: Option<T>,
}

/// Which of the two learn.
#[derive(Debug, Clone, Copy)]
pub(super) struct Learns {
    pub table: bool,
    pub bias: bool,
}

impl<T: Clone> Compared<T> {
    /// The logits of each slice `[slice, vocab]` with its states, targets and shares.
    fn slices<B: KernelBackend<FloatTensorPrimitive = T>>(&self) -> impl Iterator<Item = [T; 4]>
    where
        T: TensorMetadata,
    {
        let [rows, _] = self.states.shape().dims();
        let [vocab, _] = self.table.shape().dims();
        let bias = B::float_reshape(self.bias.clone(), Shape::new([1, vocab]));
        let transposed = B::float_transpose(self.table.clone());
        let size = slice_rows(vocab);
        (0..rows).step_by(size).map(move |start| {
            let of = |tensor: &T| rows_of::<B>(tensor.clone(), start, (start + size).min(rows));
            let states = of(&self.states);
            let logits = B::float_add(B::product(states.clone(), transposed.clone()), bias.clone());
            [logits, states, of(&self.targets), of(&self.shares)]
        })
    }
}

/// The rows from `start` to before `end` of `[rows, columns]`.
fn rows_of<B: KernelBackend>(tensor: FloatTensor<B>, start: usize, end: usize) -> FloatTensor<B> {
    let [rows, columns] = tensor.shape().dims();
    match (start, end) == (0, rows) {
        true => tensor,
        false => B::float_slice(tensor, &[Slice::from(start..end), Slice::from(0..columns)]),
    }
}

/// The loss of each row times its share, `[rows, 1]`.
pub(super) fn losses<B: KernelBackend>(compared: &Compared<FloatTensor<B>>) -> FloatTensor<B> {
    let slices = compared.slices::<B>();
    let parts = slices.map(|[logits, _, targets, shares]| B::cross_entropy_losses(logits, targets, shares));
    B::float_cat(parts.collect(), 0)
}

/// The sum of all losses, each times its share, `[1]`, and its gradients.
pub(super) fn loss_and_gradients<B: KernelBackend>(
    compared: &Compared<FloatTensor<B>>,
    learns: Learns,
) -> (FloatTensor<B>, Gradients<FloatTensor<B>>) {
    let [vocab, _] = compared.table.shape().dims();
    let mut loss = None;
    let mut of_states = Vec::new();
    let (mut of_table, mut of_bias) = (None, None);
    let add = |sum: Option<FloatTensor<B>>, part| match sum {
        Some(sum) => Some(B::float_add(sum, part)),
        None => Some(part),
    };
    for [logits, states, targets, shares] in compared.slices::<B>() {
        let (grad, losses) = B::cross_entropy_rows(logits, targets, shares);
        loss = add(loss, B::float_sum(losses));
        of_states.push(B::product(grad.clone(), compared.table.clone()));
        if learns.table {
            of_table = add(of_table, B::product(B::float_transpose(grad.clone()), states));
        }
        if learns.bias {
            of_bias = add(of_bias, B::float_sum_dim(grad, 0));
        }
    }
    (
        // Without a row there is no slice.
        loss.unwrap_or_else(|| B::float_sum(compared.shares.clone())),
        Gradients {
            states: B::float_cat(of_states, 0),
            table: of_table,
            bias: of_bias.map(|grad| B::float_reshape(grad, Shape::new([vocab]))),
        },
    )
}

#[cfg(test)]
mod tests {
    use burn::tensor::{Device, Tensor};

    use super::slice_rows;
    use crate::kernels::Vocabulary;

    /// So many words that a slice has few rows.
    const VOCAB: usize = 1 << 20;
    const HIDDEN: usize = 2;

    /// Values that differ, between -1 and 1.
    fn values<const D: usize>(shape: [usize; D], device: &Device) -> Tensor<D> {
        let count = shape.iter().product::<usize>() as i64;
        let numbers = Tensor::arange(0..count, device).float();
        (numbers * 0.7).sin().reshape(shape).detach()
    }

    /// Loss and gradients of states, table and bias, of the rows from `start` to before `end`.
    fn of(start: usize, end: usize, rows: usize) -> [Vec<f32>; 4] {
        let device = Device::flex().autodiff();
        let states = values([rows, HIDDEN], &device)
            .slice(start..end)
            .detach()
            .require_grad();
        let table = values([VOCAB, HIDDEN], &device).require_grad();
        let bias = values([VOCAB], &device).require_grad();
        let plain = Device::flex();
        let targets = Tensor::arange(start as i64..end as i64, &plain).float() * 1000.0;
        let shares = values([rows], &plain).slice(start..end);
        let column = |tensor: Tensor<1>| Tensor::from_inner(tensor.reshape([end - start, 1]));
        let vocabulary = Vocabulary {
            states: states.clone(),
            table: table.clone(),
            bias: bias.clone(),
        };
        let loss = vocabulary.loss(column(targets), column(shares));
        let gradients = loss.backward();
        let host = |data: burn::tensor::TensorData| data.try_to_vec::<f32>().expect("f32");
        [
            host(loss.to_data()),
            host(states.grad(&gradients).expect("a gradient").to_data()),
            host(table.grad(&gradients).expect("a gradient").to_data()),
            host(bias.grad(&gradients).expect("a gradient").to_data()),
        ]
    }

    #[test]
    fn slices_add_up() {
        let (size, rows) = (slice_rows(VOCAB), 2 * slice_rows(VOCAB) + 6);
        assert_eq!(size * VOCAB * 4, super::SLICE_BYTES);
        let whole = of(0, rows, rows);
        let parts = [0..size, size..2 * size, 2 * size..rows].map(|part| of(part.start, part.end, rows));
        let near = |one: f32, other: f32| (one - other).abs() <= 1e-5 * one.abs().max(1e-3);
        for number in [0, 2, 3] {
            for (at, &value) in whole[number].iter().enumerate() {
                let sum: f32 = parts.iter().map(|part| part[number][at]).sum();
                assert!(near(value, sum), "{number}, {at}: {value} {sum}");
            }
        }
        let states: Vec<f32> = parts.iter().flat_map(|part| part[1].clone()).collect();
        assert_eq!(whole[1].len(), states.len());
        assert!(whole[1].iter().zip(&states).all(|(one, other)| near(*one, *other)));
    }
}
