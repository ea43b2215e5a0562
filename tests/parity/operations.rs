//! Compares the fused operations and their derivatives on two devices: widths that vectors of four do not divide, biases that
//! are repeated, sums too long for one unit, dropout element by element.

use burn::tensor::{Device, Tensor, TensorData};
use terakoya_core::examples::host_values;
use terakoya_core::kernels::{
    AdamWStep, AdamWTensors, DropoutDraw, adamw, attention_softmax, dropout, gelu, gelu_tanh, layer_norm, linear_rows,
    product, square_sum,
};

/// Of the largest value, or of 1 where all are smaller.
const TOLERANCE: f32 = 1e-4;

const ROWS: usize = 7;
const WIDTHS: &[usize] = &[64, 67];
/// Of what natively a kernel is chosen for by trying several, each compiled for a second.
const WIDTH: &[usize] = &[67];

/// Numbers between -2 and 2 that follow no simple pattern.
fn values<const D: usize>(shape: [usize; D], seed: usize, device: &Device) -> Tensor<D> {
    let count: usize = shape.iter().product();
    let value = |i: usize| 2.0 * ((i * 7919 + seed * 104_729 + 13) as f32 * 0.618_034).sin();
    Tensor::from_data(
        TensorData::new((0..count).map(value).collect::<Vec<f32>>(), shape),
        device,
    )
}

/// A named operation, the widths it is compared for, and what gives its output and the gradients of its inputs.
type Operation = (&'static str, &'static [usize], fn(usize, &Device) -> Vec<Tensor<1>>);

fn flat<const D: usize>(tensor: Tensor<D>) -> Tensor<1> {
    let count = tensor.shape().num_elements();
    tensor.without_autodiff().reshape([count])
}

/// The output, and the gradients of `inputs` for a sum in which every element counts otherwise.
fn with_gradients<const D: usize, const E: usize>(output: Tensor<D>, inputs: &[&Tensor<E>]) -> Vec<Tensor<1>> {
    let weights = values(output.dims(), 99, &output.device());
    let gradients = (output.clone() * weights).sum().backward();
    let of_inputs = inputs
        .iter()
        .map(|input| flat(input.grad(&gradients).expect("a gradient")));
    std::iter::once(flat(output)).chain(of_inputs).collect()
}

const OPERATIONS: [Operation; 9] = [
    ("matrix product", WIDTH, |width, device| {
        let texts = [2, 3, width, ROWS];
        let lhs = values(texts, 14, device).require_grad();
        let rhs = values(texts, 15, device).require_grad();
        let mut all = with_gradients(product(lhs.clone(), rhs.clone().transpose()), &[&lhs, &rhs]);
        // As attention's heads lie: an axis within the others.
        let heads = || (lhs.clone().swap_dims(1, 2), rhs.clone().swap_dims(1, 2));
        let (left, right) = heads();
        all.extend(with_gradients(product(left.transpose(), right), &[&lhs, &rhs]));
        all
    }),
    ("linear layer", WIDTH, |width, device| {
        let x = values([5 * ROWS, width], 16, device).require_grad();
        let weight = values([width, width + 3], 17, device).require_grad();
        let bias = values([width + 3], 18, device).require_grad();
        let output = || linear_rows(x.clone(), weight.clone(), bias.clone());
        let mut all = with_gradients(output(), &[&x, &weight]);
        all.extend(with_gradients(output(), &[&bias]));
        all
    }),
    ("linear layer of many rows", WIDTH, |width, device| {
        let x = values([1_100, width], 19, device).require_grad();
        let weight = values([width, width], 20, device).require_grad();
        let bias = values([width], 21, device).require_grad();
        with_gradients(linear_rows(x.clone(), weight.clone(), bias), &[&x, &weight])
    }),
    ("gelu", WIDTHS, |width, device| {
        let x = values([ROWS, width], 1, device).require_grad();
        with_gradients(gelu(x.clone()), &[&x])
    }),
    ("gelu by tanh", WIDTHS, |width, device| {
        // Far enough for both ends.
        let x = (values([ROWS, width], 22, device) * 8.0).detach().require_grad();
        with_gradients(gelu_tanh(x.clone()), &[&x])
    }),
    ("layer normalisation", WIDTHS, |width, device| {
        let x = values([ROWS, width], 2, device).require_grad();
        let gamma = values([width], 3, device).require_grad();
        let beta = values([width], 4, device).require_grad();
        let output = || layer_norm(x.clone(), gamma.clone(), beta.clone(), 1e-5);
        let mut all = with_gradients(output(), &[&x]);
        all.extend(with_gradients(output(), &[&gamma, &beta]));
        all
    }),
    ("softmax", WIDTHS, |width, device| {
        let mut all = Vec::new();
        for (texts, rows) in [(1, 1), (2, 1), (1, ROWS), (2, ROWS)] {
            let scores = values([2, 3, ROWS, width], 5, device).require_grad();
            let bias = values([texts, 1, rows, width], 6, &device.clone().inner());
            all.extend(with_gradients(
                attention_softmax(scores.clone(), Some(&bias), 0.7),
                &[&scores],
            ));
        }
        let scores = values([2, 3, ROWS, width], 7, device).require_grad();
        all.extend(with_gradients(attention_softmax(scores.clone(), None, 0.7), &[&scores]));
        all
    }),
    ("dropout", WIDTHS, |width, device| {
        let x = values([ROWS, width], 8, device).require_grad();
        let draw = DropoutDraw {
            key: 0x0123_4567_89ab_cdef,
            first: u32::MAX - 5,
            keep: 0.9,
        };
        with_gradients(dropout(x.clone(), draw), &[&x])
    }),
    ("AdamW", WIDTHS, |width, device| {
        let device = device.clone().inner();
        // The longest is more than one unit sums.
        let count = width * width * width + 1;
        let tensors = AdamWTensors {
            values: values([count], 9, &device),
            grad: values([count], 10, &device),
            scale: values([1], 11, &device),
            first: values([count], 12, &device),
            second: values([count], 13, &device).abs(),
        };
        let mean_square = square_sum(tensors.grad.clone()) / count as f32;
        let (values, first, second) = adamw(tensors, STEP);
        vec![mean_square, values, first, second]
    }),
];

const STEP: AdamWStep = AdamWStep {
    beta1: 0.9,
    beta2: 0.999,
    share1: 0.1,
    share2: 0.001,
    epsilon: 1e-8,
    shrink: 0.9999,
    step_size: 0.01,
    root_correction: 0.5,
};

/// Fails where an operation gives something else on `device` than on the CPU.
pub async fn compare(device: &Device) {
    for (name, widths, operation) in OPERATIONS {
        for &width in widths {
            let expected = operation(width, &Device::flex().autodiff());
            let given = operation(width, &device.clone().autodiff());
            assert_eq!(expected.len(), given.len());
            for (part, (expected, given)) in expected.into_iter().zip(given).enumerate() {
                let expected = host_values(expected).await.expect("the CPU");
                let given = host_values(given).await.expect("the device");
                assert_eq!(expected.len(), given.len(), "{name}, {width} wide, part {part}");
                let largest = expected.iter().fold(1.0f32, |largest, value| largest.max(value.abs()));
                let near = |(a, b): (&f32, &f32)| (a - b).abs() <= TOLERANCE * largest;
                let far = expected.iter().zip(&given).position(|pair| !near(pair));
                if let Some(at) = far {
                    panic!(
                        "{name}, {width} wide, part {part}, element {at}: {} and {}",
                        expected[at], given[at]
                    );
                }
            }
        }
    }
}
