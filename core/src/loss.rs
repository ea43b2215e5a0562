//! Computes losses as torch does: cross-entropy with class weights, label smoothing and ignored labels; binary
//! cross-entropy on logits; squared error. Each is a mean whose denominator the caller gives.
//!
//! The host turns labels into a target matrix that already holds weights, smoothing and the mean's denominator, so that
//! one product serves every variant, and so that the micro-batches of one accumulated step add up to its exact mean.

use burn::tensor::{Device, Tensor, TensorData, activation};

/// How labels count.
#[derive(Debug, Clone, PartialEq)]
pub struct CrossEntropy {
    /// One weight a class; all 1 where classes count alike.
    pub class_weights: Vec<f32>,
    /// Share of the target that is spread over all classes, 0 to 1.
    pub label_smoothing: f32,
}

impl CrossEntropy {
    /// Every class counts alike, targets are hard.
    pub fn plain(num_labels: usize) -> Self {
        Self {
            class_weights: vec![1.0; num_labels],
            label_smoothing: 0.0,
        }
    }

    /// What a mean over `labels` divides by; `None` marks an ignored example.
    pub fn weight_sum(&self, labels: &[Option<usize>]) -> f64 {
        labels
            .iter()
            .flatten()
            .map(|&label| f64::from(self.class_weights[label]))
            .sum()
    }

    /// The loss, `[1]`, of `logits` `[batch, num_labels]`: the sum over the batch divided by `denominator`, which is
    /// [`Self::weight_sum`] of the whole optimizer step.
    pub fn forward(&self, logits: Tensor<2>, labels: &[Option<usize>], denominator: f64) -> Tensor<1> {
        let targets = self.targets(labels, denominator, &logits.device().inner());
        (activation::log_softmax(logits, 1) * Tensor::from_inner(targets))
            .sum()
            .neg()
    }

    /// Target matrix `[batch, num_labels]`, divided by `denominator`.
    fn targets(&self, labels: &[Option<usize>], denominator: f64, device: &Device) -> Tensor<2> {
        let num_labels = self.class_weights.len();
        // torch spreads the smoothed share over the classes in proportion to their weights.
        let spread = self.label_smoothing / num_labels as f32;
        let mut values = vec![0f32; labels.len() * num_labels];
        for (row, label) in values.chunks_mut(num_labels).zip(labels) {
            let Some(label) = *label else { continue };
            for (value, weight) in row.iter_mut().zip(&self.class_weights) {
                *value = spread * weight;
            }
            row[label] += (1.0 - self.label_smoothing) * self.class_weights[label];
            for value in row {
                *value = (f64::from(*value) / denominator) as f32;
            }
        }
        Tensor::from_data(TensorData::new(values, [labels.len(), num_labels]), device)
    }
}

/// Binary cross-entropy, `[1]`, of `logits` `[batch, num_labels]`: the sum over all elements divided by `denominator`.
/// `targets` are the numbers of the labels that a row has; `None` marks an ignored row.
pub fn binary_cross_entropy(logits: Tensor<2>, targets: &[Option<&[u32]>], denominator: f64) -> Tensor<1> {
    let [batch, num_labels] = logits.dims();
    // What log σ(x) and log σ(−x) count: the label is right, or it is wrong.
    let (mut right, mut wrong) = (vec![0f32; batch * num_labels], vec![0f32; batch * num_labels]);
    let share = (1.0 / denominator) as f32;
    for (row, target) in targets.iter().enumerate() {
        let Some(target) = target else { continue };
        let start = row * num_labels;
        wrong[start..start + num_labels].fill(share);
        for &label in *target {
            right[start + label as usize] = share;
            wrong[start + label as usize] = 0.0;
        }
    }
    let device = logits.device().inner();
    let weights = |values| Tensor::from_inner(Tensor::from_data(TensorData::new(values, [batch, num_labels]), &device));
    let said = activation::log_sigmoid(logits.clone()) * weights(right);
    let unsaid = activation::log_sigmoid(logits.neg()) * weights(wrong);
    (said + unsaid).sum().neg()
}

/// Squared error, `[1]`, of `outputs` `[batch, 1]`: the sum over the rows divided by `denominator`. `None` marks an ignored
/// row.
pub fn squared_error(outputs: Tensor<2>, targets: &[Option<f32>], denominator: f64) -> Tensor<1> {
    let device = outputs.device().inner();
    let column = |of: fn(&Option<f32>) -> f32| {
        let values: Vec<f32> = targets.iter().map(of).collect();
        Tensor::<2>::from_inner(Tensor::from_data(TensorData::new(values, [targets.len(), 1]), &device))
    };
    let keep = column(|target| f32::from(u8::from(target.is_some())));
    let difference = (outputs - column(|target| target.unwrap_or(0.0))) * keep;
    (difference.clone() * difference).sum().div_scalar(denominator)
}

/// Mean binary cross-entropy of `logits` `[batch][num_labels]` on the host, for evaluation.
pub fn mean_binary_cross_entropy(logits: &[&[f32]], targets: &[&[u32]]) -> f64 {
    let softplus = |x: f64| x.max(0.0) + (-x.abs()).exp().ln_1p();
    let rows = logits.iter().zip(targets).map(|(row, target)| {
        let all: f64 = row.iter().map(|&logit| softplus(logit.into())).sum();
        let right: f64 = target.iter().map(|&label| f64::from(row[label as usize])).sum();
        all - right
    });
    let elements: usize = logits.iter().map(|row| row.len()).sum();
    rows.sum::<f64>() / elements.max(1) as f64
}

/// Mean cross-entropy of `logits` `[batch][num_labels]`, on the host, for evaluation.
pub fn mean_cross_entropy(logits: &[&[f32]], labels: &[usize]) -> f64 {
    let losses = logits.iter().zip(labels).map(|(row, &label)| {
        let highest = row.iter().copied().fold(f32::NEG_INFINITY, f32::max);
        let sum: f64 = row.iter().map(|logit| f64::from(logit - highest).exp()).sum();
        sum.ln() - f64::from(row[label] - highest)
    });
    losses.sum::<f64>() / labels.len().max(1) as f64
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn micro_batches_add_up_to_the_mean() {
        let loss = CrossEntropy {
            class_weights: vec![1.0, 3.0],
            label_smoothing: 0.1,
        };
        let device = Device::flex();
        let logits = Tensor::<2>::from_data([[0.5, 1.0], [2.0, -1.0], [0.1, 0.2]], &device);
        let labels = [Some(0), Some(1), None];
        let denominator = loss.weight_sum(&labels);
        assert_eq!(denominator, 4.0);
        let scalar = |tensor: Tensor<1>| tensor.into_scalar::<f32>();
        let whole = scalar(loss.forward(logits.clone(), &labels, denominator));
        let parts: f32 = (0..3)
            .map(|row| scalar(loss.forward(logits.clone().slice(row..row + 1), &labels[row..=row], denominator)))
            .sum();
        assert!((whole - parts).abs() < 1e-6, "{whole} {parts}");
    }
}
