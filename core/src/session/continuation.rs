//! Continues a prompt with a causal language model, token by token.

use burn::tensor::{Int, Tensor, TensorData};

use super::Session;
use crate::error::Result;
use crate::examples::host_values;
use crate::generate::{GenerateError, Generation, GenerationConfig, GenerationHost, Sampler, StoppedBy, TextStream};
use crate::models::gpt2::{Gpt2Model, KeyValueCache};
use crate::train::Control;

impl Session {
    /// Continues `prompt`, telling `host` the text as it comes. An empty prompt begins with the token that ends texts. A sync
    /// point for each token.
    ///
    /// # Errors
    /// If an option is impossible, the model cannot continue texts, the prompt is too long, or the device fails.
    pub async fn generate(
        &self,
        prompt: &str,
        config: &GenerationConfig,
        host: &mut dyn GenerationHost,
    ) -> Result<Generation> {
        config.validate().map_err(GenerateError::from)?;
        let model = self.network.encoder.causal().ok_or(GenerateError::NotCausal {
            model_type: self.bundle.model_config.model_type(),
        })?;
        self.check_head()?;
        let mut ids = self.prompt_ids(prompt)?;
        let limit = self.network.sizes().max_length;
        let mut sampler = Sampler::new(*config);
        let mut stream = TextStream::after(&ids, &self.tokenizer)?;
        let mut cache = KeyValueCache::new(self.network.sizes().num_hidden_layers);
        let (mut text, mut tokens) = (String::new(), 0);
        let stopped_by = loop {
            let logits = self.next_logits(model, &ids[cache.len()..], &mut cache).await?;
            let id = sampler.choose(logits, &ids)?;
            if Some(id) == self.tokenizer.eos_id() {
                break StoppedBy::EndOfText;
            }
            ids.push(id);
            tokens += 1;
            let piece = stream.push(id)?;
            host.text(&piece);
            text += &piece;
            if tokens == config.max_new_tokens {
                break StoppedBy::MaxNewTokens;
            }
            if ids.len() > limit {
                break StoppedBy::Context;
            }
            if host.control().await == Control::Stop {
                break StoppedBy::Host;
            }
        };
        let rest = stream.finish()?;
        if !rest.is_empty() {
            host.text(&rest);
            text += &rest;
        }
        Ok(Generation {
            text,
            tokens,
            stopped_by,
        })
    }

    /// The tokens of a prompt, at least one.
    fn prompt_ids(&self, prompt: &str) -> Result<Vec<u32>> {
        let mut ids = self.tokenizer.encode_without_special_tokens(prompt)?.ids;
        if ids.is_empty() {
            ids.push(self.tokenizer.eos_id().ok_or(GenerateError::NoPrompt)?);
        }
        let (tokens, limit) = (ids.len(), self.network.sizes().max_length);
        match tokens > limit {
            true => Err(GenerateError::LongPrompt { tokens, limit }.into()),
            false => Ok(ids),
        }
    }

    /// Logits `[vocab]` of what comes behind `new`, which stand behind what `cache` knows. A sync point.
    async fn next_logits(&self, model: &Gpt2Model, new: &[u32], cache: &mut KeyValueCache) -> Result<Vec<f32>> {
        let values: Vec<i32> = new.iter().map(|&id| id as i32).collect();
        let ids = TensorData::new(values, [1, new.len()]);
        let ids: Tensor<2, Int> = Tensor::from_data(ids, self.device.device());
        let hidden_states = model.continue_text(ids, cache);
        let [_, rows, hidden] = hidden_states.dims();
        let last = hidden_states.slice([0..1, rows - 1..rows]).reshape([1, hidden]);
        let logits = last.matmul(self.network.encoder.word_embeddings().transpose()); // [1, vocab]
        Ok(host_values(logits).await?)
    }
}
