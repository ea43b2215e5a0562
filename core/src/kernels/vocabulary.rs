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
            let logits = B::float_add(B::float_matmul(states.clone(), transposed.clone()), bias.clone());
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
        of_states.push(B::float_matmul(grad.clone(), compared.table.clone()));
        if learns.table {
            of_table = add(of_table, B::float_matmul(B::float_transpose(grad.clone()), states));
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
