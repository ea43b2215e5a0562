//! Fits the last layer of a classification head to frozen features by [`crate::logistic`], in one step instead of epochs.
//!
//! The features are what that layer reads of each row (BERT's pooled output), so that the model which comes out says exactly
//! what was fitted, here and in transformers.

use burn::module::Module;
use burn::tensor::Device;

use super::{RunHost, RunInputs, TrainError};
use crate::data::LabelMap;
use crate::error::Result;
use crate::examples::{Answering, RowSource, host_values};
use crate::logistic::{Fit, Problem, fit};
use crate::metrics::MetricsError;
use crate::models::layers::Dropout;
use crate::protocol::{EvaluationRecord, StepRecord, TrainEvent, TrainingRecord};
use crate::rows::{Purpose, Target};
use crate::tasks::network::{Head, Network};

/// Steps of the solver: a fit that needs more is hardly determined by its data.
const MOST_ITERATIONS: usize = 1000;

/// The network with a fitted last layer, off the autodiff device, and what was done.
///
/// # Errors
/// If there are not two classes, the device fails, or the host stops it before it is done.
pub async fn probe(
    network: Network,
    inputs: RunInputs<'_>,
    host: &mut dyn RunHost,
) -> Result<(Network, TrainingRecord)> {
    let network = network.valid();
    let device = inputs.device.clone().inner();
    let set = read(&network, &inputs, &device, host).await?;
    let problem = Problem {
        features: &set.features,
        classes: &set.classes,
        weights: &set.weights,
        num_classes: inputs.task.labels().len(),
        l2: inputs.config.probe_l2,
        max_iterations: MOST_ITERATIONS,
    };
    let fit = fit(&problem).map_err(TrainError::from)?;
    host.event(TrainEvent::Note { message: told(&fit) });
    let network = with_fit(network, &fit);
    let step = StepRecord {
        step: 1,
        epoch: 1.0,
        loss: fit.loss,
        learning_rate: 0.0,
        gradient_norm: fit.gradient,
        examples: set.classes.len(),
    };
    host.event(TrainEvent::Step(step.clone()));
    let mut record = TrainingRecord {
        steps: vec![step],
        kept_step: 1,
        truncated: inputs.train.truncated_in_cache(),
        ..TrainingRecord::default()
    };
    if let Some(eval) = &inputs.eval {
        let evaluation = evaluated(&network, eval, &inputs, &device, host).await?;
        record.evaluations.push(evaluation.clone());
        host.event(TrainEvent::Evaluated(evaluation));
    }
    Ok((network, record))
}

/// Whether the fit is one.
fn told(fit: &Fit) -> String {
    let (steps, gradient) = (fit.iterations, fit.gradient);
    match fit.converged {
        true => format!("the logistic regression converged after {steps} iterations"),
        false if steps >= MOST_ITERATIONS => format!(
            "the logistic regression did not converge in {steps} iterations: its gradient is still {gradient:.1e}; raise \
             --probe-l2"
        ),
        // The loss is flat, or too steep to be told from rounding.
        false => format!(
            "the logistic regression came no nearer after {steps} iterations: its gradient is still {gradient:.1e}"
        ),
    }
}

/// What is fitted to, in the order of the rows.
struct TrainingSet {
    features: Vec<Vec<f32>>,
    classes: Vec<usize>,
    weights: Vec<f64>,
}

/// Asks the host whether to go on: what is half done is no model.
async fn go_on(host: &mut dyn RunHost) -> Result<()> {
    Ok(host.control().await.go_on()?)
}

/// What the last layer reads of each training row. A sync point for each batch.
async fn read(
    network: &Network,
    inputs: &RunInputs<'_>,
    device: &Device,
    host: &mut dyn RunHost,
) -> Result<TrainingSet> {
    let source: &RowSource = &inputs.train;
    let count = source.rows.len();
    let mut set = TrainingSet {
        features: vec![Vec::new(); count],
        classes: vec![0; count],
        weights: vec![0.0; count],
    };
    for batch in source.batches_by_length(inputs.config.eval_batch_size)? {
        let window = source.window(&batch, Purpose::Evaluate)?;
        let positions: Vec<usize> = (0..batch.len()).collect();
        let input = source.batch(&window, &positions, device);
        let rows = window.rows(&positions);
        let pass = network.pass(&input, &rows, &mut Dropout::off());
        let [_, _, hidden] = pass.hidden_states.dims();
        let head = network.head.classification();
        let values = host_values(head.pooled_output(pass.hidden_states, &mut Dropout::off())).await?;
        for ((values, row), &index) in values.chunks(hidden).zip(rows).zip(&batch) {
            set.features[index] = values.to_vec();
            // A row without a class would count nothing.
            if let Target::Class(class) = row.target {
                set.classes[index] = class as usize;
                set.weights[index] = inputs.task.weight(&[&row.target]);
            }
        }
        // Before the next batch, and behind the last before the fit, which nothing interrupts.
        go_on(host).await?;
    }
    Ok(set)
}

fn with_fit(network: Network, fit: &Fit) -> Network {
    let width = fit.coefficients.first().map_or(0, Vec::len);
    let column = |feature: usize| fit.coefficients.iter().map(move |row| row[feature] as f32);
    let weight: Vec<f32> = (0..width).flat_map(column).collect();
    let bias: Vec<f32> = fit.intercepts.iter().map(|&intercept| intercept as f32).collect();
    let head = network.head.classification().clone().with_classifier(weight, bias);
    Network {
        head: Head::Classification(head),
        ..network
    }
}

async fn evaluated(
    network: &Network,
    eval: &RowSource<'_>,
    inputs: &RunInputs<'_>,
    device: &Device,
    host: &mut dyn RunHost,
) -> Result<EvaluationRecord> {
    let mut answering = Answering::new(network, eval, Purpose::Evaluate, inputs.config.eval_batch_size)?;
    while answering.step(device).await?.is_some() {
        go_on(host).await?;
    }
    let (outputs, _) = answering.finish();
    let label_map = LabelMap::default();
    let (loss, report) = inputs.task.report(eval.answered(&outputs, &label_map))?;
    Ok(EvaluationRecord {
        step: 1,
        epoch: 1.0,
        loss: loss.ok_or(TrainError::Metrics(MetricsError::NoExamples))?,
        report,
        best: true,
    })
}
