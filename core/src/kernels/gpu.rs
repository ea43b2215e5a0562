//! Runs the fused operations on a GPU with the kernels of [`terakoya_gpu`].

use burn::backend::ops::{FloatTensorOps, ModuleOps};
use burn_cubecl::CubeBackend;
use burn_cubecl::kernel::into_contiguous;
use burn_cubecl::tensor::CubeTensor;
use terakoya_gpu::{elements, product, rows};

use super::{AdamWStep, DropoutDraw, KernelBackend};

impl KernelBackend for CubeBackend {
    fn product(lhs: CubeTensor, rhs: CubeTensor) -> CubeTensor {
        match product::is_small(&lhs, &rhs) {
            true => product::multiply(lhs, rhs, None),
            false => Self::float_matmul(lhs, rhs),
        }
    }

    fn linear_rows(x: CubeTensor, weight: CubeTensor, bias: CubeTensor) -> CubeTensor {
        match product::is_small(&x, &weight) {
            true => product::multiply(x, weight, Some(into_contiguous(bias))),
            false => Self::linear(x, weight, Some(bias)),
        }
    }

    fn gelu_exact(x: CubeTensor) -> CubeTensor {
        elements::gelu(x, false)
    }

    fn gelu_exact_backward(x: CubeTensor, grad: CubeTensor) -> CubeTensor {
        elements::gelu_backward(x, grad, false)
    }

    fn gelu_tanh(x: CubeTensor) -> CubeTensor {
        elements::gelu(x, true)
    }

    fn gelu_tanh_backward(x: CubeTensor, grad: CubeTensor) -> CubeTensor {
        elements::gelu_backward(x, grad, true)
    }

    fn layer_norm_rows(x: CubeTensor, gamma: CubeTensor, beta: CubeTensor, epsilon: f64) -> CubeTensor {
        rows::layer_norm(x, gamma, beta, epsilon)
    }

    fn layer_norm_rows_backward(
        x: CubeTensor,
        gamma: CubeTensor,
        grad: CubeTensor,
        epsilon: f64,
    ) -> (CubeTensor, CubeTensor, CubeTensor) {
        rows::layer_norm_backward(x, gamma, grad, epsilon)
    }

    fn attention_softmax(scores: CubeTensor, bias: CubeTensor, scale: f64) -> CubeTensor {
        rows::softmax(scores, bias, scale)
    }

    fn attention_softmax_backward(probabilities: CubeTensor, grad: CubeTensor, scale: f64) -> CubeTensor {
        rows::softmax_backward(probabilities, grad, scale)
    }

    fn keyed_dropout(x: CubeTensor, draw: DropoutDraw) -> CubeTensor {
        elements::dropout(x, draw)
    }

    fn square_sum(x: CubeTensor) -> CubeTensor {
        elements::square_sum(x)
    }

    fn adamw_step(
        values: CubeTensor,
        grad: CubeTensor,
        scale: CubeTensor,
        first: CubeTensor,
        second: CubeTensor,
        step: AdamWStep,
    ) -> (CubeTensor, CubeTensor, CubeTensor) {
        elements::adamw(values, grad, scale, first, second, step)
    }
}
