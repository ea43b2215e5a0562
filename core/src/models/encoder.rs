//! Joins the model families: reads which one a config.json describes, and runs any of their encoders.
//!
//! A family is a file of this folder, a variant of [`ModelConfig`] and [`Encoder`], and a table in [`crate::weights`].
//! Everything above (tasks, training, plans) sees [`ModelSizes`] and hidden states only.

use std::ops::Range;

use burn::module::Module;
use burn::tensor::Tensor;
use serde::de::DeserializeOwned;
use serde_json::{Map, Value};

use crate::batch::{Batch, Inputs, Positions, Tokens};
use crate::bundle::BundleError;
use crate::models::bert::{BertConfig, BertModel};
use crate::models::distilbert::{self, DistilBertConfig, DistilBertModel};
use crate::models::gpt2::{Gpt2Config, Gpt2Model};
use crate::models::layers::{Dropout, HiddenAct, WeightInit};

/// Values of `model_type` that are implemented.
pub const MODEL_TYPES: [&str; 5] = ["bert", "roberta", "xlm-roberta", "distilbert", "gpt2"];
/// What transformers' class names of each of [`MODEL_TYPES`] begin with.
const CLASS_PREFIXES: [&str; 5] = ["Bert", "Roberta", "XLMRoberta", "DistilBert", "GPT2"];

/// A config.json of a known family, checked.
#[derive(Debug, Clone, PartialEq)]
pub enum ModelConfig {
    /// `bert`
    Bert(BertConfig),
    /// `roberta`
    Roberta(BertConfig),
    /// `xlm-roberta`
    XlmRoberta(BertConfig),
    /// `distilbert`
    DistilBert(DistilBertConfig),
    /// `gpt2`
    Gpt2(Gpt2Config),
}

/// The sizes that every family has, under BERT's names.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct ModelSizes {
    /// Rows of the word embedding table.
    pub vocab_size: usize,
    /// Width of the hidden states.
    pub hidden_size: usize,
    /// Number of layers.
    pub num_hidden_layers: usize,
    /// Attention heads a layer.
    pub num_attention_heads: usize,
    /// Width of the feed-forward layer.
    pub intermediate_size: usize,
    /// Longest sequence, in tokens.
    pub max_length: usize,
    /// Rows of the token type table; 0 means the model has none.
    pub type_vocab_size: usize,
    /// Weights below the first layer.
    pub embedding_parameters: usize,
    /// Weights behind the last layer that learn as soon as a layer does.
    pub final_parameters: usize,
    /// Standard deviation of new weights.
    pub initializer_range: f64,
}

/// How a family's classification head goes from the first token to its outputs; the weights' names are in
/// [`crate::weights`].
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct ClassificationHeadConfig {
    /// Dropout before the first linear layer.
    pub input_dropout: f64,
    /// What comes behind the first linear layer.
    pub activation: HeadActivation,
    /// Dropout before the last linear layer.
    pub dropout: f64,
}

/// The activation of a classification head.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum HeadActivation {
    /// The hyperbolic tangent.
    Tanh,
    /// max(x, 0).
    Relu,
}

impl ModelConfig {
    /// Reads config.json. Where it has no `model_type`, as in some old checkpoints, the class in `architectures` says it.
    ///
    /// # Errors
    /// If the family is not said or unknown, or a value impossible; the error names the key.
    pub fn read(config_json: &Map<String, Value>) -> Result<Self, BundleError> {
        match model_type(config_json)?.as_str() {
            "bert" => {
                let config: BertConfig = parse(config_json)?;
                config.validate()?;
                Ok(Self::Bert(config))
            }
            "roberta" => Ok(Self::Roberta(parse_roberta(config_json)?)),
            "xlm-roberta" => Ok(Self::XlmRoberta(parse_roberta(config_json)?)),
            "distilbert" => {
                let config: DistilBertConfig = parse(config_json)?;
                config.validate()?;
                refuse_sinusoidal(config_json)?;
                Ok(Self::DistilBert(config))
            }
            "gpt2" => {
                let config: Gpt2Config = parse(config_json)?;
                config.validate()?;
                Ok(Self::Gpt2(config))
            }
            other => Err(BundleError::UnknownModelType {
                model_type: other.to_owned(),
            }),
        }
    }

    /// `model_type` as transformers writes it.
    pub fn model_type(&self) -> &'static str {
        match self {
            Self::Bert(_) => "bert",
            Self::Roberta(_) => "roberta",
            Self::XlmRoberta(_) => "xlm-roberta",
            Self::DistilBert(_) => "distilbert",
            Self::Gpt2(_) => "gpt2",
        }
    }

    /// What transformers' class names of this family begin with.
    pub fn class_prefix(&self) -> &'static str {
        let family = MODEL_TYPES.iter().position(|known| *known == self.model_type());
        CLASS_PREFIXES[family.expect("every family is one of the known")]
    }

    /// Whether each token sees only what stands before it, so that the model can continue a text.
    pub fn is_causal(&self) -> bool {
        matches!(self, Self::Gpt2(_))
    }

    /// The sizes.
    pub fn sizes(&self) -> ModelSizes {
        match self {
            Self::Bert(config) | Self::Roberta(config) | Self::XlmRoberta(config) => config.sizes(),
            Self::DistilBert(config) => config.sizes(),
            Self::Gpt2(config) => config.sizes(),
        }
    }

    /// What position numbers count.
    pub fn positions(&self) -> Positions {
        match self {
            Self::Bert(config) | Self::Roberta(config) | Self::XlmRoberta(config) => config.positions,
            Self::DistilBert(_) | Self::Gpt2(_) => Positions::Columns,
        }
    }

    /// What the family's classification head is like.
    pub fn classification_head(&self) -> ClassificationHeadConfig {
        let of_bert = |config: &BertConfig| config.classifier_dropout.unwrap_or(config.hidden_dropout_prob);
        let (input_dropout, activation, dropout) = match self {
            Self::Bert(config) => (0.0, HeadActivation::Tanh, of_bert(config)),
            Self::Roberta(config) | Self::XlmRoberta(config) => {
                (of_bert(config), HeadActivation::Tanh, of_bert(config))
            }
            Self::DistilBert(config) => (0.0, HeadActivation::Relu, config.seq_classif_dropout),
            Self::Gpt2(config) => (0.0, HeadActivation::Tanh, config.resid_pdrop),
        };
        ClassificationHeadConfig {
            input_dropout,
            activation,
            dropout,
        }
    }

    /// Dropout before the layer that gives each token its labels.
    pub fn token_dropout(&self) -> f64 {
        match self {
            Self::Bert(config) | Self::Roberta(config) | Self::XlmRoberta(config) => {
                config.classifier_dropout.unwrap_or(config.hidden_dropout_prob)
            }
            Self::DistilBert(config) => config.dropout,
            Self::Gpt2(config) => config.resid_pdrop,
        }
    }

    /// Dropout before the layer that says where an answer begins and ends.
    pub fn span_dropout(&self) -> f64 {
        match self {
            Self::Bert(_) | Self::Roberta(_) | Self::XlmRoberta(_) => 0.0,
            Self::DistilBert(config) => config.qa_dropout,
            Self::Gpt2(config) => config.resid_pdrop,
        }
    }

    /// Activation and normalisation's epsilon of the layer before the vocabulary.
    pub fn word_head(&self) -> (HiddenAct, f64) {
        match self {
            Self::Bert(config) => (config.hidden_act, config.layer_norm_eps),
            // Fixed in transformers' code.
            Self::Roberta(config) | Self::XlmRoberta(config) => (HiddenAct::Gelu, config.layer_norm_eps),
            Self::DistilBert(config) => (config.activation, distilbert::LAYER_NORM_EPS),
            Self::Gpt2(config) => (config.activation_function, config.layer_norm_epsilon),
        }
    }

    /// The same model with another dropout at every place.
    pub fn with_dropout(&self, probability: f64) -> Self {
        match self {
            Self::Bert(config) => Self::Bert(config.with_dropout(probability)),
            Self::Roberta(config) => Self::Roberta(config.with_dropout(probability)),
            Self::XlmRoberta(config) => Self::XlmRoberta(config.with_dropout(probability)),
            Self::DistilBert(config) => Self::DistilBert(config.with_dropout(probability)),
            Self::Gpt2(config) => Self::Gpt2(config.with_dropout(probability)),
        }
    }
}

/// `model_type`, or the family of the class that `architectures` names.
fn model_type(config_json: &Map<String, Value>) -> Result<String, BundleError> {
    match config_json.get("model_type") {
        Some(Value::String(model_type)) => Ok(model_type.clone()),
        None | Some(Value::Null) => {
            let class = config_json
                .get("architectures")
                .and_then(|classes| classes.get(0)?.as_str());
            let of_class = |class| CLASS_PREFIXES.iter().position(|prefix| is_class_of(class, prefix));
            let family = class.and_then(of_class).ok_or(BundleError::NoModelType)?;
            Ok(MODEL_TYPES[family].to_owned())
        }
        Some(other) => Err(BundleError::UnknownModelType {
            model_type: other.to_string(),
        }),
    }
}

/// Whether transformers' `class` is `prefix` with a task behind it: BertForMaskedLM is of Bert, BertGenerationEncoder is not.
fn is_class_of(class: &str, prefix: &str) -> bool {
    let rest = class.strip_prefix(prefix);
    rest.is_some_and(|rest| rest == "Model" || rest == "LMHeadModel" || rest.starts_with("For"))
}

fn parse<T: DeserializeOwned>(config_json: &Map<String, Value>) -> Result<T, BundleError> {
    serde_json::from_value(Value::Object(config_json.clone())).map_err(|source| BundleError::Json {
        file: "config.json".to_owned(),
        source,
    })
}

/// RoBERTa's keys are BERT's; the padding token is 1 where the file does not say, and positions count from it.
fn parse_roberta(config_json: &Map<String, Value>) -> Result<BertConfig, BundleError> {
    let mut config: BertConfig = parse(config_json)?;
    if !config_json.contains_key("pad_token_id") {
        config.pad_token_id = Some(1);
    }
    let padding = config.pad_token_id.and_then(|id| u32::try_from(id).ok());
    let Some(padding) = padding else {
        let reason = "must be an id: positions are counted from it";
        return Err(BundleError::config("pad_token_id", Value::Null, reason));
    };
    config.positions = Positions::Tokens { padding };
    config.validate()?;
    Ok(config)
}

/// transformers computes such positions anew instead of reading them.
fn refuse_sinusoidal(config_json: &Map<String, Value>) -> Result<(), BundleError> {
    match config_json.get("sinusoidal_pos_embds") {
        Some(value @ Value::Bool(true)) => {
            let reason = "only learned positions are known";
            Err(BundleError::config("sinusoidal_pos_embds", value, reason))
        }
        _ => Ok(()),
    }
}

/// The encoder of any family: a batch in, hidden states out. A variant's name is a part of its parameters' paths, which
/// [`crate::weights`] turns into the checkpoint's.
#[derive(Module, Debug)]
pub enum Encoder {
    /// `bert.`
    Bert(BertModel),
    /// `roberta.`, XLM-R's too
    Roberta(BertModel),
    /// `distilbert.`
    DistilBert(DistilBertModel),
    /// `transformer.`
    Gpt2(Gpt2Model),
}

/// What a family's encoder computes.
pub trait EncoderModel {
    /// The sizes the model was made with.
    fn sizes(&self) -> ModelSizes;

    /// Hidden states before the first layer, `[batch, seq, hidden]`.
    fn embed(&self, tokens: &Tokens, dropout: &mut Dropout) -> Tensor<3>;

    /// Runs `layers` over `hidden_states` `[batch, seq, hidden]`; `attention_bias` is `[batch, 1, 1, seq]`, or nothing where
    /// no position is padded.
    fn encode(
        &self,
        hidden_states: Tensor<3>,
        layers: Range<usize>,
        attention_bias: Option<&Tensor<4>>,
        dropout: &mut Dropout,
    ) -> Tensor<3>;

    /// Attention probabilities, `[batch, heads, seq, seq]`, of `layer`, whose input is `hidden_states` `[batch, seq, hidden]`.
    fn attention(&self, hidden_states: Tensor<3>, layer: usize, attention_bias: Option<&Tensor<4>>) -> Tensor<4>;

    /// The word embedding table, `[vocab, hidden]`, which language-model heads share.
    fn word_embeddings(&self) -> Tensor<2>;

    /// Parts of tables, flat, that never learn: path below the encoder, elements.
    fn padding_rows(&self) -> Vec<(&'static str, Range<usize>)>;
}

impl Encoder {
    /// An encoder with new random weights; `config` must be valid.
    pub fn init(config: &ModelConfig, init: &mut WeightInit) -> Self {
        match config {
            ModelConfig::Bert(config) => Self::Bert(BertModel::init(config, init)),
            ModelConfig::Roberta(config) | ModelConfig::XlmRoberta(config) => {
                Self::Roberta(BertModel::init(config, init))
            }
            ModelConfig::DistilBert(config) => Self::DistilBert(DistilBertModel::init(config, init)),
            ModelConfig::Gpt2(config) => Self::Gpt2(Gpt2Model::init(config, init)),
        }
    }

    fn model(&self) -> &dyn EncoderModel {
        match self {
            Self::Bert(model) | Self::Roberta(model) => model,
            Self::DistilBert(model) => model,
            Self::Gpt2(model) => model,
        }
    }

    /// The model, where it can continue a text.
    pub fn causal(&self) -> Option<&Gpt2Model> {
        match self {
            Self::Gpt2(model) => Some(model),
            _ => None,
        }
    }

    /// The sizes the model was made with.
    pub fn sizes(&self) -> ModelSizes {
        self.model().sizes()
    }

    /// Hidden states, `[batch, seq, hidden]`, after `up_to` layers.
    pub fn hidden_states(&self, batch: &Batch, up_to: usize, dropout: &mut Dropout) -> Tensor<3> {
        let model = self.model();
        let (hidden_states, done) = match &batch.inputs {
            Inputs::HiddenStates {
                hidden_states,
                layers_done,
            } => (hidden_states.clone(), *layers_done),
            Inputs::Tokens(tokens) => (model.embed(tokens, dropout), 0),
        };
        let layers = done..up_to.max(done);
        model.encode(hidden_states, layers, batch.attention_bias.as_ref(), dropout)
    }

    /// Attention probabilities, `[batch, heads, seq, seq]`, of `layer` over its input `hidden_states` `[batch, seq, hidden]`.
    pub fn attention(&self, hidden_states: Tensor<3>, layer: usize, attention_bias: Option<&Tensor<4>>) -> Tensor<4> {
        self.model().attention(hidden_states, layer, attention_bias)
    }

    /// The word embedding table, `[vocab, hidden]`.
    pub fn word_embeddings(&self) -> Tensor<2> {
        self.model().word_embeddings()
    }

    /// Parts of tables, flat, that never learn: path in [`crate::tasks::network::Network`], elements.
    pub fn padding_rows(&self) -> Vec<(String, Range<usize>)> {
        let variant = match self {
            Self::Bert(_) => "Bert",
            Self::Roberta(_) => "Roberta",
            Self::DistilBert(_) => "DistilBert",
            Self::Gpt2(_) => "Gpt2",
        };
        let rows = self.model().padding_rows().into_iter();
        rows.map(|(path, elements)| (format!("encoder.{variant}.{path}"), elements))
            .collect()
    }

    /// Stops the gradient of the embeddings and the lowest `layers`.
    pub fn freeze(self, layers: usize) -> Self {
        match self {
            Self::Bert(model) => Self::Bert(model.freeze(layers)),
            Self::Roberta(model) => Self::Roberta(model.freeze(layers)),
            Self::DistilBert(model) => Self::DistilBert(model.freeze(layers)),
            Self::Gpt2(model) => Self::Gpt2(model.freeze(layers)),
        }
    }

    /// The same weights with `config`'s dropout, if it is one of the same family.
    pub fn with_config(self, config: &ModelConfig) -> Self {
        match (self, config) {
            (Self::Bert(model), ModelConfig::Bert(config)) => Self::Bert(model.with_config(config)),
            (Self::Roberta(model), ModelConfig::Roberta(config) | ModelConfig::XlmRoberta(config)) => {
                Self::Roberta(model.with_config(config))
            }
            (Self::DistilBert(model), ModelConfig::DistilBert(config)) => Self::DistilBert(model.with_config(config)),
            (Self::Gpt2(model), ModelConfig::Gpt2(config)) => Self::Gpt2(model.with_config(config)),
            (other, _) => other,
        }
    }
}
