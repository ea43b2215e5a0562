//! Teaches autodiff the derivatives of the fused operations.

use burn::backend::Autodiff;
use burn::backend::autodiff::checkpoint::base::Checkpointer;
use burn::backend::autodiff::checkpoint::strategy::CheckpointStrategy;
use burn::backend::autodiff::grads::Gradients;
use burn::backend::autodiff::ops::{Backward, Ops, OpsKind, unary};
use burn::backend::tensor::FloatTensor;
use burn::backend::{AutodiffBackend, Shape, TensorMetadata};

use super::vocabulary::{self, Compared, Learns};
use super::{AdamWStep, DropoutDraw, KernelBackend};

impl<B: KernelBackend, C: CheckpointStrategy> KernelBackend for Autodiff<B, C> {
    fn product(lhs: FloatTensor<Self>, rhs: FloatTensor<Self>) -> FloatTensor<Self> {
        // Each factor's derivative needs the other.
        let (needs_rhs, needs_lhs) = (lhs.is_tracked(), rhs.is_tracked());
        match Product
            .prepare::<C>([lhs.node(), rhs.node()])
            .compute_bound()
            .stateful()
        {
            OpsKind::Tracked(prep) => {
                let (lhs, rhs) = (lhs.into_primitive(), rhs.into_primitive());
                let kept = (needs_lhs.then(|| lhs.clone()), needs_rhs.then(|| rhs.clone()));
                prep.finish(kept, B::product(lhs, rhs))
            }
            OpsKind::UnTracked(prep) => prep.finish(B::product(lhs.into_primitive(), rhs.into_primitive())),
        }
    }

    fn linear_rows(x: FloatTensor<Self>, weight: FloatTensor<Self>, bias: FloatTensor<Self>) -> FloatTensor<Self> {
        let (needs_weight, needs_x) = (x.is_tracked(), weight.is_tracked());
        let nodes = [x.node(), weight.node(), bias.node()];
        let bias = bias.into_primitive();
        match LinearRows.prepare::<C>(nodes).compute_bound().stateful() {
            OpsKind::Tracked(prep) => {
                let (x, weight) = (x.into_primitive(), weight.into_primitive());
                let kept = (needs_x.then(|| x.clone()), needs_weight.then(|| weight.clone()));
                prep.finish(kept, B::linear_rows(x, weight, bias))
            }
            OpsKind::UnTracked(prep) => prep.finish(B::linear_rows(x.into_primitive(), weight.into_primitive(), bias)),
        }
    }

    fn gelu_exact(x: FloatTensor<Self>) -> FloatTensor<Self> {
        match Gelu.prepare::<C>([x.node()]).compute_bound().stateful() {
            OpsKind::Tracked(prep) => {
                let x = x.into_primitive();
                prep.finish(x.clone(), B::gelu_exact(x))
            }
            OpsKind::UnTracked(prep) => prep.finish(B::gelu_exact(x.into_primitive())),
        }
    }

    fn gelu_tanh(x: FloatTensor<Self>) -> FloatTensor<Self> {
        match GeluTanh.prepare::<C>([x.node()]).compute_bound().stateful() {
            OpsKind::Tracked(prep) => {
                let x = x.into_primitive();
                prep.finish(x.clone(), B::gelu_tanh(x))
            }
            OpsKind::UnTracked(prep) => prep.finish(B::gelu_tanh(x.into_primitive())),
        }
    }

    fn layer_norm_rows(
        x: FloatTensor<Self>,
        gamma: FloatTensor<Self>,
        beta: FloatTensor<Self>,
        epsilon: f64,
    ) -> FloatTensor<Self> {
        let nodes = [x.node(), gamma.node(), beta.node()];
        match (LayerNorm { epsilon }).prepare::<C>(nodes).compute_bound().stateful() {
            OpsKind::Tracked(prep) => {
                let (x, gamma) = (x.into_primitive(), gamma.into_primitive());
                let output = B::layer_norm_rows(x.clone(), gamma.clone(), beta.into_primitive(), epsilon);
                prep.finish((x, gamma), output)
            }
            OpsKind::UnTracked(prep) => prep.finish(B::layer_norm_rows(
                x.into_primitive(),
                gamma.into_primitive(),
                beta.into_primitive(),
                epsilon,
            )),
        }
    }

    fn attention_softmax(scores: FloatTensor<Self>, bias: FloatTensor<Self>, scale: f64) -> FloatTensor<Self> {
        match (Softmax { scale })
            .prepare::<C>([scores.node()])
            .compute_bound()
            .stateful()
        {
            OpsKind::Tracked(prep) => {
                let probabilities = B::attention_softmax(scores.into_primitive(), bias.into_primitive(), scale);
                prep.finish(probabilities.clone(), probabilities)
            }
            OpsKind::UnTracked(prep) => prep.finish(B::attention_softmax(
                scores.into_primitive(),
                bias.into_primitive(),
                scale,
            )),
        }
    }

    fn keyed_dropout(x: FloatTensor<Self>, draw: DropoutDraw) -> FloatTensor<Self> {
        match KeyedDropout(draw).prepare::<C>([x.node()]).compute_bound().stateful() {
            OpsKind::Tracked(prep) => prep.finish((), B::keyed_dropout(x.into_primitive(), draw)),
            OpsKind::UnTracked(prep) => prep.finish(B::keyed_dropout(x.into_primitive(), draw)),
        }
    }

    fn vocabulary_loss(
        states: FloatTensor<Self>,
        table: FloatTensor<Self>,
        bias: FloatTensor<Self>,
        targets: FloatTensor<Self>,
        shares: FloatTensor<Self>,
    ) -> FloatTensor<Self> {
        let nodes = [states.node(), table.node(), bias.node()];
        let learns = Learns {
            table: table.is_tracked(),
            bias: bias.is_tracked(),
        };
        let compared = Compared {
            states: states.into_primitive(),
            table: table.into_primitive(),
            bias: bias.into_primitive(),
            targets: targets.into_primitive(),
            shares: shares.into_primitive(),
        };
        match VocabularyLoss.prepare::<C>(nodes).compute_bound().stateful() {
            OpsKind::Tracked(prep) => {
                let (loss, gradients) = vocabulary::loss_and_gradients::<B>(&compared, learns);
                prep.finish(gradients, loss)
            }
            OpsKind::UnTracked(prep) => prep.finish(B::float_sum(vocabulary::losses::<B>(&compared))),
        }
    }

    // Derivatives have none of their own, nor have what the optimizer computes.

    fn gelu_exact_backward(x: FloatTensor<Self>, grad: FloatTensor<Self>) -> FloatTensor<Self> {
        Self::from_inner(B::gelu_exact_backward(x.into_primitive(), grad.into_primitive()))
    }

    fn gelu_tanh_backward(x: FloatTensor<Self>, grad: FloatTensor<Self>) -> FloatTensor<Self> {
        Self::from_inner(B::gelu_tanh_backward(x.into_primitive(), grad.into_primitive()))
    }

    fn layer_norm_rows_backward(
        x: FloatTensor<Self>,
        gamma: FloatTensor<Self>,
        grad: FloatTensor<Self>,
        epsilon: f64,
    ) -> (FloatTensor<Self>, FloatTensor<Self>, FloatTensor<Self>) {
        let (x, gamma, grad) = (x.into_primitive(), gamma.into_primitive(), grad.into_primitive());
        let (grad_x, grad_gamma, grad_beta) = B::layer_norm_rows_backward(x, gamma, grad, epsilon);
        (
            Self::from_inner(grad_x),
            Self::from_inner(grad_gamma),
            Self::from_inner(grad_beta),
        )
    }

    fn attention_softmax_backward(
        probabilities: FloatTensor<Self>,
        grad: FloatTensor<Self>,
        scale: f64,
    ) -> FloatTensor<Self> {
        let (probabilities, grad) = (probabilities.into_primitive(), grad.into_primitive());
        Self::from_inner(B::attention_softmax_backward(probabilities, grad, scale))
    }

    fn square_sum(x: FloatTensor<Self>) -> FloatTensor<Self> {
        Self::from_inner(B::square_sum(x.into_primitive()))
    }

    fn adamw_step(
        values: FloatTensor<Self>,
        grad: FloatTensor<Self>,
        scale: FloatTensor<Self>,
        first: FloatTensor<Self>,
        second: FloatTensor<Self>,
        step: AdamWStep,
    ) -> (FloatTensor<Self>, FloatTensor<Self>, FloatTensor<Self>) {
        let (values, first, second) = B::adamw_step(
            values.into_primitive(),
            grad.into_primitive(),
            scale.into_primitive(),
            first.into_primitive(),
            second.into_primitive(),
            step,
        );
        (
            Self::from_inner(values),
            Self::from_inner(first),
            Self::from_inner(second),
        )
    }
}

#[derive(Debug)]
struct Product;

impl<B: KernelBackend> Backward<B, 2> for Product {
    /// The factors, each where the other learns.
    type State = (Option<FloatTensor<B>>, Option<FloatTensor<B>>);

    fn backward(self, ops: Ops<Self::State, 2>, grads: &mut Gradients, _checkpointer: &mut Checkpointer) {
        let grad = grads.consume::<B>(&ops.node);
        let [of_lhs, of_rhs] = ops.parents;
        let (lhs, rhs) = ops.state;
        if let (Some(parent), Some(rhs)) = (of_lhs, rhs) {
            grads.register::<B>(parent.id, B::product(grad.clone(), B::float_transpose(rhs)));
        }
        if let (Some(parent), Some(lhs)) = (of_rhs, lhs) {
            grads.register::<B>(parent.id, B::product(B::float_transpose(lhs), grad));
        }
    }
}

#[derive(Debug)]
struct LinearRows;

impl<B: KernelBackend> Backward<B, 3> for LinearRows {
    /// The rows where the weight learns, and the weight where the rows do.
    type State = (Option<FloatTensor<B>>, Option<FloatTensor<B>>);

    fn backward(self, ops: Ops<Self::State, 3>, grads: &mut Gradients, _checkpointer: &mut Checkpointer) {
        let grad = grads.consume::<B>(&ops.node);
        let [of_x, of_weight, of_bias] = ops.parents;
        let (x, weight) = ops.state;
        if let (Some(parent), Some(weight)) = (of_x, weight) {
            grads.register::<B>(parent.id, B::product(grad.clone(), B::float_transpose(weight)));
        }
        if let (Some(parent), Some(x)) = (of_weight, x) {
            grads.register::<B>(parent.id, B::product(B::float_transpose(x), grad.clone()));
        }
        if let Some(parent) = of_bias {
            let [_, d_output] = grad.shape().dims();
            let sum = B::float_sum_dim(grad, 0);
            grads.register::<B>(parent.id, B::float_reshape(sum, Shape::new([d_output])));
        }
    }
}

#[derive(Debug)]
struct VocabularyLoss;

impl<B: KernelBackend> Backward<B, 3> for VocabularyLoss {
    type State = vocabulary::Gradients<FloatTensor<B>>;

    fn backward(self, ops: Ops<Self::State, 3>, grads: &mut Gradients, _checkpointer: &mut Checkpointer) {
        let grad = grads.consume::<B>(&ops.node); // [1]
        let state = ops.state;
        let parts = [Some(state.states), state.table, state.bias];
        for (parent, part) in ops.parents.into_iter().zip(parts) {
            if let (Some(parent), Some(part)) = (parent, part) {
                let ones = vec![1; part.shape().num_dims()];
                let grad = B::float_reshape(grad.clone(), Shape::from(ones));
                grads.register::<B>(parent.id, B::float_mul(part, grad));
            }
        }
    }
}

#[derive(Debug)]
struct Gelu;

impl<B: KernelBackend> Backward<B, 1> for Gelu {
    type State = FloatTensor<B>;

    fn backward(self, ops: Ops<Self::State, 1>, grads: &mut Gradients, _checkpointer: &mut Checkpointer) {
        let x = ops.state;
        unary::<B, _>(ops.parents, ops.node, grads, |grad| B::gelu_exact_backward(x, grad));
    }
}

#[derive(Debug)]
struct GeluTanh;

impl<B: KernelBackend> Backward<B, 1> for GeluTanh {
    type State = FloatTensor<B>;

    fn backward(self, ops: Ops<Self::State, 1>, grads: &mut Gradients, _checkpointer: &mut Checkpointer) {
        let x = ops.state;
        unary::<B, _>(ops.parents, ops.node, grads, |grad| B::gelu_tanh_backward(x, grad));
    }
}

#[derive(Debug)]
struct LayerNorm {
    epsilon: f64,
}

impl<B: KernelBackend> Backward<B, 3> for LayerNorm {
    type State = (FloatTensor<B>, FloatTensor<B>);

    fn backward(self, ops: Ops<Self::State, 3>, grads: &mut Gradients, _checkpointer: &mut Checkpointer) {
        let grad = grads.consume::<B>(&ops.node);
        let (x, gamma) = ops.state;
        let (grad_x, grad_gamma, grad_beta) = B::layer_norm_rows_backward(x, gamma, grad, self.epsilon);
        for (parent, grad) in ops.parents.into_iter().zip([grad_x, grad_gamma, grad_beta]) {
            if let Some(parent) = parent {
                grads.register::<B>(parent.id, grad);
            }
        }
    }
}

#[derive(Debug)]
struct Softmax {
    scale: f64,
}

impl<B: KernelBackend> Backward<B, 1> for Softmax {
    type State = FloatTensor<B>;

    fn backward(self, ops: Ops<Self::State, 1>, grads: &mut Gradients, _checkpointer: &mut Checkpointer) {
        let probabilities = ops.state;
        unary::<B, _>(ops.parents, ops.node, grads, |grad| {
            B::attention_softmax_backward(probabilities, grad, self.scale)
        });
    }
}

#[derive(Debug)]
struct KeyedDropout(DropoutDraw);

impl<B: KernelBackend> Backward<B, 1> for KeyedDropout {
    type State = ();

    fn backward(self, ops: Ops<Self::State, 1>, grads: &mut Gradients, _checkpointer: &mut Checkpointer) {
        unary::<B, _>(ops.parents, ops.node, grads, |grad| B::keyed_dropout(grad, self.0));
    }
}
