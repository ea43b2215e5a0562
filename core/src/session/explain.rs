//! Says why the model said so: gradient × input of each token, and where one attention head looked.

use burn::module::Module;
use burn::tensor::Tensor;
use serde::{Deserialize, Serialize};

use super::Session;
use crate::argmax::argmax;
use crate::batch::{Batch, Inputs, collate};
use crate::error::Result;
use crate::examples::host_values;
use crate::models::layers::Dropout;
use crate::rows::Row;
use crate::tasks::TaskError;
use crate::tokenizer::Encoding;

/// What is asked about a text.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Question {
    /// Number of the output that is explained; the highest one if not given.
    pub output: Option<usize>,
    /// Layer, from 0.
    pub layer: usize,
    /// Attention head, from 0.
    pub head: usize,
}

/// Why the model said so.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Reasons {
    /// Number of the output that is explained.
    pub output: usize,
    /// Gradient × input of each token: how the output's logit changes, to first order, if the token's embedding is taken
    /// away. Positive speaks for the output.
    pub saliency: Vec<f32>,
    /// `[query][key]` attention probabilities of the chosen head, all tokens.
    pub attention: Vec<Vec<f32>>,
}

impl Session {
    /// Explains what the model says of `encoding`. A sync point.
    ///
    /// # Errors
    /// If the model is not trained or says words, there is no such output, layer or head, or the device fails.
    pub async fn explain(&self, encoding: &Encoding, question: Question) -> Result<Reasons> {
        self.check_head()?;
        let task = self.task.kind();
        if !task.definition().has_reasons {
            return Err(TaskError::NoReasons { task }.into());
        }
        let sizes = self.network.sizes();
        let within = |what, number, count| match number < count {
            true => Ok(()),
            false => Err(TaskError::NoSuch { what, number, count }),
        };
        within("layer", question.layer, sizes.num_hidden_layers)?;
        within("attention head", question.head, sizes.num_attention_heads)?;
        let padding = self.text_encoder(None).padding();
        let batch = collate(&[encoding], padding, self.device.device());
        let off = &mut Dropout::off();
        let embedded = self.network.encoder.hidden_states(&batch, 0, off);
        let below = self.network.encoder.hidden_states(&batch, question.layer, off);
        let attention = self
            .network
            .encoder
            .attention(below, question.layer, batch.attention_bias.as_ref());
        let [_, _, seq, _] = attention.dims();
        let chosen = attention
            .slice([0..1, question.head..question.head + 1])
            .reshape([seq, seq]);

        let (outputs, input, values) = self.outputs_of(embedded, &batch, encoding);
        let output = match question.output {
            Some(output) => output,
            None => argmax(&host_values(outputs.clone().without_autodiff()).await?),
        };
        let [_, width] = outputs.dims();
        within("label", output, width)?;
        let gradients = outputs.slice([0..1, output..output + 1]).sum().backward();
        let saliency = match input.grad(&gradients) {
            Some(gradient) => host_values((gradient * values).sum_dim(2).reshape([seq])).await?,
            None => vec![0.0; seq],
        };
        let attention = host_values(chosen).await?;
        Ok(Reasons {
            output,
            saliency,
            attention: attention.chunks(seq).map(<[f32]>::to_vec).collect(),
        })
    }

    /// The task's outputs `[1, width]` of embedded tokens `[1, seq, hidden]`, the leaf that a gradient is asked of, and its
    /// values.
    fn outputs_of(&self, embedded: Tensor<3>, batch: &Batch, encoding: &Encoding) -> (Tensor<2>, Tensor<3>, Tensor<3>) {
        let network = self
            .network
            .clone()
            .to_device(&self.device.autodiff())
            .train()
            .no_grad();
        let values = embedded.clone();
        let input = Tensor::from_inner(embedded).require_grad();
        let batch = Batch {
            inputs: Inputs::HiddenStates {
                hidden_states: input.clone(),
                layers_done: 0,
            },
            attention_bias: batch.attention_bias.clone().map(Tensor::from_inner),
            attention_mask: Tensor::from_inner(batch.attention_mask.clone()),
        };
        let row = Row {
            encoding: encoding.clone(),
            ..Row::default()
        };
        let rows = [&row];
        let pass = network.pass(&batch, &rows, &mut Dropout::off());
        (self.task.outputs(pass), input, values)
    }
}

#[cfg(test)]
mod tests {
    use burn::tensor::{Tensor, TensorData};
    use futures_lite::future::block_on;

    use super::*;
    use crate::batch::Padding;
    use crate::device::ComputeDevice;
    use crate::tokenizer::Files;

    /// bert-tiny with a head of random weights, which is as good as any other for derivatives.
    fn session() -> Session {
        let file = |name: &str, bytes: &[u8]| (name.to_owned(), bytes.to_vec());
        let config = include_str!("../../../assets/bert-tiny/config.json");
        let config = config.replace("BertForMaskedLM", "BertForSequenceClassification");
        let files = Files::from([
            file("config.json", config.as_bytes()),
            file(
                "tokenizer.json",
                include_bytes!("../../../assets/bert-tiny/tokenizer.json"),
            ),
            file(
                "model.safetensors",
                include_bytes!("../../../assets/bert-tiny/model.safetensors"),
            ),
        ]);
        let mut session = Session::open(files, None, ComputeDevice::cpu("as asked")).expect("a model");
        session.loaded.initialised.clear();
        session
    }

    #[test]
    fn saliency_is_the_derivative_by_a_tokens_size() {
        /// Of a central difference of f32 logits near 1: the rounding is 1e-7 over twice the step.
        const STEP: f32 = 0.01;
        const TOLERANCE: f32 = 1e-3;
        let session = session();
        let encoding = session.encode("autumn leaves", Some("in the garden")).expect("a text");
        let question = Question {
            output: Some(1),
            ..Question::default()
        };
        let reasons = block_on(session.explain(&encoding, question)).expect("reasons");
        let batch = collate(&[&encoding], Padding::default(), session.device.device());
        let embedded = session.network.encoder.hidden_states(&batch, 0, &mut Dropout::off());
        let output = |token: usize, factor: f32| {
            let mut factors = vec![1.0; encoding.ids.len()];
            factors[token] = factor;
            let factors = TensorData::new(factors, [1, encoding.ids.len(), 1]);
            let scaled = embedded.clone() * Tensor::from_data(factors, session.device.device());
            let (outputs, ..) = session.outputs_of(scaled, &batch, &encoding);
            block_on(host_values(outputs.without_autodiff())).expect("values")[1]
        };
        for (token, saliency) in reasons.saliency.iter().enumerate() {
            let difference = (output(token, 1.0 + STEP) - output(token, 1.0 - STEP)) / (2.0 * STEP);
            assert!(
                (difference - saliency).abs() < TOLERANCE,
                "token {token}: {difference} {saliency}"
            );
        }
        let largest = reasons.saliency.iter().fold(0f32, |most, value| most.max(value.abs()));
        assert!(largest > 10.0 * TOLERANCE, "{largest}");
    }

    #[test]
    fn attention_of_each_token_sums_to_one() {
        let session = session();
        let encoding = session.encode("tea", None).expect("a text");
        let question = Question {
            layer: 1,
            head: 1,
            ..Question::default()
        };
        let reasons = block_on(session.explain(&encoding, question)).expect("reasons");
        assert_eq!(reasons.attention.len(), encoding.ids.len());
        for row in &reasons.attention {
            assert_eq!(row.len(), encoding.ids.len());
            assert!((row.iter().sum::<f32>() - 1.0).abs() < 1e-5, "{row:?}");
        }
    }

    #[test]
    fn what_the_model_does_not_have_is_named() {
        let session = session();
        let encoding = session.encode("tea", None).expect("a text");
        let ask = |question| {
            block_on(session.explain(&encoding, question))
                .expect_err("refused")
                .to_string()
        };
        let question = Question::default();
        assert_eq!(
            ask(Question { layer: 2, ..question }),
            "there is no layer number 2: the model has 2, counted from 0"
        );
        assert!(ask(Question { head: 99, ..question }).contains("attention head number 99"));
        assert!(
            ask(Question {
                output: Some(2),
                ..question
            })
            .contains("label number 2")
        );
    }
}
