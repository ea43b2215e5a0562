//! Adds the operations that cost BERT most beside its matrix products to burn's backends, each with its own derivative.
//!
//! burn's autodiff takes gelu, layer normalisation, softmax and dropout apart into five to ten tensors each, kept for the
//! backward pass. Here each is one operation that keeps what its derivative needs: on the CPU backend a loop over slices
//! ([`cpu`]), on GPUs a kernel or two ([`gpu`]). Used by [`crate::models`] and [`crate::optim`].

mod autodiff;
mod cpu;
mod gpu;
mod vocabulary;

use burn::backend::tensor::FloatTensor;
use burn::backend::{Backend, Dispatch, backend_extension};
use burn::tensor::{IndexingUpdateOp, IntDType, Tensor};

use vocabulary::Compared;

pub use terakoya_gpu::elements::{AdamWStep, DropoutDraw};
pub use vocabulary::slice_rows;

/// A backend with fused operations; those with a default are composed from burn's own where a backend has nothing better.
#[backend_extension(Flex, Cube, Fusion: cfg(not(target_family = "wasm")), Autodiff)]
pub trait KernelBackend: Backend {
    /// The matrix products `[..., m, n]` of `lhs` `[..., m, k]` and `rhs` `[..., k, n]`, which have the same axes before.
    #[fusion(default)]
    fn product(lhs: FloatTensor<Self>, rhs: FloatTensor<Self>) -> FloatTensor<Self> {
        Self::float_matmul(lhs, rhs)
    }

    /// `x · weight + bias`, `[rows, d_output]`, for `x` `[rows, d_input]`, `weight` `[d_input, d_output]`, `bias` `[d_output]`.
    #[fusion(default)]
    fn linear_rows(x: FloatTensor<Self>, weight: FloatTensor<Self>, bias: FloatTensor<Self>) -> FloatTensor<Self> {
        Self::linear(x, weight, Some(bias))
    }

    /// x·Φ(x), element by element.
    #[fusion(dtype = x, shape = x)]
    fn gelu_exact(x: FloatTensor<Self>) -> FloatTensor<Self>;

    /// `grad` times the derivative of gelu at `x`: Φ(x) + x·φ(x).
    #[fusion(dtype = x, shape = x)]
    fn gelu_exact_backward(x: FloatTensor<Self>, grad: FloatTensor<Self>) -> FloatTensor<Self>;

    /// GPT-2's approximation of gelu by tanh, element by element: x·σ(2·√(2/π)·(x + 0.044715·x³)).
    #[fusion(dtype = x, shape = x)]
    fn gelu_tanh(x: FloatTensor<Self>) -> FloatTensor<Self>;

    /// `grad` times the derivative of [`Self::gelu_tanh`] at `x`.
    #[fusion(dtype = x, shape = x)]
    fn gelu_tanh_backward(x: FloatTensor<Self>, grad: FloatTensor<Self>) -> FloatTensor<Self>;

    /// Normalises the last axis: `(x - mean) / sqrt(variance + epsilon) · gamma + beta`.
    #[fusion(dtype = x, shape = x)]
    fn layer_norm_rows(
        x: FloatTensor<Self>,
        gamma: FloatTensor<Self>,
        beta: FloatTensor<Self>,
        epsilon: f64,
    ) -> FloatTensor<Self>;

    /// Gradients of x, gamma and beta of [`Self::layer_norm_rows`].
    #[fusion(meta = |x, gamma, _, _| (x.clone(), gamma.clone(), gamma.clone()))]
    fn layer_norm_rows_backward(
        x: FloatTensor<Self>,
        gamma: FloatTensor<Self>,
        grad: FloatTensor<Self>,
        epsilon: f64,
    ) -> (FloatTensor<Self>, FloatTensor<Self>, FloatTensor<Self>);

    /// `softmax(scores · scale + bias)` over the last axis of `scores` `[batch, heads, rows, columns]`; `bias` is
    /// `[batch, 1, rows, columns]`, where batch and rows may be 1, or `[1, 1, 1, 1]`.
    #[fusion(dtype = scores, shape = scores)]
    fn attention_softmax(scores: FloatTensor<Self>, bias: FloatTensor<Self>, scale: f64) -> FloatTensor<Self>;

    /// Gradient of the scores, from the probabilities and their gradient.
    #[fusion(dtype = grad, shape = grad)]
    fn attention_softmax_backward(
        probabilities: FloatTensor<Self>,
        grad: FloatTensor<Self>,
        scale: f64,
    ) -> FloatTensor<Self>;

    /// Zeroes elements at random and scales the others by `1 / keep`; the same draw hits the same elements, which is how
    /// the backward pass finds them again.
    #[fusion(dtype = x, shape = x)]
    fn keyed_dropout(x: FloatTensor<Self>, draw: DropoutDraw) -> FloatTensor<Self>;

    /// Turns `logits` `[rows, classes]` into the gradient of the sum of the losses, and gives these, `[rows, 1]`: the
    /// cross-entropy with `targets` `[rows, 1]`, which are class numbers, times `shares` `[rows, 1]`.
    #[fusion(default)]
    fn cross_entropy_rows(
        logits: FloatTensor<Self>,
        targets: FloatTensor<Self>,
        shares: FloatTensor<Self>,
    ) -> (FloatTensor<Self>, FloatTensor<Self>) {
        let targets = Self::float_into_int(targets, IntDType::I32);
        let log_probabilities = Self::log_softmax(logits, 1);
        let right = Self::float_gather(1, log_probabilities.clone(), targets.clone());
        let losses = Self::float_neg(Self::float_mul(right, shares.clone()));
        let probabilities = Self::float_mul(Self::float_exp(log_probabilities), shares.clone());
        let minus = Self::float_neg(shares);
        let grad = Self::float_scatter(1, probabilities, targets, minus, IndexingUpdateOp::Add);
        (grad, losses)
    }

    /// The losses of [`Self::cross_entropy_rows`], `[rows, 1]`, without the gradient.
    #[fusion(default)]
    fn cross_entropy_losses(
        logits: FloatTensor<Self>,
        targets: FloatTensor<Self>,
        shares: FloatTensor<Self>,
    ) -> FloatTensor<Self> {
        let targets = Self::float_into_int(targets, IntDType::I32);
        let right = Self::float_gather(1, Self::log_softmax(logits, 1), targets);
        Self::float_neg(Self::float_mul(right, shares))
    }

    /// The sum of the cross-entropies, `[1]`, of `states · tableᵀ + bias` with `targets`, each times its share. `states` is
    /// `[rows, hidden]`, `table` `[vocab, hidden]`, `bias` `[vocab]`, `targets` and `shares` `[rows, 1]`.
    #[fusion(default)]
    fn vocabulary_loss(
        states: FloatTensor<Self>,
        table: FloatTensor<Self>,
        bias: FloatTensor<Self>,
        targets: FloatTensor<Self>,
        shares: FloatTensor<Self>,
    ) -> FloatTensor<Self> {
        Self::float_sum(Self::vocabulary_losses(states, table, bias, targets, shares))
    }

    /// As [`Self::vocabulary_loss`], one loss a row, `[rows, 1]`; without a derivative.
    #[fusion(default)]
    fn vocabulary_losses(
        states: FloatTensor<Self>,
        table: FloatTensor<Self>,
        bias: FloatTensor<Self>,
        targets: FloatTensor<Self>,
        shares: FloatTensor<Self>,
    ) -> FloatTensor<Self> {
        vocabulary::losses::<Self>(&Compared {
            states,
            table,
            bias,
            targets,
            shares,
        })
    }

    /// The sum of the squares of all elements, `[1]`.
    #[fusion(dtype = x, shape = burn::backend::Shape::new([1]))]
    fn square_sum(x: FloatTensor<Self>) -> FloatTensor<Self>;

    /// New values and moments of a parameter after an AdamW step along `grad · scale`; all are flat and of one length, but for
    /// `scale`, which is `[1]`.
    #[fusion(meta = |values, _, _, first, second, _| (values.clone(), first.clone(), second.clone()))]
    fn adamw_step(
        values: FloatTensor<Self>,
        grad: FloatTensor<Self>,
        scale: FloatTensor<Self>,
        first: FloatTensor<Self>,
        second: FloatTensor<Self>,
        step: AdamWStep,
    ) -> (FloatTensor<Self>, FloatTensor<Self>, FloatTensor<Self>);
}

/// The matrix products `[..., m, n]` of `lhs` `[..., m, k]` and `rhs` `[..., k, n]`, which have the same axes before.
pub fn product<const D: usize>(lhs: Tensor<D>, rhs: Tensor<D>) -> Tensor<D> {
    Tensor::from_dispatch(Dispatch::product(lhs.into_dispatch(), rhs.into_dispatch()))
}

/// `x · weight + bias`, `[rows, d_output]`, for `x` `[rows, d_input]`, `weight` `[d_input, d_output]`, `bias` `[d_output]`.
pub fn linear_rows(x: Tensor<2>, weight: Tensor<2>, bias: Tensor<1>) -> Tensor<2> {
    Tensor::from_dispatch(Dispatch::linear_rows(
        x.into_dispatch(),
        weight.into_dispatch(),
        bias.into_dispatch(),
    ))
}

/// The exact gelu of each element; any shape.
pub fn gelu<const D: usize>(x: Tensor<D>) -> Tensor<D> {
    Tensor::from_dispatch(Dispatch::gelu_exact(x.into_dispatch()))
}

/// GPT-2's approximation of gelu by tanh; any shape.
pub fn gelu_tanh<const D: usize>(x: Tensor<D>) -> Tensor<D> {
    Tensor::from_dispatch(Dispatch::gelu_tanh(x.into_dispatch()))
}

/// Layer normalisation of the last axis; `gamma` and `beta` are `[hidden]`.
pub fn layer_norm<const D: usize>(x: Tensor<D>, gamma: Tensor<1>, beta: Tensor<1>, epsilon: f64) -> Tensor<D> {
    Tensor::from_dispatch(Dispatch::layer_norm_rows(
        x.into_dispatch(),
        gamma.into_dispatch(),
        beta.into_dispatch(),
        epsilon,
    ))
}

/// Attention probabilities `[batch, heads, rows, columns]`: `softmax(scores · scale + bias)`, where `bias` is
/// `[batch, 1, rows, columns]`; batch and rows may be 1.
pub fn attention_softmax(scores: Tensor<4>, bias: Option<&Tensor<4>>, scale: f64) -> Tensor<4> {
    let none = || Tensor::zeros([1, 1, 1, 1], &scores.device().inner());
    let bias = bias.map_or_else(none, |bias| bias.clone().without_autodiff());
    Tensor::from_dispatch(Dispatch::attention_softmax(
        scores.into_dispatch(),
        bias.into_dispatch(),
        scale,
    ))
}

/// Dropout as `draw` decides.
pub fn dropout<const D: usize>(x: Tensor<D>, draw: DropoutDraw) -> Tensor<D> {
    Tensor::from_dispatch(Dispatch::keyed_dropout(x.into_dispatch(), draw))
}

/// Hidden states on their way to words.
pub struct Vocabulary {
    /// `[rows, hidden]`
    pub states: Tensor<2>,
    /// `[vocab, hidden]`
    pub table: Tensor<2>,
    /// `[vocab]`
    pub bias: Tensor<1>,
}

impl Vocabulary {
    /// The sum of the cross-entropies with the ids `targets`, each times its share, `[1]`; `targets` and `shares` are
    /// `[rows, 1]` and need no gradient.
    pub fn loss(self, targets: Tensor<2>, shares: Tensor<2>) -> Tensor<1> {
        Tensor::from_dispatch(Dispatch::vocabulary_loss(
            self.states.into_dispatch(),
            self.table.into_dispatch(),
            self.bias.into_dispatch(),
            targets.into_dispatch(),
            shares.into_dispatch(),
        ))
    }

    /// The cross-entropy of each row with the ids `targets`, `[rows, 1]`, without a derivative.
    pub fn losses(self, targets: Tensor<2>) -> Tensor<2> {
        let shares = targets.ones_like();
        Tensor::from_dispatch(Dispatch::vocabulary_losses(
            self.states.into_dispatch(),
            self.table.into_dispatch(),
            self.bias.into_dispatch(),
            targets.into_dispatch(),
            shares.into_dispatch(),
        ))
    }
}

/// The sum of the squares of all elements, `[1]`.
pub fn square_sum(x: Tensor<1>) -> Tensor<1> {
    Tensor::from_dispatch(Dispatch::square_sum(x.into_dispatch()))
}

/// What a step of AdamW moves: each `[elements]`, but `scale` `[1]`, by which the gradient is multiplied first.
pub struct AdamWTensors {
    /// The parameter.
    pub values: Tensor<1>,
    /// Its gradient.
    pub grad: Tensor<1>,
    /// The share of the gradient that clipping leaves.
    pub scale: Tensor<1>,
    /// First moment.
    pub first: Tensor<1>,
    /// Second moment.
    pub second: Tensor<1>,
}

/// Values, first and second moments, `[elements]` each, after an AdamW step.
pub fn adamw(tensors: AdamWTensors, step: AdamWStep) -> (Tensor<1>, Tensor<1>, Tensor<1>) {
    let (values, first, second) = Dispatch::adamw_step(
        tensors.values.into_dispatch(),
        tensors.grad.into_dispatch(),
        tensors.scale.into_dispatch(),
        tensors.first.into_dispatch(),
        tensors.second.into_dispatch(),
        step,
    );
    (
        Tensor::from_dispatch(values),
        Tensor::from_dispatch(first),
        Tensor::from_dispatch(second),
    )
}
